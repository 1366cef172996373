"""Still pictures: strict reading, encoding, resizing.

Pillow is the judge of what a picture is: a fixed list of formats, its limit on
pixels an error, damage an error. Plain JPEGs go through simplejpeg, which reads
the same pixels about three times faster; everything that needs thought (an
orientation, CMYK, damage) goes back to Pillow. PNGs are written by OpenCV.
Arrays are RGB or grey, never BGR, on both sides.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import cv2
import numpy as np
import simplejpeg
from PIL import Image, ImageOps, UnidentifiedImageError

from signdata.errors import DecodeError, UsageError
from signdata.samples import Frame

ImageFormat: TypeAlias = Literal["png", "jpg"]

MAX_PIXELS = 64_000_000
"""Pictures above this many pixels are refused before their pixels are read."""

BACKGROUND = (255, 255, 255)
"""What transparent pixels are laid on: white."""

_SUFFIXES = {
    "PNG": ".png",
    "JPEG": ".jpg",
    "MPO": ".jpg",
    "BMP": ".bmp",
    "GIF": ".gif",
    "TIFF": ".tif",
    "WEBP": ".webp",
    "PPM": ".ppm",
}
_FORMATS = tuple(name for name in _SUFFIXES if name != "MPO")
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"}) | {
    ".ppm",
    ".pgm",
    ".pnm",
    ".pbm",
}
"""File suffixes that are taken for pictures; what is inside decides how they are read."""

_ORIENTATION_TAG = 0x0112
_JPEG_START = b"\xff\xd8\xff"


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
    """

    suffix: str
    size_hw: tuple[int, int]
    channels: int


def probe(data: bytes, path: str) -> Header:
    """Read a picture's header.

    Raises
    ------
    DecodeError
        If it is no picture of a known format, or over `MAX_PIXELS`.
    """
    with _open(data, path) as image:
        width, height = image.size
        if _orientation(image) >= 5:
            width, height = height, width
        return Header(_SUFFIXES[image.format or "PNG"], (height, width), _channels(image))


def decode(data: bytes, path: str) -> tuple[Frame, tuple[str, ...]]:
    """Read a picture's pixels.

    Parameters
    ----------
    data : bytes
        The whole file.
    path : str
        Its name, for messages.

    Returns
    -------
    frame : ndarray
        (H, W, C) uint8; C is 1 for grey pictures and 3 (RGB) for all others. 16-bit values
        are divided by 257 and rounded, CMYK is converted, palettes are looked up, transparent
        pixels are laid on white, EXIF orientation is applied.
    notes : tuple of str
        What was done beyond reading.

    Raises
    ------
    DecodeError
        If the picture is damaged, cut short, of no known format, or over `MAX_PIXELS`.
    """
    if data.startswith(_JPEG_START):
        frame = _decode_plain_jpeg(data)
        if frame is not None:
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
    if data.startswith(_JPEG_START) and _is_plain_jpeg(data):
        try:
            # An eighth of the size still reads every coded coefficient.
            simplejpeg.decode_jpeg(data, "GRAY", min_height=1, min_width=1, strict=True)
            return ".jpg", ()
        except ValueError:
            pass
    _, notes = _decode_with_pillow(data, path)
    return probe(data, path).suffix, notes


def encode(frame: Frame, image_format: ImageFormat, quality: int) -> bytes:
    """Encode a frame.

    Parameters
    ----------
    frame : ndarray
        (H, W, C) uint8, C in {1, 3}, RGB.
    image_format : {'png', 'jpg'}
        PNG keeps every value; JPEG does not.
    quality : int
        1..100, for JPEG; chroma is halved both ways (4:2:0).
    """
    if image_format == "jpg":
        return bytes(
            simplejpeg.encode_jpeg(
                np.ascontiguousarray(frame),
                quality=quality,
                colorspace="GRAY" if frame.shape[2] == 1 else "RGB",
                colorsubsampling="420",
            )
        )
    pixels = frame if frame.shape[2] == 1 else cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".png", pixels)
    if not done:
        raise DecodeError(f"OpenCV could not encode a picture of shape {frame.shape} as PNG")
    return bytes(data.tobytes())


def resize(frame: Frame, size_hw: tuple[int, int]) -> Frame:
    """Resize to (height, width): area averaging when shrinking, cubic when growing."""
    if frame.shape[:2] == size_hw:
        return frame
    height, width = size_hw
    shrinks = height * width < frame.shape[0] * frame.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    resized = cv2.resize(frame, (width, height), interpolation=how)
    return np.asarray(resized, np.uint8).reshape(height, width, frame.shape[2])


def to_gray(frame: Frame) -> Frame:
    """Rec. 601 luma of an RGB frame as (H, W, 1); a grey frame comes back as it is."""
    if frame.shape[2] == 1:
        return frame
    gray: Frame = np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8)[:, :, None]
    return gray


def check_format(image_format: str, quality: int) -> None:
    """Raise `UsageError` unless the format is known and the quality within 1..100."""
    if image_format not in ("png", "jpg"):
        raise UsageError(f"image format {image_format!r}; expected png or jpg")
    if not 1 <= quality <= 100:
        raise UsageError(f"quality {quality}; expected 1..100")


def _is_plain_jpeg(data: bytes) -> bool:
    """Whether nothing in the header asks for more than decoding grey or YCbCr."""
    if b"Exif\0\0" in data[:65536] or b"Adobe\0" in data[:4096]:
        return False
    try:
        height, width, colorspace, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError:
        return False
    return colorspace in ("Gray", "GRAY", "YCbCr") and height * width <= MAX_PIXELS


def _decode_plain_jpeg(data: bytes) -> Frame | None:
    """Pixels of an undamaged grey or YCbCr JPEG; None when Pillow should judge."""
    if not _is_plain_jpeg(data):
        return None
    try:
        colorspace = simplejpeg.decode_jpeg_header(data)[2]
        wanted = "GRAY" if colorspace in ("Gray", "GRAY") else "RGB"
        return np.asarray(simplejpeg.decode_jpeg(data, wanted, strict=True), np.uint8)
    except ValueError:
        return None


def _open(data: bytes, path: str) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.filterwarnings("ignore", category=UserWarning)
            image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except UnidentifiedImageError:
        known = ", ".join(sorted(_FORMATS))
        raise DecodeError(
            f"no picture; expected {known}, found {_looks_like(data)}", path=path
        ) from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as err:
        raise DecodeError(f"too many pixels ({err})", path=path) from err
    except Exception as err:  # a foreign file may make a decoder raise anything
        raise DecodeError(f"damaged picture ({err})", path=path) from err
    if image.width * image.height > MAX_PIXELS:
        size = f"{image.width}x{image.height}"
        raise DecodeError(
            f"{size} pixels; expected at most {MAX_PIXELS:,}, found {image.width * image.height:,}",
            path=path,
        )
    return image


def _decode_with_pillow(data: bytes, path: str) -> tuple[Frame, tuple[str, ...]]:
    image = _open(data, path)
    if image.format == "PNG" and b"IEND" not in data:
        raise DecodeError("cut short: the PNG has no end", path=path)
    notes = []
    n_frames = getattr(image, "n_frames", 1)
    if n_frames > 1 and image.format != "MPO":
        notes.append(f"animated or many pages ({n_frames}): the first is read")
    orientation = _orientation(image)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=UserWarning)
            image.load()
            if orientation > 1:
                image = ImageOps.exif_transpose(image)
                notes.append(f"EXIF orientation {orientation} applied")
            return _to_array(image, path), tuple(notes)
    except DecodeError:
        raise
    except Exception as err:  # a foreign file may make a decoder raise anything
        raise DecodeError(f"damaged or cut short ({err})", path=path) from err


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # unreadable EXIF says nothing about the pixels
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _has_alpha(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info


def _channels(image: Image.Image) -> int:
    grey = image.mode in ("1", "L", "I", "I;16", "I;16B", "I;16L", "I;16N")
    return 1 if grey and not _has_alpha(image) else 3


def _to_array(image: Image.Image, path: str) -> Frame:
    if image.mode.startswith("I"):
        values = np.asarray(image).astype(np.int64)
        if values.size and (values.min() < 0 or values.max() > 65535):
            raise DecodeError(
                f"grey values {values.min()}..{values.max()}; expected 0..65535", path=path
            )
        scaled: Frame = ((values + 128) // 257).astype(np.uint8)[:, :, None]
        return scaled
    if image.mode == "F":
        raise DecodeError("floating-point pixels; expected 8- or 16-bit values", path=path)
    if _has_alpha(image):
        layer = image.convert("RGBA")
        ground = Image.new("RGBA", layer.size, (*BACKGROUND, 255))
        image = Image.alpha_composite(ground, layer).convert("RGB")
    elif image.mode == "1":
        image = image.convert("L")
    elif image.mode not in ("L", "RGB"):
        image = image.convert("RGB")
    array: Any = np.asarray(image, np.uint8)
    frame: Frame = array[:, :, None] if array.ndim == 2 else array
    return frame


def _looks_like(data: bytes) -> str:
    """Name what a file that is no picture seems to be, for a message."""
    if not data:
        return "an empty file"
    head = data[:512].lstrip().lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml", b"<svg")):
        return "a web page"
    if head.startswith((b"gif8", b"\x89png", b"\xff\xd8")):
        return "the beginning of a damaged picture"
    return f"bytes that start with {data[:8]!r}"
