"""Planes of any matrix become those of a JPEG."""

from __future__ import annotations

import numpy as np
import pytest
from av.video.reformatter import Colorspace
from numpy.typing import NDArray

from signdata.media.video.jpeg_planes import recolouring

SHARES = {
    Colorspace.ITU601: (0.299, 0.114),
    Colorspace.ITU709: (0.2126, 0.0722),
    Colorspace.BT2020: (0.2627, 0.0593),
}


def flat(value: float, height: int, width: int) -> NDArray[np.uint8]:
    return np.full((height, width), round(value), np.uint8)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("space", SHARES)
@pytest.mark.parametrize("rgb", [(200, 60, 60), (60, 180, 60), (60, 60, 200), (141, 85, 36)])
def test_the_colour_stays(space: Colorspace, full: bool, rgb: tuple[int, int, int]) -> None:
    red, green, blue = rgb
    of_red, of_blue = SHARES[space]
    luma = of_red * red + (1 - of_red - of_blue) * green + of_blue * blue
    cb, cr = (blue - luma) / (2 - 2 * of_blue), (red - luma) / (2 - 2 * of_red)
    if not full:
        luma, cb, cr = 16 + luma * 219 / 255, cb * 224 / 255, cr * 224 / 255
    planes = flat(luma, 4, 6), flat(cb + 128, 2, 3), flat(cr + 128, 2, 3)
    y, new_cb, new_cr = (
        plane.astype(float).mean() for plane in recolouring(space, full=full)(*planes)
    )
    found = (
        y + 1.402 * (new_cr - 128),
        y - 0.344136 * (new_cb - 128) - 0.714136 * (new_cr - 128),
        y + 1.772 * (new_cb - 128),
    )
    assert np.abs(np.subtract(found, rgb)).max() < 3


def test_black_and_white_and_what_is_beyond_them() -> None:
    y = np.array([[0, 16, 235, 255]], np.uint8).repeat(2, axis=0)
    new_y, cb, cr = recolouring(Colorspace.ITU709, full=False)(y, flat(128, 1, 2), flat(128, 1, 2))
    assert new_y.tolist() == [[0, 0, 255, 255]] * 2
    assert cb.tolist() == cr.tolist() == [[128, 128]]


@pytest.mark.parametrize(("height", "width"), [(5, 7), (1, 1), (4, 3)])
def test_odd_sides(height: int, width: int) -> None:
    half = -(-height // 2), -(-width // 2)
    planes = recolouring(Colorspace.BT2020, full=False)(
        flat(90, height, width), flat(100, *half), flat(140, *half)
    )
    assert [plane.shape for plane in planes] == [(height, width), half, half]
    assert all(plane.min() == plane.max() for plane in planes)
