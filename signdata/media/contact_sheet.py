"""Contact sheets: many small pictures with a word under each, as one PNG."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from signdata import fonts
from signdata.samples import Frame

COLUMNS = 12
"""Pictures side by side."""

_LINE = 12
_SIZE = 9
_GAP = 4
_SMALLEST = 84
"""Smaller pictures are enlarged to about this many pixels."""


def sheet(rows: Sequence[tuple[str, Sequence[tuple[str, Frame]]]]) -> bytes:
    """Draw groups of pictures.

    Parameters
    ----------
    rows : sequence of (title, pictures)
        Each group begins a new line under its title; a picture is a word and (H, W, C) uint8.

    Returns
    -------
    bytes
        A PNG.
    """
    tiles = [(title, [(word, _tile(frame)) for word, frame in some]) for title, some in rows]
    words = max(_wide(word) for _, some in tiles for word, _ in some)
    width = max(words, *(tile.width for _, some in tiles for _, tile in some)) + _GAP
    height = max(tile.height for _, some in tiles for _, tile in some) + _LINE + _GAP
    columns = min(COLUMNS, max(len(some) for _, some in tiles))
    total = sum(_LINE + _GAP + height * -(-len(some) // columns) for _, some in tiles)
    titles = max(_wide(title) for title, _ in tiles)
    page = Image.new("RGB", (max(columns * width, titles) + _GAP, total + _GAP), "white")
    pen, font = ImageDraw.Draw(page), _font(_SIZE)
    top = _GAP
    for title, some in tiles:
        pen.text((_GAP, top), fonts.drawable(title), fill="black", font=font)
        top += _LINE + _GAP
        for number, (word, tile) in enumerate(some):
            left = _GAP + number % columns * width
            line = top + number // columns * height
            page.paste(tile, (left, line))
            pen.text(
                (left, line + height - _LINE - _GAP), fonts.drawable(word), fill="black", font=font
            )
        top += height * -(-len(some) // columns)
    out = io.BytesIO()
    page.save(out, "PNG")
    return out.getvalue()


def titled(frame: Frame, text: str) -> Frame:
    """A frame, at least 160 pixels wide, as RGB with a line of text under it."""
    picture = Image.fromarray(frame[:, :, 0] if frame.shape[2] == 1 else frame).convert("RGB")
    times = max(1, -(-160 // picture.width))
    picture = picture.resize(
        (picture.width * times, picture.height * times), Image.Resampling.NEAREST
    )
    high = max(16, picture.height // 14)
    page = Image.new("RGB", (picture.width, picture.height + high + 8), "white")
    page.paste(picture, (0, 0))
    place = (4, picture.height + 2)
    ImageDraw.Draw(page).text(place, fonts.drawable(text), fill="black", font=_font(high))
    return np.asarray(page, np.uint8)


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(fonts.FILE), size)


def _wide(text: str) -> int:
    """Pixels that a line of text takes."""
    return math.ceil(fonts.width(fonts.drawable(text), _SIZE))


def _tile(frame: Frame) -> Image.Image:
    image = Image.fromarray(frame[:, :, 0] if frame.shape[2] == 1 else np.ascontiguousarray(frame))
    times = max(1, round(_SMALLEST / max(image.size)))
    if times > 1:
        return image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    image.thumbnail((2 * _SMALLEST, 2 * _SMALLEST))
    return image
