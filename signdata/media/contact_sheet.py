"""Contact sheets: many small pictures with lines of text under each, as one PNG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from signdata import fonts
from signdata.samples import Frame

PAGE = 1240
"""Width of a sheet in pixels: a page at 150 dots an inch."""

_MARGIN, _GAP = 16, 10
_TITLE, _HEAD, _WORDS = 18, 13, 10
"""Font sizes: of the title, of a group's heading, of what is under a picture."""
_LINE = 13
_NARROWEST = 104
"""A picture takes at least this many pixels, which the words under it need."""
_SMALLEST = 84
"""Smaller pictures are enlarged to about this many pixels."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture on a sheet.

    Attributes
    ----------
    frame : Frame
        (H, W, C) uint8.
    words : sequence of str
        Lines under it; of one that is too long the end is shown, as ids differ there.
    box : tuple of int, optional
        Left, top, width and height of a frame to draw around a part of it.
    """

    frame: Frame
    words: Sequence[str] = ()
    box: tuple[int, int, int, int] | None = None


@dataclass(frozen=True, eq=False)
class Group:
    """Pictures that begin a new line under a heading.

    Attributes
    ----------
    heading : str
    pictures : sequence of Picture
    together : int
        So many pictures in a row are not parted by the end of a line.
    """

    heading: str
    pictures: Sequence[Picture]
    together: int = 1


def sheet(groups: Sequence[Group], title: str, foot: str = "") -> bytes:
    """Draw groups of pictures on a page.

    Parameters
    ----------
    groups : sequence of Group
    title : str
        What the sheet shows.
    foot : str
        A line below all groups, such as what was left out.

    Returns
    -------
    bytes
        A PNG, `PAGE` pixels wide.
    """
    placed = [_place(group) for group in groups]
    heights = [(2 * _HEAD if group.heading else 0) for group in groups]
    total = sum(heights) + sum(some.height for some in placed) + (2 * _HEAD if foot else 0)
    page = Image.new("RGB", (PAGE, 2 * _MARGIN + 2 * _TITLE + total), "white")
    pen = ImageDraw.Draw(page)
    _write(pen, _MARGIN, title, _TITLE)
    top = _MARGIN + 2 * _TITLE
    for group, height, some in zip(groups, heights, placed, strict=True):
        _write(pen, top, group.heading, _HEAD)
        top += height
        for picture, tile, (left, down) in zip(group.pictures, some.tiles, some.at, strict=True):
            page.paste(tile, (left, top + down))
            for k, words in enumerate(picture.words):
                below = top + down + tile.height + 2 + k * _LINE
                _words(pen, left, below, words, _room(tile))
        top += some.height
    _write(pen, top, foot, _HEAD)
    out = io.BytesIO()
    page.save(out, "PNG")
    return out.getvalue()


@dataclass(frozen=True)
class _Placed:
    """The pictures of a group as they are drawn, and their left upper corners."""

    tiles: list[Image.Image]
    at: list[tuple[int, int]]
    height: int


def _place(group: Group) -> _Placed:
    """Place pictures in lines, as words are."""
    tiles = [_tile(picture) for picture in group.pictures]
    at: list[tuple[int, int]] = []
    left, top, bottom = _MARGIN, 0, 0
    for first in range(0, len(tiles), group.together):
        some = tiles[first : first + group.together]
        wide = sum(_room(tile) + _GAP for tile in some) - _GAP
        if left > _MARGIN and left + wide > PAGE - _MARGIN:
            left, top = _MARGIN, bottom
        for number, tile in enumerate(some, first):
            at.append((left, top))
            words = len(group.pictures[number].words)
            bottom = max(bottom, top + tile.height + words * _LINE + _GAP)
            left += _room(tile) + _GAP
    return _Placed(tiles, at, bottom)


def _room(tile: Image.Image) -> int:
    """Pixels from left to right that a picture and the words under it take."""
    return max(_NARROWEST, tile.width)


def _write(pen: ImageDraw.ImageDraw, top: int, words: str, size: int) -> None:
    words = fonts.fit(words, size, PAGE - 2 * _MARGIN)
    pen.text((_MARGIN, top), words, fill="black", font=_font(size))


def _words(pen: ImageDraw.ImageDraw, left: int, top: int, words: str, room: int) -> None:
    words = fonts.fit_end(words, _WORDS, room)
    pen.text((left, top), words, fill="black", font=_font(_WORDS))


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


def _tile(picture: Picture) -> Image.Image:
    frame = picture.frame
    image = Image.fromarray(frame[:, :, 0] if frame.shape[2] == 1 else np.ascontiguousarray(frame))
    times = max(1, round(_SMALLEST / max(image.size)))
    if times > 1:
        tile = image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    else:
        tile = image.copy()
        tile.thumbnail((2 * _SMALLEST, 2 * _SMALLEST))
    if picture.box is not None:
        tile = tile.convert("RGB")
        left, top, width, height = (side * tile.width / image.width for side in picture.box)
        ImageDraw.Draw(tile).rectangle((left, top, left + width, top + height), outline="red")
    return tile
