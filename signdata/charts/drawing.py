"""A page to draw charts on: lines, boxes, text that fits, small pictures; SVG out.

Colours have names. The SVG says both the colour for white paper and the name as a class, so that
the style sheet of a page can give the name another colour, as in the dark. The same calls give the
same text.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape

import numpy as np

from signdata import fonts
from signdata.charts.colours import COLOURS, WHITE
from signdata.media.image.encode import encode
from signdata.media.image.ops import resize
from signdata.samples import Frame

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

_SHARP = 2
"""Pictures are kept at up to this many times the size at which they are shown."""


class Drawing:
    """A white page.

    Parameters
    ----------
    width, height : float
        In pixels; so are all other lengths.
    title, about : str
        What it shows, for those who do not see it.

    Attributes
    ----------
    words : list of (str, Box)
        Every text drawn so far, and where.
    """

    def __init__(self, width: float, height: float, *, title: str = "", about: str = "") -> None:
        self.width, self.height = round(width), round(height)
        self.title, self.about = title, about
        self.words: list[tuple[str, Box]] = []
        self._parts: list[str] = []

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 11,
        colour: str = "ink",
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
        words = fonts.drawable(words)
        if not words:
            return
        long, thick = fonts.width(words, size), size * 1.1
        wide, high = (thick, long) if upright else (long, thick)
        left = x - wide * {"l": 0, "m": 0.5, "r": 1}[anchor[0]]
        top = y - high * {"t": 0, "m": 0.5, "b": 1}[anchor[1]]
        self.words.append((words, (left, top, left + wide, top + high)))
        if upright:
            across = left + wide / 2 + 0.36 * size
            place = f'transform="translate({_n(across)} {_n(top + high)}) rotate(-90)"'
        else:
            side = {"l": "", "m": ' text-anchor="middle"', "r": ' text-anchor="end"'}[anchor[0]]
            place = f'x="{_n(x)}" y="{_n(top + high / 2 + 0.36 * size)}"{side}'
        fill = _paint("fill", colour)
        self._parts.append(f'<text {place} font-size="{_n(size)}" {fill}>{escape(words)}</text>')

    def line(
        self,
        points: Sequence[tuple[float, float]],
        colour: str,
        *,
        width: float = 1,
        dashes: str = "",
    ) -> None:
        """Join points."""
        joined = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        self._parts.append(
            f'<polyline points="{joined}" fill="none" {_paint("stroke", colour)} '
            f'stroke-width="{_n(width)}" stroke-linejoin="round"{dashed}/>'
        )

    def dot(self, x: float, y: float, colour: str, *, radius: float = 2.5) -> None:
        """A filled circle."""
        place = f'cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}"'
        self._parts.append(f"<circle {place} {_paint('fill', colour)}/>")

    def fill(self, box: Box, colour: str) -> None:
        """A filled box."""
        self._parts.append(f"<rect {_place(box)} {_paint('fill', colour)}/>")

    def frame(self, box: Box, colour: str, *, width: float = 1) -> None:
        """The outline of a box."""
        self._parts.append(
            f'<rect {_place(box)} fill="none" {_paint("stroke", colour)} '
            f'stroke-width="{_n(width)}"/>'
        )

    def picture(self, frame: Frame, box: Box) -> None:
        """Draw a picture as large as fits, in the middle; small ones in whole pixels.

        Parameters
        ----------
        frame : ndarray of uint8, shape (H, W, C)
            RGB for 3 channels; else the first channel as grey.
        """
        left, top, right, bottom = box
        high, wide = frame.shape[:2]
        times = min((right - left) / wide, (bottom - top) / high)
        pixels = frame if frame.shape[2] == 3 else frame[:, :, :1]
        if times * _SHARP < 1:
            pixels = resize(
                np.ascontiguousarray(pixels),
                (max(1, round(high * times * _SHARP)), max(1, round(wide * times * _SHARP))),
            )
        shown = (wide * times, high * times)
        x, y = (left + right - shown[0]) / 2, (top + bottom - shown[1]) / 2
        data = base64.b64encode(encode(np.ascontiguousarray(pixels), "png", 95)).decode()
        way = ' image-rendering="optimizeSpeed"' if times > 1 else ""
        self._parts.append(
            f'<image {_place((x, y, x + shown[0], y + shown[1]))}{way} preserveAspectRatio="none" '
            f'href="data:image/png;base64,{data}"/>'
        )

    @contextmanager
    def group(self, **data: str) -> Iterator[None]:
        """What is drawn inside is one element, with these ``data-`` attributes."""
        told = "".join(f' data-{name}="{escape(value)}"' for name, value in data.items())
        self._parts.append(f"<g{told}>")
        yield
        self._parts.append("</g>")

    def svg(self, *, paper: bool = False) -> str:
        """The drawing as it is now; `paper` puts it on white."""
        about = ". ".join(part for part in (self.title, self.about) if part)
        told = escape("".join(letter if letter.isprintable() else "?" for letter in about))
        box = f'viewBox="0 0 {self.width} {self.height}"'
        ground = ""
        if paper:
            ground = f'<rect width="{self.width}" height="{self.height}" fill="{WHITE}"/>'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
            f'{box} role="img" aria-label="{told}" font-family="{fonts.FAMILY}, sans-serif">'
            f"{ground}{''.join(self._parts)}</svg>"
        )


def _n(value: float) -> str:
    """A length, to a hundredth of a pixel."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _place(box: Box) -> str:
    left, top, right, bottom = box
    size = f'width="{_n(max(0.0, right - left))}" height="{_n(max(0.0, bottom - top))}"'
    return f'x="{_n(left)}" y="{_n(top)}" {size}'


def _paint(what: str, colour: str) -> str:
    """A colour by name, or ``#rrggbb``."""
    if colour.startswith("#"):
        return f'{what}="{colour}"'
    return f'{what}="{COLOURS[colour]}" class="{what[0]}-{colour}"'
