"""Affine maps of the plane: where operations bring the points of a picture."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Matrix: TypeAlias = NDArray[np.float64]
"""(3, 3): brings x, y, 1 of a point to those in a result; 0, 0 is a picture's corner."""


def moved(right: float, down: float) -> Matrix:
    """Moves every point."""
    return np.array([[1.0, 0.0, right], [0.0, 1.0, down], [0.0, 0.0, 1.0]])


def scaled(wide: float, high: float) -> Matrix:
    """Multiplies the coordinates."""
    return np.diag([wide, high, 1.0])


def turned(degrees: float) -> Matrix:
    """Turns clockwise around the corner."""
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
