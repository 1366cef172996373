"""Decoding with the ffmpeg program: the second decoder, in a process of its own."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import av
import ffmpeg

from signdata.errors import CrashError, DecodeError
from signdata.limits import MAX_PIXELS
from signdata.media.video import container as video
from signdata.media.video import header
from signdata.media.video.ffmpeg_encode import _opened
from signdata.media.video.ffmpeg_program import _SHOWN, Program, _Readable, _words

CARRIED = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv411p", "yuv410p", "gray"})
"""Pixel formats that pass through the pipe as they are; others are packed without loss."""


def decoding(path: str, stream: int, pixel_format: str | None) -> list[str]:
    """The command line that decodes one stream of a file, whose pixels come in this format."""
    source = ffmpeg.input(
        f"file:{path}",
        noautorotate=None,
        threads=1,
        xerror=None,
        max_pixels=MAX_PIXELS,
        protocol_whitelist=video.PROTOCOLS,
        format_whitelist=video.CONTAINERS,
    )
    # Times are told by the header; through the pipe goes one frame every 40 ms.
    frames = source[str(stream)].filter("setpts", "N/25/TB")
    if pixel_format in CARRIED:
        packed = {"vcodec": "rawvideo"}
        frames = frames.filter("format", pixel_format)
    else:
        packed = {"vcodec": "ffv1"}
    output = frames.output(
        "pipe:1",
        format="matroska",
        fps_mode="passthrough",
        enc_time_base="1/25",
        **packed,
        **_SHOWN,
    )
    return _words(output)


def decode(
    path: str, header: header.Header, *, deadline: float | None = None
) -> Generator[av.VideoFrame, None, None]:
    """Yield every frame of a video in the order of display.

    Parameters
    ----------
    path : str
        The file.
    header : Header
        What demuxing said of it: the frames get their time stamps from there.
    deadline : float, optional
        `time.monotonic` value after which decoding is given up.

    Raises
    ------
    DecodeError
        If the file is no video of a known kind, is damaged, or holds no frame.
    """
    with video.open_container(path) as container:
        stream = video.video_stream(container, path)
        words = decoding(path, stream.index, stream.codec_context.pix_fmt)
    stamps = [round(when / header.time_base) for when in header.timeline.times]
    n = 0
    with Program(words, deadline) as program:
        program.stdin.close()
        for frame in _frames_of(program, path):
            frame.pts = stamps[n] if n < len(stamps) else None
            n += 1
            yield frame
        while not program.stdout.closed and program.stdout.read(1 << 16):
            pass  # what stands behind the last frame
        fault = program.fault()
    if fault or not n:
        what = fault.replace(f"file:{path}", "the file").replace(path, "the file")
        where = f"frame {n}" if n else ""
        kind = CrashError if program.late else DecodeError
        raise kind(f"cannot be decoded ({what or 'no frame'})", path=path, where=where)


def _frames_of(program: Program, path: str) -> Iterator[av.VideoFrame]:
    """The frames in the pipe; ends where they end, for whatever reason."""
    try:
        with _opened(_Readable(program.stdout), "matroska") as container:
            yield from container.decode(container.streams.video[0])
    except (av.error.FFmpegError, EOFError, IndexError):
        program.stdout.close()
        if not program.fault():  # else the program's own words say why
            raise DecodeError("cannot be decoded (broken pipe)", path=path) from None
