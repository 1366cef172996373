"""Pairs of samples that are too similar: what an audit found, as objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signdata.similarity.comparison import Comparison
from signdata.similarity.fingerprints import Fingerprint
from signdata.similarity.near_duplicates import numbered


@dataclass(frozen=True)
class Pair:
    """A sample and the one that it is too similar to.

    Attributes
    ----------
    kind : str
        ``leak``, ``exact-duplicate``, ``label-conflict``, ``near-label-conflict`` or
        ``near-duplicate``.
    sample_id, partner_id : str
        The sample that the finding is about, and the other one; ``NAME:ID`` where that is in
        another dataset.
    sample_split, partner_split : str
        The split of each, '' if it has none; where several datasets are compared, the dataset.
    correlation : float
        Of their thumbnails; 1 for the same pixels.
    same_pixels : bool
        Whether every pixel is the same.
    sample, partner : int
        Their places in `signdata.auditing.run.Audit.fingerprints`.
    """

    kind: str
    sample_id: str
    partner_id: str
    sample_split: str
    partner_split: str
    correlation: float
    same_pixels: bool
    sample: int
    partner: int

    @property
    def correlation_text(self) -> str:
        """The correlation as it is listed: ``0.990``; ``1`` for the same pixels."""
        return "1" if self.same_pixels else f"{self.correlation:.3f}"


@dataclass(frozen=True)
class Compared:
    """The samples that were compared, and what came of it.

    Attributes
    ----------
    compared : Comparison
    samples : sequence of Fingerprint
        In the order of `compared`.
    datasets : sequence of str
        The name of each sample's dataset; () where there is only one.
    """

    compared: Comparison
    samples: Sequence[Fingerprint]
    datasets: Sequence[str] = ()

    def part(self, i: int) -> str:
        """The split or dataset of a sample."""
        return self.compared.parts[i]

    def same_pixels(self, i: int, j: int) -> bool:
        """Whether two samples have the same pixels."""
        return bool(self.compared.pixels[i] == self.compared.pixels[j])

    def pair(self, kind: str, sample: int, partner: int, correlation: float) -> Pair:
        """Two samples as a pair."""
        partner_id = self.samples[partner].id
        if self.datasets and self.datasets[partner] != self.datasets[sample]:
            partner_id = f"{self.datasets[partner]}:{partner_id}"
        same = self.same_pixels(sample, partner)
        return Pair(
            kind,
            self.samples[sample].id,
            partner_id,
            self.part(sample),
            self.part(partner),
            1.0 if same else float(correlation),
            same,
            sample,
            partner,
        )


@dataclass(frozen=True)
class Group:
    """A group of near-duplicates.

    Attributes
    ----------
    members : list of int
        Its samples, in order.
    pairs : list of Pair
        Each member with the one that it is most similar to.
    """

    members: list[int]
    pairs: list[Pair]


def groups(all_of: Compared) -> Iterator[Group]:
    """The groups of near-duplicates, the largest first."""
    partner, value = _most_similar(all_of)
    for cluster in all_of.compared.clusters():
        members = cluster.tolist()
        twins = _copies_among(all_of, members)
        yield Group(
            members,
            [
                all_of.pair("near-duplicate", i, twins.get(i, int(partner[i])), float(value[i]))
                for i in members
            ],
        )


def _most_similar(all_of: Compared) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """(N,) the most similar twin of each sample that has its label, and the correlation."""
    found = all_of.compared.twins.inside(numbered([one.label for one in all_of.samples]))
    one = np.concatenate([found.index[:, 0], found.index[:, 1]])
    other = np.concatenate([found.index[:, 1], found.index[:, 0]])
    values = np.concatenate([found.correlation, found.correlation])
    rising = np.lexsort((-other, values))  # the last one written is the strongest, then the first
    partner = np.full(len(all_of.samples), -1, np.int64)
    value = np.zeros(len(all_of.samples), np.float32)
    partner[one[rising]] = other[rising]
    value[one[rising]] = values[rising]
    return partner, value


def _copies_among(all_of: Compared, members: Sequence[int]) -> dict[int, int]:
    """For each member with a copy among the others, the first of them."""
    pixels = all_of.compared.pixels[list(members)].tolist()
    of_pixels: dict[int, list[int]] = {}
    for i, number in zip(members, pixels, strict=True):
        of_pixels.setdefault(number, []).append(i)
    return {
        i: same[1] if i == same[0] else same[0]
        for same in of_pixels.values()
        if len(same) > 1
        for i in same
    }
