"""What belongs together."""

from __future__ import annotations

import numpy as np
import pytest

from signdata.errors import UsageError
from signdata.similarity.near_duplicates import Pairs
from signdata.splitting import groups as grouping


def pairs(*found: tuple[int, int]) -> Pairs:
    index = np.array(found, np.int64).reshape(-1, 2)
    return Pairs(index, np.ones(len(index), np.float32))


def test_a_pattern_with_one_group() -> None:
    paths = ["A/hand1_a.png", "B/hand22_b.png"]
    assert grouping.by_pattern(paths, r"hand(\d+)_") == ["1", "22"]
    for text, words in (("(", "not a regular"), ("a", "0 groups"), (r"foot(\d)", "does not match")):
        with pytest.raises(UsageError, match=words):
            grouping.by_pattern(paths, text)


def test_twins_join_groups_that_they_link() -> None:
    ids = list("abcdef")
    assert grouping.by_twins(ids, pairs((1, 2), (2, 4))) == ["", "b", "b", "", "b", ""]
    joined = grouping.by_twins(ids, pairs((1, 2)), ["x", "x", "y", "y", "", ""])
    assert len({joined[i] for i in range(4)}) == 1
    assert joined[4:] == ["", ""]


def test_blocks_follow_the_numbers_in_names() -> None:
    names = ["f10", "f2", "f1", "f3", "f11", "f12"]
    groups = grouping.by_blocks(["A"] * 6, names, 2)
    together = [{n for n, g in zip(names, groups, strict=True) if g == group} for group in groups]
    assert {frozenset(t) for t in together} == {
        frozenset({"f1", "f2"}),
        frozenset({"f3", "f10"}),
        frozenset({"f11", "f12"}),
    }
    with pytest.raises(UsageError, match="'x' has no number"):
        grouping.by_blocks(["A"], ["x"], 2)


def test_guards_are_taken_from_train_where_runs_meet() -> None:
    names = [f"f{i:03d}" for i in range(60)]
    splits = ["train"] * 20 + ["test"] * 20 + ["val"] * 20
    left_out = grouping.guarded(["A"] * 60, names, splits, 20)
    assert left_out == [18, 19, 40, 41]


def test_a_class_that_is_one_cluster_is_a_film() -> None:
    labels = ["A"] * 60 + ["B"] * 60
    cluster_of = np.arange(120)
    assert grouping.film_like(labels, cluster_of) == ""
    cluster_of[60:100] = 60
    assert grouping.film_like(labels, cluster_of) == "B"
