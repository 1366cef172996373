"""Still pictures: strict reading, encoding, resizing.

Pillow is the judge of what a picture is: a fixed list of formats, its limit on
pixels an error, damage an error. Plain JPEGs go through simplejpeg and small
plain PNGs through `signdata.media.image.png`, which read the same pixels several times
faster; everything that needs thought (an orientation, CMYK, a palette) goes back
to Pillow. PNGs are written by OpenCV.
Arrays are RGB or grey, never BGR, on both sides.
"""

from __future__ import annotations

import contextlib
import io
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from signdata.downloads import START, found_instead, remedy_for
from signdata.errors import DecodeError
from signdata.limits import larger_remedy, max_pixels
from signdata.media.image import png
from signdata.samples import Frame

if TYPE_CHECKING:  # imported where a picture needs it: most never do
    from PIL import Image

BACKGROUND = (255, 255, 255)
"""What transparent pixels are laid on: white."""

USUAL_SUFFIX = {
    "PNG": ".png",
    "JPEG": ".jpg",
    "MPO": ".jpg",
    "BMP": ".bmp",
    "GIF": ".gif",
    "TIFF": ".tif",
    "WEBP": ".webp",
    "PPM": ".ppm",
    "AVIF": ".avif",
}
_FORMATS = tuple(name for name in USUAL_SUFFIX if name != "MPO")
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"}) | {
    *(".jfif", ".jpe", ".jif", ".avif"),
    ".ppm",
    ".pgm",
    ".pnm",
    ".pbm",
}
"""File suffixes that are taken for pictures; what is inside decides how they are read."""

TOO_FAST, USUAL_DURATION = 10, 100
"""Milliseconds of a picture in an animation that browsers take for none; and what they show."""

TURNED = "EXIF orientation"
"""How the note starts that a picture was turned upright."""

_ORIENTATION_TAG = 0x0112
_JPEG_START = b"\xff\xd8\xff"
_SCAN = b"\xda"
_ENDS = {"PNG": b"\0\0\0\0IEND\xaeB`\x82", "JPEG": b"\xff\xd9"}
"""What a whole file has: one that lacks it may still show every pixel, and is cut short."""
_WHITE_16 = 65535


@dataclass(frozen=True, slots=True)
class Header:
    """What the first bytes of a picture say.

    Attributes
    ----------
    suffix : str
        ``.jpg``, ``.png``, ... by content.
    size_hw : tuple of int
        Height and width in pixels as they will be read (an orientation applied).
    channels : int
        1 (grey) or 3 (RGB), as they will be read.
    changes : str
        What reading as 8-bit grey or RGB does to its values, or ''.
    """

    suffix: str
    size_hw: tuple[int, int]
    channels: int
    changes: str = ""


def probe(data: bytes, path: str) -> Header:
    """Read a picture's header.

    Raises
    ------
    DecodeError
        If it is no picture of a known format, or over the limit of pixels.
    """
    shape = png.shape_of(data)
    if shape is not None:
        return _plain_header(".png", shape)
    plain = png.parse(data)
    if plain is not None:
        return _plain_header(".png", plain.shape)
    shape = _plain_jpeg(data) if data.startswith(_JPEG_START) else None
    if shape is not None:
        return _plain_header(".jpg", shape)
    with _judging(path):
        image = _open(data, path)
        width, height = image.size
        if _orientation(image) >= 5:
            width, height = height, width
        return Header(
            USUAL_SUFFIX[image.format or "PNG"], (height, width), _channels(image), _changes(image)
        )


@lru_cache(maxsize=64)
def _plain_header(suffix: str, shape: tuple[int, int, int]) -> Header:
    return Header(suffix, shape[:2], shape[2])


def decode(
    data: bytes, path: str, buffer: NDArray[np.uint8] | None = None
) -> tuple[Frame, tuple[str, ...]]:
    """Read a picture's pixels.

    Parameters
    ----------
    data : bytes
        The whole file.
    path : str
        Its name, for messages.
    buffer : ndarray of uint8, optional
        Memory that the frame may be in, as long as it is not needed when the next one is read.
        A new array for each picture costs a fifth of the time of reading it.

    Returns
    -------
    frame : ndarray
        (H, W, C) uint8; C is 1 for grey pictures and 3 (RGB) for all others. 16-bit greys
        are divided by 257 and rounded (of 16-bit colours Pillow gives the high bytes), CMYK is
        converted, palettes are looked up, transparent pixels are laid on white, EXIF
        orientation is applied.
    notes : tuple of str
        What was done beyond reading.

    Raises
    ------
    DecodeError
        If the picture is damaged, cut short, of no known format, or over the limit of pixels.
    """
    if data.startswith(_JPEG_START):
        frame = _decode_plain_jpeg(data, buffer)
        if frame is not None:
            return frame, ()
    plain = png.parse(data)
    if plain is not None:
        frame = png.decode(plain, data)
        if frame is None:
            raise DecodeError("damaged or cut short: the rows of the PNG do not unpack", path=path)
        return frame, ()
    return _decode_with_pillow(data, path)


def check(data: bytes, path: str) -> tuple[str, tuple[str, ...]]:
    """Prove that a picture decodes in full, as cheaply as that can be done.

    Returns
    -------
    suffix : str
        What the bytes are.
    notes : tuple of str
        As `decode` gives them.

    Raises
    ------
    DecodeError
        As `decode` raises it.
    """
    if data.startswith(_JPEG_START) and _plain_jpeg(data) is not None:
        try:
            # An eighth of the size still reads every coded coefficient.
            simplejpeg.decode_jpeg(data, "GRAY", min_height=1, min_width=1, strict=True)
            return ".jpg", ()
        except ValueError:
            pass
    _, notes = decode(data, path)
    return probe(data, path).suffix, notes


def _plain_jpeg(data: bytes) -> tuple[int, int, int] | None:
    """Height, width and channels of a JPEG; None if its header asks for more than decoding."""
    end = min(_before_scan(data), 65536)
    if not end or data.find(b"Exif\0\0", 0, end) >= 0:
        return None
    if data.find(b"tiff:Orientation", 0, end) >= 0:  # XMP can turn a picture, too
        return None
    if data.find(b"Adobe\0", 0, min(end, 4096)) >= 0:
        return None
    if data.rfind(_ENDS["JPEG"]) < 0:
        return None
    try:
        height, width, colorspace, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError:
        return None
    if height * width > max_pixels():
        return None
    channels = {"Gray": 1, "GRAY": 1, "YCbCr": 3}.get(colorspace)
    return None if channels is None else (height, width, channels)


def _before_scan(data: bytes) -> int:
    """Where the coded pixels of a JPEG begin; 0 if its segments do not lead there.

    What stands before them is short: most of a file need not be searched for what turns it.
    """
    at = 2
    while data[at : at + 1] == b"\xff":
        marker = data[at + 1 : at + 2]
        if marker == _SCAN:
            return at
        at += 1 if marker == b"\xff" else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return 0


def _decode_plain_jpeg(data: bytes, buffer: NDArray[np.uint8] | None = None) -> Frame | None:
    """Pixels of an undamaged grey or YCbCr JPEG; None when Pillow should judge."""
    shape = _plain_jpeg(data)
    if shape is None:
        return None
    if buffer is not None and buffer.size < math.prod(shape):
        buffer = None
    wanted = "GRAY" if shape[2] == 1 else "RGB"
    try:
        frame = simplejpeg.decode_jpeg(data, wanted, strict=True, buffer=buffer)
    except ValueError:
        return None
    return np.asarray(frame, np.uint8)


@contextlib.contextmanager
def _judging(path: str) -> Iterator[None]:
    """Pillow at work on a stranger's file: all that it raises becomes a `DecodeError`."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of many pixels, too: `_open` counts them
            yield
    except DecodeError:
        raise
    except Image.DecompressionBombError as err:
        raise DecodeError(f"too many pixels ({err})", path=path) from err
    except Exception as err:  # a damaged file may make a decoder raise anything
        raise DecodeError(f"damaged or cut short ({err})", path=path) from err


def _open(data: bytes, path: str) -> Image.Image:
    from PIL import Image, UnidentifiedImageError

    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except UnidentifiedImageError:
        known = ", ".join(sorted(_FORMATS))
        found = found_instead(data[:START])
        raise DecodeError(
            f"no picture; expected {known}, found {found or _looks_like(data)}",
            path=path,
            remedy=remedy_for(found),
        ) from None
    n_pixels = image.width * image.height
    if n_pixels > max_pixels():
        raise DecodeError(
            f"{image.width}x{image.height} pixels; expected at most {max_pixels():,}, "
            f"found {n_pixels:,}",
            path=path,
            remedy=larger_remedy(n_pixels),
        )
    return image


def _decode_with_pillow(data: bytes, path: str) -> tuple[Frame, tuple[str, ...]]:
    notes = []
    with _judging(path):
        image = _open(data, path)
        if data.rfind(_ENDS.get(image.format or "", b"")) < 0:
            raise DecodeError(f"cut short: the {image.format} has no end", path=path)
        n_frames = getattr(image, "n_frames", 1)
        if n_frames > 1 and image.format != "MPO":
            notes.append(f"animated or many pages ({n_frames}): the first is read")
        if changes := _changes(image):
            notes.append(f"{changes} on reading")
        image.load()  # before anything asks for EXIF: Pillow loads for that, and tries but once
        orientation = _orientation(image)
        if orientation > 1:
            from PIL import ImageOps

            image = ImageOps.exif_transpose(image)
            notes.append(f"{TURNED} {orientation} applied on reading")
        return _to_array(image, path), tuple(notes)


def moving_pictures(data: bytes, path: str) -> Iterator[tuple[Frame, int]]:
    """Yield each picture of an animation as (H, W, 3), and the milliseconds that it is shown for.

    Raises
    ------
    DecodeError
        Where it is damaged or cut short.
    """
    with _judging(path):
        image = _open(data, path)
        # A PNG's first picture may be one for programs that know no animation.
        first = int(bool(image.format == "PNG" and getattr(image, "default_image", False)))
        n_frames = getattr(image, "n_frames", 1)
    for number in range(first, n_frames):
        with _judging(path):
            image.seek(number)
            image.load()
            frame = _to_array(image, path)
            shown = round(float(image.info.get("duration") or 0))
        colour = frame if frame.shape[2] == 3 else np.repeat(frame, 3, axis=2)
        yield np.ascontiguousarray(colour), shown if shown > TOO_FAST else USUAL_DURATION


def _changes(image: Image.Image) -> str:
    if _has_alpha(image):
        return "transparency laid on white"
    if image.mode.startswith("I"):
        return "16-bit values brought to 8"
    return "" if image.mode in ("1", "L", "P", "RGB") else f"{image.mode} brought to RGB"


def _orientation(image: Image.Image) -> int:
    if image.format == "PNG" and "exif" not in image.info:
        return 1
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # unreadable EXIF says nothing about the pixels
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _has_alpha(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info


def _channels(image: Image.Image) -> int:
    return 1 if image.mode in ("1", "L", "LA", "La") or image.mode.startswith("I") else 3


def _to_array(image: Image.Image, path: str) -> Frame:
    if image.mode.startswith("I"):
        return _scaled(image, path)
    if image.mode == "F":
        raise DecodeError("floating-point pixels; expected 8- or 16-bit values", path=path)
    mode = "L" if _channels(image) == 1 else "RGB"
    if _has_alpha(image):
        from PIL import Image

        layer = image.convert("RGBA")
        ground = Image.new("RGBA", layer.size, (*BACKGROUND, 255))
        image = Image.alpha_composite(ground, layer)
    if image.mode != mode:
        image = image.convert(mode)
    array: Any = np.asarray(image, np.uint8)
    frame: Frame = array[:, :, None] if array.ndim == 2 else array
    return frame


def _scaled(image: Image.Image, path: str) -> Frame:
    """A 16-bit grey picture as 8 bits."""
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > _WHITE_16:
        raise DecodeError(
            f"grey values {values.min()}..{values.max()}; expected 0..{_WHITE_16}", path=path
        )
    if "transparency" in image.info:
        values[values == image.info["transparency"]] = _WHITE_16
    scaled: Frame = ((values + 128) // 257).astype(np.uint8)[:, :, None]
    return scaled


def _looks_like(data: bytes) -> str:
    """Name what a file that is no picture seems to be, for a message."""
    head = data[:START].lower()
    if head.startswith((b"gif8", b"\x89png", b"\xff\xd8")):
        return "the beginning of a damaged picture"
    return f"bytes that start with {data[:8]!r}"
