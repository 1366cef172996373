"""How a decoded frame is turned and mirrored before it stands upright."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, TypeVar

import av
import numpy as np
from av.sidedata.sidedata import SideDataContainer
from numpy.typing import NDArray

A = TypeVar("A", bound=np.generic)

_MATRIX = struct.Struct("=9i")
_side_data: Any = SideDataContainer


@dataclass(frozen=True)
class Orientation:
    """One of the eight ways in which a picture can lie.

    Attributes
    ----------
    transposed : bool
        Whether rows and columns change places, which comes first.
    from_right, from_below : bool
        Whether each row, or the order of the rows, is reversed then.
    """

    transposed: bool = False
    from_right: bool = False
    from_below: bool = False

    def upright(self, array: NDArray[A]) -> NDArray[A]:
        """A view of an array (H, W, ...) as it is meant to be seen."""
        if self.transposed:
            array = array.swapaxes(0, 1)
        return array[:: -1 if self.from_below else 1, :: -1 if self.from_right else 1]


UPRIGHT = Orientation()


def orientation_of(frame: av.VideoFrame) -> Orientation:
    """What the display matrix of a frame asks for; cameras that face the signer mirror, too.

    The matrix sends column x and row y of the frame to ``a * x + c * y`` and ``b * x + d * y``.
    """
    # `frame.side_data` would be kept by the frame that it refers to: a circle, in which decoded
    # frames wait for the garbage collector while the decoder clears memory for new ones.
    beside = _side_data(frame)
    data: Any = beside.get("DISPLAYMATRIX") if len(beside) else None
    if data is None:
        return UPRIGHT
    a, b, _, c, d, *_ = _MATRIX.unpack(memoryview(data))
    if abs(b) > abs(a):
        return Orientation(transposed=True, from_right=c < 0, from_below=b < 0)
    return Orientation(from_right=a < 0, from_below=d < 0)
