"""Pictures that move, read as videos: GIF, animated WebP and animated PNG, with their own times."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av

from signdata.errors import DecodeError, MissingError, ShortError
from signdata.media.image.decode import moving_pictures
from signdata.media.video.frame_selection import Timeline
from signdata.media.video.header import Header

MILLISECOND = Fraction(1, 1000)


def read_header(path: str, kind: str) -> Header:
    """When each picture is shown; all are decoded once for it.

    Raises
    ------
    DecodeError
        If there is one picture only, or none that can be read.
    """
    data = _bytes_of(path)
    stamps, end, fault = [], 0, _cut_off(data, kind)
    try:
        for _, milliseconds in moving_pictures(data, path):
            stamps.append(end)
            end += milliseconds
    except DecodeError as err:
        if not stamps and fault:
            raise ShortError(f"ends early ({fault})", path=path) from err
        if not stamps:
            raise
        fault = fault or err.what
    if len(stamps) == 1 and not fault:
        raise DecodeError(f"not a video; found a {kind} of one picture", path=path)
    timeline = Timeline([stamp * MILLISECOND for stamp in stamps], end * MILLISECOND)
    return Header(timeline, MILLISECOND, len(stamps) / timeline.end, None, fault)


def decode(path: str, header: Header) -> Iterator[av.VideoFrame]:
    """Yield the pictures that a header promises."""
    pictures = moving_pictures(_bytes_of(path), path)
    for stamp, (picture, _) in zip(header.stamps, pictures, strict=False):
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = stamp, MILLISECOND
        yield frame


def _bytes_of(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError as err:
        raise MissingError("not there", path=path) from err
    except OSError as err:
        raise DecodeError(f"cannot be read ({err.strerror})", path=path) from err


def _cut_off(data: bytes, kind: str) -> str:
    """Why a file lacks its end, or ''."""
    whole = {
        "GIF": data.rstrip(b"\0").endswith(b";"),
        "PNG": b"IEND\xaeB`\x82" in data[-64:],
        "WebP": len(data) >= 8 + int.from_bytes(data[4:8], "little"),
    }
    return "" if whole[kind] else f"the {kind} has no end"
