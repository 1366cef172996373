"""Keypoints of pictures, moved as the operations of a chain move the pixels."""

from __future__ import annotations

import numpy as np

from signdata.magick import operations
from signdata.magick.operations import Chain, Place
from signdata.media import keypoints
from signdata.media.keypoints import Placement

_TO_CORNER = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
"""Keypoints count from the centre of the first pixel, operations from its corner."""


def moved(
    found: tuple[str, bytes] | None, chain: Chain, size_hw: tuple[int, int], place: Place
) -> tuple[str, bytes] | None:
    """What lies next to a picture of this size, as it belongs next to the result of a chain."""
    if found is None:
        return None
    matrix, (height, width) = operations.matrix(chain, size_hw, place)
    x, y, _ = (np.linalg.inv(_TO_CORNER) @ matrix @ _TO_CORNER).tolist()
    placement = Placement(size_hw[::-1], (width, height), tuple(x), tuple(y))
    suffix, data = found
    return suffix, keypoints.put(data, placement) or data
