"""Leaving out pairs that say nothing new, where almost everything is alike. Pure.

Thousands of frames of a camera that stands still are millions of pairs. Which samples are
linked, and which have a twin of another label or in another part, takes far fewer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


def thinned(
    index: Numbers, correlation: NDArray[np.float32], labels: Numbers, kinds: Numbers
) -> Numbers:
    """Choose pairs such that clusters inside labels, and who has a twin where, stay the same.

    Parameters
    ----------
    index : ndarray
        (P, 2) int64, pairs.
    correlation : ndarray
        (P,) float32.
    labels, kinds : ndarray
        (N,) numbers: each one's label, and its label and part together.

    Returns
    -------
    ndarray
        Sorted positions of the pairs to keep: for each sample the one most alike of each
        kind, and what is needed to link the same inside labels.
    """
    if not len(index):
        return np.empty(0, np.int64)
    left, right = index[:, 0], index[:, 1]
    rising = np.argsort(correlation)
    chosen = np.union1d(_best(rising, left, kinds[right]), _best(rising, right, kinds[left]))
    # What these link already needs no further link: usually all.
    n = int(index.max()) + 1
    same = labels[left] == labels[right]
    of = linked(n, index[chosen[same[chosen]]])
    loose = np.flatnonzero(same & (of[left] != of[right]))
    while len(loose):
        ends = np.sort(of[index[loose]], axis=1)
        _, first = np.unique(ends, axis=0, return_index=True)
        more = loose[first]
        chosen = np.union1d(chosen, more)
        of = linked(n, np.concatenate([_links(of), index[more]]))
        loose = loose[of[left[loose]] != of[right[loose]]]
    return chosen


def _best(rising: Numbers, one: Numbers, kind: Numbers) -> Numbers:
    """Position of the strongest pair of each sample with each kind."""
    there = np.zeros(int(kind.max()) + 1, bool)
    there[kind] = True
    number = np.cumsum(there) - 1
    slot = (one - one.min()) * int(there.sum()) + number[kind]
    strongest = np.full(int(slot.max()) + 1, -1, np.int64)
    strongest[slot[rising]] = rising  # the last one written is the strongest
    return strongest[strongest >= 0]


def _links(of: Numbers) -> Numbers:
    """Pairs (P, 2) that link what is linked."""
    each = np.arange(len(of))
    found: Numbers = np.stack([of, each], axis=1)[of != each]
    return found


def linked(n: int, index: Numbers) -> Numbers:
    """(n,) the smallest number that each one is linked with by the pairs (P, 2); itself if none."""
    parent = np.arange(n)
    first, second = index[:, 0], index[:, 1]
    while len(first):
        # Every cluster hangs itself below the smallest one that it is linked with.
        left, right = parent[first], parent[second]
        low, high = np.minimum(left, right), np.maximum(left, right)
        apart = low != high
        first, second, low, high = (
            first[apart],
            second[apart],
            low[apart],
            high[apart],
        )
        np.minimum.at(parent, high, low)
        while not np.array_equal(parent, parent[parent]):
            parent = parent[parent]
    return parent
