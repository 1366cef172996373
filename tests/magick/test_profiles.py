from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from signdata.errors import UsageError
from signdata.magick.profiles import DEFAULT_PROFILE, PROFILES, RANGE, load, profile_of, to_bytes

VALUES = arrays.arrays(
    np.float64, (2, 3, 4), elements=st.floats(-4 * RANGE, 4 * RANGE, allow_subnormal=False)
)
ALL_LEVELS = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
@pytest.mark.parametrize("channels", [1, 3])
def test_bytes_come_back(profile: object, channels: int) -> None:
    levels = ALL_LEVELS.repeat(channels, axis=0)
    quanta = load(levels)
    assert quanta.dtype == np.float32
    assert (quanta.min(), quanta.max()) == (0, RANGE)
    assert np.array_equal(to_bytes(quanta, profile), levels)  # type: ignore[arg-type]


@given(VALUES)
def test_integers_are_clipped_and_rounded(values: np.ndarray) -> None:
    stored = PROFILES["im6-q16"].store(values)
    assert stored.dtype == np.float32
    assert stored.min() >= 0
    assert stored.max() <= RANGE
    assert np.array_equal(stored, np.round(stored))
    assert np.abs(stored - np.clip(values, 0, RANGE)).max() <= 0.5
    assert np.array_equal(PROFILES["im6-q16"].store(stored), stored)


@given(VALUES)
def test_hdri_keeps_what_is_out_of_range(values: np.ndarray) -> None:
    assert np.array_equal(PROFILES["im7-2017"].store(values), values.astype(np.float32))


@given(VALUES, st.sampled_from(list(PROFILES)))
def test_bytes_never_wrap(values: np.ndarray, name: str) -> None:
    profile = PROFILES[name]
    kept = profile.store(values)[:, None]
    levels = to_bytes(kept, profile)
    assert levels.dtype == np.uint8
    assert np.abs(levels - np.clip(kept / 257, 0, 255)).max() <= 0.51


@given(VALUES, st.sampled_from(list(PROFILES)))
def test_more_is_never_darker(values: np.ndarray, name: str) -> None:
    profile = PROFILES[name]
    rising = np.sort(values.ravel())[None, None]
    levels = to_bytes(profile.store(rising), profile).astype(int)
    assert (np.diff(levels) >= 0).all()


def test_profiles_have_names() -> None:
    assert profile_of(DEFAULT_PROFILE).hdri
    with pytest.raises(UsageError, match="'im5'; expected one of im7-2017, im6-q16"):
        profile_of("im5")
