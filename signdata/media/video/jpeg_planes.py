"""The planes of a JPEG (BT.601, full range) made of those of another matrix.

A JPEG is read with the matrix of BT.601, whatever a video was made with. The change is linear:
the new chroma depends on the old chroma alone, and the new luma on the old luma and a little of
the chroma beside it. So the small planes are worked on as they are, and nothing becomes RGB.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from av.video.reformatter import Colorspace
from numpy.typing import NDArray

Plane = NDArray[np.uint8]

_LUMA = {  # shares of red and blue in luma (Rec. ITU-T H.273, table 4)
    Colorspace.ITU601: (0.299, 0.114),
    Colorspace.ITU709: (0.2126, 0.0722),
    Colorspace.BT2020: (0.2627, 0.0593),
}


@dataclass(frozen=True)
class Recolouring:
    """Weights that turn Y, Cb and Cr of one matrix and range into those of a JPEG.

    Attributes
    ----------
    luma : float
        What luma is multiplied with.
    chroma : tuple
        What each of the three takes of Cb and Cr.
    black : int
        Luma of black.
    """

    luma: float
    chroma: tuple[tuple[float, float], ...]
    black: int

    def __call__(self, y: Plane, cb: Plane, cr: Plane) -> tuple[Plane, Plane, Plane]:
        """The planes of a JPEG; chroma has half the rows and columns, or half of one more."""
        height, width = y.shape
        whole = cb.shape[1] * 2, cb.shape[0] * 2
        beside, new_cb, new_cr = (_mixed(cb, cr, *weights) for weights in self.chroma)
        beside = cv2.resize(beside, whole, interpolation=cv2.INTER_LINEAR)[:height, :width]
        new_y = cv2.addWeighted(y, self.luma, beside, 1, -self.luma * self.black - 128)
        return np.asarray(new_y, np.uint8), new_cb, new_cr


def _mixed(cb: Plane, cr: Plane, of_cb: float, of_cr: float) -> Plane:
    offset = 128 * (1 - of_cb - of_cr)
    return np.asarray(cv2.addWeighted(cb, of_cb, cr, of_cr, offset), np.uint8)


@cache
def recolouring(space: Colorspace, *, full: bool) -> Recolouring:
    """How planes of a matrix and a range become those of a JPEG."""
    matrix = np.linalg.inv(_to_rgb(Colorspace.ITU601)) @ _to_rgb(space)
    weights = matrix[:, 1:] * (1 if full else 255 / 224)
    chroma = tuple((float(of_cb), float(of_cr)) for of_cb, of_cr in weights)
    return Recolouring(1 if full else 255 / 219, chroma, 0 if full else 16)


def _to_rgb(space: Colorspace) -> NDArray[np.float64]:
    """The matrix from Y, Cb and Cr of full range to red, green and blue."""
    red, blue = _LUMA[space]
    green = 1 - red - blue
    return np.array(
        [
            [1, 0, 2 * (1 - red)],
            [1, -2 * (1 - blue) * blue / green, -2 * (1 - red) * red / green],
            [1, 2 * (1 - blue), 0],
        ]
    )
