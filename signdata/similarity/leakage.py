"""Leaks: what appears on both sides of a split, or in two datasets. Pure: arrays in, counts out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from signdata.similarity.near_duplicates import Pairs, numbered


@dataclass(frozen=True)
class Leak:
    """What two parts (splits or datasets) have in common.

    Attributes
    ----------
    between : tuple of str
        The parts: splits in the order train, val, test, or datasets in the order given.
    exact : int
        Samples of the second part whose exact pixels are in the first.
    near : int
        Samples of the second part with a twin in the first, including exact ones.
    linked : int
        Samples of the second part in a cluster that also has samples of the first.
    groups, signers : int
        Number of groups and signers in both parts.
    n : int
        Number of samples in the second part.
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
        """`near` as a fraction of the second part, 0..1."""
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
    """What is known about the samples, all in the same order.

    Attributes
    ----------
    parts : sequence of str
        Split or dataset of each sample; '' if it has none.
    digests : sequence of str
        Checksum of each sample's pixels; '' if unknown.
    groups, signers : sequence of str
        Group and signer of each sample; '' if unknown.
    twins : Pairs
        Pairs of twins with any labels. If several samples have the same checksum, a pair of one
        of them stands for all.
    cluster_of : ndarray
        (N,) cluster of each sample; twins with different labels are not linked.
    """

    parts: Sequence[str]
    digests: Sequence[str]
    groups: Sequence[str]
    signers: Sequence[str]
    twins: Pairs
    cluster_of: NDArray[np.int64]


def leaks(order: Sequence[str], known: Known) -> list[Leak]:
    """What every two parts in `order` have in common."""
    part_of = np.array(known.parts, object)
    masks = {name: np.asarray(part_of == name, bool) for name in order}
    present = [name for name in order if masks[name].any()]
    digests = distinct_numbers(numbered(known.digests))
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
    exact, near = exact_and_near(digests, known.twins, first, second)
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


def exact_and_near(
    digests: NDArray[np.int64], twins: Pairs, first: NDArray[np.bool_], second: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which samples of the second part have exact copies, and which have twins, in the first.

    Parameters
    ----------
    digests : ndarray
        (N,) number of each sample's pixels, from `distinct_numbers`.
    twins : Pairs
        As in `Known`.
    first, second : ndarray
        (N,) bool: whether each sample belongs to the part.
    """
    here = np.zeros(int(digests.max(initial=-1)) + 1, bool)
    here[digests[first]] = True  # by pixels, so that copies are treated the same
    twin = here.copy()
    left, right = digests[twins.index[:, 0]], digests[twins.index[:, 1]]
    twin[right[here[left]]] = True
    twin[left[here[right]]] = True
    return second & here[digests], second & twin[digests]


def distinct_numbers(digests: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers of digests, each unknown one (negative) replaced by a number of its own."""
    unknown = digests < 0
    known = digests.max(initial=-1) + 1
    return np.where(unknown, known + np.cumsum(unknown) - 1, digests)


def _common(names: NDArray[np.int64], first: NDArray[np.bool_], second: NDArray[np.bool_]) -> int:
    both = np.intersect1d(names[first], names[second])
    return int((both >= 0).sum())
