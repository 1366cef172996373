"""The `audit` command: look at everything once, hold it against each other, say what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from signdata.auditing import dataset_findings, duplicate_findings, sample_findings
from signdata.auditing.findings import Finding, ordered
from signdata.errors import DatasetError, UsageError
from signdata.formats.reader import DatasetInfo, Reader
from signdata.samples import SPLITS
from signdata.similarity import near_duplicates, neighbour_probe
from signdata.similarity.comparison import Leaking, Likeness, compare, leaking
from signdata.similarity.fingerprints import SIDE, Fingerprint, Fingerprints, fingerprint, side_for
from signdata.similarity.near_duplicates import TWIN, Vectors
from signdata.similarity.neighbour_probe import Probe

LOWEST = 0.5
"""Thresholds below this would call anything a twin."""


@dataclass(frozen=True)
class AuditOptions:
    """How an audit is to be done.

    Attributes
    ----------
    threshold : float
        Correlation from which two pictures are twins.
    seed : int
        Of the probe's hold-outs.
    workers : int or None
        Processes; None takes all cores.
    progress : callable or None
        Told how much is done, in samples; each is looked at and then compared.
    """

    threshold: float = TWIN
    seed: int = 0
    workers: int | None = None
    progress: Callable[[int, int | None], None] | None = None


@dataclass(frozen=True)
class Seen:
    """One dataset that was looked at.

    Attributes
    ----------
    name : str
        What it is called in the report.
    reader : Reader
        The dataset.
    info : DatasetInfo
        What its reader says.
    looks : Looks
        All its samples.
    by_split : bool
        Whether its splits are parts of their own beside other datasets.
    alone : bool
        Whether it is the only one.
    """

    name: str
    reader: Reader
    info: DatasetInfo
    looks: Fingerprints
    by_split: bool
    alone: bool

    def part(self, one: Fingerprint) -> str:
        """The part that a sample belongs to: its split, its dataset, or both."""
        if self.alone:
            return one.split
        return f"{self.name}/{one.split}" if self.by_split and one.split else self.name

    @property
    def order(self) -> list[str]:
        """Its parts, the one to learn from first."""
        if self.alone:
            return list(SPLITS)
        return [*(f"{self.name}/{split}" for split in SPLITS if self.by_split), self.name]


@dataclass
class Audit:
    """What was found.

    Attributes
    ----------
    seen : list of Seen
        The datasets.
    looks : list of Look
        Their readable samples, one after another.
    thumbnails : ndarray
        (N, D) uint8, of those.
    like : Likeness
        What is alike among them.
    leaking : list of Leaking
        Samples of later parts with a twin in an earlier one.
    probe : Probe or None
        Of the first dataset.
    """

    seen: list[Seen]
    looks: list[Fingerprint]
    thumbnails: NDArray[np.uint8]
    like: Likeness
    leaking: list[Leaking]
    probe: Probe | None
    threshold: float
    findings: list[Finding] = field(default_factory=list)

    @property
    def first(self) -> Seen:
        """The dataset that was named first."""
        return self.seen[0]

    @property
    def unreadable(self) -> list[Fingerprint]:
        """Samples of all datasets that cannot be read."""
        return [one for seen in self.seen for one in seen.looks.looks if one.error is not None]

    @cached_property
    def places(self) -> list[tuple[int, int]]:
        """Dataset and number in it of each readable sample."""
        return [
            (number, position)
            for number, seen in enumerate(self.seen)
            for position, one in enumerate(seen.looks.looks)
            if one.error is None
        ]

    @property
    def serious(self) -> int:
        """How many findings count."""
        return sum(finding.counts for finding in self.findings)


def audit(readers: Sequence[Reader], paths: Sequence[Path], wanted: AuditOptions) -> Audit:
    """Look at datasets and hold their samples against each other.

    Memory: a thumbnail and a vector of each sample, some 5 KB, and what is under way.

    Raises
    ------
    UsageError
        If the threshold is out of range.
    DatasetError
        If stills and clips are mixed, or nothing can be read.
    """
    if not LOWEST <= wanted.threshold <= 1:
        raise UsageError(f"threshold {wanted.threshold:g}; expected {LOWEST:g} to 1")
    kinds = {reader.info.kind for reader in readers}
    if len(kinds) > 1:
        raise DatasetError("stills beside clips; expected datasets of one kind", path=paths[-1])
    seen = list(_look(readers, paths, wanted))
    kept = [one.looks.readable for one in seen]
    looks = [one for some in kept for one in some.looks]
    if not looks:
        bad = next((one for some in seen for one in some.looks.looks), None)
        what = f": {bad.error.what}" if bad is not None and bad.error else ""
        raise DatasetError(f"nothing could be read{what}", path=paths[0])
    thumbnails = kept[0].thumbnails
    if len(kept) > 1:
        thumbnails = np.concatenate([some.thumbnails for some in kept])
    vectors = near_duplicates.normalised(thumbnails)
    parts = [one.part(item) for one, some in zip(seen, kept, strict=True) for item in some.looks]
    like = compare(
        looks,
        vectors,
        parts,
        [part for one in seen for part in one.order],
        threshold=min(wanted.threshold, 1 - 1e-6),  # as near to 1 as single precision comes
        workers=wanted.workers,
        progress=_second_half(wanted, len(looks)),
    )
    found = Audit(
        seen,
        looks,
        thumbnails,
        like,
        list(leaking(like, like.order, np.zeros(len(looks), bool))),
        _probe(vectors, kept[0].looks, wanted.seed),
        wanted.threshold,
    )
    found.findings = ordered(_findings(found, kept))
    return found


def _look(readers: Sequence[Reader], paths: Sequence[Path], wanted: AuditOptions) -> Iterator[Seen]:
    clips = readers[0].info.kind == "clip"
    side = SIDE if clips else max(side_for(reader) for reader in readers)
    totals = [reader.info.n_samples for reader in readers]
    total = None if None in totals else 2 * sum(n or 0 for n in totals)
    done = 0

    def progress(n: int, _: int | None) -> None:
        if wanted.progress:
            wanted.progress(done + n, total)

    for name, reader in zip(named(paths), readers, strict=True):
        looks = fingerprint(reader, side=side, workers=wanted.workers, progress=progress)
        done += len(looks)
        splits = {one.split for one in looks.looks}
        yield Seen(name, reader, reader.info, looks, len(splits) > 1, len(readers) == 1)


def named(paths: Sequence[Path]) -> list[str]:
    """Base names of datasets; paths as they were typed where these are the same."""
    names = [path.name or path.resolve().name or str(path) for path in paths]
    names = [
        name if names.count(name) == 1 else str(path)
        for name, path in zip(names, paths, strict=True)
    ]
    again = [names[:number].count(name) for number, name in enumerate(names)]
    return [f"{name} ({n + 1})" if n else name for name, n in zip(names, again, strict=True)]


def _second_half(wanted: AuditOptions, n: int) -> Callable[[int, int | None], None] | None:
    tell = wanted.progress
    if tell is None:
        return None
    return lambda done, total: tell(n + n * done // (total or 1), 2 * n)


def _probe(vectors: Vectors, looks: Sequence[Fingerprint], seed: int) -> Probe | None:
    """Of the first dataset: by signers where they are known, else by the numbers in names."""
    labels = [one.label for one in looks]
    some = vectors[: len(looks)]
    by_signers = neighbour_probe.by_signers(some, labels, [one.signer for one in looks], seed)
    return by_signers or neighbour_probe.by_numbers(some, labels, [one.id for one in looks], seed)


def _findings(found: Audit, kept: Sequence[Fingerprints]) -> Iterator[Finding]:
    like, looks = found.like, found.looks

    def place(i: int) -> str:
        return like.parts[i]

    yield from duplicate_findings.leaked(like, looks, found.leaking)
    yield from duplicate_findings.copies(like, looks, place)
    yield from duplicate_findings.conflicts(like, looks, place)
    yield from duplicate_findings.groups(like, looks)
    yield from duplicate_findings.related(like, found.first.name, found.threshold)
    yield from dataset_findings.shared(like.parts, looks)
    labels_of = {part: _labels(looks, like.parts, part) for part in like.order}
    yield from dataset_findings.class_sets(labels_of)
    for number, (seen, some) in enumerate(zip(found.seen, kept, strict=True)):
        yield from sample_findings.unreadable(seen.looks.looks, seen.part)
        if seen.info.kind == "clip":
            yield from sample_findings.clips(some.looks, seen.part)
        else:
            yield from sample_findings.pictures(some.looks, seen.part)
        yield from sample_findings.shapes(some.looks, seen.part)
        yield from dataset_findings.classes(seen.name, seen.info, seen.looks.looks)
        yield from dataset_findings.imbalance(seen.name, some.looks)
        yield from dataset_findings.strays(seen.name, seen.info)
        probe = found.probe if number == 0 else None
        yield from dataset_findings.protection(seen.name, some.looks, probe)


def _labels(looks: Sequence[Fingerprint], parts: Sequence[str], wanted: str) -> list[str]:
    return sorted({one.label for one, part in zip(looks, parts, strict=True) if part == wanted})


def samples_per_part(found: Audit) -> Counter[str]:
    """How many readable samples each part has."""
    return Counter(found.like.parts)
