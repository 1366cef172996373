"""What is known of the samples by now: findings, pairs, measures; more when the audit has ended."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from signdata.auditing.findings import KINDS
from signdata.serving.background_audit import Audited, FoundFinding
from signdata.serving.catalog import Catalog
from signdata.serving.queries import Measures

MOST_EXAMPLES = 64


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of samples of one kind, the most similar first; `total` counts those left out too."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    correlation: NDArray[np.float32]
    total: int


class Known:
    """What is known of the samples.

    Attributes
    ----------
    measures : Measures
    findings : list of FoundFinding
        Those told one by one.
    counts : dict of str to int
        How many findings each kind has.
    pairs : dict of str to Pairs
    clusters : list of ndarray
        Near-duplicates, the largest first.
    """

    def __init__(self, catalog: Catalog, audited: Audited | None) -> None:
        self.audited = audited is not None
        if audited is None:
            audited = _before(catalog)
        self.findings = audited.findings
        self.details = audited.details
        self.errors = audited.errors
        self.counts = {kind: len(some) for kind, some in audited.numbers.items()}
        self.totals: dict[str, int] = audited.details.get("found", self.counts)
        self._numbers = {kind: some[:MOST_EXAMPLES] for kind, some in audited.numbers.items()}
        self.pairs = {
            kind: Pairs(
                np.array(some.first, np.int64),
                np.array(some.second, np.int64),
                np.array(some.correlation, np.float32),
                some.total,
            )
            for kind, some in audited.pairs.items()
        }
        self.clusters = [np.array(some, np.int64) for some in audited.clusters]
        self.measures = _measures(audited, len(catalog), self.audited)

    @cached_property
    def of_sample(self) -> dict[int, list[FoundFinding]]:
        """The findings that are about each sample."""
        found: dict[int, list[FoundFinding]] = {}
        for one in self.findings:
            if one.number >= 0:
                found.setdefault(one.number, []).append(one)
        return found

    @cached_property
    def cluster_of(self) -> dict[int, int]:
        """The cluster of each sample that is in one."""
        return {n: i for i, some in enumerate(self.clusters) for n in some.tolist()}

    def examples(self, kind: str, most: int) -> list[int]:
        """Some samples of a kind of finding."""
        return list(dict.fromkeys(self._numbers.get(kind, ())))[:most]

    def twins(self, number: int, most: int = 12) -> list[tuple[str, int, float]]:
        """Kind, partner and correlation of the pairs that a sample is in."""
        found = []
        for kind, some in self.pairs.items():
            for here, there in ((some.first, some.second), (some.second, some.first)):
                for i in np.flatnonzero(here == number)[:most].tolist():
                    found.append((kind, int(there[i]), float(some.correlation[i])))
        order = {one[1]: one for one in reversed(found)}
        return sorted(order.values(), key=lambda one: -one[2])[:most]


def _before(catalog: Catalog) -> Audited:
    """What is known without an audit: which samples cannot be read."""
    faulty = np.flatnonzero(~catalog.readable).tolist()
    numbers: dict[str, list[int]] = {}
    for n in faulty:
        numbers.setdefault(catalog.faults.value(n), []).append(n)
    return Audited([], numbers, {}, [], [], [], [], {}, {})


def _measures(audited: Audited, n: int, is_audited: bool) -> Measures:
    kinds = (*KINDS, *(kind for kind in audited.numbers if kind not in KINDS))
    bits = np.zeros(n, np.uint64)
    for i, kind in enumerate(kinds):
        if kind in audited.numbers:
            bits[np.array(audited.numbers[kind], np.int64)] |= np.uint64(1 << i)
    if not is_audited:
        return Measures(kinds, bits, {})
    found = {
        "sharpness": audited.sharpness,
        "brightness": audited.brightness,
        "duration": audited.frames,
    }
    return Measures(kinds, bits, {name: np.array(some, np.float32) for name, some in found.items()})
