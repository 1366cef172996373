"""Splits: disjoint, complete, within one of exact, moved by nothing but seed and id."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signdata.errors import UsageError
from signdata.splitting.stratified import parse_ratios, stratified

LABELS = st.lists(st.sampled_from("ABCDE"), min_size=1, max_size=200)
RATIOS = st.sampled_from(["80,10,10", "0.7,0.2,0.1", "90,10", "50,25,25", "34,33,33", "80,20,0"])


@given(LABELS, RATIOS, st.integers(0, 5))
def test_every_class_is_within_one_of_exact(labels: list[str], text: str, seed: int) -> None:
    ratios = parse_ratios(text)
    ids = [f"{i:06d}" for i in range(len(labels))]
    splits = stratified(ids, labels, ratios, seed)
    assert set(splits) <= set(ratios)
    for label, n in Counter(labels).items():
        counts = Counter(s for s, of in zip(splits, labels, strict=True) if of == label)
        for split, share in ratios.items():
            assert math.floor(n * share - 1e-9) <= counts[split] <= math.ceil(n * share + 1e-9)


@given(st.permutations(range(60)), st.integers(0, 5))
def test_the_order_of_the_input_moves_nothing(order: list[int], seed: int) -> None:
    ids = [f"s{i}" for i in range(60)]
    labels = ["AB"[i % 2] for i in range(60)]
    ratios = parse_ratios("80,10,10")
    straight = dict(zip(ids, stratified(ids, labels, ratios, seed), strict=True))
    mixed_ids, mixed_labels = [ids[i] for i in order], [labels[i] for i in order]
    mixed = stratified(mixed_ids, mixed_labels, ratios, seed)
    assert dict(zip(mixed_ids, mixed, strict=True)) == straight


def test_another_seed_draws_another_split() -> None:
    ids, labels = [str(i) for i in range(100)], ["A"] * 100
    ratios = parse_ratios("80,20")
    assert stratified(ids, labels, ratios, 0) == stratified(ids, labels, ratios, 0)
    assert stratified(ids, labels, ratios, 0) != stratified(ids, labels, ratios, 1)


def test_roundings_cancel_over_many_small_classes() -> None:
    ids = [str(i) for i in range(500)]
    labels = [f"class {i // 5}" for i in range(500)]
    counts = Counter(stratified(ids, labels, parse_ratios("80,10,10"), 0))
    assert counts == {"train": 400, "val": 50, "test": 50}


@pytest.mark.parametrize(
    ("text", "keep", "expected"),
    [
        ("80,10,10", (), {"train": 0.8, "val": 0.1, "test": 0.1}),
        ("0.5,0.25,0.25", (), {"train": 0.5, "val": 0.25, "test": 0.25}),
        ("70,30", (), {"train": 0.7, "test": 0.3}),
        ("90,10", ("test",), {"train": 0.9, "val": 0.1}),
        ("60,40", ("val",), {"train": 0.6, "test": 0.4}),
    ],
)
def test_ratios_name_the_splits(text: str, keep: tuple[str, ...], expected: dict) -> None:
    assert parse_ratios(text, keep) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["80", "80,10", "80,10,20", "a,b", "-10,60,50", "25,25,25,25", ""])
def test_wrong_ratios_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="ratios"):
        parse_ratios(text)
