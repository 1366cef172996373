"""Holding all samples against each other: copies, twins, clusters, leaks.

Pure: what was seen of the samples in, numbers out. Of samples with the same pixels, label and
part one is compared with the rest and speaks for all, so that many copies cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from signdata.similarity import near_duplicates
from signdata.similarity.fingerprints import Fingerprint
from signdata.similarity.leakage import Known, Leak, alike, leaks, told_apart
from signdata.similarity.near_duplicates import RELATED, TWIN, Pairs, Vectors, clusters, numbered


@dataclass(frozen=True)
class Likeness:
    """Which samples are alike; all arrays are in the samples' order.

    Attributes
    ----------
    parts : list of str
        Split or dataset of each; '' is no part.
    order : list of str
        The parts there are, the first one first.
    pixels : ndarray
        (N,) a number for each one's pixels, the same for the same.
    copy_of : ndarray
        (N,) the first sample, in the order of the parts, with the same pixels.
    twins, related : Pairs
        Whatever their labels; and inside labels, between clusters, at a lower threshold.
    cluster_of : ndarray
        (N,) cluster of each, linked inside labels: its smallest member.
    leaks : list of Leak
        Between each two parts.
    """

    parts: list[str]
    order: list[str]
    pixels: NDArray[np.int64]
    copy_of: NDArray[np.int64]
    twins: Pairs
    related: Pairs
    cluster_of: NDArray[np.int64]
    leaks: list[Leak]

    @property
    def copies(self) -> list[int]:
        """Samples whose pixels an earlier one has."""
        found: list[int] = np.flatnonzero(self.copy_of != np.arange(len(self.copy_of))).tolist()
        return found

    @property
    def n_clusters(self) -> int:
        """How many clusters there are, those of one member among them."""
        return len(np.unique(self.cluster_of))

    def part(self, name: str) -> NDArray[np.bool_]:
        """(N,) whether each sample is of a part."""
        return np.array([part == name for part in self.parts], bool)

    def clusters(self) -> list[NDArray[np.int64]]:
        """Members of each cluster of at least two, the largest first."""
        return list(near_duplicates.members(self.cluster_of))


def compare(
    looks: Sequence[Fingerprint],
    vectors: Vectors,
    parts: list[str],
    order: list[str],
    *,
    threshold: float = TWIN,
    workers: int | None = None,
    progress: Callable[[int, int | None], None] | None = None,
) -> Likeness:
    """Find what is alike among readable samples.

    Parameters
    ----------
    parts, order
        As in `Likeness`.
    threshold : float
        Correlation from which two pictures are twins.
    workers, progress
        As in `duplicates.pairs`.
    """
    labels = numbered([fingerprint.label for fingerprint in looks])
    pixels = told_apart(numbered([fingerprint.sha256 for fingerprint in looks]))
    kinds = _kinds(labels, parts)
    spokesman = _first_of(np.stack([pixels, kinds], axis=1), np.zeros(len(looks), np.int64))
    chosen = np.flatnonzero(spokesman == np.arange(len(looks)))
    found = near_duplicates.pairs(
        vectors if len(chosen) == len(vectors) else vectors[chosen],
        threshold,
        related=RELATED if threshold > RELATED else None,
        labels=labels[chosen],
        kinds=kinds[chosen],
        workers=workers,
        progress=progress,
    )
    found = Pairs(chosen[found.index], found.correlation)
    twins = found.above(threshold)
    cluster_of = clusters(
        len(looks),
        near_duplicates.joined([twins.inside(labels), _copies(spokesman, chosen)]),
    )
    left, right = cluster_of[found.index[:, 0]], cluster_of[found.index[:, 1]]
    known = Known(
        parts,
        [fingerprint.sha256 for fingerprint in looks],
        [fingerprint.group for fingerprint in looks],
        [fingerprint.signer for fingerprint in looks],
        twins,
        cluster_of,
    )
    present = [name for name in order if name in set(parts)]
    rank = {name: number for number, name in enumerate(present)}
    ranks = np.array([rank.get(part, -1) for part in parts], np.int64)
    return Likeness(
        parts,
        present,
        pixels,
        _first_of(pixels[:, None], ranks),
        twins,
        found.where((found.correlation < threshold) & (left != right)),
        cluster_of,
        leaks(present, known),
    )


def _kinds(labels: NDArray[np.int64], parts: Sequence[str]) -> NDArray[np.int64]:
    """(N,) a number for each one's label and part together."""
    names = sorted(set(parts))
    part_of = np.array([names.index(part) for part in parts], np.int64)
    found: NDArray[np.int64] = labels * len(names) + part_of
    return found


def _first_of(keys: NDArray[np.int64], ranks: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N,) the first sample, by rank and then by number, of those with the same keys (N, K)."""
    if not len(keys):
        return np.empty(0, np.int64)
    _, groups = np.unique(keys, axis=0, return_inverse=True)
    groups = groups.reshape(-1)
    order = np.lexsort((np.arange(len(keys)), ranks))
    first = np.full(int(groups.max()) + 1, -1, np.int64)
    first[groups[order[::-1]]] = order[::-1]
    found: NDArray[np.int64] = first[groups]
    return found


def _copies(spokesman: NDArray[np.int64], chosen: NDArray[np.int64]) -> Pairs:
    """Pairs of a sample and the one that speaks for it."""
    others = np.setdiff1d(np.arange(len(spokesman)), chosen)
    index = np.stack([spokesman[others], others], axis=1).astype(np.int64)
    return Pairs(index, np.ones(len(others), np.float32))


@dataclass(frozen=True)
class Leaking:
    """A sample that leaks.

    Attributes
    ----------
    index, partner : int
        The sample, and one like it in an earlier part.
    correlation : float
        1 for the very pixels.
    """

    index: int
    partner: int
    correlation: float


def leaking(like: Likeness, order: Sequence[str], out: NDArray[np.bool_]) -> Iterator[Leaking]:
    """Yield the samples of later parts with a twin in an earlier one, each once.

    Parameters
    ----------
    order : sequence of str
        The parts, the earliest first.
    out : ndarray
        (N,) samples that are left out of account; those that are yielded join them.
    """
    best = _best_partners(like)
    for other, one in sorted((b, a) for a, b in combinations(range(len(order)), 2)):
        first, second = like.part(order[one]) & ~out, like.part(order[other]) & ~out
        exact, near = alike(like.pixels, like.twins, first, second)
        members = _members(like.pixels, first)
        for i in np.flatnonzero(near).tolist():
            out[i] = True
            pixels = int(like.pixels[i])
            if exact[i]:
                yield Leaking(i, members[pixels], 1.0)
                continue
            partner, value = next((p, v) for p, v in best[pixels] if p in members)
            yield Leaking(i, members[partner], value)


def _members(pixels: NDArray[np.int64], mask: NDArray[np.bool_]) -> dict[int, int]:
    """The first sample of a part with each picture."""
    chosen = np.flatnonzero(mask)[::-1]
    return dict(zip(pixels[chosen].tolist(), chosen.tolist(), strict=True))


def _best_partners(like: Likeness) -> dict[int, list[tuple[int, float]]]:
    """Twins of each picture that has some in another part, the most alike first."""
    part_of = numbered(like.parts)
    spread: dict[int, set[int]] = {}
    for picture, part in zip(like.pixels.tolist(), part_of.tolist(), strict=True):
        spread.setdefault(picture, set()).add(part)
    partners: dict[int, list[tuple[int, float]]] = {}
    index = like.pixels[like.twins.index]
    for (one, other), value in zip(index.tolist(), like.twins.correlation.tolist(), strict=True):
        if one != other and len(spread[one] | spread[other]) > 1:
            partners.setdefault(one, []).append((other, value))
            partners.setdefault(other, []).append((one, value))
    for some in partners.values():
        some.sort(key=lambda pair: (-pair[1], pair[0]))
    return partners
