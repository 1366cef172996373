"""Compare all samples with each other: copies, twins, clusters, leaks.

Pure: fingerprints in, numbers out. Of the samples with the same pixels, label and part, only
one representative is compared with the rest, so that exact copies cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from signdata.similarity import near_duplicates
from signdata.similarity.fingerprints import Fingerprint
from signdata.similarity.leakage import Known, Leak, distinct_numbers, exact_and_near, leaks
from signdata.similarity.near_duplicates import RELATED, TWIN, Pairs, Vectors, clusters, numbered


@dataclass(frozen=True)
class Comparison:
    """Which samples are similar; all arrays are in the samples' order.

    Attributes
    ----------
    parts : list of str
        Split or dataset of each sample; '' if it has none.
    order : list of str
        The parts that have samples, in order.
    pixels : ndarray
        (N,) a number for each sample's pixels, equal if the pixels are equal.
    copy_of : ndarray
        (N,) index of the first sample, in the order of the parts, with the same pixels.
    twins, related : Pairs
        Twins with any labels, and pairs above a lower threshold that have the same label but
        are in different clusters.
    cluster_of : ndarray
        (N,) cluster of each sample, named by its smallest member; twins with different labels
        are not linked.
    leaks : list of Leak
        One for each two parts.
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
        """Samples with the same pixels as an earlier one."""
        found: list[int] = np.flatnonzero(self.copy_of != np.arange(len(self.copy_of))).tolist()
        return found

    @property
    def n_clusters(self) -> int:
        """Number of clusters, including those of one member."""
        return len(np.unique(self.cluster_of))

    def part(self, name: str) -> NDArray[np.bool_]:
        """(N,) bool: whether each sample belongs to the part `name`."""
        return np.array([part == name for part in self.parts], bool)

    def clusters(self) -> list[NDArray[np.int64]]:
        """Members of each cluster of two or more, the largest first."""
        return list(near_duplicates.members(self.cluster_of))


def compare(
    samples: Sequence[Fingerprint],
    vectors: Vectors,
    parts: list[str],
    order: list[str],
    *,
    threshold: float = TWIN,
    workers: int | None = None,
    progress: Callable[[int, int | None], None] | None = None,
) -> Comparison:
    """Find copies, twins, clusters and leaks among readable samples.

    Parameters
    ----------
    parts, order
        As in `Comparison`.
    threshold : float
        Correlation from which two pictures are twins.
    workers, progress
        As in `near_duplicates.pairs`.
    """
    labels = numbered([fingerprint.label for fingerprint in samples])
    pixels = distinct_numbers(numbered([fingerprint.sha256 for fingerprint in samples]))
    kinds = _kinds(labels, parts)
    representative = _first_of(np.stack([pixels, kinds], axis=1), np.zeros(len(samples), np.int64))
    chosen = np.flatnonzero(representative == np.arange(len(samples)))
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
        len(samples),
        near_duplicates.joined([twins.inside(labels), _copies(representative, chosen)]),
    )
    left, right = cluster_of[found.index[:, 0]], cluster_of[found.index[:, 1]]
    known = Known(
        parts,
        [fingerprint.sha256 for fingerprint in samples],
        [fingerprint.group for fingerprint in samples],
        [fingerprint.signer for fingerprint in samples],
        twins,
        cluster_of,
    )
    present = [name for name in order if name in set(parts)]
    rank = {name: number for number, name in enumerate(present)}
    ranks = np.array([rank.get(part, -1) for part in parts], np.int64)
    return Comparison(
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
    """(N,) a number for each sample's combination of label and part."""
    names = sorted(set(parts))
    part_of = np.array([names.index(part) for part in parts], np.int64)
    found: NDArray[np.int64] = labels * len(names) + part_of
    return found


def _first_of(keys: NDArray[np.int64], ranks: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N,) the first sample, by rank and then by index, with the same keys (N, K)."""
    if not len(keys):
        return np.empty(0, np.int64)
    _, groups = np.unique(keys, axis=0, return_inverse=True)
    groups = groups.reshape(-1)
    order = np.lexsort((np.arange(len(keys)), ranks))
    first = np.full(int(groups.max()) + 1, -1, np.int64)
    first[groups[order[::-1]]] = order[::-1]
    found: NDArray[np.int64] = first[groups]
    return found


def _copies(representative: NDArray[np.int64], chosen: NDArray[np.int64]) -> Pairs:
    """Pairs of a sample and its representative."""
    others = np.setdiff1d(np.arange(len(representative)), chosen)
    index = np.stack([representative[others], others], axis=1).astype(np.int64)
    return Pairs(index, np.ones(len(others), np.float32))


@dataclass(frozen=True)
class LeakingSample:
    """A sample with a twin in an earlier part.

    Attributes
    ----------
    index, partner : int
        The sample and its twin.
    correlation : float
        1 for identical pixels.
    """

    index: int
    partner: int
    correlation: float


def leaking_samples(
    compared: Comparison, order: Sequence[str], out: NDArray[np.bool_]
) -> Iterator[LeakingSample]:
    """Yield the samples of later parts with a twin in an earlier one, each once.

    Parameters
    ----------
    order : sequence of str
        The parts, the earliest first.
    out : ndarray
        (N,) bool: samples to ignore. Modified: each sample that is yielded is added.
    """
    best = _best_partners(compared)
    for other, one in sorted((b, a) for a, b in combinations(range(len(order)), 2)):
        first, second = compared.part(order[one]) & ~out, compared.part(order[other]) & ~out
        exact, near = exact_and_near(compared.pixels, compared.twins, first, second)
        members = _members(compared.pixels, first)
        for i in np.flatnonzero(near).tolist():
            out[i] = True
            pixels = int(compared.pixels[i])
            if exact[i]:
                yield LeakingSample(i, members[pixels], 1.0)
                continue
            partner, value = next((p, v) for p, v in best[pixels] if p in members)
            yield LeakingSample(i, members[partner], value)


def _members(pixels: NDArray[np.int64], mask: NDArray[np.bool_]) -> dict[int, int]:
    """The first sample of a part with each pixel number."""
    chosen = np.flatnonzero(mask)[::-1]
    return dict(zip(pixels[chosen].tolist(), chosen.tolist(), strict=True))


def _best_partners(compared: Comparison) -> dict[int, list[tuple[int, float]]]:
    """Twins of each picture that has one in another part, the most similar first."""
    part_of = numbered(compared.parts)
    n = int(compared.pixels.max(initial=-1)) + 1
    lowest, highest = np.full(n, len(part_of)), np.full(n, -2)  # of the parts of each picture
    np.minimum.at(lowest, compared.pixels, part_of)
    np.maximum.at(highest, compared.pixels, part_of)
    one, other = compared.pixels[compared.twins.index].T
    spread = np.minimum(lowest[one], lowest[other]) < np.maximum(highest[one], highest[other])
    chosen = np.flatnonzero((one != other) & spread)  # a list of all would take 160 bytes a pair
    partners: dict[int, list[tuple[int, float]]] = {}
    for first, second, value in zip(
        one[chosen].tolist(),
        other[chosen].tolist(),
        compared.twins.correlation[chosen].tolist(),
        strict=True,
    ):
        partners.setdefault(first, []).append((second, value))
        partners.setdefault(second, []).append((first, value))
    for some in partners.values():
        some.sort(key=lambda pair: (-pair[1], pair[0]))
    return partners
