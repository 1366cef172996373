"""Twins, clusters: against brute force, on flat pictures, in any order, with any workers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signdata.similarity import near_duplicates
from signdata.similarity.near_duplicates import (
    LEADING,
    Pairs,
    clusters,
    members,
    normalised,
    numbered,
    pairs,
)


def pictures(n: int, side: int, seed: int, spread: float = 6.0) -> np.ndarray:
    """(n, side * side) uint8: a third are new, the others noisy copies of one before them."""
    rng = np.random.default_rng(seed)
    made = rng.integers(0, 256, (n, side * side)).astype(float)
    for i in range(1, n):
        if rng.random() < 0.66:
            gain, shift = rng.uniform(0.5, 1.0), rng.uniform(0, 40)
            noise = rng.normal(0, rng.uniform(0, 4 * spread), side * side)
            made[i] = gain * made[rng.integers(0, i)] + shift + noise
    return made.clip(0, 255).astype(np.uint8)


def brute(thumbnails: np.ndarray, threshold: float) -> dict[tuple[int, int], float]:
    """All pairs by numpy's own correlation, flat rows left out."""
    found = {}
    for i in range(len(thumbnails)):
        for j in range(i + 1, len(thumbnails)):
            one, other = thumbnails[i].astype(float), thumbnails[j].astype(float)
            if one.std() > 2 and other.std() > 2:
                value = np.corrcoef(one, other)[0, 1]
                if value >= threshold:
                    found[i, j] = value
    return found


def as_set(found: Pairs) -> set[tuple[int, int]]:
    return {(int(i), int(j)) for i, j in found.index}


@settings(max_examples=25)
@given(
    n=st.integers(0, 40),
    side=st.sampled_from([4, 8, 12, 16]),
    seed=st.integers(0, 10**6),
    threshold=st.sampled_from([0.7, 0.9, 0.95, 0.98]),
)
def test_the_pairs_are_those_of_brute_force(n, side, seed, threshold):
    thumbnails = pictures(n, side, seed)
    found = pairs(normalised(thumbnails), threshold, workers=1)
    wanted = brute(thumbnails, threshold)
    unsure = {pair for pair, value in brute(thumbnails, 0).items() if abs(value - threshold) < 1e-5}
    assert as_set(found) ^ wanted.keys() <= unsure
    for pair, value in zip(found.index.tolist(), found.correlation.tolist(), strict=True):
        assert value == pytest.approx(wanted.get(tuple(pair), value), abs=1e-4)


@pytest.mark.parametrize("block", [7, 64, 2048])
def test_blocks_and_workers_change_nothing(monkeypatch, block):
    vectors = normalised(pictures(150, 16, 1))
    whole = pairs(vectors, 0.9, workers=1)
    monkeypatch.setattr(near_duplicates, "BLOCK", block)
    for workers in (1, 2):
        cut = pairs(vectors, 0.9, workers=workers)
        assert np.array_equal(whole.index, cut.index)
        assert np.allclose(whole.correlation, cut.correlation, atol=1e-6)


def test_the_filter_on_leading_components_leaves_nothing_out(monkeypatch):
    thumbnails = pictures(120, 16, 5)
    assert thumbnails.shape[1] > LEADING + 1
    monkeypatch.setattr(near_duplicates, "_MANY", 2.0)  # each pair is compared by itself
    picked = pairs(normalised(thumbnails), 0.95, workers=1)
    monkeypatch.setattr(near_duplicates, "_MANY", -1.0)  # all pairs of a block are
    assert as_set(picked) == as_set(pairs(normalised(thumbnails), 0.95, workers=1))
    assert as_set(picked) == brute(thumbnails, 0.95).keys()


def test_tone_does_not_matter_and_order_only_renumbers():
    thumbnails = pictures(60, 8, 3)
    brighter = (thumbnails // 2 + 90).astype(np.uint8)
    both = pairs(normalised(np.concatenate([thumbnails, brighter])), 0.98, workers=1)
    assert {(i, i + 60) for i in range(60)} <= as_set(both)
    order = np.random.default_rng(0).permutation(60)
    straight = as_set(pairs(normalised(thumbnails), 0.9, workers=1))
    mixed = pairs(normalised(thumbnails[order]), 0.9, workers=1)
    assert {tuple(sorted(pair)) for pair in order[mixed.index].tolist()} == straight


def test_flat_pictures_are_nobodys_twins():
    flat = np.repeat(np.array([[0], [128], [255], [128]], np.uint8), 64, axis=1)
    flat[3, 0] = 129  # one grey level of noise
    vectors = normalised(np.concatenate([flat, pictures(5, 8, 2)]))
    assert not vectors[:4].any()
    assert as_set(pairs(vectors, 0.5, workers=1)).isdisjoint(
        {(i, j) for i in range(4) for j in range(9)}
    )


def test_a_lower_threshold_for_pairs_of_one_label():
    thumbnails = pictures(80, 8, 9)
    labels = np.arange(80) % 3
    found = pairs(normalised(thumbnails), 0.98, related=0.8, labels=labels, workers=1)
    wanted = {
        (i, j)
        for (i, j), value in brute(thumbnails, 0.8).items()
        if value >= 0.98 or labels[i] == labels[j]
    }
    assert as_set(found) == wanted
    assert as_set(found.inside(labels)) == {(i, j) for i, j in wanted if labels[i] == labels[j]}


def test_none_of_nothing():
    for n in (0, 1):
        vectors = normalised(pictures(n, 4, 0))
        assert len(pairs(vectors, workers=1)) == 0
        assert len(clusters(n, Pairs.none())) == n


@settings(max_examples=60)
@given(
    st.integers(1, 30).flatmap(
        lambda n: st.tuples(
            st.just(n),
            st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=60),
        )
    )
)
def test_clusters_are_connected_components(case):
    n, links = case
    index = np.array([sorted(link) for link in links], np.int64).reshape(-1, 2)
    found = clusters(n, Pairs(index, np.ones(len(index), np.float32)))
    reached = {i: {i} for i in range(n)}
    for one, other in links:
        union = reached[one] | reached[other]
        for i in union:
            reached[i] = union
    assert found.tolist() == [min(reached[i]) for i in range(n)]
    big = [part.tolist() for part in members(found)]
    assert all(len(part) > 1 for part in big)
    assert [len(part) for part in big] == sorted(map(len, big), reverse=True)
    counts = near_duplicates.sizes(found)
    assert sum(counts.values()) == n
    assert len(counts) == len({frozenset(part) for part in reached.values()})


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 90), copies=st.integers(1, 6))
def test_thinning_changes_neither_clusters_nor_leaks(seed, n, copies):
    thumbnails = pictures(n, 8, seed, spread=2.0 * copies)
    rng = np.random.default_rng(seed)
    labels, part = rng.integers(0, 2, n), rng.integers(0, 3, n)
    vectors = normalised(thumbnails)
    options = {"related": 0.7, "labels": labels, "kinds": labels * 3 + part, "workers": 1}
    whole = pairs(vectors, 0.85, **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_duplicates, "DENSE", 0)
        patch.setattr(near_duplicates, "BLOCK", 32)
        thin = pairs(vectors, 0.85, **options)
    assert as_set(thin) <= as_set(whole)
    facts = []
    for found in (whole, thin):
        twins = found.above(0.85)
        leaks_of = [(i, j) for i, j in twins.index if part[i] != part[j]]
        facts.append(
            (
                clusters(n, twins.inside(labels)).tolist(),
                clusters(n, found.inside(labels)).tolist(),
                {(i, part[j]) for i, j in leaks_of} | {(j, part[i]) for i, j in leaks_of},
                {(i, labels[j]) for i, j in twins.index} | {(j, labels[i]) for i, j in twins.index},
            )
        )
    assert facts[0] == facts[1]


def test_a_long_chain_is_one_cluster():
    index = np.array([(i, i + 1) for i in range(4999)], np.int64)
    assert not clusters(5000, Pairs(index, np.ones(4999, np.float32))).any()


def test_names_are_numbered():
    assert numbered(["b", "", "a", "b"]).tolist() == [1, -1, 0, 1]
