from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signdata.errors import DatasetError, UsageError
from signdata.magick import geometry
from signdata.magick.profiles import PROFILES, RANGE

HDRI = PROFILES["im7-2017"]
SIZES = st.integers(1, 400)
QUANTA = np.arange(6 * 8, dtype=np.float32).reshape(1, 6, 8)


@pytest.mark.parametrize("wrong", ["", "28", "x28", "28x", "0x28", "28x28%", "28x28!!", "28 x 28"])
def test_what_is_no_geometry_is_refused(wrong: str) -> None:
    with pytest.raises(UsageError, match="expected WxH, WxH! or WxH"):
        geometry.parse_geometry(wrong)


@pytest.mark.parametrize(
    ("text", "expected"), [("28x28!", (28, 28)), ("28x20", (14, 28)), ("28x20^", (20, 40))]
)
def test_target_sizes(text: str, expected: tuple[int, int]) -> None:
    assert geometry.target_size(text, (50, 100)) == expected


@given(SIZES, SIZES, SIZES, SIZES)
def test_one_fits_and_the_other_covers(w: int, h: int, rows: int, columns: int) -> None:
    height, width = geometry.target_size(f"{w}x{h}", (rows, columns))
    assert height <= h
    assert width <= w
    assert height == h or width == w
    height, width = geometry.target_size(f"{w}x{h}^", (rows, columns))
    assert height >= h
    assert width >= w
    assert height == h or width == w


def test_a_crop_is_a_part() -> None:
    assert np.array_equal(geometry.crop(QUANTA, (2, 1, 3, 4)), QUANTA[:, 1:5, 2:5])


@pytest.mark.parametrize("box", [(-1, 0, 2, 2), (0, -1, 2, 2), (7, 0, 2, 2), (0, 5, 2, 2)])
def test_a_crop_stays_inside(box: geometry.Box) -> None:
    with pytest.raises(DatasetError, match=r"is not inside the picture \(8x6\)"):
        geometry.crop(QUANTA, box)


@pytest.mark.parametrize("gravity", geometry.GRAVITIES)
def test_an_extent_there_and_back(gravity: str) -> None:
    bigger = geometry.extent(QUANTA, (10, 12), HDRI, gravity)
    assert np.count_nonzero(bigger == RANGE) == 10 * 12 - 6 * 8
    assert np.array_equal(geometry.extent(bigger, (6, 8), HDRI, gravity), QUANTA)


def test_odd_differences_are_halved_each_their_way() -> None:
    assert geometry.offset(28, 27, 1, PROFILES["im7-2017"]) == 1
    assert geometry.offset(28, 27, 1, PROFILES["im7-current"]) == 0
    with pytest.raises(UsageError, match="gravity 'Middle'"):
        geometry.extent(QUANTA, (2, 2), HDRI, "Middle")
