"""Pictures whose values are 0 and 1 alone: masks, which would be black if read as grey levels.

Whether a set of pictures is one of masks is decided for all of it, by its first pictures: a
single dark picture among others stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from signdata.errors import SigndataError
from signdata.media.image.decode import decode, probe
from signdata.samples import Frame

PEEKED = 64
"""Pictures that are looked at."""

NOTE = "values 0 and 1 alone: read as 0 and 255"

_SURELY_NONE = (".jpg", ".avif")
"""Pictures that are no masks: stored with loss, a 1 would not stay one."""


def seen(frame: Frame) -> Frame:
    """A picture of a set of masks as it is seen: 0 and 255 instead of 0 and 1."""
    return frame * np.uint8(255) if frame.max() == 1 else frame


def are_masks(pictures: Iterable[tuple[bytes, str]]) -> bool:
    """Whether the first pictures of a set have the values 0 and 1 alone, and one has both.

    Parameters
    ----------
    pictures : iterable of (bytes, str)
        Files and their names, read as far as they are needed.
    """
    found = False
    for _, (data, path) in zip(range(PEEKED), pictures, strict=False):
        try:
            if probe(data, path).suffix in _SURELY_NONE:
                return False
            frame, _ = decode(data, path)
        except SigndataError:  # told when it is read
            continue
        if frame.max() > 1:
            return False
        found = found or bool(frame.max() == 1 and frame.min() == 0)
    return found
