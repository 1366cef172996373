"""Splits: disjoint, complete, within one of exact, moved by nothing but seed and id."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signdata.errors import UsageError
from signdata.splitting.stratified import parse_ratios, stratified

LABELS = st.lists(st.sampled_from("ABCDE"), min_size=1, max_size=200)
THREE = {"train": 0.8, "val": 0.1, "test": 0.1}
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


@given(LABELS, RATIOS, st.integers(0, 5))
def test_every_class_is_in_as_many_splits_as_within_one_allows(
    labels: list[str], text: str, seed: int
) -> None:
    ratios = parse_ratios(text)
    splits = stratified([f"{i:06d}" for i in range(len(labels))], labels, ratios, seed)
    for label, n in Counter(labels).items():
        present = {s for s, of in zip(splits, labels, strict=True) if of == label}
        least = {split: math.floor(n * share + 1e-9) for split, share in ratios.items()}
        left = n - sum(least.values())
        small = [split for split, share in ratios.items() if share > 0 and not least[split]]
        absent = sum(share > 0 for share in ratios.values()) - len(present)
        assert absent == max(0, len(small) - left)
        assert "train" in present


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([8, 8, 8], [(6, 1, 1), (6, 1, 1), (6, 1, 1)]),
        ([3, 3], [(2, 1, 0), (2, 0, 1)]),
        ([2, 20, 1], [(1, 1, 0), (16, 2, 2), (1, 0, 0)]),
        ([10, 4, 4], [(8, 1, 1), (3, 1, 0), (3, 0, 1)]),
    ],
)
def test_small_classes_are_in_every_split_they_can_be_in(
    sizes: list[int], expected: list[tuple[int, int, int]]
) -> None:
    labels = [f"class {k}" for k, size in enumerate(sizes) for _ in range(size)]
    splits = stratified([str(i) for i in range(len(labels))], labels, THREE, 0)
    assert counts_of(labels, splits, THREE) == expected


def test_classes_with_a_choice_make_up_for_those_without() -> None:
    labels = [f"class {k}" for k, size in enumerate([2, 2, *[15] * 4]) for _ in range(size)]
    splits = stratified([str(i) for i in range(len(labels))], labels, THREE, 0)
    assert counts_of(labels, splits, THREE)[:2] == [(1, 1, 0), (1, 0, 1)]
    assert Counter(splits) == {"train": 50, "val": 7, "test": 7}  # 51.2, 6.4 and 6.4


def counts_of(
    labels: list[str], splits: list[str], ratios: dict[str, float]
) -> list[tuple[int, ...]]:
    cells = Counter(zip(labels, splits, strict=True))
    return [tuple(cells[label, split] for split in ratios) for label in sorted(set(labels))]


def cost(counts: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, ...]:
    """Classes without train, absences from all splits, and deviation of the totals."""
    totals = counts.sum(axis=-2)
    over = totals - totals.sum(axis=-1, keepdims=True) * shares
    lacking = counts == 0
    untrained = lacking[..., 0].sum(axis=-1)
    return untrained, lacking.sum(axis=(-2, -1)), abs(over).max(axis=-1)


def drawn(sizes: np.ndarray, shares: np.ndarray, seed: int) -> np.ndarray:
    """(200, K, S) counts, each share rounded up or down at random."""
    random = np.random.default_rng(seed)
    exact = sizes[:, None] * shares
    least = np.floor(exact + 1e-9)
    left = (sizes - least.sum(axis=1))[:, None]
    key = random.random((200, *exact.shape)) + 9 * (exact - least < 1e-6)  # exact ones stay
    return least + (key.argsort(axis=2).argsort(axis=2) < left)


@pytest.mark.parametrize("start", range(0, 1000, 250))
def test_no_draw_within_one_of_exact_lacks_fewer_classes_or_has_better_totals(start: int) -> None:
    for seed in range(start, start + 250):
        random = np.random.default_rng(seed)
        most = int(random.choice([4, 9, 12, 30]))
        sizes = np.sort(random.integers(1, most, int(random.integers(1, 12))))
        text = random.choice(["80,10,10", "70,15,15", "60,20,20", "34,33,33", "80,20"])
        ratios = parse_ratios(str(text))
        labels = [f"class {k:02d}" for k, size in enumerate(sizes) for _ in range(size)]
        splits = stratified([str(i) for i in range(len(labels))], labels, ratios, seed)
        shares = np.array(list(ratios.values()))
        mine = cost(np.array(counts_of(labels, splits, ratios)), shares)
        theirs = min(zip(*cost(drawn(sizes, shares, seed), shares), strict=True))
        assert mine[:2] <= theirs[:2], seed
        assert mine[:2] < theirs[:2] or mine[2] < theirs[2] + 1, seed


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
