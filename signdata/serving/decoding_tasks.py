"""What a decoding process does. Every task returns plain values and bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from signdata.errors import DecodeError, MissingError, SigndataError
from signdata.filesystem import reading
from signdata.inference.card import Card
from signdata.media.image import encode
from signdata.media.image.kinds import kind_of
from signdata.media.video.container import open_container, video_stream
from signdata.media.video.frame_selection import evenly
from signdata.samples import Broken, Frame, Sample
from signdata.serving import tiles

STRIP = 16
"""Frames of a clip shown side by side."""

JPEG_QUALITY = 90

SMALL = 128
"""Longest side of pictures that are sent without loss."""

_KEPT_BYTES = 24 << 20
"""Encoded frames of clips that are kept for the next question."""

_MOST_FRAMES = 512
"""Frames of a clip that are held at a time to choose a strip from."""


def frames_of(sample: Sample) -> Iterator[Frame]:
    """The frames of a sample; whatever the system raises is a `DecodeError`."""
    if isinstance(sample.pixels, Broken):
        raise sample.pixels.error
    with reading(sample.source or sample.id):
        yield from sample.frames()


def first_frame(sample: Sample) -> Frame:
    """The first frame of a sample."""
    for frame in frames_of(sample):
        return frame
    raise MissingError("has no frames", path=sample.source or sample.id)


def cells(samples: list[Sample], size_hw: tuple[int, int]) -> tuple[list[Any], bytes]:
    """The cell of each sample: its channels, or why there is none; and the pixels of all."""
    found: list[int | str] = []
    data = []
    for sample in samples:
        try:
            made = tiles.cell(first_frame(sample), size_hw)
        except SigndataError as err:
            found.append(err.what)
            continue
        found.append(made.shape[2])
        data.append(np.ascontiguousarray(made).tobytes())
    return found, b"".join(data)


def size(sample: Sample) -> tuple[list[int], bytes]:
    """Height and width of the first frame."""
    return list(first_frame(sample).shape[:2]), b""


def frame(sample: Sample, number: int, longest: int) -> tuple[str, bytes]:
    """One frame, and the type of its bytes."""
    if sample.kind == "still":
        if number:
            raise MissingError(f"no frame {number}; expected 0", path=sample.id)
        return encoded(first_frame(sample), longest)
    clip = _clip(sample, longest)
    if number >= len(clip.jpegs):
        raise MissingError(
            f"no frame {number}; expected 0 to {len(clip.jpegs) - 1}", path=sample.id
        )
    return "image/jpeg", clip.jpegs[number]


def encoded(picture: Frame, longest: int) -> tuple[str, bytes]:
    """A picture, no side longer than `longest`, and the type of its bytes."""
    small = tiles.within(picture, (longest, longest))
    if max(small.shape[:2]) <= SMALL:
        return "image/png", encode.encode(small, "png", JPEG_QUALITY)
    return "image/jpeg", encode.encode(small, "jpg", JPEG_QUALITY)


def film(sample: Sample, start: int, n: int, longest: int) -> tuple[list[int], bytes]:
    """Frames `start` to `start + n` side by side: height and width of one, how many."""
    from signdata.media.image.decode import decode

    jpegs = _clip(sample, longest).jpegs
    chosen = jpegs[start : start + n]
    if not chosen:
        raise MissingError(f"no frame {start}; expected 0 to {len(jpegs) - 1}", path=sample.id)
    frames = [decode(data, sample.id)[0] for data in chosen]
    height, width = (max(one.shape[axis] for one in frames) for axis in (0, 1))
    made = [tiles.cell(one, (height, width)) for one in frames]
    return [height, width, len(made)], tiles.sheet_bytes(made, (height, width), 8)


def strip(sample: Sample, longest: int) -> tuple[list[int], bytes]:
    """Evenly spaced frames of a clip in one row: height and width of one, how many."""
    held: list[Frame] = []
    step = 1
    for number, picture in enumerate(frames_of(sample)):
        if number % step:
            continue
        held.append(np.array(tiles.within(picture, (longest, longest))))
        if len(held) > _MOST_FRAMES:
            held, step = held[::2], step * 2
    if not held:
        raise MissingError("has no frames", path=sample.source or sample.id)
    chosen = [held[i] for i in evenly(min(STRIP, len(held)), len(held))]
    height, width = (max(one.shape[axis] for one in chosen) for axis in (0, 1))
    made = [tiles.cell(one, (height, width)) for one in chosen]
    return [height, width, len(made)], tiles.sheet_bytes(made, (height, width), STRIP)


def about(sample: Sample) -> tuple[dict[str, Any], bytes]:
    """What only reading a sample tells."""
    if sample.kind == "clip":
        clip = _clip(sample, 512)
        return {
            "size": clip.size_wh,
            "channels": clip.channels,
            "frames": len(clip.jpegs),
            "times": clip.times,
            "notes": clip.notes,
            "found": clip.found,
        }, b""
    picture = first_frame(sample)
    height, width, channels = picture.shape
    notes = list(sample.pixels.notes())
    return {
        "size": [width, height],
        "channels": channels,
        "frames": 1,
        "times": [],
        "notes": notes,
        "found": dict(sample.pixels.found()),
    }, b""


_PICTURES = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "GIF": "image/gif",
    "TIFF": "image/tiff",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
    "BMP": "image/bmp",
    "PPM": "image/x-portable-anymap",
}
_VIDEOS = {
    "mp4": "video/mp4",
    "webm": "video/webm",
    "matroska": "video/x-matroska",
    "avi": "video/x-msvideo",
    "ogg": "video/ogg",
    "mpegts": "video/mp2t",
    "mpeg": "video/mpeg",
    "flv": "video/x-flv",
}


def stored(sample: Sample) -> tuple[str, bytes]:
    """The original bytes of a still that is not a file, and their type; '' without any."""
    if sample.kind == "clip" or (pictures := sample.pixels.encoded()) is None:
        return "", b""
    for one in pictures:
        return _PICTURES.get(kind_of(one.data[:32]), "application/octet-stream"), one.data
    return "", b""


def media_type(path: str) -> tuple[str, bytes]:
    """The type of a file as its decoder sees it, whatever its name says.

    Raises
    ------
    DecodeError
        If it is neither a picture nor a video that is read here.
    """
    with reading(path), open(path, "rb") as file:
        head = file.read(32)
    picture = kind_of(head)
    if picture in _PICTURES:
        from signdata.formats.trees.picture_files import read
        from signdata.media.image.decode import probe

        probe(read(path), path)
        return _PICTURES[picture], b""
    with open_container(path) as container:
        video_stream(container, path)
        names = str(container.format.name).split(",")
        if "webm" in names:  # the demuxer's name is that of both
            webm = b"webm" in head + open(path, "rb").read(64)  # noqa: SIM115
            return ("video/webm" if webm else "video/x-matroska"), b""
    for name in ("mp4", *names):
        if name in names and name in _VIDEOS:
            return _VIDEOS[name], b""
    return "application/octet-stream", b""


def upload(data: bytes, card: Card) -> tuple[dict[str, Any], bytes]:
    """The input of a network, made of a picture's or a video's bytes: its shape, and its pixels."""
    from signdata.inference.inputs import Upload
    from signdata.inference.prediction import samples_of

    one = Upload(data)
    _, samples, notes = samples_of(one, card)
    shown = {"shape": list(samples.shape), "is_video": one.is_video, "notes": list(notes)}
    return shown, np.ascontiguousarray(samples).tobytes()


@dataclass
class _Clip:
    """A clip that was decoded, its frames as JPEG."""

    jpegs: list[bytes] = field(default_factory=list)
    size_wh: list[int] = field(default_factory=list)
    channels: int = 3
    times: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    found: dict[str, str] = field(default_factory=dict)

    @property
    def n_bytes(self) -> int:
        return sum(map(len, self.jpegs))


_clips: OrderedDict[tuple[str, str, int], _Clip] = OrderedDict()

MAX_CLIP = 256 << 20
"""Bytes of encoded frames beyond which a clip is not shown frame by frame."""


def _clip(sample: Sample, longest: int) -> _Clip:
    key = (sample.split, sample.id, longest)
    if key in _clips:
        _clips.move_to_end(key)
        return _clips[key]
    clip, total = _Clip(), 0
    for picture in frames_of(sample):
        if not clip.jpegs:
            height, width, clip.channels = picture.shape
            clip.size_wh = [width, height]
        small = tiles.within(picture, (longest, longest))
        clip.jpegs.append(encode.encode(small, "jpg", JPEG_QUALITY))
        total += len(clip.jpegs[-1])
        if total > MAX_CLIP:
            raise DecodeError("too long to be shown frame by frame", path=sample.id)
    if not clip.jpegs:
        raise MissingError("has no frames", path=sample.source or sample.id)
    clip.times = [round(time, 6) for time in sample.pixels.times()]
    clip.notes, clip.found = list(sample.pixels.notes()), dict(sample.pixels.found())
    _clips[key] = clip
    while len(_clips) > 1 and sum(one.n_bytes for one in _clips.values()) > _KEPT_BYTES:
        _clips.popitem(last=False)
    return clip
