"""Every operation once: its name, ImageMagick's options, and the same by `signdata.magick`.

The goldens, their tests and the oracle all read `OPERATIONS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from signdata.magick import geometry, noise, resize, rotate, tone
from signdata.magick import profiles as numbers
from signdata.magick.filters import FILTERS
from signdata.magick.profiles import Profile, Quanta

Picture: TypeAlias = NDArray[np.uint8]
"""(C, H, W), C 1 (grey) or 3 (red, green, blue)."""

SEED = 7


@dataclass(frozen=True)
class Operation:
    """One thing that both can do.

    Attributes
    ----------
    name : str
        Of the table, and in the manifest of the goldens.
    options : str
        ImageMagick's, between input and output; ``{w}`` and ``{h}`` are the picture's size.
    function : callable
        The same on quanta (C, H, W).
    grey : bool
        Whether the result is grey whatever the picture is.
    profiles : tuple of str
        With which it can be compared: random numbers are only those of ImageMagick 6.
    apart : float
        The share of values that may be one level off, where more than a profile promises.
    """

    name: str
    options: str
    function: Callable[[Quanta, Profile], Quanta]
    grey: bool = False
    profiles: tuple[str, ...] = tuple(numbers.PROFILES)
    apart: float = 0.0

    def words(self, picture: Picture) -> list[str]:
        """The options for a picture."""
        height, width = picture.shape[-2:]
        return self.options.format(w=width, h=height).split()

    def __call__(self, picture: Picture, profile: Profile) -> Picture:
        """What `signdata.magick` makes of a picture."""
        return numbers.to_bytes(self.function(numbers.load(picture), profile), profile)


def _greys() -> list[Operation]:
    return [
        Operation("gray", "-colorspace Gray", tone.gray, grey=True),
        Operation(
            "gray-601",
            "-grayscale Rec601Luma",
            lambda q, p: tone.gray(q, p, "Rec601Luma"),
            grey=True,
        ),
    ]


def _resizes() -> list[Operation]:
    found = [
        Operation(
            f"resize-{filter}-{width}x{height}",
            f"-filter {filter} -resize {width}x{height}!",
            lambda q, p, size=(height, width), filter=filter: resize.resize(q, size, filter, p),
        )
        for filter in FILTERS
        for width, height in ((28, 28), (40, 35), (17, 40))
    ]
    found += [
        Operation(
            f"resize-{geometry_}",
            f"-filter Mitchell -resize {geometry_}",
            lambda q, p, to=geometry_: resize.resize(
                q, geometry.target_size(to, q.shape[-2:]), "Mitchell", p
            ),
        )
        for geometry_ in ("40x28", "27x31", "40x28^")
    ]
    found += [
        Operation(
            "resize-same",
            "-filter Mitchell -resize {w}x{h}!",
            lambda q, p: resize.resize(q, q.shape[-2:], "Mitchell", p),
        ),
        Operation(
            "resize-1x1",
            "-filter Catrom -resize 1x1!",
            lambda q, p: resize.resize(q, (1, 1), "Catrom", p),
        ),
        Operation("scale-down", "-scale 13x9!", lambda q, p: resize.scale(q, (9, 13), p)),
        Operation("scale-up", "-scale 50x47!", lambda q, p: resize.scale(q, (47, 50), p)),
        Operation("mosaic", "-scale 20% -scale {w}x{h}!", lambda q, p: resize.mosaic(q, 0.2, p)),
        Operation("mosaic-5", "-scale 5% -scale {w}x{h}!", lambda q, p: resize.mosaic(q, 0.05, p)),
        Operation("mosaic-2", "-scale 2% -scale {w}x{h}!", lambda q, p: resize.mosaic(q, 0.02, p)),
        Operation("sample-down", "-sample 13x9!", lambda q, p: resize.sample(q, (9, 13))),
        Operation("sample-up", "-sample 50x47!", lambda q, p: resize.sample(q, (47, 50))),
    ]
    return found


def _placings() -> list[Operation]:
    def cover(q: Quanta, p: Profile, gravity: str) -> Quanta:
        q = resize.resize(q, geometry.target_size("27x28^", q.shape[-2:]), "Mitchell", p)
        return geometry.extent(q, (28, 27), p, gravity)

    return [
        Operation("crop", "-crop 15x16+2+3 +repage", lambda q, p: geometry.crop(q, (2, 3, 15, 16))),
        Operation(
            "extent-bigger",
            "-gravity SouthEast -extent 41x158",
            lambda q, p: geometry.extent(q, (158, 41), p, "SouthEast"),
        ),
        *(
            Operation(
                f"cover-{gravity}",
                f"-filter Mitchell -resize 27x28^ -gravity {gravity} -extent 27x28",
                lambda q, p, gravity=gravity: cover(q, p, gravity),
            )
            for gravity in geometry.GRAVITIES
        ),
        *(
            Operation(
                f"extent-{width}x{height}",
                f"-gravity Center -extent {width}x{height}",
                lambda q, p, size=(height, width): geometry.extent(q, size, p),
            )
            for width, height in ((15, 16), (41, 28))
        ),
    ]


def _tones() -> list[Operation]:
    settings = (
        *((15, 15), (-15, 15), (15, -15), (-15, -15), (0, 15), (15, 0), (0, 0), (7.5, -3.25)),
        *((0, 100), (0, -100), (100, 0), (-60, 80)),
    )
    return [
        *(
            Operation(
                f"brightness-contrast-{b:g}x{c:g}",
                f"-brightness-contrast {b:g}x{c:g}",
                lambda q, p, b=b, c=c: tone.brightness_contrast(q, b, c, p),
            )
            for b, c in settings
        ),
        *(
            Operation(
                f"modulate-{percent}",
                f"-modulate {percent}",
                lambda q, p, percent=percent: tone.modulate(q, percent, p),
            )
            for percent in (85, 115, 100, 0, 250)
        ),
        Operation("level", "-level 15%,85%", lambda q, p: tone.level(q, 15, 85, p)),
        Operation("level-14-90", "-level 14%,90%", lambda q, p: tone.level(q, 14, 90, p)),
        Operation("+level", "+level 15%,85%", lambda q, p: tone.unlevel(q, 15, 85, p)),
    ]


def _rotations() -> list[Operation]:
    cubic = [filter.name for filter in FILTERS.values() if filter.radial]
    return [
        *(
            Operation(
                f"rotate-{degrees:g}",
                f"-rotate {degrees:g} +repage",
                lambda q, p, degrees=degrees: rotate.rotate(q, degrees, p),
            )
            for degrees in (3, -3, 10, 0, 90, 180, -90, 100, -50)
        ),
        *(
            Operation(
                f"srt-{degrees:g}",
                f"-distort SRT {degrees:g}",
                lambda q, p, degrees=degrees: rotate.srt(q, degrees, p),
                apart=1e-4 if degrees == 90 else 0.0,
            )
            for degrees in (3, -3, 1.5, 0, 90)
        ),
        *(
            Operation(
                f"srt-3-{filter}",
                f"-filter {filter} -distort SRT 3",
                lambda q, p, filter=filter: rotate.srt(q, 3, p, filter),
            )
            for filter in cubic
        ),
    ]


def _noises() -> list[Operation]:
    def numbers_of(q: Quanta, *more: int) -> noise.Values:
        return noise.Stream(SEED).uniform(*q.shape, *more)

    def made(name: str, options: str, function: Callable[[Quanta, Profile], Quanta]) -> Operation:
        return Operation(
            name,
            f"-seed {SEED} -colorspace Gray {options}",
            lambda q, p: function(tone.gray(q, p), p),
            grey=True,
            profiles=("im6-q16",),
        )

    return [
        made(
            "impulse",
            "-attenuate 0.5 +noise Impulse",
            lambda q, p: noise.impulse(q, 0.5, numbers_of(q), p),
        ),
        made("uniform", "+noise Uniform", lambda q, p: noise.uniform(q, 1, numbers_of(q), p)),
        made("gaussian", "+noise Gaussian", lambda q, p: noise.gaussian(q, 1, numbers_of(q, 2), p)),
        made("spread", "-spread 1", lambda q, p: noise.spread(q, 1, numbers_of(q, 2), p)),
    ]


def _chain(quanta: Quanta, profile: Profile) -> Quanta:
    """From a photograph to a variant, the way of the recipes."""
    quanta = rotate.srt(tone.gray(quanta, profile), 3, profile)
    quanta = resize.resize(geometry.crop(quanta, (2, 3, 15, 16)), (28, 28), "Catrom", profile)
    return tone.brightness_contrast(quanta, 15, -15, profile)


OPERATIONS = {
    operation.name: operation
    for operation in (
        *_greys(),
        *_resizes(),
        *_placings(),
        *_tones(),
        *_rotations(),
        *_noises(),
        Operation(
            "chain",
            "-colorspace Gray -distort SRT 3 -crop 15x16+2+3 +repage -filter Catrom"
            " -resize 28x28! -brightness-contrast 15x-15",
            _chain,
            grey=True,
        ),
    )
}
