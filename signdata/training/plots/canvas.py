"""A page to draw charts on: smooth lines, text that fits, colour scales, PNG out.

Everything is drawn at twice the size and shrunk. The same calls give the same bytes.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from signdata.samples import Frame

Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

INK, FAINT, GRID, PAPER = (32, 36, 42), (110, 117, 127), (226, 229, 233), (255, 255, 255)
BLUE, ORANGE, GREEN, RED = (31, 105, 184), (226, 118, 18), (38, 138, 76), (200, 44, 44)

BLUES: Sequence[Colour] = ((255, 255, 255), (198, 219, 239), (107, 174, 214), (8, 69, 148))
REDS: Sequence[Colour] = ((255, 255, 255), (252, 196, 173), (240, 96, 70), (140, 10, 20))
HEAT: Sequence[Colour] = (
    (4, 4, 16),
    (81, 18, 124),
    (183, 55, 121),
    (252, 137, 97),
    (252, 253, 191),
)
"""Colour scales, from none to all."""

_SHARP = 2
_SPELT = {"\u0303": "~", "\u0308": '"', "\u0301": "'", "\u0300": "`", "\u0302": "^"}
_SPELT_WHOLE = {"ß": "ss", "æ": "ae", "ø": "o", "\u2013": "-", "\u2019": "'"}


class Canvas:
    """A white page.

    Parameters
    ----------
    width, height : float
        In pixels of the finished PNG; so are all other lengths.
    title, about : str
        Written into the PNG as its Title and Description.

    Attributes
    ----------
    words : list of (str, Box)
        Every text drawn so far, and where.
    """

    def __init__(self, width: float, height: float, *, title: str = "", about: str = "") -> None:
        self.width, self.height = round(width), round(height)
        self.title, self.about = title, about
        self.words: list[tuple[str, Box]] = []
        self._page = Image.new("RGB", (_SHARP * self.width, _SHARP * self.height), PAPER)
        self._pen = ImageDraw.Draw(self._page)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 11,
        colour: Colour = INK,
        anchor: str = "lm",
        upright: bool = False,
    ) -> None:
        """Write one line.

        Parameters
        ----------
        anchor : str
            Where (x, y) is in the text: l, m, r and t, m, b.
        upright : bool
            From bottom to top; the anchor is that of the turned text.
        """
        words = spell(words)
        if not words:
            return
        font = _font(size)
        wide, high = text_width(words, size), size * 1.1
        if upright:
            wide, high = high, wide
        left = x - wide * {"l": 0, "m": 0.5, "r": 1}[anchor[0]]
        top = y - high * {"t": 0, "m": 0.5, "b": 1}[anchor[1]]
        self.words.append((words, (left, top, left + wide, top + high)))
        if not upright:
            middle = (_SHARP * left, _SHARP * (top + high / 2))
            self._pen.text(middle, words, fill=colour, font=font, anchor="lm")
            return
        mask = Image.new("L", (round(_SHARP * high) + 2, round(_SHARP * wide)))
        ImageDraw.Draw(mask).text((0, mask.height / 2), words, fill=255, font=font, anchor="lm")
        turned = mask.transpose(Image.Transpose.ROTATE_90)
        corner = (round(_SHARP * left), round(_SHARP * top) - 2)
        self._page.paste(Image.new("RGB", turned.size, colour), corner, turned)

    def line(
        self, points: Sequence[tuple[float, float]], colour: Colour, *, width: float = 1
    ) -> None:
        """Join points."""
        scaled = [(_SHARP * x, _SHARP * y) for x, y in points]
        self._pen.line(scaled, fill=colour, width=max(1, round(_SHARP * width)), joint="curve")

    def dashes(self, x: float, top: float, bottom: float, colour: Colour) -> None:
        """A dashed upright line."""
        y = top
        while y < bottom:
            self.line([(x, y), (x, min(y + 4, bottom))], colour)
            y += 8

    def dot(self, x: float, y: float, colour: Colour, *, radius: float = 2.5) -> None:
        self._pen.ellipse(
            [
                _SHARP * (x - radius),
                _SHARP * (y - radius),
                _SHARP * (x + radius),
                _SHARP * (y + radius),
            ],
            fill=colour,
        )

    def fill(self, box: Box, colour: Colour) -> None:
        """A filled box; one thinner than a pixel is drawn as thin as can be."""
        left, top, right, bottom = (round(_SHARP * edge) for edge in box)
        self._pen.rectangle([left, top, max(left, right - 1), max(top, bottom - 1)], fill=colour)

    def frame(self, box: Box, colour: Colour, *, width: float = 1) -> None:
        """The outline of a box."""
        left, top, right, bottom = (round(_SHARP * edge) for edge in box)
        thick = max(1, round(_SHARP * width))
        self._pen.rectangle([left, top, right - 1, bottom - 1], outline=colour, width=thick)

    def picture(self, frame: Frame, box: Box) -> None:
        """Draw a picture as large as fits, in the middle; small ones in whole pixels.

        Parameters
        ----------
        frame : ndarray of uint8, shape (H, W, C)
            RGB for 3 channels; else the first channel as grey.
        """
        left, top, right, bottom = (round(_SHARP * edge) for edge in box)
        image = Image.fromarray(
            np.ascontiguousarray(frame if frame.shape[2] == 3 else frame[:, :, 0])
        )
        times = min((right - left) / image.width, (bottom - top) / image.height)
        size = max(1, round(image.width * times)), max(1, round(image.height * times))
        way = Image.Resampling.NEAREST if times > 1 else Image.Resampling.BOX
        corner = (left + right - size[0]) // 2, (top + bottom - size[1]) // 2
        self._page.paste(image.resize(size, way), corner)

    def png(self) -> bytes:
        """The page as it is now."""
        told = PngInfo()
        for key, value in (("Title", self.title), ("Description", self.about)):
            if value:
                told.add_itxt(key, value)
        out = io.BytesIO()
        self._page.reduce(_SHARP).save(out, "PNG", pnginfo=told, compress_level=9)
        return out.getvalue()


def spell(words: str) -> str:
    """The text in letters that the font has: ASCII.

    Accents follow their letter (``ñ`` is ``n~``); other letters become ``?``.
    """
    whole = "".join(_SPELT_WHOLE.get(letter, letter) for letter in words)
    apart = "".join(_SPELT.get(mark, mark) for mark in unicodedata.normalize("NFKD", whole))
    return "".join(
        letter if " " <= letter <= "~" else "?"
        for letter in apart
        if not unicodedata.combining(letter)
    )


def legible(names: Sequence[str]) -> list[str]:
    """Names as they can be drawn; ``#3`` for the fourth where they cannot, or say nothing."""
    spelt = [spell(name).strip() for name in names]
    return [
        new if new and new.count("?") == old.count("?") else f"#{idx}"
        for idx, (old, new) in enumerate(zip(names, spelt, strict=True))
    ]


def text_width(words: str, size: float) -> float:
    """How wide a line is, in pixels of the finished page."""
    return float(_font(size).getlength(spell(words))) / _SHARP


def fit(words: str, size: float, width: float) -> str:
    """The text, or as much of its beginning as fits, with two dots."""
    words = spell(words)
    if text_width(words, size) <= width:
        return words
    while words and text_width(words + "..", size) > width:
        words = words[:-1]
    return words + ".." if words else ""


def shade(share: float, scale: Sequence[Colour]) -> Colour:
    """The colour of a share, 0..1, of a colour scale."""
    red, green, blue = paint(np.array([share]), scale)[0]
    return int(red), int(green), int(blue)


def paint(shares: NDArray[np.floating[Any]], scale: Sequence[Colour]) -> Frame:
    """RGB of an array of shares, 0..1; one more axis. NaN is the scale's first colour."""
    stops = np.linspace(0, 1, len(scale))
    known = np.nan_to_num(shares, nan=0.0)
    bands = [np.interp(known, stops, [colour[band] for colour in scale]) for band in range(3)]
    colours: Frame = np.rint(np.stack(bands, axis=-1)).astype(np.uint8)
    return colours


@lru_cache(maxsize=64)
def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(_SHARP * size)
