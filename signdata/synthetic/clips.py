"""Synthetic clips: a signer whose hand takes a gloss's handshape and follows its path."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from signdata.synthetic.hands import Box, capsules, hand_rods
from signdata.synthetic.poses import POSES
from signdata.synthetic.render import (
    FACE,
    HAIR,
    SKIN,
    SLEEVE,
    Capsule,
    Image,
    Scene,
    background,
    box_of,
    light_up,
    photograph,
)
from signdata.synthetic.signers import Moment, Signer, film

Path = Callable[[float], tuple[float, float, float]]


@dataclass(frozen=True)
class Gloss:
    """An invented sign.

    Parameters
    ----------
    name : str
    pose : str
        The handshape, a key of `POSES`.
    path : callable
        The wrist's position at time 0..1: x, y in shoulder widths from the middle of the
        shoulders (x to the viewer's right, y up), and the roll of the hand in degrees.
    """

    name: str
    pose: str
    path: Path


def _wave(time: float, turns: float) -> float:
    return math.sin(2 * math.pi * turns * time)


def _line(start: tuple[float, float, float], end: tuple[float, float, float]) -> Path:
    def path(time: float) -> tuple[float, float, float]:
        # Hands accelerate and slow down smoothly.
        part = 0.5 - 0.5 * math.cos(math.pi * time)
        x, y, roll = (a + (b - a) * part for a, b in zip(start, end, strict=True))
        return x, y, roll

    return path


def _circle(x: float, y: float, radius: float, turns: float) -> Path:
    def path(time: float) -> tuple[float, float, float]:
        angle = 2 * math.pi * turns * time
        return x + radius * math.sin(angle), y + radius * math.cos(angle), 0.0

    return path


def _shake(x: float, y: float, wide: float, tall: float, turns: float, roll: float) -> Path:
    def path(time: float) -> tuple[float, float, float]:
        wave = _wave(time, turns)
        return x + wide * wave, y + tall * wave, roll * wave

    return path


#: Invented signs: no two have the same handshape and path.
GLOSSES: tuple[Gloss, ...] = (
    Gloss("book", "B", _line((0.15, -0.45, -10), (-0.65, -0.40, 40))),
    Gloss("drink", "C", _line((-0.45, -0.55, 0), (-0.12, 0.10, 20))),
    Gloss("help", "A", _line((-0.10, -0.85, 0), (-0.15, -0.15, 0))),
    Gloss("no", "V", _shake(-0.50, -0.10, 0.26, 0.0, 3.0, -14)),
    Gloss("walk", "P", _shake(-0.30, -0.42, 0.20, 0.16, 3.0, 20)),
    Gloss("yes", "S", _shake(-0.48, -0.20, 0.0, 0.20, 3.0, 0)),
    Gloss("before", "open", _line((-0.20, -0.30, 0), (-0.80, 0.20, 35))),
    Gloss("thank you", "B", _line((-0.06, 0.16, 0), (-0.40, -0.55, 25))),
    Gloss("all", "open", _circle(-0.30, -0.35, 0.30, 1.0)),
    Gloss("who", "L", _circle(-0.20, 0.15, 0.10, 3.0)),
    Gloss("play", "Y", _shake(-0.45, -0.30, 0.05, 0.05, 4.0, 40)),
    Gloss("year", "S", _circle(-0.25, -0.45, 0.22, 2.0)),
    Gloss("water", "W", _shake(-0.15, 0.12, 0.10, 0.0, 3.0, 0)),
    Gloss("family", "F", _circle(-0.35, -0.30, 0.30, 1.0)),
    Gloss("time", "X", _shake(0.0, -0.60, 0.06, 0.06, 3.0, 0)),
    Gloss("last year", "I", _line((-0.20, -0.60, 0), (-0.75, 0.05, 20))),
)


@dataclass(frozen=True)
class _Body:
    """A person's position in the picture, in pixels."""

    x: float
    y: float
    shoulders: float

    def place(self, x: float, y: float) -> tuple[float, float]:
        return self.x + x * self.shoulders, self.y - y * self.shoulders


def _torso(body: _Body) -> list[Capsule]:
    """Trunk, shoulders, the resting arm, neck, head and hair."""
    unit = body.shoulders

    def rod(
        a: tuple[float, float], ar: float, b: tuple[float, float], br: float, z: float, what: int
    ) -> Capsule:
        (ax, ay), (bx, by) = body.place(*a), body.place(*b)
        return ax, ay, z * unit, ar * unit, bx, by, z * unit, br * unit, what

    return [
        rod((-0.36, -0.04), 0.16, (0.36, -0.04), 0.16, -0.3, SLEEVE),
        rod((-0.20, -0.15), 0.28, (-0.17, -1.6), 0.26, -0.3, SLEEVE),
        rod((0.0, -0.15), 0.29, (0.0, -1.6), 0.27, -0.29, SLEEVE),
        rod((0.20, -0.15), 0.28, (0.17, -1.6), 0.26, -0.3, SLEEVE),
        rod((0.46, -0.08), 0.13, (0.56, -1.0), 0.11, -0.3, SLEEVE),
        rod((0.0, 0.02), 0.13, (0.0, 0.25), 0.12, -0.28, SKIN),
        rod((0.0, 0.36), 0.19, (0.0, 0.56), 0.23, -0.25, FACE),
        rod((0.0, 0.62), 0.26, (0.0, 0.68), 0.22, -0.36, HAIR),
    ]


def _face(scene: Scene, body: _Body) -> None:
    """Paint eyes and mouth where the face is visible."""
    features = np.zeros(scene.owner.shape, np.uint8)
    unit = body.shoulders
    for side in (-0.09, 0.09):
        x, y = body.place(side, 0.50)
        cv2.circle(features, (round(x), round(y)), max(round(0.026 * unit), 1), 1, -1)
    x, y = body.place(0.0, 0.34)
    axes = (max(round(0.07 * unit), 1), max(round(0.02 * unit), 1))
    cv2.ellipse(features, (round(x), round(y)), axes, 0, 0, 360, 1, -1)
    scene.owner[(features == 1) & (scene.owner == FACE)] = HAIR


def _arm(body: _Body, wrist: tuple[float, float], reach: float) -> list[Capsule]:
    """Upper arm and forearm from the shoulder to the wrist; the elbow hangs outside."""
    shoulder = body.place(-0.46, -0.06)
    dx, dy = wrist[0] - shoulder[0], wrist[1] - shoulder[1]
    half = min(math.hypot(dx, dy) / 2, 0.99 * reach)
    out = math.sqrt(reach * reach - half * half)
    # The arm is foreshortened: its elbow always points down and out, so it never jumps.
    elbow = (shoulder[0] + dx / 2 - 0.55 * out, shoulder[1] + dy / 2 + 0.68 * out)
    unit = body.shoulders
    cuff = (elbow[0] + 0.72 * (wrist[0] - elbow[0]), elbow[1] + 0.72 * (wrist[1] - elbow[1]))
    low, high = 0.0, 0.34 * unit
    middle = low + 0.72 * (high - low)
    return [
        (*shoulder, -0.25 * unit, 0.14 * unit, *elbow, low, 0.115 * unit, SLEEVE),
        (*elbow, low, 0.115 * unit, *cuff, middle, 0.095 * unit, SLEEVE),
        (*cuff, middle, 0.075 * unit, *wrist, high, 0.065 * unit, SKIN),
    ]


_REST = (-0.62, -0.95, 0.0)


def _held(gloss: Gloss, time: float) -> tuple[float, float, float]:
    """The path, extended: before 0 the hand comes from its resting place, after 1 it returns."""
    if 0 <= time <= 1:
        return gloss.path(time)
    edge = gloss.path(0.0 if time < 0 else 1.0)
    away = min(-time if time < 0 else time - 1, 0.3) / 0.3
    part = 0.5 - 0.5 * math.cos(math.pi * away)
    x, y, roll = (a + (b - a) * part for a, b in zip(edge, _REST, strict=True))
    return x, y, roll


@dataclass(frozen=True)
class Clip:
    """One take of a sign.

    Parameters
    ----------
    gloss : Gloss
    signer : Signer
    size_hw : tuple of int
    n_frames : int
        Frames of the whole video.
    start, stop : int
        The frames (0-based, half-open) of the sign; the hand rests outside them.
    """

    gloss: Gloss
    signer: Signer
    size_hw: tuple[int, int]
    n_frames: int
    start: int
    stop: int


def draw_clip(clip: Clip, rng: np.random.Generator) -> tuple[Iterator[Image], Box]:
    """Render a video of a sign.

    Parameters
    ----------
    clip : Clip
    rng : numpy.random.Generator
        For the variation of this take and the camera noise.

    Returns
    -------
    frames : iterator of (H, W, 3) uint8 RGB
        ``n_frames`` of them.
    box : tuple of int
        x0, y0, x1, y1 of the person (half-open) in the first frame.
    """
    height, width = (2 * side for side in clip.size_hw)
    signer = clip.signer
    unit = (0.40 + 0.10 * signer.zoom) * min(height, width) * float(rng.normal(1, 0.04))
    x, y = signer.offset[0] + rng.normal(0, 0.012), signer.offset[1] + rng.normal(0, 0.012)
    body = _Body((0.5 + x) * width, (0.52 + y) * height, unit)
    still = Scene(height, width)
    still.add(_torso(body))
    _face(still, body)
    x0, y0, x1, y1 = box_of(still.depth > -1e8)
    box = (x0 // 2, y0 // 2, -(-x1 // 2), -(-y1 // 2))
    return _frames(clip, still, body, rng), box


def _frames(clip: Clip, still: Scene, body: _Body, rng: np.random.Generator) -> Iterator[Image]:
    signer, unit = clip.signer, body.shoulders
    behind = background(signer, still.height, still.width)
    moments = film(rng, clip.n_frames, drift=0.3)
    # Size, place and speed of the movement vary with the signer and the take.
    largeness = float(rng.normal(1, 0.08)) * (0.9 + 0.2 * signer.ambient)
    shift = rng.normal(0, 0.03, 2) + np.array(signer.offset)
    speed = float(rng.uniform(1.0, 1.25))
    signing = max(clip.stop - clip.start - 1, 1)
    for index in range(clip.n_frames):
        # Every clip includes a little time before and after the sign.
        time = ((index - clip.start) / signing - 0.5) * speed + 0.5
        x, y, roll = _held(clip.gloss, time)
        x, y = x * largeness + shift[0], y * largeness + shift[1]
        scene = still.copy()
        _draw_hand(scene, clip, body, body.place(x, y), roll, moments[index])
        picture = light_up(scene, signer, 0.42 * unit, behind)
        noise = rng.standard_normal((*clip.size_hw, 1), dtype=np.float32)
        yield photograph(picture, signer, clip.size_hw, noise)


def _draw_hand(
    scene: Scene,
    clip: Clip,
    body: _Body,
    wrist: tuple[float, float],
    roll: float,
    moment: Moment,
) -> None:
    unit = body.shoulders
    turned = Moment(moment.yaw, moment.pitch, moment.roll + roll, bends=moment.bends)
    rods, _ = hand_rods(POSES[clip.gloss.pose], clip.signer, turned)
    scene.add(_arm(body, wrist, 0.58 * unit))
    scene.add(capsules(rods, 0.27 * unit, wrist, 0.36 * unit))
