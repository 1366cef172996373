"""Near-duplicates: the same picture up to tone, filter, recompression or a small shift.

Pure: vectors and names in, pairs and clusters out; touches no file. Two pictures are *twins*
when the correlation of their mean-free grey thumbnails is at least 0.98, *related* at 0.95.
The search is exact: what it leaves out is proved to lie below the threshold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signdata.similarity.pair_pruning import linked, thinned
from signdata.workers import pool

Vectors = NDArray[np.float32]
"""(N, D) float32: mean 0, length 1; all 0 for a flat picture, which is nobody's twin."""

TWIN, RELATED = 0.98, 0.95

BLOCK = 2048
"""Pictures compared with as many others at once."""

DENSE = 20_000
"""Pairs of a block that are kept, however few would do."""

LEADING = 64
"""Components that are compared first."""

_MANY = 0.02
"""Share of a block's pairs from which comparing all of them costs less than picking."""

_FLAT = 1.5
"""Grey levels of deviation below which a thumbnail says nothing about its picture."""


def normalised(thumbnails: NDArray[np.uint8]) -> Vectors:
    """Bring thumbnails (N, D), 0..255, to mean 0 and length 1; flat ones to 0."""
    vectors = np.empty(thumbnails.shape, np.float32)
    for start in range(0, len(vectors), BLOCK):  # the whole at once would need it three times
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
    """Pairs of pictures that are alike.

    Attributes
    ----------
    index : ndarray
        (P, 2) int64, the first below the second, sorted.
    correlation : ndarray
        (P,) float32.
    """

    index: NDArray[np.int64]
    correlation: NDArray[np.float32]

    @classmethod
    def none(cls) -> Pairs:
        """No pair."""
        return cls(np.empty((0, 2), np.int64), np.empty(0, np.float32))

    def __len__(self) -> int:
        return len(self.index)

    def where(self, mask: NDArray[np.bool_]) -> Pairs:
        """The pairs that a mask (P,) chooses."""
        return Pairs(self.index[mask], self.correlation[mask])

    def above(self, threshold: float) -> Pairs:
        """The pairs whose correlation is at least `threshold`."""
        return self.where(self.correlation >= threshold)

    def inside(self, labels: NDArray[np.int64]) -> Pairs:
        """The pairs of one label each; `labels` (N,) are numbers."""
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

    The leading components of two vectors and the lengths of what is left of them bound their
    correlation (Cauchy and Schwarz); only pairs whose bound reaches the threshold are compared
    in full. Memory: the vectors, and `BLOCK` squared numbers a worker.

    Parameters
    ----------
    vectors : ndarray
        As `normalised` gives them.
    threshold : float
        Above 0, so that flat pictures are never found.
    related : float, optional
        A lower threshold for pairs of one label.
    labels : ndarray, optional
        (N,) number of each one's label; needed for `related` and `kinds`.
    kinds : ndarray, optional
        (N,) number of each one's label and part. Then, where more than `DENSE` pairs of a
        block are alike, only those are returned that `thinning` needs: memory stays bounded.
    workers : int, optional
        Processes; all cores by default.
    progress : callable, optional
        Told how many comparisons of blocks are done.
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
    """All pairs of several, sorted."""
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
        rows, columns = np.nonzero(bound >= lowest - _SLACK)
        if block[0] == block[1]:
            upper = rows < columns
            rows, columns = rows[upper], columns[upper]
        if len(rows) > _MANY * bound.size:
            values = (self.vectors[first] @ self.vectors[second].T)[rows, columns]
        else:
            values = self._each(rows + block[0], columns + block[1])
        alike = values >= self.threshold
        if self.related is not None and self.labels is not None:
            same = self.labels[first][rows] == self.labels[second][columns]
            alike |= same & (values >= self.related)
        index = np.stack([rows[alike] + block[0], columns[alike] + block[1]], axis=1)
        found = Pairs(index.astype(np.int64), values[alike].astype(np.float32))
        if len(found) <= DENSE or self.labels is None or self.kinds is None:
            return found
        # The related ones are thinned apart: none of them may stand for a twin.
        twin = found.correlation >= self.threshold
        return joined([self._thinned(found.where(twin)), self._thinned(found.where(~twin))])

    def _thinned(self, found: Pairs) -> Pairs:
        assert self.labels is not None
        assert self.kinds is not None
        kept = thinned(found.index, found.correlation, self.labels, self.kinds)
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
"""More than single precision can be off by."""


def _bounding(vectors: Vectors) -> Vectors:
    """Vectors (N, `LEADING` + 1) whose products are never below those of `vectors`."""
    if vectors.shape[1] <= LEADING + 1 or not len(vectors):
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
        (n,) int64: the smallest member of each one's cluster; itself where it is alone.
    """
    return linked(n, found.index)


def sizes(cluster_of: NDArray[np.int64]) -> dict[int, int]:
    """How many members each cluster has, by its smallest member."""
    members, counts = np.unique(cluster_of, return_counts=True)
    return dict(zip(members.tolist(), counts.tolist(), strict=True))


def numbered(names: Sequence[str]) -> NDArray[np.int64]:
    """A number for each name, the same for equal names; -1 for ''."""
    known = {name: number for number, name in enumerate(sorted(set(names) - {""}))}
    return np.array([known.get(name, -1) for name in names], np.int64)


def members(cluster_of: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield the members of each cluster of at least two, the largest first."""
    order = np.argsort(cluster_of, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(cluster_of[order])) + 1)
    yield from sorted((part for part in parts if len(part) > 1), key=lambda p: (-len(p), p[0]))
