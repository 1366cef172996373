"""Near-duplicates: the same picture up to tone, filter, recompression or a small shift.

Pure: vectors and names in, pairs and clusters out; touches no file. Two pictures are *twins*
if the correlation of their mean-free grey thumbnails is at least 0.98, *related* from 0.95.
The search is exact: a pair is skipped only if it is proved to be below the threshold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signdata.similarity.pair_pruning import linked, pruned
from signdata.workers import pool

Vectors = NDArray[np.float32]
"""(N, D) float32: mean 0, length 1; all 0 for a uniform picture, which has no twins."""

TWIN, RELATED = 0.98, 0.95

BLOCK = 2048
"""Block size: this many pictures are compared with as many others at once."""

DENSE = 20_000
"""Pairs in a block above which redundant pairs are pruned."""

LEADING = 64
"""Number of principal components that are compared first."""

_MANY = 0.02
"""Share of a block's pairs above which comparing all of them is cheaper than selecting some."""

_FLAT = 1.5
"""Standard deviation, in grey levels, below which a thumbnail counts as uniform."""


def normalised(thumbnails: NDArray[np.uint8]) -> Vectors:
    """Normalise thumbnails (N, D), 0..255, to mean 0 and length 1; uniform ones to all 0."""
    vectors = np.empty(thumbnails.shape, np.float32)
    for start in range(0, len(vectors), BLOCK):  # all at once would need three times the memory
        some = thumbnails[start : start + BLOCK].astype(np.float32)
        some -= some.mean(axis=1, keepdims=True)
        length = np.linalg.norm(some, axis=1, keepdims=True)
        flat = length < _FLAT * np.sqrt(some.shape[1])
        some /= np.where(flat, 1, length)
        some[flat[:, 0]] = 0
        vectors[start : start + BLOCK] = some
    return vectors


@dataclass(frozen=True)
class Pairs:
    """Pairs of similar pictures.

    Attributes
    ----------
    index : ndarray
        (P, 2) int64, sorted; in each pair, the first index is smaller than the second.
    correlation : ndarray
        (P,) float32.
    """

    index: NDArray[np.int64]
    correlation: NDArray[np.float32]

    @classmethod
    def none(cls) -> Pairs:
        """An empty set of pairs."""
        return cls(np.empty((0, 2), np.int64), np.empty(0, np.float32))

    def __len__(self) -> int:
        return len(self.index)

    def where(self, mask: NDArray[np.bool_]) -> Pairs:
        """The pairs selected by a mask (P,)."""
        return Pairs(self.index[mask], self.correlation[mask])

    def above(self, threshold: float) -> Pairs:
        """The pairs whose correlation is at least `threshold`."""
        return self.where(self.correlation >= threshold)

    def inside(self, labels: NDArray[np.int64]) -> Pairs:
        """The pairs whose two labels are equal; `labels` (N,) are numbers."""
        return self.where(labels[self.index[:, 0]] == labels[self.index[:, 1]])


def pairs(
    vectors: Vectors,
    threshold: float = TWIN,
    *,
    related: float | None = None,
    labels: NDArray[np.int64] | None = None,
    kinds: NDArray[np.int64] | None = None,
    workers: int | None = None,
    progress: Callable[[int, int | None], None] | None = None,
) -> Pairs:
    """Find all pairs with a correlation of at least `threshold`.

    The leading components of two vectors and the norms of the remainders bound their
    correlation (Cauchy-Schwarz); only pairs whose bound reaches the threshold are compared in
    full. Memory: the vectors, and `BLOCK` squared numbers per worker.

    Parameters
    ----------
    vectors : ndarray
        From `normalised`.
    threshold : float
        Above 0, so that uniform pictures are never found.
    related : float, optional
        A lower threshold for pairs with the same label.
    labels : ndarray, optional
        (N,) number of each picture's label; needed for `related` and `kinds`.
    kinds : ndarray, optional
        (N,) number of each picture's combination of label and part. If given, a block with more
        than `DENSE` pairs returns only those that `pair_pruning` keeps, to bound the memory.
    workers : int, optional
        Worker processes; all cores by default.
    progress : callable, optional
        Called with the number of block comparisons done and their total.
    """
    starts = range(0, len(vectors), BLOCK)
    blocks = [(a, b) for a in starts for b in starts if a <= b]
    search = _Search(vectors, _bounding(vectors), threshold, related, labels, kinds)
    n_workers = pool.n_workers(workers) if len(blocks) > 1 else 1
    found = []
    for done, (_, [some]) in enumerate(pool.run(search, blocks, workers=n_workers), 1):
        assert isinstance(some, Pairs)
        found.append(some)
        if progress:
            progress(done, len(blocks))
    return joined(found)


def joined(several: Sequence[Pairs]) -> Pairs:
    """All pairs of several sets, sorted."""
    index = np.concatenate([one.index for one in (Pairs.none(), *several)])
    correlation = np.concatenate([one.correlation for one in (Pairs.none(), *several)])
    order = np.lexsort((index[:, 1], index[:, 0]))
    return Pairs(index[order], correlation[order])


@dataclass(frozen=True)
class _Search:
    """Compares one block of vectors with another; runs in a worker."""

    vectors: Vectors
    bounding: Vectors
    threshold: float
    related: float | None = None
    labels: NDArray[np.int64] | None = None
    kinds: NDArray[np.int64] | None = None

    def __call__(self, block: tuple[int, int]) -> Pairs:
        first, second = (slice(start, start + BLOCK) for start in block)
        bound = self.bounding[first] @ self.bounding[second].T
        lowest = self.threshold if self.related is None else min(self.related, self.threshold)
        near = np.flatnonzero(bound >= lowest - _SLACK)  # ten times faster than `nonzero` of rows
        rows, columns = np.divmod(near, bound.shape[1])
        if block[0] == block[1]:
            upper = rows < columns
            rows, columns = rows[upper], columns[upper]
        if len(rows) > _MANY * bound.size:
            values = (self.vectors[first] @ self.vectors[second].T)[rows, columns]
        else:
            values = self._each(rows + block[0], columns + block[1])
        similar = values >= self.threshold
        if self.related is not None and self.labels is not None:
            same = self.labels[first][rows] == self.labels[second][columns]
            similar |= same & (values >= self.related)
        index = np.stack([rows[similar] + block[0], columns[similar] + block[1]], axis=1)
        found = Pairs(index.astype(np.int64), values[similar].astype(np.float32))
        if len(found) <= DENSE or self.labels is None or self.kinds is None:
            return found
        # Related pairs are pruned separately: none of them may replace a pair of twins.
        twin = found.correlation >= self.threshold
        return joined([self._pruned(found.where(twin)), self._pruned(found.where(~twin))])

    def _pruned(self, found: Pairs) -> Pairs:
        assert self.labels is not None
        assert self.kinds is not None
        kept = pruned(found.index, found.correlation, self.labels, self.kinds)
        return Pairs(found.index[kept], found.correlation[kept])

    def _each(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.float32]:
        values = np.empty(len(rows), np.float32)
        for start in range(0, len(rows), BLOCK):
            part = slice(start, start + BLOCK)
            np.einsum(
                "ij,ij->i", self.vectors[rows[part]], self.vectors[columns[part]], out=values[part]
            )
        return values


_SLACK = 1e-4
"""More than the rounding error of float32."""


def _bounding(vectors: Vectors) -> Vectors:
    """Vectors whose dot products are never below those of `vectors`: (N, `LEADING` + 1).

    A few vectors bound themselves: to find the leading directions would take longer than to
    compare them in full.
    """
    if vectors.shape[1] <= LEADING + 1 or len(vectors) <= vectors.shape[1]:
        return vectors
    some = vectors[:: max(1, len(vectors) // 8192)]
    _, directions = np.linalg.eigh(some.T @ some)
    leading = vectors @ directions[:, -LEADING:]
    left = 1 - np.einsum("ij,ij->i", leading, leading)
    left[~vectors.any(axis=1)] = 0
    rest = np.sqrt(np.maximum(left, 0) + _SLACK)
    return np.concatenate([leading, rest[:, None]], axis=1).astype(np.float32)


def clusters(n: int, found: Pairs) -> NDArray[np.int64]:
    """Link pairs into clusters (single linkage).

    Returns
    -------
    ndarray
        (n,) int64: the smallest member of each picture's cluster; itself if it is alone.
    """
    return linked(n, found.index)


def sizes(cluster_of: NDArray[np.int64]) -> dict[int, int]:
    """Number of members of each cluster, keyed by its smallest member."""
    members, counts = np.unique(cluster_of, return_counts=True)
    return dict(zip(members.tolist(), counts.tolist(), strict=True))


def numbered(names: Sequence[str]) -> NDArray[np.int64]:
    """A number for each name, equal for equal names; -1 for ''."""
    known = {name: number for number, name in enumerate(sorted(set(names) - {""}))}
    return np.array([known.get(name, -1) for name in names], np.int64)


def members(cluster_of: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield the members of each cluster of two or more, the largest first."""
    order = np.argsort(cluster_of, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(cluster_of[order])) + 1)
    yield from sorted((part for part in parts if len(part) > 1), key=lambda p: (-len(p), p[0]))
