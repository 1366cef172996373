"""Encoding pictures as PNG and JPEG."""

from __future__ import annotations

from typing import Literal, TypeAlias

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from signdata.errors import DecodeError, UsageError
from signdata.limits import MAX_SIDE, described, larger_remedy, max_pixels
from signdata.media.image import png
from signdata.samples import Frame

ImageFormat: TypeAlias = Literal["png", "jpg"]

_LONGEST_PNG = 1_000_000
"""The library that encodes them takes no longer side."""


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
    return encode_all(frame[None], image_format, quality)[0]


def encode_all(frames: NDArray[np.uint8], image_format: ImageFormat, quality: int) -> list[bytes]:
    """Encode each of several frames, (N, H, W, C); see `encode`."""
    _refuse_too_large(frames.shape[1:3], image_format)
    if image_format == "jpg":
        return [_jpeg(frame, quality) for frame in frames]
    return png.encode_tiny(frames) if frames[0].size <= png.TINY else list(map(_png, frames))


def _refuse_too_large(size_hw: tuple[int, ...], image_format: ImageFormat) -> None:
    longest = MAX_SIDE if image_format == "jpg" else _LONGEST_PNG
    height, width = size_hw
    if max(height, width) > longest or height * width > max_pixels():
        raise DecodeError(
            f"a picture of {width}x{height} is too large for {image_format}; "
            f"expected sides of at most {longest:,}, and {described()}",
            remedy=larger_remedy(height * width) if max(height, width) <= longest else "",
        )


def _jpeg(frame: Frame, quality: int) -> bytes:
    return bytes(
        simplejpeg.encode_jpeg(
            np.ascontiguousarray(frame),
            quality=quality,
            colorspace="GRAY" if frame.shape[2] == 1 else "RGB",
            colorsubsampling="420",
        )
    )


def _png(frame: Frame) -> bytes:
    pixels = frame if frame.shape[2] == 1 else cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".png", pixels)
    if not done:
        raise DecodeError(f"OpenCV could not encode a picture of shape {frame.shape} as PNG")
    return bytes(data.tobytes())


def compact(frame: Frame) -> tuple[str, bytes]:
    """The media type and bytes of a frame for a page, small: PNG of tiny pictures, else WebP."""
    if frame.shape[0] <= _TINY_SIDE:
        return "image/png", _png(frame)
    pixels = cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR if frame.shape[2] == 1 else cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".webp", pixels, [cv2.IMWRITE_WEBP_QUALITY, _WEBP_QUALITY])
    if not done:
        raise DecodeError(f"OpenCV could not encode a picture of shape {frame.shape} as WebP")
    return "image/webp", bytes(data.tobytes())


_TINY_SIDE = 32
"""Height up to which PNG is about as small as WebP, and loses nothing."""

_WEBP_QUALITY = 75


def check_format(image_format: str, quality: int) -> None:
    """Raise `UsageError` unless the format is known and the quality within 1..100."""
    if image_format not in ("png", "jpg"):
        raise UsageError(f"image format {image_format!r}; expected png or jpg")
    if not 1 <= quality <= 100:
        raise UsageError(f"quality {quality}; expected 1..100")


def webp(frame: Frame, quality: int) -> bytes:
    """Encode a frame as lossy WebP, for screens: no dataset is written so."""
    _refuse_too_large(frame.shape[:2], "png")
    pixels = frame if frame.shape[2] == 1 else cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".webp", pixels, [cv2.IMWRITE_WEBP_QUALITY, quality])
    if not done:
        raise DecodeError(f"OpenCV could not encode a picture of shape {frame.shape} as WebP")
    return bytes(data.tobytes())
