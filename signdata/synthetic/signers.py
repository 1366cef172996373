"""Synthetic signers: a person's hand, room and camera, and the hand's movement over time."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Colour = tuple[float, float, float]
Floats = npt.NDArray[np.float32]

# Skin from fair to dark, RGB; signers are drawn along this line and slightly off it.
_SKIN: Floats = np.array(
    [
        (244, 208, 184),
        (228, 182, 148),
        (204, 150, 112),
        (164, 112, 78),
        (118, 78, 54),
        (82, 54, 40),
    ],
    np.float32,
)


def generator(seed: int, *names: object) -> np.random.Generator:
    """A random generator that depends only on the seed and the name of what is drawn."""
    text = "/".join(str(name) for name in (seed, *names))
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:16]))


@dataclass(frozen=True)
class Signer:
    """One person with their own hand, room and camera.

    Lengths are relative to an average hand, angles in degrees, colours RGB in 0..255.

    Parameters
    ----------
    number : int
        0-based.
    lengths, widths : tuple of float
        Of the thumb and the four fingers, index finger first.
    palm : float
        Width of the palm.
    habits : tuple of float
        How much more each of the four fingers bends than in the pose.
    yaw, pitch, roll : float
        Rotation of every hand, as this person's camera sees it.
    zoom, offset : float, tuple of float
        Fraction of the picture that the hand fills, and the offset of its centre, as a fraction
        of the picture.
    light : tuple of float
        Unit vector towards the light: right, up, to the viewer.
    ambient, exposure, gamma, noise, blur : float
        Fraction of diffuse light; the camera's gain, tone curve, noise (levels) and blur.
    """

    number: int
    lengths: tuple[float, ...]
    widths: tuple[float, ...]
    palm: float
    habits: tuple[float, ...]
    yaw: float
    pitch: float
    roll: float
    zoom: float
    offset: tuple[float, float]
    skin: Colour
    sleeve: Colour
    hair: Colour
    room: tuple[Colour, Colour]
    room_seed: int
    light: tuple[float, float, float]
    ambient: float
    exposure: float
    gamma: float
    noise: float
    blur: float


def make_signer(seed: int, number: int) -> Signer:
    """Generate signer ``number`` (0-based) for a random seed."""
    rng = generator(seed, "signer", number)
    tone = rng.uniform(0, len(_SKIN) - 1)
    skin = np.array([np.interp(tone, np.arange(len(_SKIN)), _SKIN[:, c]) for c in range(3)])
    wall = rng.uniform(50, 225) + rng.normal(0, 12, 3)
    # A wall as bright as the skin would hide the hand.
    if abs(wall.mean() - skin.mean()) < 60:
        wall += skin.mean() - wall.mean() + (rng.uniform(64, 100) if skin.mean() < 135 else -80)
    azimuth, height = rng.uniform(-2.6, -0.5), rng.uniform(0.35, 0.9)
    size = rng.normal(1, 0.05)
    return Signer(
        number=number,
        lengths=tuple(float(x) for x in size * rng.normal(1, 0.045, 5)),
        widths=tuple(float(x) for x in rng.normal(1, 0.08) * rng.normal(1, 0.03, 5)),
        palm=float(np.clip(rng.normal(1, 0.06), 0.88, 1.14)),
        habits=tuple(float(x) for x in rng.normal(0, 5, 4)),
        yaw=float(rng.normal(0, 6)),
        pitch=float(rng.normal(0, 5)),
        roll=float(rng.normal(0, 6)),
        zoom=float(rng.uniform(0.82, 0.98)),
        offset=(float(rng.normal(0, 0.026)), float(rng.normal(0, 0.026))),
        skin=_colour(skin + rng.normal(0, 5, 3)),
        sleeve=_colour(rng.uniform(25, 215, 3)),
        hair=_colour(np.array([70, 50, 36]) * rng.uniform(0.3, 2.2)),
        room=(_colour(wall), _colour(wall * rng.uniform(0.78, 1.12) + rng.normal(0, 10, 3))),
        room_seed=int(rng.integers(2**62)),
        light=_unit(math.cos(azimuth) * 0.9, -math.sin(azimuth) * 0.8, height),
        ambient=float(rng.uniform(0.36, 0.56)),
        exposure=float(rng.uniform(0.92, 1.12)),
        gamma=float(rng.uniform(0.85, 1.2)),
        noise=float(rng.uniform(0.6, 3.0)),
        blur=float(rng.uniform(0.0, 0.006)),
    )


def _colour(rgb: npt.NDArray[np.floating]) -> Colour:
    red, green, blue = (float(x) for x in np.clip(rgb, 4, 250))
    return red, green, blue


def _unit(x: float, y: float, z: float) -> tuple[float, float, float]:
    length = math.sqrt(x * x + y * y + z * z)
    return x / length, y / length, z / length


@dataclass(frozen=True)
class Moment:
    """How a hand is held in one frame, as differences from the signer's usual way.

    Angles in degrees; ``bends`` of the four fingers; ``x``, ``y`` in pictures; ``zoom`` a factor.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    x: float = 0.0
    y: float = 0.0
    zoom: float = 1.0
    bends: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


# Standard deviation between takes, for the fields of `Moment` in order.
_STILL = np.array([5, 4.5, 4.5, 0.018, 0.018, 0.035, 3, 3, 3, 3])


def film(rng: np.random.Generator, n: int, drift: float = 0.5) -> list[Moment]:
    """Generate ``n`` consecutive moments of one take: the hand drifts slowly.

    Parameters
    ----------
    rng : numpy.random.Generator
    n : int
    drift : float
        Movement within the take, relative to the differences between takes.
    """
    base = rng.normal(0, 1, len(_STILL))
    phase = rng.uniform(0, 2 * math.pi, (2, len(_STILL)))
    turns = rng.uniform(0.6, 1.6, len(_STILL))
    # A slow sway over the take and a quicker tremble; both continuous in time, so that
    # neighbouring frames are similar, as in a real recording.
    time = np.linspace(0, 2 * math.pi, n, endpoint=False)[:, None]
    sway = np.sin(time * turns + phase[0]) + 0.25 * np.sin(time * turns * 5 + phase[1])
    return [_moment(row * _STILL) for row in base + drift * sway]


def _moment(values: npt.NDArray[np.float64]) -> Moment:
    yaw, pitch, roll, x, y, zoom, *bends = (float(value) for value in values)
    first, second, third, fourth = bends
    return Moment(yaw, pitch, roll, x, y, 1.0 + zoom, (first, second, third, fourth))
