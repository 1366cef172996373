"""Videos decoded and encoded by the ffmpeg program, in a process of its own.

The program is told by its options which containers it may take for what it is given and that
it may open files only, like `container`; nobody asks it what a file holds. Decoded
frames come uncompressed through a pipe, one after the other, as they lie in the file: in its
own pixel format where that can be carried, not turned, with the tags of their colours.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from math import lcm
from typing import IO, Any

import av
import ffmpeg
import numpy as np
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from signdata.errors import DecodeError, MissingError
from signdata.media.keypoints import Placement
from signdata.media.video import container as video
from signdata.media.video.colours import Colours, colours_of
from signdata.media.video.ffmpeg_program import _SHOWN, Program, _words
from signdata.media.video.frame_selection import Timeline
from signdata.media.video.orientation import orientation_of
from signdata.media.video.tone_mapping import ToneMapper, transfer_of

QUALITY = 18
"""Constant rate factor of x264: no loss that is seen."""

_HOW = Interpolation.AREA

_TICKS = 10_000
"""Ticks of a second that an MP4 has at least."""

_MAX_TICKS = 1 << 30
_APPROXIMATE = 90_000


_OF_THE_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


def _opened(file: Any, name: str) -> Any:
    """A container that the program made, for reading."""
    return av.open(file, format=name)


def encode(
    frames: Iterable[av.VideoFrame],
    path: str,
    *,
    target: str,
    rate: Fraction,
    aspect: Fraction | None = None,
    tone_map: bool = True,
    deadline: float | None = None,
) -> None:
    """Encode frames as H.264, upright, their sizes even; the same bytes every time.

    Each frame is coded by itself in order of display; `store` gives it its time.

    Parameters
    ----------
    frames : iterable of av.VideoFrame
        As they were decoded. All become as large as the first, less a pixel where it is odd.
    path : str
        The file that they come from, for errors.
    target : str
        The file to write.
    rate : Fraction
        Frames a second, about.
    aspect : Fraction, optional
        Width of a pixel over its height, before the frame is turned.
    tone_map : bool
        Whether HDR is brought to standard screens; else it keeps its values and its tags.
    deadline : float, optional
        `time.monotonic` value after which encoding is given up.
    """
    with contextlib.ExitStack() as stack:
        scaler, program = None, None
        for frame in frames:
            if program is None or scaler is None:
                scaler = _Planes(frame, path, aspect, ToneMapper() if tone_map else None)
                program = stack.enter_context(Program(_encoding(scaler, rate), deadline))
                coded = _Collected(program.stdout, target)
            try:
                for plane in scaler.of(frame):
                    program.stdin.write(plane)
            except BrokenPipeError:
                break  # it says why
        if program is None:
            return
        with contextlib.suppress(BrokenPipeError):
            program.stdin.close()
        coded.wait()
        fault = program.fault()
    if fault:
        raise DecodeError(f"cannot be encoded ({fault})", path=path)


def even(upright: Placement, frame: av.VideoFrame) -> Placement:
    """Where pixels of an upright picture are once `encode` has dropped a row or column.

    Those are the last ones of the frame as it is stored, before it is turned.
    """
    lies = orientation_of(frame)
    width, height = (side // 2 * 2 for side in upright.size)
    left = (upright.size[0] - width) * lies.from_right
    top = (upright.size[1] - height) * lies.from_below
    return upright.cut(left, top, left + width, top + height)


class _Collected:
    """All that comes out of a pipe, brought into a file next to what goes into another pipe."""

    def __init__(self, pipe: IO[bytes], target: str) -> None:
        self._error: OSError | None = None
        self._thread = threading.Thread(target=self._read, args=(pipe, target), daemon=True)
        self._thread.start()

    def _read(self, pipe: IO[bytes], target: str) -> None:
        with contextlib.suppress(ValueError):  # closed before its end
            try:
                with open(target, "wb") as file:
                    while data := pipe.read(1 << 16):
                        file.write(data)
            except OSError as err:
                self._error = err
                while pipe.read(1 << 16):
                    pass

    def wait(self) -> None:
        """Wait for the end; raise what went wrong with the file."""
        self._thread.join()
        if self._error is not None:
            raise self._error


class _Planes:
    """Brings frames into the planes that are encoded: 4:2:0, even, upright.

    Attributes
    ----------
    size_wh : tuple of int
        Of the upright picture.
    aspect : Fraction
        Width of its pixels over their height.
    colours : Colours
        What its values mean.
    tags : dict of str
        What the file says of light and primaries, beyond that.
    """

    def __init__(
        self,
        first: av.VideoFrame,
        path: str,
        aspect: Fraction | None,
        tone_mapper: ToneMapper | None,
    ) -> None:
        width, height = first.width, first.height
        self.aspect = aspect if aspect and aspect > 0 else Fraction(1)
        self._orientation = orientation_of(first)
        if self._orientation.transposed:  # pixels that lie on their side are made square
            width, self.aspect = max(1, round(width * self.aspect)), Fraction(1)
        self._wh = width, height
        self._even = width // 2 * 2, height // 2 * 2
        if not all(self._even):
            raise DecodeError(f"frames of {width}x{height} pixels", path=path)
        self.size_wh = self._even[::-1] if self._orientation.transposed else self._even
        self._scaler = VideoReformatter()
        found = colours_of(first)
        self.colours = Colours(found.space or Colorspace.ITU601, found.full)
        self._tone_mapper = tone_mapper
        self.tags: dict[str, str] = {}
        if transfer_of(first) and tone_mapper is not None:
            self.colours = Colours(Colorspace.ITU709, full=False)
            self.tags = {"color_primaries": "bt709", "color_trc": "bt709"}
        elif transfer_of(first):
            primaries, transfer = int(first.color_primaries), int(first.color_trc)
            self.tags = {"color_primaries": str(primaries), "color_trc": str(transfer)}

    def of(self, frame: av.VideoFrame) -> Iterator[bytes]:
        """Bytes of Y, U and V."""
        coded = frame
        if self._tone_mapper is not None and transfer_of(frame):
            rgb = self._tone_mapper.rgb(frame, *self._wh, _HOW)
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
        if frame.format.name not in ("yuv420p", "yuvj420p") or (
            (frame.width, frame.height) != self._wh
        ):
            coded = self._scaler.reformat(
                frame, *self._wh, "yuv420p", interpolation=_HOW, **self._matrix(frame)
            )
        width, height = self._even
        for i, plane in enumerate(coded.planes):
            rows, columns = (height, width) if not i else (height // 2, width // 2)
            data: NDArray[np.uint8] = np.frombuffer(memoryview(plane), np.uint8)
            data = data.reshape(-1, plane.line_size)[:rows, :columns]
            yield self._orientation.upright(data).tobytes()

    def _matrix(self, frame: av.VideoFrame) -> dict[str, Any]:
        wanted = self.colours.source
        same = {name.replace("src", "dst"): value for name, value in wanted.items()}
        return same if colours_of(frame).space is None else {**wanted, **same}


def _encoding(planes: _Planes, rate: Fraction) -> list[str]:
    pixel = planes.aspect
    source = ffmpeg.input(
        "pipe:0",
        format="rawvideo",
        pixel_format="yuv420p",
        video_size=planes.size_wh,
        framerate=str(rate.limit_denominator(1001)),
        protocol_whitelist="pipe",
    )
    tagged = source.video.filter(
        "setparams",
        range="pc" if planes.colours.full else "tv",
        colorspace=planes.colours.name,
        **planes.tags,
    ).filter("setsar", f"{pixel.numerator}/{pixel.denominator}", max=10_000)
    output = tagged.output(
        "pipe:1",
        format="nut",
        vcodec="libx264",
        preset="medium",
        crf=QUALITY,
        bf=0,  # pictures are stored in the order in which they are shown
        pix_fmt="yuv420p",
        threads=1,
        fps_mode="passthrough",
        flags="+bitexact",
        fflags="+bitexact",
        **_SHOWN,
    )
    return _words(output)


def store(coded: str, path: str, timeline: Timeline, *, target: str) -> None:
    """Bring what `encode` made into an MP4 in which each frame has its own time.

    What describes the frames stands before them, so that a player can begin at once.

    Parameters
    ----------
    coded : str
        The file from `encode`.
    path : str
        The file that it comes from, for errors.
    target : str
        The file to write.
    timeline : Timeline
        When each frame is shown.

    Raises
    ------
    DecodeError
        If the MP4 does not hold as many frames as there are times.
    """
    try:
        _mux(coded, target, timeline)
        with _opened(f"file:{target}", "mp4") as container:
            n = sum(1 for _ in container.decode(container.streams.video[0]))
    except (av.error.FFmpegError, EOFError, IndexError) as err:
        code = getattr(err, "errno", None)
        if code in _OF_THE_DISK:
            raise OSError(code, os.strerror(code), target) from err
        raise DecodeError(f"cannot be encoded ({err})", path=path) from err
    if n != len(timeline):
        raise DecodeError(f"encoded to {n} frames, not {len(timeline)}", path=path)


def _mux(coded: str, target_path: str, timeline: Timeline) -> None:
    rate = _ticks([*timeline.times, timeline.end])
    ticks = [round(when * rate) for when in (*timeline.times, timeline.end)]
    options = {"fflags": "+bitexact", "movflags": "+faststart"}
    with (
        _opened(f"file:{coded}", "nut") as source,
        av.open(f"file:{target_path}", "w", format="mp4", options=options) as target,
    ):
        stream = source.streams.video[0]
        track = target.add_stream_from_template(stream)
        track.time_base = Fraction(1, rate)
        packets = (packet for packet in source.demux(stream) if packet.size)
        for packet, (start, end) in zip(packets, pairwise(ticks), strict=False):
            packet.stream = track
            packet.time_base = track.time_base
            packet.pts = packet.dts = start
            packet.duration = max(1, end - start)
            target.mux(packet)


def _ticks(times: Iterable[Fraction]) -> int:
    """Ticks a second in which all times are whole, if there are any of a usual number."""
    whole = 1
    for when in times:
        whole = lcm(whole, when.denominator)
        if whole > _MAX_TICKS:
            return _APPROXIMATE
    return whole * -(-_TICKS // whole)


def can_be_copied(path: str) -> bool:
    """Whether a file is what `trim` makes but for its range: MP4, H.264, 4:2:0, even."""
    if os.path.splitext(path)[1].lower() != ".mp4":
        return False
    try:
        with video.open_container(path) as container:
            stream = video.video_stream(container, path)
            return (
                "mp4" in container.format.name
                and len(container.streams.video) == 1
                and stream.codec_context.name == "h264"
                and stream.codec_context.pix_fmt in ("yuv420p", "yuvj420p")
                and not stream.width % 2
                and not stream.height % 2
            )
    except (DecodeError, MissingError):
        return False
