from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from signdata.errors import DatasetError
from signdata.training import split_comparison
from signdata.training.data import Dataset


@pytest.fixture
def bursts() -> Dataset:
    """Ten near-copies of each of 48 random pictures, of four classes that nothing tells apart."""
    rng = np.random.default_rng(0)
    sources = rng.integers(0, 200, (48, 1, 28, 28))
    images = np.repeat(sources, 10, axis=0) + rng.integers(0, 8, (480, 1, 28, 28))
    return Dataset(
        images=images.astype(np.uint8),
        labels=np.repeat(np.arange(48) % 4, 10).astype(np.int64),
        splits=np.full(480, "", "U5"),
        ids=tuple(f"{row:03d}" for row in range(480)),
        groups=("",) * 480,
        classes=("A", "B", "C", "D"),
    )


def test_near_duplicates_are_groups(bursts: Dataset) -> None:
    groups, how = split_comparison.groups_of(bursts, split_comparison.vectors_of(bursts))
    assert how == "near-duplicates"
    assert len(set(groups)) == 48
    assert all(len(set(groups[i : i + 10])) == 1 for i in range(0, 480, 10))


def test_known_groups_come_first(bursts: Dataset) -> None:
    vectors = split_comparison.vectors_of(bursts)
    signers = tuple(f"s{i % 5}" for i in range(480))
    assert split_comparison.groups_of(replace(bursts, signers=signers), vectors)[1] == "signer"
    named = replace(bursts, signers=signers, groups=signers)
    assert split_comparison.groups_of(named, vectors)[1] == "group"


def test_a_neighbour_reads_the_random_split_only(bursts: Dataset) -> None:
    vectors = split_comparison.vectors_of(bursts)
    groups, _ = split_comparison.groups_of(bursts, vectors)
    rows, apart = (
        split_comparison.by_rows(bursts, 0),
        split_comparison.by_groups(bursts, groups, 0),
    )
    found = split_comparison.controls(rows, apart, vectors)
    assert found["nearest_neighbour"]["random"] == 1
    assert found["nearest_neighbour"]["grouped"] < 0.7
    assert found["majority"]["grouped"] == pytest.approx(0.25, abs=0.15)
    where = dict(zip(groups, apart.splits.tolist(), strict=True))
    assert [where[group] for group in groups] == apart.splits.tolist()


def test_shuffling_leaves_test_alone(bursts: Dataset) -> None:
    rows = split_comparison.by_rows(bursts, 0)
    mixed = split_comparison.shuffled(rows, 0)
    test = rows.splits == "test"
    assert (mixed.labels[test] == rows.labels[test]).all()
    assert (mixed.labels[~test] != rows.labels[~test]).mean() > 0.5
    assert (np.bincount(mixed.labels) == np.bincount(rows.labels)).all()


def test_chance_is_the_largest_class_and_some_luck(bursts: Dataset) -> None:
    rows = split_comparison.by_rows(bursts, 0)
    assert split_comparison.is_at_chance(0.3, rows)
    assert not split_comparison.is_at_chance(0.6, rows)


def test_two_groups_are_too_few(bursts: Dataset) -> None:
    with pytest.raises(DatasetError, match="too few groups"):
        split_comparison.by_groups(bursts, ["a"] * 240 + ["b"] * 240, 0)


def test_clips_and_colours_are_looked_at(bursts: Dataset) -> None:
    clips = replace(bursts, images=np.broadcast_to(bursts.images[:, None], (480, 3, 3, 28, 28)))
    assert np.allclose(
        split_comparison.vectors_of(clips), split_comparison.vectors_of(bursts), atol=1e-6
    )
