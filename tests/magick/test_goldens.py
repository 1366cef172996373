"""`signdata.magick` against committed outputs of the real programs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from signdata.magick import profiles, resize, tone
from signdata.magick.filters import FILTERS
from signdata.magick.profiles import profile_of
from tests.magick import goldens
from tests.magick.differences import Difference
from tests.magick.operations import OPERATIONS, Picture
from tests.magick.pictures import DATA, read

MANIFEST = goldens.manifest()
GOLDENS = goldens.load()
PICTURES = read(MANIFEST["pictures"])
ENGINES = {name: profile_of(engine["profile"]) for name, engine in MANIFEST["engines"].items()}


def compare(engine: str, golden: str, operation: str) -> Difference:
    """An engine's output of one operation against ours of another."""
    outputs = GOLDENS[engine, golden].items()
    ours = OPERATIONS[operation]
    return Difference.of([(ours(PICTURES[name], ENGINES[engine]), out) for name, out in outputs])


@pytest.mark.parametrize(("engine", "operation"), GOLDENS, ids="-".join)
def test_an_operation_is_that_of_the_program(engine: str, operation: str) -> None:
    difference = compare(engine, operation, operation)
    assert difference.within(OPERATIONS[operation], ENGINES[engine]), difference


def test_every_operation_has_goldens_of_every_engine_that_it_fits() -> None:
    wanted = {
        (engine, name)
        for engine, profile in ENGINES.items()
        for name, operation in OPERATIONS.items()
        if profile.name in operation.profiles
    }
    assert set(GOLDENS) == wanted
    assert all(set(outputs) == set(PICTURES) for outputs in GOLDENS.values())
    assert {profile.name for profile in ENGINES.values()} == {"im6-q16", "im7-2017"}


def test_the_manifest_holds_the_commands_of_the_table() -> None:
    for line in MANIFEST["goldens"]:
        words = OPERATIONS[line["operation"]].words(PICTURES[line["picture"]])
        assert f" {' '.join(words)} " in line["command"]
    for engine in MANIFEST["engines"].values():
        assert engine["version"].startswith("ImageMagick ")


def test_the_goldens_are_small() -> None:
    assert sum(path.stat().st_size for path in Path(DATA).iterdir()) < 600_000


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("filter", [name for name in FILTERS if name != "Robidoux"])
def test_another_filter_fails(engine: str, filter: str) -> None:
    # Mitchell and Robidoux are the nearest two: two levels at most.
    difference = compare(engine, "resize-Robidoux-28x28", f"resize-{filter}-28x28")
    assert difference.most >= 2
    assert difference.share > 0.05
    assert not difference.within(OPERATIONS["resize-Robidoux-28x28"], ENGINES[engine])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("golden", "operation"),
    [
        ("gray", "gray-601"),
        ("cover-North", "cover-South"),
        ("cover-Center", "cover-North"),
        ("rotate-3", "rotate--3"),
        ("srt-3", "srt-3-Mitchell"),
        ("srt-3", "srt-1.5"),
        ("scale-down", "sample-down"),
        ("level", "+level"),
        ("level", "level-14-90"),
        ("modulate-85", "modulate-115"),
    ],
)
def test_another_operation_fails(engine: str, golden: str, operation: str) -> None:
    assert compare(engine, golden, operation).most > 1


def test_the_linear_contrast_is_another() -> None:
    linear = profile_of("im7-current")
    operation = OPERATIONS["brightness-contrast-15x15"]
    outputs = GOLDENS["wasm", operation.name]
    pairs = [(operation(PICTURES[name], linear), output) for name, output in outputs.items()]
    assert Difference.of(pairs).most >= 10


def test_rounding_to_integers_shows() -> None:
    # Catrom goes out of range; 6 clips that before it turns the contrast down, 7 keeps it.
    def made(profile: str, picture: Picture) -> Picture:
        kept = profile_of(profile)
        quanta = resize.resize(profiles.load(picture), (40, 40), "Catrom", kept)
        return profiles.to_bytes(tone.brightness_contrast(quanta, 0, -60, kept), kept)

    edge = np.repeat(np.array([[[0, 255]]], np.uint8), 10, axis=2).repeat(20, axis=1)
    assert Difference.of([(made("im7-2017", edge), made("im6-q16", edge))]).most > 1


def test_pillows_bicubic_is_not_catrom() -> None:
    pairs = [
        (
            np.asarray(
                Image.fromarray(PICTURES[name][0]).resize((28, 28), Image.Resampling.BICUBIC)
            ),
            output[0],
        )
        for name, output in GOLDENS["wasm", "resize-Catrom-28x28"].items()
        if len(output) == 1
    ]
    assert Difference.of(pairs).share > 0.02
