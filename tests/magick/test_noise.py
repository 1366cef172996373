from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signdata.magick import noise
from signdata.magick.profiles import PROFILES, RANGE, load

HDRI = PROFILES["im7-2017"]
RNG = np.random.default_rng(3)
BATCH = load(RNG.integers(1, 255, (3, 1, 28, 29), np.uint8))
ONE = RNG.random(BATCH.shape)
TWO = RNG.random((*BATCH.shape, 2))


def test_a_stream_goes_on_where_it_was() -> None:
    whole = noise.Stream(7).uniform(2, 3)
    stream = noise.Stream(7)
    assert np.array_equal(np.concatenate([stream.uniform(4), stream.uniform(2)]), whole.ravel())
    assert not np.array_equal(noise.Stream(8).uniform(2, 3), whole)
    many = noise.Stream(1).uniform(5000)
    assert 0 <= many.min() < many.max() <= 1
    assert many.mean() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("name", ["impulse", "uniform", "gaussian", "spread"])
@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_a_batch_is_one_by_one(name: str, profile) -> None:  # type: ignore[no-untyped-def]
    function = getattr(noise, name)
    drawn = ONE if name in ("impulse", "uniform") else TWO
    singly = [function(one, 0.5, u, profile) for one, u in zip(BATCH, drawn, strict=True)]
    assert np.array_equal(function(BATCH, 0.5, drawn, profile), np.stack(singly))


def test_impulse_is_as_frequent_as_it_says() -> None:
    u = RNG.random((1, 200, 200))
    made = noise.impulse(np.full((1, 200, 200), 999, np.float32), 0.5, u, HDRI)
    assert set(np.unique(made)) == {0, 999, RANGE}
    assert np.mean(made != 999) == pytest.approx(0.05, abs=0.005)


def test_uniform_is_no_wider_than_it_says() -> None:
    made = noise.uniform(BATCH, 1, ONE, HDRI)
    assert np.abs(made - BATCH).max() <= RANGE / 128
    assert not np.array_equal(made, BATCH)


def test_spread_takes_from_near_by() -> None:
    ramp = np.broadcast_to(np.arange(29, dtype=np.float32) * 100, (1, 28, 29))
    made = noise.spread(ramp, 1, TWO[0], HDRI)
    assert np.abs(made - ramp).max() <= 150
    flat = np.full((1, 28, 29), 999, np.float32)
    assert np.allclose(noise.spread(flat, 1, TWO[0], HDRI), 999)


@given(st.floats(0, 1), st.integers(2, 31), st.integers(2, 31))
def test_pixelation_replaces_its_share_of_blocks(share: float, height: int, width: int) -> None:
    rng = np.random.default_rng(height * 100 + width)
    quanta = rng.permuted(np.arange(1.0, height * width + 1)).reshape(1, height, width) ** 2
    drawn = rng.random((1, height // 2, width // 2))
    made = noise.pixelate(quanta.astype(np.float32), share, drawn, HDRI)
    even = np.s_[..., : height // 2 * 2, : width // 2 * 2]
    shape = (height // 2, 2, width // 2, 2)
    blocks, before = made[even].reshape(shape), quanta[even].reshape(shape)
    changed = (blocks != before.astype(np.float32)).any(axis=(1, 3))
    assert changed.sum() == int(share * changed.size + 0.5)
    assert np.allclose(blocks.mean(axis=(1, 3)), before.mean(axis=(1, 3)))
    flat = np.ptp(blocks, axis=(1, 3)) == 0
    assert (flat == changed).all()
