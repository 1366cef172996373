from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signdata.magick import resize
from signdata.magick.filters import FILTERS
from signdata.magick.profiles import PROFILES, load, to_bytes

SIZES = st.integers(1, 40)
PROFILE = st.sampled_from(list(PROFILES.values()))
FILTER = st.sampled_from(list(FILTERS))
HDRI = PROFILES["im7-2017"]


def noise(*shape: int) -> np.ndarray:
    return load(np.random.default_rng(len(shape)).integers(0, 256, shape, np.uint8))


@given(SIZES, SIZES, SIZES, SIZES, FILTER, PROFILE, st.integers(0, 255))
def test_a_flat_picture_stays_flat(h, w, m, n, filter, profile, level) -> None:  # type: ignore[no-untyped-def]
    flat = load(np.full((3, h, w), level, np.uint8))
    for resized in (
        resize.resize(flat, (m, n), filter, profile),
        resize.scale(flat, (m, n), profile),
        resize.sample(flat, (m, n)),
    ):
        assert resized.shape == (3, m, n)
        assert (to_bytes(resized, profile) == level).all()
    assert (to_bytes(resize.mosaic(flat, 0.2, profile), profile) == level).all()


@given(SIZES, SIZES, FILTER, PROFILE)
def test_a_batch_is_one_by_one(m, n, filter, profile) -> None:  # type: ignore[no-untyped-def]
    batch = noise(4, 3, 23, 17)
    for function in (
        lambda q: resize.resize(q, (m, n), filter, profile),
        lambda q: resize.scale(q, (m, n), profile),
        lambda q: resize.sample(q, (m, n)),
        lambda q: resize.mosaic(q, 0.3, profile),
    ):
        assert np.array_equal(function(batch), np.stack([function(one) for one in batch]))


@pytest.mark.parametrize(
    ("filter", "same"),
    [("Catrom", True), ("Hermite", True), ("Box", True), ("Mitchell", False), ("Spline", False)],
)
def test_the_same_size_blurs_with_some_filters(filter: str, same: bool) -> None:
    quanta = noise(1, 20, 30)
    resized = resize.resize(quanta, (20, 30), filter, HDRI)
    assert np.allclose(resized, quanta, atol=0.1) == same


def test_the_axis_that_shrinks_least_comes_first() -> None:
    # With a store in between the order shows, in integers.
    quanta = noise(1, 60, 60)
    rounded = PROFILES["im6-q16"]
    turned = resize.resize(quanta.swapaxes(-1, -2), (20, 40), "Mitchell", rounded)
    assert np.array_equal(
        resize.resize(quanta, (40, 20), "Mitchell", rounded), turned.swapaxes(-1, -2)
    )
    square = resize.resize(quanta.swapaxes(-1, -2), (28, 28), "Mitchell", rounded)
    assert not np.array_equal(
        resize.resize(quanta, (28, 28), "Mitchell", rounded), square.swapaxes(-1, -2)
    )


def test_scale_takes_means() -> None:
    quanta = noise(1, 20, 30)
    means = quanta.reshape(1, 10, 2, 10, 3).mean(axis=(2, 4))
    assert np.allclose(resize.scale(quanta, (10, 10), HDRI), means, rtol=1e-6)


def test_a_mosaic_has_that_share_of_blocks() -> None:
    blocks = resize.mosaic(noise(1, 20, 30), 0.2, HDRI).reshape(4, 5, 6, 5)
    assert np.allclose(blocks, blocks[:, :1, :, :1])
    assert len(np.unique(blocks.round())) == 4 * 6


def test_a_mosaic_of_less_than_a_block() -> None:
    quanta = noise(1, 20, 30)
    assert np.ptp(resize.mosaic(quanta, 0.01, HDRI)) < 1
    assert np.array_equal(resize.mosaic(quanta, 0.01, PROFILES["im6-q16"]), quanta)


def test_a_sample_has_only_what_was_there() -> None:
    quanta = noise(1, 20, 30)
    assert np.isin(resize.sample(quanta, (11, 13)), quanta).all()
    assert np.array_equal(resize.sample(quanta, (40, 60))[:, ::2, ::2], quanta)
