"""The colour matrices and ranges of videos."""

from __future__ import annotations

import av
from av.video.reformatter import ColorRange

HD_HEIGHT = 720
"""Untagged video from this height on is taken for BT.709, below for BT.601, as players do."""


def is_rgb(frame: av.VideoFrame) -> bool:
    return frame.format.name.startswith(("rgb", "bgr", "gbr", "pal", "gray", "0", "argb", "abgr"))


def ffmpeg_colours(frame: av.VideoFrame) -> tuple[str, bool]:
    """The matrix that a frame is in, by its tag or else its height, and whether full range."""
    if is_rgb(frame):
        return "smpte170m", False
    space = int(frame.colorspace)
    full = int(frame.color_range) == ColorRange.JPEG or frame.format.name.startswith("yuvj")
    if space == 1 or (space not in (5, 6) and frame.height >= HD_HEIGHT):
        return "bt709", full
    return "smpte170m", full
