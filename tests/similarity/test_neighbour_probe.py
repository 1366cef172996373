"""The burst probe: films and signers make a gap, shuffled names and honest pictures none."""

from __future__ import annotations

import numpy as np
import pytest

from signdata.media.suffixes import last_number
from signdata.similarity.near_duplicates import normalised
from signdata.similarity.neighbour_probe import by_numbers, by_signers


def film(n: int, seed: int, side: int = 12) -> np.ndarray:
    """(n, side * side) uint8: a scene that drifts away from itself."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 14, (n, side * side)).cumsum(axis=0)
    return (128 + 60 * np.tanh((rng.normal(0, 60, side * side) + steps) / 90)).astype(np.uint8)


def films(classes: int = 4, n: int = 120):
    made = np.concatenate([film(n, seed) for seed in range(classes)])
    labels = [name for name in "ABCD"[:classes] for _ in range(n)]
    names = [f"{label}/{label}{i % n + 1}" for i, label in enumerate(labels)]
    return normalised(made), labels, names


def test_frames_of_films_make_a_wide_gap():
    rng = np.random.default_rng(3)
    n = 200
    scenes = rng.integers(0, 256, (80, 144))  # ten frames each
    labels, rows, names = [], [], []
    for c, label in enumerate("ABCD"):
        for i in range(n):
            rows.append(scenes[20 * c + i // 10] + rng.normal(0, 8, 144))
            labels.append(label)
            names.append(f"{label}/{label}{i + 1}")
    found = by_numbers(normalised(np.clip(rows, 0, 255).astype(np.uint8)), labels, names)
    assert found is not None
    assert found.unseen == "blocks"
    assert found.random == 1.0
    assert found.is_wide
    assert found.gap > 0.3
    assert found.block == 20
    assert found.to_dict()["samples"] == 4 * n


def test_shuffled_numbers_hide_the_films():
    vectors, labels, _ = films()
    order = np.random.default_rng(0).permutation(120)
    shuffled = [f"{label}/{order[i % 120]}" for i, label in enumerate(labels)]
    found = by_numbers(vectors, labels, shuffled)
    assert found is not None
    assert not found.is_wide


def test_a_signer_who_was_not_seen():
    rng = np.random.default_rng(1)
    looks_of = {signer: rng.integers(0, 256, (4, 144)) for signer in "xyz"}
    rows, labels, signers = [], [], []
    for signer, looks in looks_of.items():
        for c, label in enumerate("ABCD"):
            for _ in range(30):
                rows.append(looks[c] + rng.normal(0, 10, 144))
                labels.append(label)
                signers.append(signer)
    vectors = normalised(np.clip(rows, 0, 255).astype(np.uint8))
    found = by_signers(vectors, labels, signers)
    assert found is not None
    assert (found.unseen, found.block) == ("signers", 0)
    assert found.random == 1.0
    assert found.gap > 0.3
    assert by_signers(vectors, labels, ["x"] * len(labels)) is None
    assert by_signers(vectors, labels, ["", *signers[1:]]) is None


def test_the_same_seed_gives_the_same_answer():
    vectors, labels, names = films()
    assert by_numbers(vectors, labels, names, 5) == by_numbers(vectors, labels, names, 5)


def test_too_little_to_tell():
    vectors, labels, names = films(classes=1)
    assert by_numbers(vectors, labels, names) is None  # one class
    vectors, labels, names = films(n=10)
    assert by_numbers(vectors, labels, names) is None  # ten of each
    assert by_numbers(vectors, labels, ["a"] * len(labels)) is None  # no number


@pytest.mark.parametrize(
    ("name", "number"),
    [("A/A12", 12), ("hand1_a_bot_seg_3_cropped", 3), ("000017", 17), ("x", None), ("7/b", None)],
)
def test_the_number_in_a_name(name, number):
    assert last_number(name) == number
