"""Leaks: what stands on both sides of a split, or in two datasets. Pure: arrays in, counts out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from signdata.similarity.near_duplicates import Pairs, numbered


@dataclass(frozen=True)
class Leak:
    """What two parts of the data have in common.

    Attributes
    ----------
    between : tuple of str
        The parts: splits in the order train, val, test, or datasets as they were given.
    exact : int
        The second part's samples whose very pixels are in the first.
    near : int
        The second part's samples with a twin in the first, exact ones among them.
    linked : int
        The second part's samples in a cluster that also holds samples of the first.
    groups, signers : int
        Names of groups and signers that both parts have.
    n : int
        Samples of the second part.
    """

    between: tuple[str, str]
    exact: int
    near: int
    linked: int
    groups: int
    signers: int
    n: int

    @property
    def share(self) -> float:
        """`near` as a share of the second part."""
        return self.near / self.n if self.n else 0.0

    def __bool__(self) -> bool:
        return bool(self.near or self.linked or self.groups or self.signers)

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "between": list(self.between),
            "exact": self.exact,
            "near": self.near,
            "linked": self.linked,
            "share": round(self.share, 6),
            "groups": self.groups,
            "signers": self.signers,
        }


@dataclass(frozen=True)
class Known:
    """What is known of all samples, in one order.

    Attributes
    ----------
    parts : sequence of str
        Split or dataset of each; '' is no part.
    digests : sequence of str
        Digest of each one's pixels; '' where not known.
    groups, signers : sequence of str
        '' where not known.
    twins : Pairs
        Pairs of twins, whatever their labels. Of pictures with one digest, one that is paired
        speaks for all.
    cluster_of : ndarray
        (N,) cluster of each, linked inside labels.
    """

    parts: Sequence[str]
    digests: Sequence[str]
    groups: Sequence[str]
    signers: Sequence[str]
    twins: Pairs
    cluster_of: NDArray[np.int64]


def leaks(order: Sequence[str], known: Known) -> list[Leak]:
    """What each two of the parts in `order` have in common; each pair once."""
    part_of = np.array(known.parts, object)
    masks = {name: np.asarray(part_of == name, bool) for name in order}
    present = [name for name in order if masks[name].any()]
    digests = told_apart(numbered(known.digests))
    groups, signers = numbered(known.groups), numbered(known.signers)
    return [
        _between(one, other, masks[one], masks[other], known, digests, groups, signers)
        for one, other in combinations(present, 2)
    ]


def _between(
    one: str,
    other: str,
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    known: Known,
    digests: NDArray[np.int64],
    groups: NDArray[np.int64],
    signers: NDArray[np.int64],
) -> Leak:
    exact, near = alike(digests, known.twins, first, second)
    linked = second & np.isin(known.cluster_of, known.cluster_of[first])
    return Leak(
        (one, other),
        int(exact.sum()),
        int(near.sum()),
        int(linked.sum()),
        _common(groups, first, second),
        _common(signers, first, second),
        int(second.sum()),
    )


def alike(
    digests: NDArray[np.int64],
    twins: Pairs,
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which of the second part have their very pixels, and which have a twin, in the first.

    Parameters
    ----------
    digests : ndarray
        (N,) number of each one's pixels, as `told_apart` gives them.
    twins : Pairs
        As in `Known`.
    first, second : ndarray
        (N,) whether each is of the part.
    """
    here = np.zeros(int(digests.max(initial=-1)) + 1, bool)
    here[digests[first]] = True  # by picture: copies of one count alike
    twin = here.copy()
    left, right = digests[twins.index[:, 0]], digests[twins.index[:, 1]]
    twin[right[here[left]]] = True
    twin[left[here[right]]] = True
    return second & here[digests], second & twin[digests]


def told_apart(digests: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers of digests, where those that are not known get one each."""
    unknown = digests < 0
    known = digests.max(initial=-1) + 1
    return np.where(unknown, known + np.cumsum(unknown) - 1, digests)


def _common(names: NDArray[np.int64], first: NDArray[np.bool_], second: NDArray[np.bool_]) -> int:
    both = np.intersect1d(names[first], names[second])
    return int((both >= 0).sum())
