"""Videos, decoded by PyAV one frame at a time.

What a container says of itself (frame count, rate, duration) is never believed:
time stamps are read packet by packet, frames are counted as they are decoded.
Every file is treated as hostile: it is opened by its own path only, with lists
of the containers and protocols allowed, so that a playlist in disguise reaches
neither another file nor the network.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from typing import Any

import av
import av.logging

from signdata.downloads import POINTER, START, found_instead, remedy_for
from signdata.errors import DecodeError, MissingError
from signdata.limits import described, larger_remedy, max_pixels

PROTOCOLS = "file"
CONTAINERS = (
    "mov,mp4,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,swf,asf,ogg,h264,hevc,m4v,mxf,dv,ivf,"
    "rm,nut,wtv,yuv4mpegpipe"
)


def open_container(path: str) -> Any:
    """Open a video file for demuxing.

    Raises
    ------
    MissingError
        If it is not there.
    DecodeError
        If it is no regular file, or no container of a known kind.
    """
    try:
        mode = os.stat(path).st_mode
    except OSError as err:
        raise MissingError("not there", path=path) from err
    if not stat.S_ISREG(mode):
        raise DecodeError("no regular file", path=path)
    options = {"protocol_whitelist": PROTOCOLS, "format_whitelist": CONTAINERS}
    try:
        with as_decode_error(path):
            return av.open(f"file:{path}", options=options, metadata_errors="ignore")
    except DecodeError as err:
        with open(path, "rb") as file:
            start = file.read(START)
        found = found_instead(start) or next(
            (name for one, name in _KNOWN.items() if start.startswith(one)), ""
        )
        if not found:
            raise
        remedy = remedy_for(found) if found == POINTER else ""
        raise DecodeError(f"not a video; found {found}", path=path, remedy=remedy) from err


_KNOWN = {
    b"GIF8": "a GIF",
    b"\x89PNG": "a PNG",
    b"\xff\xd8\xff": "a JPEG",
    b"PK\x03\x04": "a ZIP archive",
    b"%PDF": "a PDF",
}


def video_streams(container: Any) -> list[Any]:
    """The video streams of a container, those that players show by default first."""
    streams = [s for s in container.streams.video if not _is_cover(s)]
    return sorted(streams, key=lambda s: (s.codec_context is None, not _is_default(s)))


def video_stream(container: Any, path: str, index: int | None = None) -> Any:
    """A video stream of a container, the first by default, ready to be decoded.

    Raises
    ------
    DecodeError
        If there is none, or its frames are over the limit of pixels.
    """
    streams = video_streams(container) if index is None else [container.streams[index]]
    if not streams:
        raise DecodeError("no video stream in it", path=path)
    stream = streams[0]
    if stream.codec_context is None:
        raise DecodeError("its video is in no known codec", path=path)
    n_pixels = stream.width * stream.height
    if n_pixels > max_pixels():
        raise DecodeError(
            f"frames of {stream.width}x{stream.height} pixels; expected at most {described()}",
            path=path,
            remedy=larger_remedy(n_pixels),
        )
    stream.thread_type = "NONE"  # one process a video beats threads inside one
    stream.codec_context.options = {"max_pixels": str(pixels_for_codec(stream))}
    return stream


def pixels_for_codec(stream: Any) -> int:
    """The limit of pixels as codecs count them: with what they add to every row."""
    limit: int = max_pixels() + _ROW_PADDING * stream.height
    return limit


_ROW_PADDING = 64


def _is_cover(stream: Any) -> bool:
    """Whether a stream is a picture attached to a recording, not its video."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _is_default(stream: Any) -> bool:
    return bool(stream.disposition & av.stream.Disposition.default)


def film_of(container: Any, path: str) -> tuple[int | None, bool]:
    """Which stream holds the film where there are several, and what was passed over for it.

    Returns
    -------
    index : int or None
        None where there is but one.
    passed_over : bool
        Whether a picture that stands in a stream of its own comes before it.
    """
    streams = [s.index for s in video_streams(container)]
    if len(streams) < 2:
        covers = [s.index for s in container.streams.video if s.index not in streams]
        return None, bool(streams and covers and covers[0] < streams[0])
    counts = _count(path, streams)
    film = next((index for index in streams if counts[index] > 1), streams[0])
    return film, any(n == 1 and index < film for index, n in counts.items())


def _count(path: str, streams: list[int]) -> dict[int, int]:
    """How many pictures streams have, as far as it takes to find a second one in each."""
    counts = dict.fromkeys(streams, 0)
    with (
        contextlib.suppress(DecodeError),
        open_container(path) as container,
        as_decode_error(path),
    ):
        for packet in container.demux([container.streams[index] for index in streams]):
            counts[packet.stream.index] += bool(packet.size)
            if min(counts.values()) > 1:
                break
    return counts


@contextlib.contextmanager
def as_decode_error(path: str, where: Callable[[], str] = lambda: "") -> Iterator[None]:
    """Turn whatever a decoder raises on foreign bytes into a `DecodeError`."""
    try:
        yield
    except (DecodeError, MissingError, GeneratorExit):
        raise
    except Exception as err:
        what = getattr(err, "strerror", None) or str(err) or type(err).__name__
        raise DecodeError(f"cannot be decoded ({what})", path=path, where=where()) from err


@contextlib.contextmanager
def captured_log() -> Iterator[list[Any]]:
    """Collect what the decoding library complains of: some damage it only logs."""
    before = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture() as logs:
            yield logs
    finally:
        av.logging.set_level(before)


def decode(path: str, index: int | None = None) -> Iterator[av.VideoFrame]:
    """Yield every frame of a video in the order of display.

    Parameters
    ----------
    path : str
        The file.
    index : int, optional
        The stream, where there are several.

    Raises
    ------
    DecodeError
        If the file is no video of a known kind, is damaged, or holds no frame.
    """
    n = 0
    with open_container(path) as container, as_decode_error(path, lambda: f"frame {n}"):
        for frame in container.decode(video_stream(container, path, index)):
            if frame.is_corrupt:
                raise DecodeError("a damaged picture", path=path, where=f"frame {n}")
            yield frame
            n += 1
    if not n:
        raise DecodeError("a video without a frame", path=path)
