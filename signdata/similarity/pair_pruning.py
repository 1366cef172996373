"""Drop redundant pairs where nearly all pictures are similar. Pure.

Thousands of frames from a static camera form millions of pairs. Far fewer are enough to tell
which samples are linked, and which have a twin with another label or in another part.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


def pruned(
    index: Numbers, correlation: NDArray[np.float32], labels: Numbers, kinds: Numbers
) -> Numbers:
    """Choose pairs that preserve the clusters within labels, and who has a twin in which kind.

    Parameters
    ----------
    index : ndarray
        (P, 2) int64, pairs.
    correlation : ndarray
        (P,) float32.
    labels, kinds : ndarray
        (N,) numbers: each sample's label, and its combination of label and part.

    Returns
    -------
    ndarray
        Sorted positions of the pairs to keep: for each sample its most similar partner of each
        kind, and the pairs needed to keep the clusters within labels.
    """
    if not len(index):
        return np.empty(0, np.int64)
    left, right = index[:, 0], index[:, 1]
    rising = np.argsort(correlation)
    chosen = np.union1d(_best(rising, left, kinds[right]), _best(rising, right, kinds[left]))
    # Add pairs only where these do not link a cluster completely; usually they do.
    n = int(index.max()) + 1
    same = labels[left] == labels[right]
    cluster = linked(n, index[chosen[same[chosen]]])
    loose = np.flatnonzero(same & (cluster[left] != cluster[right]))
    while len(loose):
        ends = np.sort(cluster[index[loose]], axis=1)
        _, first = np.unique(ends, axis=0, return_index=True)
        more = loose[first]
        chosen = np.union1d(chosen, more)
        cluster = linked(n, np.concatenate([_links(cluster), index[more]]))
        loose = loose[cluster[left[loose]] != cluster[right[loose]]]
    return chosen


def _best(rising: Numbers, one: Numbers, kind: Numbers) -> Numbers:
    """Positions of each sample's most similar pair for each kind of partner."""
    there = np.zeros(int(kind.max()) + 1, bool)
    there[kind] = True
    number = np.cumsum(there) - 1
    slot = (one - one.min()) * int(there.sum()) + number[kind]
    strongest = np.full(int(slot.max()) + 1, -1, np.int64)
    strongest[slot[rising]] = rising  # the last one written is the strongest
    return strongest[strongest >= 0]


def _links(cluster: Numbers) -> Numbers:
    """Pairs (P, 2) that reproduce the given clusters."""
    each = np.arange(len(cluster))
    found: Numbers = np.stack([cluster, each], axis=1)[cluster != each]
    return found


def linked(n: int, index: Numbers) -> Numbers:
    """(n,) the smallest index that each one is linked to by pairs (P, 2); itself if none."""
    parent = np.arange(n)
    first, second = index[:, 0], index[:, 1]
    while len(first):
        # Attach every cluster to the smallest one that it is linked to.
        left, right = parent[first], parent[second]
        low, high = np.minimum(left, right), np.maximum(left, right)
        differ = low != high
        first, second, low, high = (first[differ], second[differ], low[differ], high[differ])
        np.minimum.at(parent, high, low)
        while not np.array_equal(parent, parent[parent]):
            parent = parent[parent]
    return parent
