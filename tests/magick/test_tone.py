from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signdata.errors import UsageError
from signdata.magick import tone
from signdata.magick.profiles import PROFILES, load, to_bytes

HDRI = PROFILES["im7-2017"]
LINEAR = PROFILES["im7-current"]
COLOURS = load(np.random.default_rng(1).integers(0, 256, (4, 3, 11, 13), np.uint8))
EVERY = pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)


@EVERY
def test_nothing_changes_nothing(profile) -> None:  # type: ignore[no-untyped-def]
    before = to_bytes(COLOURS, profile)
    for after in (
        tone.brightness_contrast(COLOURS, 0, 0, profile),
        tone.modulate(COLOURS, 100, profile),
        tone.level(COLOURS, 0, 100, profile),
        tone.unlevel(COLOURS, 0, 100, profile),
    ):
        assert np.array_equal(to_bytes(after, profile), before)


@EVERY
def test_a_batch_is_one_by_one(profile) -> None:  # type: ignore[no-untyped-def]
    for function in (
        lambda q: tone.gray(q, profile),
        lambda q: tone.brightness_contrast(q, 15, -15, profile),
        lambda q: tone.modulate(q, 115, profile),
        lambda q: tone.level(q, 15, 85, profile),
        lambda q: tone.unlevel(q, 15, 85, profile),
    ):
        assert np.array_equal(function(COLOURS), np.stack([function(one) for one in COLOURS]))


@given(st.floats(-100, 100), st.floats(-100, 99))
def test_more_light_is_never_darker(brightness: float, contrast: float) -> None:
    rising = load(np.arange(256, dtype=np.uint8).reshape(1, 1, 256))
    for profile in PROFILES.values():
        made = tone.brightness_contrast(rising, brightness, contrast, profile)
        assert (np.diff(to_bytes(made, profile).astype(int)) >= 0).all()


def test_the_tangent_is_not_the_line() -> None:
    assert tone.tone_line(0, 15, HDRI)[0] == pytest.approx(1.2685, abs=1e-4)
    assert tone.tone_line(0, 15, LINEAR)[0] == pytest.approx(1.1765, abs=1e-4)
    assert tone.tone_line(0, -15, HDRI)[0] == pytest.approx(0.7883, abs=1e-4)
    assert tone.tone_line(0, -15, LINEAR)[0] == pytest.approx(0.85)
    assert tone.tone_line(15, 0, HDRI) == pytest.approx(tone.tone_line(15, 0, LINEAR))


def test_levels_come_back() -> None:
    there = tone.unlevel(COLOURS, 15, 85, HDRI)
    assert np.allclose(tone.level(there, 15, 85, HDRI), COLOURS, atol=0.05)
    with pytest.raises(UsageError, match="15% and 15%"):
        tone.level(COLOURS, 15, 15, HDRI)


def test_grey() -> None:
    grey = tone.gray(COLOURS, HDRI)
    assert grey.shape == (4, 1, 11, 13)
    assert np.array_equal(tone.gray(grey, HDRI), grey)
    assert not np.allclose(tone.gray(COLOURS, HDRI, "Rec601Luma"), grey)
    with pytest.raises(UsageError, match="'Luma'; expected one of Rec709Luma, Rec601Luma"):
        tone.gray(COLOURS, HDRI, "Luma")


def test_modulate_turns_grey_as_it_turns_equal_channels() -> None:
    grey = tone.gray(COLOURS, HDRI)
    turned = tone.modulate(grey.repeat(3, axis=1), 85, HDRI)
    assert np.allclose(turned, tone.modulate(grey, 85, HDRI), atol=0.05)
