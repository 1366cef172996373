"""Videos: containers, frames, ranges, ffmpeg."""
