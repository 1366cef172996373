"""Recipes: what is built in, what a file may say, and how its faults are named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from signdata.errors import FormatError, MissingError, UsageError
from signdata.magick import recipe
from signdata.magick.operations import BrightnessContrast, Crop, Gray, Pixelate, Resize, Srt

RESIZE = '{ op = "resize", size = "8x8!", filter = "Catrom" }'


def write(tmp_path: Path, text: str) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return str(path)


def test_sixty_variants_five_filters_by_twelve_treatments() -> None:
    made = recipe.load("sign-mnist-60")
    assert made.n_variants == 60
    assert len({variant.name for variant in made.combinations}) == 60
    assert len({variant.chain for variant in made.combinations}) == 60
    filters = [op.filter for v in made.combinations for op in v.chain if isinstance(op, Resize)]
    assert {name: filters.count(name) for name in filters} == dict.fromkeys(
        ["Mitchell", "Robidoux", "Catrom", "Spline", "Hermite"], 12
    )
    turned = [op.degrees for v in made.combinations for op in v.chain if isinstance(op, Srt)]
    assert sorted(turned) == [-3.0] * 5 + [3.0] * 5
    toned = {
        (op.brightness, op.contrast)
        for v in made.combinations
        for op in v.chain
        if isinstance(op, BrightnessContrast)
    }
    assert toned == {(b, c) for b in (-15.0, 0.0, 15.0) for c in (-15.0, 0.0, 15.0)}
    assert sum(isinstance(v.chain[-1], Pixelate) for v in made.combinations) == 5


def test_what_is_plain_changes_size_and_colour_only() -> None:
    assert recipe.load("sign-mnist-60").plain == (Crop(), Gray(), Resize("28x28!", "Mitchell"))
    assert recipe.load("observed-20").plain == (Crop(), Gray(), Resize("28x28!", "Lanczos"))


def test_the_observed_recipe_draws_mostly_lanczos_and_tones_within_15() -> None:
    made = recipe.load("observed-20")
    random = np.random.default_rng(0)
    drawn = [variant.chain for _ in range(200) for variant in made.variants(random)]
    assert len(drawn) == 4000
    share = np.mean([chain[2].filter == "Lanczos" for chain in drawn])  # type: ignore[attr-defined]
    assert 0.77 < share < 0.83
    tones = np.array([(c[3].brightness, c[3].contrast) for c in drawn])  # type: ignore[attr-defined]
    assert np.abs(tones).max() <= 15
    assert (np.ptp(tones, axis=0) > 28).all()


def test_the_same_generator_draws_the_same_variants() -> None:
    made = recipe.load("observed-20")
    one, other = (list(made.variants(np.random.default_rng(7))) for _ in range(2))
    assert one == other


def test_some_of_all_combinations_are_distinct_and_in_order() -> None:
    made = recipe.load("sign-mnist-60").with_options(variants=7)
    order = [variant.name for variant in made.combinations]
    chosen = [order.index(v.name) for v in made.variants(np.random.default_rng(1))]
    assert chosen == sorted(set(chosen))
    assert len(chosen) == 7
    with pytest.raises(UsageError, match="variants 61; recipe sign-mnist-60 has 60"):
        recipe.load("sign-mnist-60").with_options(variants=61)


def test_a_size_replaces_every_size() -> None:
    made = recipe.load("sign-mnist-60").with_options(size=(40, 30))
    assert {v.chain[2].exact_size for v in made.combinations[:45]} == {(30, 40)}


def test_a_file_of_one_chain(tmp_path: Path) -> None:
    made = recipe.load(write(tmp_path, f"steps = [{RESIZE}]"))
    assert (made.name, made.n_variants) == ("mine", 1)
    assert made.combinations[0].name == "catrom"


def test_weights_decide_between_treatments(tmp_path: Path) -> None:
    text = f"""variants = 300
    [[treatments]]
    weight = 3
    steps = [{RESIZE}]
    [[treatments]]
    steps = [{RESIZE}, {{ op = "pixelate" }}]
    """
    variants = recipe.load(write(tmp_path, text)).variants(np.random.default_rng(0))
    share = np.mean([len(variant.chain) == 1 for variant in variants])
    assert 0.65 < share < 0.85


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("steps = [{ op = 'shear' }]", "steps[0]", "shear"),
        ("steps = [{ size = '3x3!' }]", "steps[0]", "op"),
        ("steps = [{ op = 'resize', size = '8' }]", "steps[0]", "geometry '8'"),
        ("steps = [{ op = 'resize' }]", "steps[0]", "size"),
        (
            "steps = [{ op = 'resize', size = '8x8!', filter = 'Bicubic' }]",
            "steps[0]",
            "filter 'Bicubic'",
        ),
        (
            "steps = [{ op = 'resize', size = '8x8!', filter = ['Catrom', 'Nope'] }]",
            "steps[0]",
            "filter 'Nope'",
        ),
        ("steps = [{ op = 'modulate', percent = 'x' }]", "steps[0].percent", "float"),
        ("steps = [{ op = 'modulate', percent = 1, more = 2 }]", "steps[0]", "more"),
        ("steps = [{ op = 'modulate', percent = [] }]", "steps[0]", "empty choice"),
        ("steps = [{ op = 'modulate', percent = { min = 1 } }]", "steps[0]", "min and max"),
        (
            "steps = [{ op = 'modulate', percent = { min = 3, max = 1 } }]",
            "steps[0]",
            "min 3 above",
        ),
        (
            "steps = [{ op = 'modulate', percent = { choice = [1], weights = [1, 2] } }]",
            "steps[0]",
            "as many weights",
        ),
        (
            "steps = [{ op = 'brightness-contrast', contrast = 200 }]",
            "steps[0]",
            "contrast 200",
        ),
        ("steps = [{ op = 'level', black = 5, white = 5 }]", "steps[0]", "both 5"),
        ("steps = [{ size = '9x9!' }]", "steps[0].op", "an operation is missing"),
        ("steps = [{ op = ['gray', 'crop'] }]", "steps[0].op", "expected one of crop, gray"),
        ("steps = [{ op = 'modulate', percent = nan }]", "steps[0]", "percent nan"),
        ("steps = [{ op = 'rotate', degrees = inf }]", "steps[0]", "degrees inf"),
        ("steps = [{ op = 'mosaic', percent = 0 }]", "steps[0]", "percent 0"),
        ("steps = [{ op = 'spread', radius = -1 }]", "steps[0]", "radius -1"),
        (
            "steps = [{ op = 'noise', kind = 'Uniform', attenuate = -1 }]",
            "steps[0]",
            "attenuate -1",
        ),
        (
            "steps = [{ op = 'modulate', percent = { min = 3, max = 1 } }]",
            "steps[0]",
            "percent: min 3 above max 1",
        ),
        ("steps = [{ op = 'gray' }, { op = 'crop' }, { op = 'crop' }]", "steps[2]", "after crop"),
        (
            "[[treatments]]\nsteps = [{ op = 'resize', size = '9x9!' }, { op = 'crop' }]",
            "treatments[0].steps[1]",
            "crop after resize",
        ),
        ("variants = 0\nsteps = [{ op = 'gray' }]", "variants", "expected 1 to"),
        ("profile = 'im9'\nsteps = [{ op = 'gray' }]", "profile", "im7-2017"),
        ("variants = 'x'\nsteps = [{ op = 'gray' }]", "variants", "int"),
        ("colour = 1\nsteps = [{ op = 'gray' }]", "", "colour"),
        ("steps = [{ op = 'modulate', percent = { min = 1, max = 3 } }]", "", "variants = N"),
        ("", "", "expected steps"),
        ("steps = [", "", "not TOML"),
    ],
)
def test_faults_name_the_file_the_key_and_the_value(
    tmp_path: Path, text: str, where: str, what: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(FormatError) as caught:
        recipe.load(path)
    assert caught.value.path == path
    assert where in caught.value.where
    assert what in str(caught.value)


def test_no_such_recipe_names_those_that_are() -> None:
    with pytest.raises(MissingError, match="sign-mnist-60, observed-20"):
        recipe.load("sign-mnist-61")
