"""ImageMagick's resize filters: weight as a function of distance, in source pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from signdata.errors import UsageError
from signdata.magick.profiles import Values


@dataclass(frozen=True)
class Filter:
    """A resize filter.

    Attributes
    ----------
    name : str
        ImageMagick's name for it (``-filter``).
    support : float
        Distance beyond which the weight is 0.
    weight : callable
        Weights at an array of distances >= 0.
    radial : bool
        Whether rotations use the same function of the distance in the plane.
    """

    name: str
    support: float
    weight: Callable[[Values], Values]
    radial: bool = False


def _cubic(x: Values, b: float, c: float) -> Values:
    """The cubics of Mitchell and Netravali, "Reconstruction filters in graphics" (1988)."""
    near = 1 - 1 / 3 * b + x * (x * (-3 + 2 * b + c + x * (2 - 1.5 * b - c)))
    far = 4 / 3 * b + 4 * c + x * (-8 * c - 2 * b + x * (b + 5 * c + x * (-1 / 6 * b - c)))
    weight: Values = np.where(x < 1, near, np.where(x < 2, far, 0.0))
    return weight


_SINC = (
    0.173611107357320220183368594093166520811e-2,
    -0.384240921114946632192116762889211361285e-3,
    0.394201182359318128221229891724947048771e-4,
    -0.250963301609117217660068889165550534856e-5,
    0.111902032818095784414237782071368805120e-6,
    -0.372895101408779549368465614321137048875e-8,
    0.957694196677572570319816780188718518330e-10,
    -0.187208577776590710853865174371617338991e-11,
    0.253524321426864752676094495396308636823e-13,
    -0.177084805010701112639035485248501049364e-15,
)
"""Coefficients of the polynomial approximation of sin(pi x) / (pi x) up to 4 (resize.c)."""


def _sinc(x: Values) -> Values:
    square = x * x
    value = np.zeros_like(x)
    for coefficient in reversed(_SINC):
        value = coefficient + square * value
    return (square - 1) * (square - 4) * (square - 9) * (square - 16) * value


def _lanczos(x: Values) -> Values:
    weight: Values = np.where(x < 3, _sinc(x) * _sinc(x / 3), 0.0)
    return weight


def _triangle(x: Values) -> Values:
    return np.maximum(1 - x, 0.0)


def _box(x: Values) -> Values:
    return np.where(x <= 0.5, 1.0, 0.0)


def _gaussian(x: Values) -> Values:
    weight: Values = np.where(x < 2, np.exp(-2 * x * x), 0.0)
    return weight


def _cubic_filter(name: str, b: float, c: float, support: float = 2.0) -> Filter:
    return Filter(name, support, partial(_cubic, b=b, c=c), radial=True)


FILTERS = {
    filter.name: filter
    for filter in (
        _cubic_filter("Mitchell", 1 / 3, 1 / 3),
        _cubic_filter("Robidoux", 0.37821575509399867, 0.31089212245300067),
        _cubic_filter("Catrom", 0.0, 0.5),
        _cubic_filter("Spline", 1.0, 0.0),
        _cubic_filter("Hermite", 0.0, 0.0, 1.0),
        Filter("Lanczos", 3.0, _lanczos),
        Filter("Triangle", 1.0, _triangle),
        Filter("Box", 0.5, _box),
        Filter("Gaussian", 2.0, _gaussian),
    )
}


def filter_of(name: str) -> Filter:
    """Return a filter by name, ignoring case; raise `UsageError` if it is unknown."""
    found = next((f for f in FILTERS.values() if f.name.casefold() == name.casefold()), None)
    if found is None:
        raise UsageError(f"filter {name!r}; expected one of {', '.join(FILTERS)}")
    return found
