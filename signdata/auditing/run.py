"""The `audit` command: read every sample once, compare all samples, collect the findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from signdata.auditing import dataset_findings, duplicate_findings, sample_findings
from signdata.auditing.findings import SILENCED, Finding, ordered
from signdata.auditing.pairs import Compared, Group, Pair, groups
from signdata.errors import DatasetError, UsageError
from signdata.formats.reader import DatasetInfo, Reader
from signdata.samples import SPLITS
from signdata.similarity import near_duplicates, neighbour_probe
from signdata.similarity.comparison import Comparison, LeakingSample, compare, leaking_samples
from signdata.similarity.fingerprints import SIDE, Fingerprint, Fingerprints, fingerprint, side_for
from signdata.similarity.near_duplicates import TWIN, Vectors
from signdata.similarity.neighbour_probe import Probe

LOWEST = 0.5
"""Lowest threshold allowed: below it, nearly all pairs would be twins."""


@dataclass(frozen=True)
class AuditOptions:
    """How an audit runs.

    Attributes
    ----------
    threshold : float
        Correlation from which two pictures are twins.
    seed : int
        Random seed of the neighbour probe.
    workers : int or None
        Worker processes; None uses all cores.
    progress : callable or None
        Called with the samples done and their total; each is counted when it is read and again
        when it is compared.
    """

    threshold: float = TWIN
    seed: int = 0
    workers: int | None = None
    progress: Callable[[int, int | None], None] | None = None


@dataclass(frozen=True)
class AuditedDataset:
    """One audited dataset.

    Attributes
    ----------
    name : str
        Its name in the report.
    reader : Reader
        The dataset.
    info : DatasetInfo
        Its reader's info.
    fingerprints : Fingerprints
        The fingerprints of all its samples, without their thumbnails.
    by_split : bool
        Whether each of its splits is a part of its own.
    alone : bool
        Whether it is the only dataset audited.
    """

    name: str
    reader: Reader
    info: DatasetInfo
    fingerprints: Fingerprints
    by_split: bool
    alone: bool

    def part(self, one: Fingerprint) -> str:
        """The part that a sample belongs to: its split, its dataset, or both."""
        if self.alone:
            return one.split
        return f"{self.name}/{one.split}" if self.by_split and one.split else self.name

    @property
    def order(self) -> list[str]:
        """Its parts, the training part first."""
        if self.alone:
            return list(SPLITS)
        return [*(f"{self.name}/{split}" for split in SPLITS if self.by_split), self.name]


@dataclass
class Audit:
    """What an audit found.

    Attributes
    ----------
    datasets : list of AuditedDataset
        The datasets, as they were given.
    fingerprints : list of Fingerprint
        All readable samples, dataset by dataset.
    thumbnails : ndarray
        (N, D) uint8, one of each readable sample.
    compared : Comparison
        Duplicates and leaks among the readable samples.
    leaking : list of LeakingSample
        Samples of later parts with a twin in an earlier one.
    probe : Probe or None
        The neighbour probe of the first dataset.
    findings : list of Finding
        What was found, the most important first; a group of near-duplicates is one.
    members : list of Finding
        The other samples of each of these groups.
    accepted : list of Finding
        What a file of corrections says is fine (`keep`); none of `findings`.
    """

    datasets: list[AuditedDataset]
    fingerprints: list[Fingerprint]
    thumbnails: NDArray[np.uint8]
    compared: Comparison
    leaking: list[LeakingSample]
    probe: Probe | None
    threshold: float
    findings: list[Finding] = field(default_factory=list)
    members: list[Finding] = field(default_factory=list)
    accepted: list[Finding] = field(default_factory=list)

    @property
    def first(self) -> AuditedDataset:
        """The dataset given first."""
        return self.datasets[0]

    @property
    def unreadable(self) -> list[Fingerprint]:
        """Unreadable samples of all datasets."""
        return [
            one
            for dataset in self.datasets
            for one in dataset.fingerprints.samples
            if one.error is not None
        ]

    @cached_property
    def places(self) -> list[tuple[int, int]]:
        """Index of the dataset, and index in that dataset, of each readable sample."""
        return [
            (number, position)
            for number, dataset in enumerate(self.datasets)
            for position, one in enumerate(dataset.fingerprints.samples)
            if one.error is None
        ]

    @property
    def listed(self) -> list[Finding]:
        """All findings, and after the groups of near-duplicates the samples in them."""
        return ordered([*self.findings, *self.members])

    @property
    def pairs(self) -> list[Pair]:
        """All pairs that findings are about, in the order of `listed`."""
        return [one.pair for one in self.listed if one.pair and one.kind == one.pair.kind]

    @property
    def serious(self) -> int:
        """How many findings count."""
        return sum(finding.counts for finding in self.findings)


def audit(readers: Sequence[Reader], paths: Sequence[Path], options: AuditOptions) -> Audit:
    """Read all samples of `readers`, compare them and collect the findings.

    Memory: a thumbnail and a vector of each sample, about 5 KB, plus the batches in progress.

    Raises
    ------
    UsageError
        If the threshold is out of range.
    DatasetError
        If stills and clips are mixed, or nothing can be read.
    """
    if not LOWEST <= options.threshold <= 1:
        raise UsageError(f"threshold {options.threshold:g}; expected {LOWEST:g} to 1")
    kinds = {reader.info.kind for reader in readers}
    if len(kinds) > 1:
        raise DatasetError("stills and clips mixed; expected datasets of one kind", path=paths[-1])
    datasets: list[AuditedDataset] = []
    thumbnails = np.empty((0, 0), np.uint8)
    for one in _fingerprint_all(readers, paths, options):
        some = one.fingerprints.readable.thumbnails
        thumbnails = np.concatenate([thumbnails, some]) if datasets else some
        datasets.append(replace(one, fingerprints=one.fingerprints.without_thumbnails()))
    kept = [one.fingerprints.readable for one in datasets]
    fingerprints = [one for some in kept for one in some.samples]
    if not fingerprints:
        bad = next((one for some in datasets for one in some.fingerprints.samples), None)
        what = f": {bad.error.what}" if bad is not None and bad.error else ""
        raise DatasetError(f"nothing could be read{what}", path=paths[0])
    vectors = near_duplicates.normalised(thumbnails)
    parts = [
        one.part(item) for one, some in zip(datasets, kept, strict=True) for item in some.samples
    ]
    compared = compare(
        fingerprints,
        vectors,
        parts,
        [part for one in datasets for part in one.order],
        threshold=min(options.threshold, 1 - 1e-6),  # float32 products may fall just short of 1
        workers=options.workers,
        progress=_second_half(options, len(fingerprints)),
    )
    found = Audit(
        datasets,
        fingerprints,
        thumbnails,
        compared,
        list(leaking_samples(compared, compared.order, np.zeros(len(fingerprints), bool))),
        _probe(vectors, kept[0].samples, options.seed),
        options.threshold,
    )
    names = [one.name for one, some in zip(datasets, kept, strict=True) for _ in some.samples]
    all_of = Compared(compared, fingerprints, names if len(datasets) > 1 else ())
    near = list(groups(all_of))
    is_accepted = _accepted(found)
    everything = ordered(_findings(found, kept, all_of, near))
    found.findings = [one for one in everything if not is_accepted(one)]
    found.accepted = [one for one in everything if is_accepted(one)]
    members = duplicate_findings.members(all_of, near)
    found.members = [one for one in members if not is_accepted(one)]
    return found


def _fingerprint_all(
    readers: Sequence[Reader], paths: Sequence[Path], options: AuditOptions
) -> Iterator[AuditedDataset]:
    clips = readers[0].info.kind == "clip"
    side = SIDE if clips else max(side_for(reader) for reader in readers)
    totals = [reader.info.n_samples for reader in readers]
    total = None if None in totals else 2 * sum(n or 0 for n in totals)
    done = 0

    def progress(n: int, _: int | None) -> None:
        if options.progress:
            options.progress(done + n, total)

    for name, reader in zip(named(paths), readers, strict=True):
        fingerprints = fingerprint(reader, side=side, workers=options.workers, progress=progress)
        done += len(fingerprints)
        splits = {one.split for one in fingerprints.samples}
        yield AuditedDataset(
            name, reader, reader.info, fingerprints, len(splits) > 1, len(readers) == 1
        )


def named(paths: Sequence[Path]) -> list[str]:
    """Base names of datasets; the path as typed where a base name is not unique."""
    names = [path.name or path.resolve().name or str(path) for path in paths]
    names = [
        name if names.count(name) == 1 else str(path)
        for name, path in zip(names, paths, strict=True)
    ]
    again = [names[:number].count(name) for number, name in enumerate(names)]
    return [f"{name} ({n + 1})" if n else name for name, n in zip(names, again, strict=True)]


def _second_half(options: AuditOptions, n: int) -> Callable[[int, int | None], None] | None:
    report = options.progress
    if report is None:
        return None
    return lambda done, total: report(n + n * done // (total or 1), 2 * n)


def _probe(vectors: Vectors, fingerprints: Sequence[Fingerprint], seed: int) -> Probe | None:
    """Probe the first dataset: by signers if they are known, else by the numbers in names."""
    labels = [one.label for one in fingerprints]
    some = vectors[: len(fingerprints)]
    by_signers = neighbour_probe.by_signers(
        some, labels, [one.signer for one in fingerprints], seed
    )
    return by_signers or neighbour_probe.by_numbers(
        some, labels, [one.id for one in fingerprints], seed
    )


def _findings(
    found: Audit, kept: Sequence[Fingerprints], all_of: Compared, near: Sequence[Group]
) -> Iterator[Finding]:
    compared, fingerprints = found.compared, found.fingerprints
    yield from duplicate_findings.leaked(all_of, found.leaking)
    yield from duplicate_findings.copies(all_of)
    yield from duplicate_findings.conflicts(all_of)
    yield from duplicate_findings.groups(all_of, near)
    yield from duplicate_findings.related(compared, found.first.name, found.threshold)
    yield from dataset_findings.shared(compared.parts, fingerprints)
    labels_of = {part: _labels(fingerprints, compared.parts, part) for part in compared.order}
    yield from dataset_findings.class_sets(labels_of)
    for number, (dataset, some) in enumerate(zip(found.datasets, kept, strict=True)):
        yield from sample_findings.unreadable(dataset.fingerprints.samples, dataset.part)
        if dataset.info.kind == "clip":
            yield from sample_findings.clips(some.samples, dataset.part)
        else:
            yield from sample_findings.pictures(some.samples, dataset.part)
        yield from sample_findings.shapes(some.samples, dataset.part)
        yield from dataset_findings.classes(
            dataset.name, dataset.info, dataset.fingerprints.samples
        )
        yield from dataset_findings.imbalance(dataset.name, some.samples)
        yield from dataset_findings.notes(dataset.name, dataset.info)
        probe = found.probe if number == 0 else None
        yield from dataset_findings.protection(dataset.name, some.samples, probe)


def _accepted(found: Audit) -> Callable[[Finding], bool]:
    """Tells whether a person has said of a finding's sample that it is fine."""
    numbers = {
        i
        for i, (dataset, _) in enumerate(found.places)
        if found.fingerprints[i].id in found.datasets[dataset].info.accepted
    }
    places = {(found.compared.parts[i], found.fingerprints[i].id) for i in numbers}

    def accepted(finding: Finding) -> bool:
        if finding.pair is not None:
            return finding.pair.sample in numbers
        return finding.kind in SILENCED and (finding.where, finding.path) in places

    return accepted


def _labels(fingerprints: Sequence[Fingerprint], parts: Sequence[str], wanted: str) -> list[str]:
    return sorted(
        {one.label for one, part in zip(fingerprints, parts, strict=True) if part == wanted}
    )


def samples_per_part(found: Audit) -> Counter[str]:
    """Number of readable samples in each part."""
    return Counter(found.compared.parts)
