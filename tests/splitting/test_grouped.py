"""Splits by groups: properties that hold whatever the sizes are."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from signdata.splitting.grouped import grouped
from signdata.splitting.stratified import stratified

THREE = {"train": 0.8, "val": 0.1, "test": 0.1}


@st.composite
def samples(draw: st.DrawFn) -> tuple[list[str], list[str], list[str]]:
    n = draw(st.integers(1, 60))
    labels = draw(st.lists(st.sampled_from("ABC"), min_size=n, max_size=n))
    groups = draw(st.lists(st.sampled_from(["", *"stuvwxyz"]), min_size=n, max_size=n))
    return [f"id{i}" for i in range(n)], labels, groups


@given(samples(), st.integers(0, 3))
def test_no_group_straddles_and_all_get_a_split(
    made: tuple[list[str], list[str], list[str]], seed: int
) -> None:
    ids, labels, groups = made
    splits = grouped(ids, labels, groups, THREE, seed)
    assert len(splits) == len(ids)
    assert set(splits) <= set(THREE)
    of_group = defaultdict(set)
    for group, split in zip(groups, splits, strict=True):
        of_group[group].add(split)
    assert all(len(found) == 1 for group, found in of_group.items() if group)


@given(samples(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(
    made: tuple[list[str], list[str], list[str]], random: object
) -> None:
    ids, labels, groups = made
    one = dict(zip(ids, grouped(ids, labels, groups, THREE, 1), strict=True))
    order = list(range(len(ids)))
    random.shuffle(order)  # type: ignore[attr-defined]
    turned = [[values[i] for i in order] for values in made]
    other = dict(zip(turned[0], grouped(*turned, THREE, 1), strict=True))
    assert one == other


@given(samples())
def test_every_class_is_in_every_split_that_its_groups_allow(
    made: tuple[list[str], list[str], list[str]],
) -> None:
    ids, labels, groups = made
    assume(any(groups))  # without groups counts are within one of exact, come what may
    labels = [
        label if not group else "ABC"[ord(group) % 3]
        for label, group in zip(labels, groups, strict=True)
    ]
    splits = grouped(ids, labels, groups, THREE, 0)
    for label in set(labels):
        mine = [i for i, other in enumerate(labels) if other == label]
        if len({groups[i] or ids[i] for i in mine}) >= 3:
            assert {splits[i] for i in mine} == set(THREE)


def test_without_groups_it_is_the_plain_split() -> None:
    ids = [f"{i}" for i in range(100)]
    labels = ["AB"[i % 2] for i in range(100)]
    assert grouped(ids, labels, [""] * 100, THREE, 4) == stratified(ids, labels, THREE, 4)


def test_another_seed_draws_other_groups() -> None:
    ids = [f"{i}" for i in range(300)]
    groups = [f"g{i // 3}" for i in range(300)]
    drawn = {tuple(grouped(ids, ["A"] * 300, groups, THREE, seed)) for seed in range(3)}
    assert len(drawn) == 3


def test_groups_of_one_class_come_as_near_as_subset_sums_can() -> None:
    random = np.random.default_rng(0)
    ids, labels, groups = [], [], []
    for label in "ABCDEFGH":
        for number, size in enumerate(random.integers(1, 40, 50)):
            for _ in range(size):
                ids.append(f"{len(ids)}")
                labels.append(label)
                groups.append(f"{label}{number}")
    splits = grouped(ids, labels, groups, THREE, 0)
    total, got = Counter(labels), Counter(zip(labels, splits, strict=True))
    for label in total:
        for split, share in THREE.items():
            assert abs(got[label, split] - share * total[label]) <= 1.5


def test_signers_with_all_classes_are_dealt_out_near_the_ratio() -> None:
    random = np.random.default_rng(3)
    ids, labels, groups = [], [], []
    for signer in range(20):
        for _ in range(int(random.integers(40, 60))):
            ids.append(f"{len(ids)}")
            labels.append("ABCDE"[int(random.integers(5))])
            groups.append(f"signer{signer}")
    splits = grouped(ids, labels, groups, THREE, 0)
    for split, share in THREE.items():
        assert abs(splits.count(split) / len(splits) - share) < 0.03


def test_a_split_of_no_share_gets_nothing() -> None:
    ids = [f"{i}" for i in range(40)]
    groups = [f"g{i // 4}" for i in range(40)]
    labels = ["AB"[i % 2] for i in range(40)]
    splits = grouped(ids, labels, groups, {"train": 0.7, "val": 0.0, "test": 0.3}, 0)
    assert set(splits) == {"train", "test"}


@pytest.mark.parametrize("n_groups", [1, 2])
def test_too_few_groups_leave_splits_empty_rather_than_part_one(n_groups: int) -> None:
    ids = [f"{i}" for i in range(30)]
    groups = [f"g{i % n_groups}" for i in range(30)]
    splits = grouped(ids, ["A"] * 30, groups, THREE, 0)
    assert len({(g, s) for g, s in zip(groups, splits, strict=True)}) == n_groups
