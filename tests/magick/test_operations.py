"""Operations by name: chains share what they have in common, and name their options."""

from __future__ import annotations

import numpy as np
import pytest

from signdata.magick import operations, profiles
from signdata.magick.operations import (
    BrightnessContrast,
    Crop,
    Extent,
    Gray,
    Level,
    Mosaic,
    Noise,
    Operation,
    Pixelate,
    Place,
    Resize,
    Rotate,
    Spread,
    Srt,
)
from signdata.magick.profiles import PROFILES

HDRI, Q16 = PROFILES["im7-2017"], PROFILES["im6-q16"]


def quanta(height: int = 12, width: int = 10, channels: int = 3) -> profiles.Quanta:
    random = np.random.default_rng(0)
    return profiles.load(random.integers(0, 256, (1, channels, height, width), np.uint8))


def test_chains_together_are_as_chains_alone() -> None:
    start = (Crop(), Gray(), Resize("7x7!", "Mitchell"))
    chains = [
        start,
        (*start, BrightnessContrast(15, -15)),
        (*start, Pixelate(25)),
        (*start, Pixelate(25)),
        (Gray(), Srt(3), Crop(), Resize("7x7!", "Spline")),
    ]
    places = [Place(HDRI, (1, 2, 8, 9), seed) for seed in (1, 2, 3, 4, 5)]
    together = operations.run(chains, quanta(), places)
    for chain, place, found in zip(chains, places, together, strict=True):
        [alone] = operations.run([chain], quanta(), [place])
        assert np.array_equal(found, alone)
        assert found.shape == (1, 1, 7, 7)
    assert not np.array_equal(together[2], together[3])


def test_pictures_together_are_as_pictures_alone() -> None:
    pictures = np.concatenate([quanta(), 65535 - quanta(), quanta() / 2])
    chains = [
        (Gray(), Resize("7x6!", "Mitchell"), BrightnessContrast(15, -15)),
        (Gray(), Resize("7x6!", "Mitchell"), Pixelate(30)),
        (Noise("Impulse", 5.0), Spread(1.0), Srt(3), Pixelate(25)),
    ]
    for profile in (HDRI, Q16):
        places = [[Place(profile, None, 10 * v + n) for n in range(3)] for v in range(3)]
        together = operations.run_each(chains, pictures, places)
        for n in range(3):
            alone = operations.run(chains, pictures[n : n + 1], [those[n] for those in places])
            for found, expected in zip(together, alone, strict=True):
                assert np.array_equal(found[n : n + 1], expected)


def test_frames_of_a_clip_share_what_is_drawn() -> None:
    one = quanta()
    clip = np.concatenate([one, one])
    chain = (Gray(), Noise("Impulse", 5.0), Spread(1.0), Pixelate(30))
    [found] = operations.run([chain], clip, [Place(HDRI, seed=4)])
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], operations.run([(Gray(),)], one, [Place(HDRI)])[0][0])


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        (
            (Crop(), Gray(), Resize("28x28!", "mitchell"), BrightnessContrast(15, -15)),
            "-crop 9x8+1+2 +repage -colorspace Gray -filter Mitchell -resize 28x28! "
            "-brightness-contrast 15x-15",
        ),
        ((Gray("Rec601Luma"), BrightnessContrast(0, 0)), "-grayscale Rec601Luma"),
        ((Srt(3), Crop()), "-distort SRT 3 -crop 9x8+1+2 +repage"),
        (
            (Resize("8x8!", "Spline"), Rotate(-3)),
            "-filter Spline -resize 8x8! +filter -rotate -3 +repage",
        ),
        (
            (Rotate(3), Srt(5)),
            "-rotate 3 +repage -virtual-pixel Edge -distort SRT 5",
        ),
        ((Srt(3, "Catrom"),), "-filter Catrom -distort SRT 3"),
        ((Level(15, 85, back=True),), "+level 15%,85%"),
        ((Resize("8x6!", "Box"), Mosaic(50)), "-filter Box -resize 8x6! -scale 50% -scale 8x6!"),
        (
            (Extent("20x30", "SouthEast"),),
            "-background white -gravity SouthEast -extent 20x30",
        ),
        ((Gray(), Pixelate(5)), ""),
        ((Gray(), Noise("Impulse", 0.5)), ""),
    ],
)
def test_options_of_the_real_program(chain: tuple[Operation, ...], expected: str) -> None:
    found = operations.options(chain, (12, 12), Place(HDRI, (1, 2, 9, 8)))
    assert " ".join(found) == expected


def test_noise_that_the_real_program_repeats_names_its_seed() -> None:
    place = Place(Q16, seed=7)
    found = operations.options((Gray(), Noise("Impulse", 0.5), Spread()), (12, 12), place)
    assert " ".join(found) == (
        "-colorspace Gray -seed 8 -attenuate 0.5 +noise Impulse -seed 9 -spread 1"
    )


def test_sizes_are_followed_through_a_chain() -> None:
    place = Place(HDRI, (1, 2, 9, 8))
    for chain in (
        (Rotate(10),),
        (Rotate(90),),
        (Rotate(-180),),
        (Crop(), Resize("20x20^", "Box")),
        (Crop(), Resize("20x20", "Box"), Extent("20x20")),
    ):
        [found] = operations.run([chain], quanta(), [place])
        size_hw = (12, 10)
        for operation in chain:
            size_hw = operation.size_after(size_hw, place)
        assert found.shape[-2:] == size_hw


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_quarter_turns_only_change_places(profile: profiles.Profile) -> None:
    before = quanta()
    for quarters in (-4, -1, 0, 1, 2, 3):
        [found] = operations.run([(Rotate(90 * quarters),)], before, [Place(profile)])
        assert np.array_equal(found, np.rot90(before, -quarters, axes=(-2, -1)))


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
@pytest.mark.parametrize("operation", [Level(20, 70), Extent("11x11")])
def test_what_clips_leaves_nothing_outside(operation: Operation, profile: profiles.Profile) -> None:
    """LevelImage and CompositeImage clip, even where values are floating point (7.0.8-28)."""
    before = (quanta() - 30_000.0) * np.float32(3.0)
    [found] = operations.run([(operation,)], before, [Place(profile)])
    assert found.dtype == np.float32
    if profile.hdri:
        assert before.min() < 0
        assert before.max() > profiles.RANGE
        assert found.min() >= 0
        assert found.max() <= profiles.RANGE
