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
        kind, and a spanning forest inside labels.
    """
    left, right = index[:, 0], index[:, 1]
    chosen = [
        _best(left, kinds[right], correlation),
        _best(right, kinds[left], correlation),
    ]
    inside = np.flatnonzero(labels[left] == labels[right])
    chosen.append(inside[_forest(index[inside], correlation[inside])])
    return np.unique(np.concatenate(chosen))


def _best(one: Numbers, kind: Numbers, correlation: NDArray[np.float32]) -> Numbers:
    """Position of the strongest pair of each sample with each kind."""
    order = np.lexsort((-correlation, kind, one))
    fresh = np.ones(len(order), bool)
    fresh[1:] = (np.diff(one[order]) != 0) | (np.diff(kind[order]) != 0)
    return order[fresh].astype(np.int64)


def _forest(index: Numbers, correlation: NDArray[np.float32]) -> Numbers:
    """Positions of pairs that link all that the pairs link (after Boruvka)."""
    names, where = np.unique(index, return_inverse=True)
    ends = where.reshape(index.shape).astype(np.int64)
    of = np.arange(len(names))
    alive, kept = np.arange(len(ends)), [np.empty(0, np.int64)]
    while len(alive):
        ends_of = of[ends[alive]]
        apart = ends_of[:, 0] != ends_of[:, 1]
        alive, ends_of = alive[apart], ends_of[apart]
        nothing = np.zeros(len(alive), np.int64)
        best = np.union1d(
            _best(ends_of[:, 0], nothing, correlation[alive]),
            _best(ends_of[:, 1], nothing, correlation[alive]),
        )
        kept.append(alive[best])
        of = linked(len(names), ends[np.concatenate(kept)])
    return np.concatenate(kept)


def linked(n: int, index: Numbers) -> Numbers:
    """(n,) the smallest number that each one is linked with by the pairs (P, 2); itself if none."""
    parent = np.arange(n)
    first, second = index[:, 0], index[:, 1]
    while len(first):
        # Every cluster hangs itself below the smallest one that it is linked with.
        left, right = parent[first], parent[second]
        low, high = np.minimum(left, right), np.maximum(left, right)
        apart = low != high
        first, second, low, high = first[apart], second[apart], low[apart], high[apart]
        np.minimum.at(parent, high, low)
        while not np.array_equal(parent, parent[parent]):
            parent = parent[parent]
    return parent
