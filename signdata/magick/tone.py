"""Conversion to grey, brightness, contrast and levels: operations on single pixels."""

from __future__ import annotations

import math

import numpy as np

from signdata.errors import UsageError
from signdata.magick.profiles import LUMA_601, LUMA_709, RANGE, Profile, Quanta, Values

LUMA = {"Rec709Luma": LUMA_709, "Rec601Luma": LUMA_601}


def gray(quanta: Quanta, profile: Profile, intensity: str = "Rec709Luma") -> Quanta:
    """``-colorspace Gray`` (Rec709Luma) or ``-grayscale Rec601Luma``.

    Parameters
    ----------
    quanta : ndarray
        (..., 3, H, W) red, green, blue; or (..., 1, H, W), which stays as it is.

    Returns
    -------
    ndarray
        (..., 1, H, W)
    """
    if intensity not in LUMA:
        raise UsageError(f"intensity {intensity!r}; expected one of {', '.join(LUMA)}")
    if quanta.shape[-3] == 1:
        return quanta
    red, green, blue = (quanta[..., i, :, :].astype(np.float64) for i in range(3))
    shares = LUMA[intensity]
    return profile.store(shares[0] * red + shares[1] * green + shares[2] * blue)[..., None, :, :]


def brightness_contrast(
    quanta: Quanta, brightness: float, contrast: float, profile: Profile
) -> Quanta:
    """``-brightness-contrast BxC``, each -100..100 (BrightnessContrastImage, enhance.c)."""
    slope, intercept = tone_line(brightness, contrast, profile)
    return profile.store((slope * (quanta.astype(np.float64) / RANGE) + intercept) * RANGE)


def tone_line(brightness: float, contrast: float, profile: Profile) -> tuple[float, float]:
    """Slope and intercept, on 0..1, for a brightness and a contrast in percent."""
    if profile.tan:
        slope = max(0.0, math.tan(math.pi * (contrast / 100 + 1) / 4))
        return slope, brightness / 100 + (100 - brightness) / 200 * (1 - slope)
    slope = 100 / (100 - contrast) if 0 <= contrast < 100 else 1 + contrast / 100
    return slope, (brightness / 100 - 0.5) * slope + 0.5


def modulate(quanta: Quanta, percent: float, profile: Profile) -> Quanta:
    """``-modulate P``: the lightness of HSL times `percent` / 100 (ModulateImage, enhance.c).

    Parameters
    ----------
    quanta : ndarray
        (..., C, H, W), C 1 (grey) or 3 (red, green, blue).
    """
    values = quanta.astype(np.float64) * (1 / RANGE)
    if quanta.shape[-3] == 1:
        return profile.store(RANGE * (values * (0.01 * percent)))
    hue, saturation, lightness = _to_hsl(values)
    return profile.store(RANGE * _from_hsl(hue, saturation, lightness * (0.01 * percent)))


def _to_hsl(values: Values) -> tuple[Values, Values, Values]:
    """Hue in sixths of the circle, saturation, lightness (ConvertRGBToHSL, gem.c)."""
    red, green, blue = (values[..., i, :, :] for i in range(3))
    high, low = values.max(axis=-3), values.min(axis=-3)
    chroma, lightness = high - low, (high + low) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        hue = np.where(
            high == red,
            (green - blue) / chroma + np.where(green < blue, 6.0, 0.0),
            np.where(high == green, 2 + (blue - red) / chroma, 4 + (red - green) / chroma),
        )
        saturation = chroma / np.where(lightness <= 0.5, 2 * lightness, 2 - 2 * lightness)
    grey = chroma <= 0
    turns = np.where(grey, 0.0, hue) * (60 / 360) * 360
    return (turns - 360 * np.floor(turns / 360)) / 60, np.where(grey, 0.0, saturation), lightness


def _from_hsl(hue: Values, saturation: Values, lightness: Values) -> Values:
    """Red, green, blue on axis -3 (ConvertHSLToRGB, gem.c)."""
    chroma = np.where(lightness <= 0.5, 2 * lightness, 2 - 2 * lightness) * saturation
    low = lightness - 0.5 * chroma
    middle = low + chroma * (1 - np.abs(hue - 2 * np.floor(hue / 2) - 1))
    high = low + chroma
    sixth = np.floor(hue).astype(int)
    orders = (
        (high, middle, low, low, middle, high),
        (middle, high, high, middle, low, low),
        (low, low, middle, high, high, middle),
    )
    return np.stack([np.choose(sixth, order) for order in orders], axis=-3)


def level(quanta: Quanta, black: float, white: float, profile: Profile) -> Quanta:
    """``-level BLACK%,WHITE%``: stretch the range between them to the full range."""
    low, high = _percent(black, white)
    values: Values = RANGE * (1 / (high - low) * (quanta.astype(np.float64) - low))
    return profile.store(np.clip(values, 0.0, RANGE))  # LevelImage clips, HDRI or not


def unlevel(quanta: Quanta, black: float, white: float, profile: Profile) -> Quanta:
    """``+level BLACK%,WHITE%``: compress the full range to the range between them."""
    low, high = _percent(black, white)
    values: Values = quanta.astype(np.float64) / RANGE * (high - low) + low
    return profile.store(values)


def _percent(black: float, white: float) -> tuple[float, float]:
    if black == white:
        raise UsageError(f"levels {black}% and {white}%; expected two different ones")
    return black * (RANGE / 100), white * (RANGE / 100)
