"""The batches against the arrays: the same levels out of the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from signdata.errors import UsageError
from signdata.magick import noise, profiles, resize, rotate, sign_mnist, tone
from signdata.magick.filters import FILTERS
from signdata.magick.profiles import PROFILES, Profile
from signdata.training import imagemagick

DEVICES = [
    "cpu",
    pytest.param(
        "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
    ),
]
SIZES = [(28, 28), (100, 100), (31, 17)]
TONES = [(0, 0), *sign_mnist.TONES, (40, -70), (-100, 100)]

Op = Callable[[Any, Any, Profile], Any]
"""A module with the operations, quanta and a profile to quanta."""


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> torch.device:
    return torch.device(request.param)


@pytest.fixture(params=PROFILES)
def profile(request: pytest.FixtureRequest) -> Profile:
    return PROFILES[request.param]


def pictures(size_hw: tuple[int, int], channels: int, n: int = 3) -> np.ndarray:
    """Noise, waves, and a ramp with flat black and white parts."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[: size_hw[0], : size_hw[1]]
    waves = 127.5 + 127.5 * np.sin(x / 5 + rng.uniform(0, 6, (n, channels, 1, 1))) * np.cos(y / 7)
    ramp = np.broadcast_to(np.clip(3 * (x + y) - 40, 0, 255), waves.shape)
    random = rng.integers(0, 256, waves.shape)
    return np.concatenate([random, waves, ramp]).astype(np.uint8)


def agree(expected: np.ndarray, found: torch.Tensor, *, share: float = 0.999) -> None:
    levels = found.cpu().numpy()
    assert levels.dtype == expected.dtype == np.uint8
    assert levels.shape == expected.shape
    difference = np.abs(levels.astype(int) - expected.astype(int))
    assert difference.max() <= 1
    assert (difference == 0).mean() >= share


class Arrays:
    """The operations of `signdata.magick`, in one place as those of `magick` are."""

    load, to_bytes = staticmethod(profiles.load), staticmethod(profiles.to_bytes)
    gray, brightness_contrast = staticmethod(tone.gray), staticmethod(tone.brightness_contrast)
    resize, scale, mosaic = (
        staticmethod(resize.resize),
        staticmethod(resize.scale),
        staticmethod(resize.mosaic),
    )
    srt, pixelate = staticmethod(rotate.srt), staticmethod(noise.pixelate)


def compare(op: Op, pixels: np.ndarray, device: torch.device, profile: Profile) -> None:
    expected = Arrays.to_bytes(op(Arrays, Arrays.load(pixels), profile), profile)
    quanta = op(imagemagick, imagemagick.load(torch.from_numpy(pixels).to(device)), profile)
    assert quanta.dtype == torch.float32
    assert quanta.device.type == device.type
    agree(expected, imagemagick.to_bytes(quanta, profile))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("intensity", tone.LUMA)
def test_gray(intensity: str, channels: int, device: torch.device, profile: Profile) -> None:
    compare(
        lambda ops, quanta, profile: ops.gray(quanta, profile, intensity),
        pictures((40, 30), channels),
        device,
        profile,
    )


def test_an_unknown_intensity_is_named() -> None:
    with pytest.raises(UsageError, match="Average"):
        imagemagick.gray(torch.zeros(1, 3, 2, 2), PROFILES["im6-q16"], "Average")


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("to", [(28, 28), (64, 40), (31, 17)])
def test_resize(name: str, to: tuple[int, int], device: torch.device, profile: Profile) -> None:
    for size_hw in SIZES:
        compare(
            lambda ops, quanta, profile: ops.resize(quanta, to, name, profile),
            pictures(size_hw, 1),
            device,
            profile,
        )


def test_colours_are_resized_apart(device: torch.device, profile: Profile) -> None:
    compare(
        lambda ops, quanta, profile: ops.resize(quanta, (28, 28), "Catrom", profile),
        pictures((50, 60), 3),
        device,
        profile,
    )


def test_filters_differ() -> None:
    quanta = imagemagick.load(torch.from_numpy(pictures((50, 50), 1)))
    one, other = (
        imagemagick.to_bytes(imagemagick.resize(quanta, (28, 28), name, profile), profile)
        for name, profile in [("Mitchell", PROFILES["im6-q16"]), ("Robidoux", PROFILES["im6-q16"])]
    )
    assert not torch.equal(one, other)


@pytest.mark.parametrize(("brightness", "contrast"), TONES)
def test_brightness_contrast(
    brightness: float, contrast: float, device: torch.device, profile: Profile
) -> None:
    compare(
        lambda ops, quanta, profile: ops.brightness_contrast(quanta, brightness, contrast, profile),
        pictures((28, 28), 1),
        device,
        profile,
    )


@pytest.mark.parametrize("degrees", [3, -3, 0, 45.5])
@pytest.mark.parametrize("name", ["Robidoux", "Hermite"])
def test_srt(degrees: float, name: str, device: torch.device, profile: Profile) -> None:
    for size_hw in SIZES:
        compare(
            lambda ops, quanta, profile: ops.srt(quanta, degrees, profile, name),
            pictures(size_hw, 1),
            device,
            profile,
        )


@pytest.mark.parametrize("to", [(14, 14), (7, 40)])
def test_scale(to: tuple[int, int], device: torch.device, profile: Profile) -> None:
    for size_hw in SIZES:
        compare(
            lambda ops, quanta, profile: ops.scale(quanta, to, profile),
            pictures(size_hw, 1),
            device,
            profile,
        )


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_mosaic(share: float, device: torch.device, profile: Profile) -> None:
    compare(
        lambda ops, quanta, profile: ops.mosaic(quanta, share, profile),
        pictures((31, 28), 3),
        device,
        profile,
    )


@pytest.mark.parametrize(("size_hw", "channels"), [((28, 28), 1), ((31, 17), 3)])
def test_pixelate(
    size_hw: tuple[int, int], channels: int, device: torch.device, profile: Profile
) -> None:
    pixels = pictures(size_hw, channels)
    shape = (len(pixels), 1, size_hw[0] // 2, size_hw[1] // 2)
    # Of few values, so that some are equal.
    uniform = np.random.default_rng(3).integers(0, 40, shape) / 40

    def op(ops: Any, quanta: Any, profile: Profile) -> Any:
        drawn = uniform if ops is Arrays else torch.from_numpy(uniform).to(device)
        return ops.pixelate(quanta, 0.2, drawn, profile)

    compare(op, pixels, device, profile)


def test_every_level_and_its_halves_leave_as_they_do_there(
    device: torch.device, profile: Profile
) -> None:
    halves = np.arange(-4, 516, dtype=np.float32) * np.float32(128.5)
    near = [halves, np.nextafter(halves, np.float32(1e9)), np.nextafter(halves, np.float32(-1e9))]
    values = np.concatenate(near).clip(0 if not profile.hdri else None, None)
    if not profile.hdri:
        values = np.floor(values.clip(0, profiles.RANGE))
    for channels in (1, 3):
        quanta = np.broadcast_to(values, (1, channels, 1, len(values))).copy()
        levels = imagemagick.to_bytes(torch.from_numpy(quanta).to(device), profile)
        agree(profiles.to_bytes(quanta, profile), levels, share=1)


def test_each_picture_takes_the_setting_that_is_meant(
    device: torch.device, profile: Profile
) -> None:
    pixels = pictures((28, 28), 1, 4)
    quanta = imagemagick.load(torch.from_numpy(pixels).to(device))
    which = torch.tensor([2, 0, 1, 1, 2, 0, 0, 1, 2, 2, 1, 0], device=device)
    filters, tones, angles = ("Spline", "Catrom", "Box"), ((0, 5), (15, 0), (-9, 9)), (3, -3, 0)
    every = [
        (
            imagemagick.resize_each(quanta, (20, 30), filters, which, profile),
            lambda one, i: imagemagick.resize(one, (20, 30), filters[i], profile),
        ),
        (
            imagemagick.brightness_contrast_each(quanta, tones, which, profile),
            lambda one, i: imagemagick.brightness_contrast(one, *tones[i], profile),
        ),
        (
            imagemagick.srt_each(quanta, angles, which, profile),
            lambda one, i: imagemagick.srt(one, angles[i], profile),
        ),
    ]
    for together, alone in every:
        singles = [alone(quanta[row : row + 1], i) for row, i in enumerate(which.tolist())]
        agree(
            imagemagick.to_bytes(torch.cat(singles), profile).cpu().numpy(),
            imagemagick.to_bytes(together, profile),
        )
