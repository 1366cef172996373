"""The colours of charts by name, on white paper and in the dark, and colour scales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signdata.samples import Frame

Rgb = tuple[int, int, int]

WHITE = "#ffffff"
LEVELS = 10
"""Steps of the scales of a matrix: 0 is nothing, 9 is all."""

_BLUES = ((255, 255, 255), (198, 219, 239), (107, 174, 214), (8, 69, 148))
_REDS = ((255, 255, 255), (252, 196, 173), (240, 96, 70), (140, 10, 20))

_STEPS = {
    "right": ((255, 255, 255), (198, 219, 239), (122, 182, 219), (40, 103, 170), (8, 69, 148)),
    "wrong": ((255, 255, 255), (252, 196, 173), (245, 130, 100), (190, 35, 35), (130, 10, 20)),
}
_DARK_STEPS = {
    "right": ((23, 26, 31), (27, 58, 92), (38, 92, 145), (96, 165, 230), (168, 214, 255)),
    "wrong": ((23, 26, 31), (94, 38, 30), (160, 60, 45), (240, 130, 105), (255, 200, 185)),
}
"""Colours of steps 0, 3, 6, 7 and 9: text can be read on all, weak up to 6 and strong from 7."""

HEAT: Sequence[Rgb] = (
    (4, 4, 16),
    (81, 18, 124),
    (183, 55, 121),
    (252, 137, 97),
    (252, 253, 191),
)
"""A colour scale from none to all."""

LINES = ("blue", "orange", "green", "red", "purple", "brown", "teal", "pink")
"""Colours of lines, in the order in which they are used."""


def paint(shares: NDArray[np.floating[Any]], scale: Sequence[Rgb]) -> Frame:
    """RGB of an array of shares, 0..1; one more axis. NaN is the scale's first colour."""
    stops = np.linspace(0, 1, len(scale))
    known = np.nan_to_num(shares, nan=0.0)
    bands = [np.interp(known, stops, [colour[band] for colour in scale]) for band in range(3)]
    colours: Frame = np.rint(np.stack(bands, axis=-1)).astype(np.uint8)
    return colours


def level(share: float) -> int:
    """The step of a share of a row, 0..1: a little shows already."""
    return 0 if share <= 0 else max(1, min(LEVELS - 1, round(float(np.sqrt(share)) * (LEVELS - 1))))


def on_level(step: int) -> str:
    """The colour of text on a step of a scale."""
    return "on-strong" if step >= 7 else "on-weak"


def _steps(stops: Mapping[str, Sequence[Rgb]]) -> dict[str, str]:
    """Every step of both scales by name."""
    made = {}
    for name, colours in stops.items():
        for step in range(LEVELS):
            bands = (np.interp(step, (0, 3, 6, 7, 9), band) for band in zip(*colours, strict=True))
            made[f"{name}{step}"] = "#" + "".join(f"{round(float(band)):02x}" for band in bands)
    return made


COLOURS = {
    "ink": "#20242a",
    "faint": "#5f6670",
    "grid": "#e2e5e9",
    "white": WHITE,
    "ground": "#f4f5f7",
    "blue": "#1f69b8",
    "orange": "#b85c00",
    "green": "#1f7a42",
    "red": "#c82c2c",
    "purple": "#7a3fb0",
    "brown": "#7b5236",
    "teal": "#08777f",
    "pink": "#b8327a",
    "on-weak": "#20242a",
    "on-strong": "#ffffff",
    **_steps(_STEPS),
}
"""On white paper."""

DARK = {
    "ink": "#e6e8eb",
    "faint": "#a4abb5",
    "grid": "#363b43",
    "white": "#171a1f",
    "ground": "#23272e",
    "blue": "#6cb0f5",
    "orange": "#f0a04b",
    "green": "#5fc98a",
    "red": "#ff8a80",
    "purple": "#c79af0",
    "brown": "#cfa384",
    "teal": "#4fc3cc",
    "pink": "#f08fc0",
    "on-weak": "#e6e8eb",
    "on-strong": "#101216",
    **_steps(_DARK_STEPS),
}
"""The same names in the dark."""

RIGHT_SCALE, WRONG_SCALE = _BLUES, _REDS
