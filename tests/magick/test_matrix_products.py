"""Matrix products are stored as sums in sequence are, whatever they are made of."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from signdata.magick import profiles, resize
from signdata.magick.filters import FILTERS
from signdata.magick.matrix_products import Pass
from signdata.magick.profiles import PROFILES
from signdata.magick.weighted_sums import WeightedSums

PROFILE = st.sampled_from(list(PROFILES.values()))
Q16 = PROFILES["im6-q16"]


def pictures(kind: str, n: int, seed: int) -> profiles.Quanta:
    """Three pictures (n, 5): noise, of black and white alone, or half black."""
    noise = np.random.default_rng(seed).integers(0, 256, (3, n, 5), np.uint8)
    if kind == "two levels":
        noise = np.where(noise > 127, 255, 0).astype(np.uint8)
    if kind == "half black":
        noise[:, : n // 2] = 0
    return profiles.load(noise)


@given(
    st.sampled_from(["noise", "two levels", "half black"]),
    st.integers(1, 60),
    st.integers(1, 60),
    st.sampled_from(list(FILTERS)),
    PROFILE,
    st.integers(0, 2**32 - 1),
)
def test_a_pass_is_that_of_sums(kind, n, m, filter, profile, seed) -> None:  # type: ignore[no-untyped-def]
    quanta = pictures(kind, n, seed)
    sums = resize.contributions(n, m, filter)
    made = Pass.of(sums, n)
    expected = profile.store(sums.rows(quanta))
    assert np.array_equal(made.rows(quanta, profile), expected)
    turned = np.ascontiguousarray(quanta.swapaxes(-1, -2))
    assert np.array_equal(made.columns(turned, profile), expected.swapaxes(-1, -2))


def test_the_order_decides_a_tie() -> None:
    # In this order the sum is 26125.5, in the opposite one a little less.
    weights = np.array([[0.1, 0.2, 0.3, 0.4]])
    quanta = np.array([[10978, 58485, 43841, 446]], np.float32)
    sums = WeightedSums.of_matrix(weights)
    back = WeightedSums(sums.index[::-1], sums.weight[::-1])
    for one, expected in ((sums, 26126), (back, 26125)):
        assert Q16.store(one.columns(quanta)) == expected
        assert Pass.of(one, 4).columns(quanta, Q16) == expected
        assert Pass.of(one, 4).rows(quanta.T, Q16) == expected
