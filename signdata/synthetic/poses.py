"""Handshapes of the letters of the manual alphabet: data only.

A right hand is described palm towards the viewer, fingers up: x runs to the thumb's side, y to the
finger tips, z to the viewer; the palm is 1 high. Fingers come index first, little finger last.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

Point = tuple[float, float, float]
Thumb = tuple[Point, Point, Point]


@dataclass(frozen=True)
class Finger:
    """Bends of the three joints towards the palm and the sideways spread, in degrees."""

    knuckle: float
    middle: float
    tip: float
    spread: float = 0.0


@dataclass(frozen=True)
class Pose:
    """A handshape and the hand's orientation.

    Parameters
    ----------
    fingers : tuple of Finger
        Index, middle, ring, little finger.
    thumb : tuple of three points
        Knuckle, joint and tip, for a hand of average proportions.
    meets : tuple of int
        Fingers whose tips the thumb touches; the thumb's tip is then computed from theirs.
    yaw, pitch, roll : float
        Rotation in degrees: of the palm towards the thumb's side, upwards, and of the whole hand
        counter-clockwise.
    """

    fingers: tuple[Finger, Finger, Finger, Finger]
    thumb: Thumb
    meets: tuple[int, ...] = ()
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0


def _straight(spread: float = 0.0) -> Finger:
    return Finger(3, 5, 4, spread)


FIST = Finger(86, 104, 62)
DRAPED = Finger(78, 92, 8)
CLAW = Finger(18, 112, 66)
HOOK = Finger(6, 88, 62)

# Thumb positions.
BESIDE: Thumb = ((0.52, 0.50, 0.22), (0.58, 0.82, 0.24), (0.56, 1.12, 0.22))
OUT: Thumb = ((0.56, 0.40, 0.16), (0.90, 0.50, 0.14), (1.20, 0.58, 0.12))
ACROSS: Thumb = ((0.42, 0.45, 0.28), (0.16, 0.56, 0.36), (-0.14, 0.58, 0.34))
OVER: Thumb = ((0.50, 0.45, 0.35), (0.32, 0.66, 0.64), (-0.06, 0.72, 0.70))
LOW: Thumb = ((0.46, 0.30, 0.34), (0.20, 0.36, 0.50), (-0.16, 0.40, 0.52))
BETWEEN_12: Thumb = ((0.46, 0.52, 0.30), (0.36, 0.86, 0.44), (0.24, 1.20, 0.50))
BETWEEN_23: Thumb = ((0.44, 0.42, 0.32), (0.20, 0.58, 0.36), (-0.10, 0.64, 0.66))
BETWEEN_34: Thumb = ((0.44, 0.36, 0.34), (0.08, 0.48, 0.38), (-0.34, 0.54, 0.66))
ALONG: Thumb = ((0.56, 0.50, 0.28), (0.68, 0.86, 0.32), (0.70, 1.24, 0.36))
OPPOSED: Thumb = ((0.44, 0.34, 0.48), (0.40, 0.38, 0.84), (0.32, 0.54, 1.14))

_UP_TOGETHER = (_straight(-3), _straight(-1), _straight(1), _straight(3))
_UP_SPREAD = (_straight(16), _straight(5), _straight(-7), _straight(-20))
_CURVED = tuple(Finger(28, 46, 32, s) for s in (-2, 0, 2, 4))
_ROUND = tuple(Finger(56, 58, 40, s) for s in (-4, -1, 2, 5))

_INDEX = Pose((_straight(3), FIST, FIST, FIST), OVER)
_PINKY = Pose((FIST, FIST, FIST, _straight(-6)), OVER)
_POINTING = Pose((_straight(0), FIST, FIST, FIST), ALONG, yaw=160, roll=-88)
_THREE = Pose((_straight(7), Finger(38, 6, 4, -2), FIST, FIST), BETWEEN_12, yaw=14)

#: The 24 letters without movement, one moment of J and of Z, and the other classes of the
#: ASL Alphabet: ``del``, ``space``. ``nothing`` is a background without a hand.
POSES: dict[str, Pose] = {
    "A": Pose((FIST, FIST, FIST, FIST), BESIDE),
    "B": Pose(_UP_TOGETHER, ACROSS),
    "C": Pose(_CURVED, OPPOSED, yaw=58),  # type: ignore[arg-type]
    "D": Pose((_straight(2), *_ROUND[1:]), OVER, (1, 2), yaw=32),  # type: ignore[arg-type]
    "E": Pose((CLAW, CLAW, CLAW, CLAW), LOW),
    "F": Pose((Finger(52, 66, 34, -6), *_UP_SPREAD[1:]), OVER, (0,), yaw=34),
    "G": _POINTING,
    "H": Pose((_straight(-2), _straight(2), FIST, FIST), OVER, yaw=166, roll=-90),
    "I": _PINKY,
    "J": replace(_PINKY, yaw=62, roll=42),
    "K": _THREE,
    "L": Pose((_straight(2), FIST, FIST, FIST), OUT),
    "M": Pose((DRAPED, DRAPED, DRAPED, FIST), BETWEEN_34, pitch=-34, roll=-6),
    "N": Pose((DRAPED, DRAPED, FIST, FIST), BETWEEN_23, pitch=-20, roll=14),
    "O": Pose(_ROUND, OPPOSED, (0, 1), yaw=56),  # type: ignore[arg-type]
    "P": replace(_THREE, yaw=150, roll=-122),
    "Q": replace(_POINTING, yaw=152, roll=-166),
    "R": Pose((_straight(-12), Finger(14, 6, 4, 17), FIST, FIST), OVER),
    "S": Pose((FIST, FIST, FIST, FIST), OVER, yaw=-14),
    "T": Pose((FIST, FIST, FIST, FIST), BETWEEN_12),
    "U": Pose((_straight(-2), _straight(3), FIST, FIST), OVER),
    "V": Pose((_straight(18), _straight(-14), FIST, FIST), OVER),
    "W": Pose((_straight(17), _straight(1), _straight(-15), FIST), OVER),
    "X": Pose((HOOK, FIST, FIST, FIST), OVER, yaw=48),
    "Y": Pose((FIST, FIST, FIST, _straight(-26)), OUT),
    "Z": replace(_INDEX, yaw=150, roll=-34),
    "del": Pose(_UP_TOGETHER, OUT, yaw=168, roll=-86),
    "space": Pose(_UP_SPREAD, OUT, yaw=180),
    "open": Pose(_UP_SPREAD, OUT),
}

LETTERS = "ABCDEFGHIKLMNOPQRSTUVWXY"
"""The 24 classes of Sign-MNIST: without J and Z, which are movements."""

NOTHING = "nothing"
ALPHABET_CLASSES = (*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "del", NOTHING, "space")
"""The 29 classes of the ASL Alphabet, in its order."""
