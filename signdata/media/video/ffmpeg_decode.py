"""Decoding with the ffmpeg program: the second decoder, in a process of its own."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Generator, Iterator
from fractions import Fraction
from typing import Any

import av
import ffmpeg

from signdata.errors import CrashError, DecodeError
from signdata.media.video import container as video
from signdata.media.video import header
from signdata.media.video.deinterlacing import may_be_interlaced
from signdata.media.video.ffmpeg_encode import _opened
from signdata.media.video.ffmpeg_program import _SHOWN, Program, _Readable, _words
from signdata.media.video.same_size import padding

CARRIED = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv411p", "yuv410p", "gray"})
"""Pixel formats that pass through the pipe as they are; others are packed without loss."""


def decoding(
    path: str, stream: Any, time_base: Fraction, *, joined: bool, fields: bool = False
) -> list[str]:
    """The command line that decodes one stream of a file.

    The program brings all frames to the size, the pixel format and the matrix that the file
    begins with; its proportions they have from here.
    Where two files were joined (`joined`), the program sees corrupt packets, and goes on; in
    the pipe a stamp never goes back. Frames that may be interlaced (`fields`) are packed so that
    each says whether it is.
    """
    source = ffmpeg.input(
        f"file:{path}",
        noautorotate=None,
        threads=1,
        copyts=None,
        **({} if joined else {"xerror": None}),
        max_pixels=video.pixels_for_codec(stream),
        protocol_whitelist=video.PROTOCOLS,
        format_whitelist=video.CONTAINERS,
    )
    codec = stream.codec_context
    frames = source[str(stream.index)].filter("pad", **padding(stream.width, stream.height))
    pixel_format = codec.pix_fmt
    if pixel_format:
        frames = frames.filter("format", pixel_format)
    packed = {"vcodec": "rawvideo" if pixel_format in CARRIED and not fields else "ffv1"}
    forward = "if(isnan(PREV_OUTPTS),PTS,max(PTS,PREV_OUTPTS+1))"
    output = frames.output(
        "pipe:1",
        format="matroska",
        fps_mode="passthrough",
        enc_time_base=f"{time_base.numerator}/{time_base.denominator}",
        **{"bsf:v": f"setts=ts='{forward}'"},
        **packed,
        **(_SHOWN | {"loglevel": "level+info", "nostats": None}),
    )
    return _words(output)


def decode(
    path: str,
    header: header.Header,
    *,
    deadline: float | None = None,
    size_changes: Callable[[], None] = lambda: None,
) -> Generator[av.VideoFrame, None, None]:
    """Yield every frame of a video in the order of display.

    Parameters
    ----------
    path : str
        The file.
    header : Header
        What demuxing said of it.
    deadline : float, optional
        `time.monotonic` value after which decoding is given up.
    size_changes : callable, optional
        Called at the end if there were frames of another size than the first ones.

    Raises
    ------
    DecodeError
        If the file is no video of a known kind, is damaged, or holds no frame.
    """
    with video.open_container(path) as container:
        stream = video.video_stream(container, path, header.stream)
        joined = header.has_seams or header.damaged_at is not None
        fields = may_be_interlaced(container, stream)
        words = decoding(path, stream, header.time_base, joined=joined, fields=fields)
        size = stream.width, stream.height
    stamps = header.stamps
    by_number = header.spaced or header.n_joints > 0
    shift = Fraction(0)
    n = 0
    with Program(words, deadline) as program:
        program.stdin.close()
        for frame in _frames_of(program, path):
            if by_number or frame.pts is None:
                frame.pts = stamps[n] if n < len(stamps) else None
            else:
                stamp = frame.pts * Fraction(str(frame.time_base)) / header.time_base
                if n == 0 and stamps[0] < 0:  # Matroska has no times below 0
                    shift = stamps[0] - stamp
                frame.pts = _nearest(stamps, stamp + shift)
            n += 1
            yield frame
        while not program.stdout.closed and program.stdout.read(1 << 16):
            pass  # what stands behind the last frame
        fault = program.fault() or (program.decoding_error if joined else "")
        if program.sizes - {size}:
            size_changes()
    if fault or not n:
        what = fault.replace(f"file:{path}", "the file").replace(path, "the file")
        where = f"frame {n}" if n else ""
        kind = CrashError if program.late else DecodeError
        raise kind(f"cannot be decoded ({what or 'no frame'})", path=path, where=where)


def _nearest(stamps: list[int], stamp: Fraction) -> int:
    """The stamp that was meant: those in the pipe are whole milliseconds."""
    place = bisect_left(stamps, stamp)
    return min(stamps[max(place - 1, 0) : place + 1], key=lambda one: abs(one - stamp))


def _frames_of(program: Program, path: str) -> Iterator[av.VideoFrame]:
    """The frames in the pipe; ends where they end, for whatever reason."""
    try:
        with _opened(_Readable(program.stdout), "matroska") as container:
            yield from container.decode(container.streams.video[0])
    except (av.error.FFmpegError, EOFError, IndexError):
        program.stdout.close()
        if not program.fault():  # else the program's own words say why
            raise DecodeError("cannot be decoded (broken pipe)", path=path) from None
