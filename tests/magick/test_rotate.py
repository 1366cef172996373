from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signdata.errors import UsageError
from signdata.magick import rotate
from signdata.magick.filters import FILTERS
from signdata.magick.profiles import PROFILES, load, to_bytes

HDRI = PROFILES["im7-2017"]
BATCH = load(np.random.default_rng(2).integers(0, 256, (4, 3, 20, 27), np.uint8))
CUBIC = [name for name, filter in FILTERS.items() if filter.radial]


@settings(max_examples=25)
@given(st.floats(-45, 45), st.sampled_from(CUBIC), st.sampled_from(list(PROFILES.values())))
def test_a_flat_picture_stays_flat(degrees, filter, profile) -> None:  # type: ignore[no-untyped-def]
    flat = load(np.full((1, 15, 22), 99, np.uint8))
    assert (to_bytes(rotate.srt(flat, degrees, profile, filter), profile) == 99).all()
    white = load(np.full((1, 15, 22), 255, np.uint8))
    assert (to_bytes(rotate.rotate(white, degrees, profile, filter), profile) == 255).all()


@pytest.mark.parametrize("function", [rotate.rotate, rotate.srt])
@pytest.mark.parametrize("degrees", [3, 180])
def test_a_batch_is_one_by_one(function, degrees: float) -> None:  # type: ignore[no-untyped-def]
    singly = np.stack([function(one, degrees, HDRI) for one in BATCH])
    assert np.array_equal(function(BATCH, degrees, HDRI), singly)


def test_a_part_is_a_part_of_the_whole() -> None:
    whole = rotate.srt(BATCH, 3, HDRI)
    part = rotate.srt(BATCH, 3, HDRI, box=(4, 2, 9, 11))
    assert np.array_equal(part, whole[..., 2:13, 4:13])


@pytest.mark.parametrize(("size", "canvas"), [(28, 32), (100, 108)])
def test_the_canvas_holds_all_of_it(size: int, canvas: int) -> None:
    black = np.zeros((1, size, size), np.float32)
    turned = to_bytes(rotate.rotate(black, 3, HDRI), HDRI)
    assert turned.shape == (1, canvas, canvas)
    assert (turned[0, 0, 0], turned[0, canvas // 2, canvas // 2]) == (255, 0)


@pytest.mark.parametrize("turns", range(-3, 5))
def test_quarter_turns_move_pixels_clockwise(turns: int) -> None:
    turned = rotate.rotate(BATCH, 90 * turns, HDRI)
    assert np.array_equal(turned, np.rot90(BATCH, -turns, axes=(-2, -1)))


@pytest.mark.parametrize("function", [rotate.rotate, rotate.srt])
def test_only_cubic_filters_rotate(function) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UsageError, match="filter Lanczos; expected a cubic filter"):
        function(BATCH, 3, HDRI, "Lanczos")
