"""Encoding drawn frames as videos."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np

from signdata.errors import UsageError
from signdata.synthetic.render import Image


def check_even(size: tuple[int, int]) -> None:
    """Raise `UsageError` for sizes that H.264 cannot store."""
    if size[0] % 2 or size[1] % 2:
        raise UsageError(f"size {size[0]}x{size[1]}; expected even numbers for a video")


def encode(path: Path, frames: Iterable[Image], rate: Fraction, size: tuple[int, int]) -> None:
    """Encode frames as an MP4, the same bytes in every run."""
    with av.open(str(path), "w", format="mp4") as container:
        codec, options = _codec()
        stream = container.add_stream(codec, rate=rate, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        # With several threads, the encoder's output depends on their timing.
        stream.codec_context.thread_count = 1
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


def _codec() -> tuple[str, dict[str, str]]:
    """H.264 if this build of FFmpeg has it, else MPEG-4."""
    try:
        av.Codec("libx264", "w")
    except av.error.FFmpegError:
        return "mpeg4", {"qscale": "3"}
    # x264's macroblock tree gave different bytes from run to run, even in one thread.
    return "libx264", {"crf": "20", "preset": "veryfast", "x264-params": "mbtree=0"}
