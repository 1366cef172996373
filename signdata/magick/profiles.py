"""ImageMagick's number formats: version profiles, bytes to quanta, rounding, quanta to bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from signdata.errors import UsageError

Quanta: TypeAlias = NDArray[np.float32]
"""(..., H, W) float32, 0..65535; with HDRI also below and above."""

Values: TypeAlias = NDArray[np.float64]

RANGE = 65535.0
LUMA_709 = (0.212656, 0.715158, 0.072186)
LUMA_601 = (0.298839, 0.586811, 0.114350)
"""Weights of red, green and blue (GetPixelIntensity, pixel.c)."""
BYTE = 257.0
"""Quanta in one grey level."""


@dataclass(frozen=True)
class Profile:
    """An ImageMagick version to reproduce.

    Attributes
    ----------
    name : str
        The name that users give.
    hdri : bool
        Whether values are kept as floats between operations, or rounded and clipped.
    tan : bool
        Whether contrast follows a tangent (until 2023) or is linear.
    centre : str
        Whether the two sizes are halved separately (``sizes``), or their ``difference`` is.
    engine : str
        The versions with the same output.
    """

    name: str
    hdri: bool
    tan: bool
    centre: str
    engine: str

    def store(self, values: Values | Quanta) -> Quanta:
        """Round computed values as ImageMagick stores them after every operation."""
        if self.hdri:
            return values.astype(np.float32)
        rounded: Values = np.floor(np.clip(values.astype(np.float64), 0.0, RANGE) + 0.5)
        return rounded.astype(np.float32)


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("im7-2017", True, True, "sizes", "ImageMagick 7.0.7 to 7.0.8, Q16 HDRI"),
        Profile("im6-q16", False, True, "sizes", "ImageMagick 6.9.11, Q16"),
        Profile("im7-current", True, False, "difference", "ImageMagick 7.1.1-7 and later, HDRI"),
    )
}
DEFAULT_PROFILE = "im7-2017"


def profile_of(name: str) -> Profile:
    """Return a profile by name; raise `UsageError` if there is none."""
    if name not in PROFILES:
        raise UsageError(f"profile {name!r}; expected one of {', '.join(PROFILES)}")
    return PROFILES[name]


def load(pixels: NDArray[np.uint8]) -> Quanta:
    """Convert bytes (..., H, W) to quanta."""
    return pixels.astype(np.float32) * np.float32(BYTE)


def to_bytes(quanta: Quanta, profile: Profile) -> NDArray[np.uint8]:
    """Convert quanta (..., C, H, W) to bytes, rounded as ImageMagick rounds."""
    if not profile.hdri:
        shifted = quanta.astype(np.int64) + 128
        return ((shifted - (shifted >> 8)) >> 8).astype(np.uint8)
    if quanta.shape[-3] == 1:
        # A grey picture is written as the luma of three equal channels (GetPixelLuma), in
        # single precision: some levels ending in .5 fall below it and are rounded down.
        red, green, blue = map(np.float32, LUMA_709)
        luma = red * quanta
        luma += green * quanta
        luma += blue * quanta
        quanta = luma
    levels = np.clip(quanta, 0.0, RANGE).astype(np.float64)
    levels += BYTE / 2  # is exact, and so are levels that end in .5 after the division
    levels /= BYTE
    return levels.astype(np.uint8)
