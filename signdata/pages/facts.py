"""The facts of a dataset that a report and the app both show: plain numbers, no pixels."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from signdata.auditing import findings
from signdata.auditing.run import Audit
from signdata.errors import AbsentError, MissingError
from signdata.formats.reader import Reader
from signdata.samples import SPLITS, Broken
from signdata.similarity.leakage import Leak
from signdata.similarity.neighbour_probe import Probe
from signdata.splitting.certificate_summary import Certified

Counts = Mapping[str, Mapping[str, int]]
"""Numbers of samples by a name, then by split."""


@dataclass(frozen=True)
class AuditFacts:
    """What an audit of a dataset found.

    Attributes
    ----------
    counted, notes : mapping of str to int
        Findings of each kind that count, and that are notes.
    leaks : tuple of Leak
        What every two splits have in common.
    probe : Probe or None
        The neighbour probe.
    exact_duplicates, near_duplicate_groups : int
        Samples with the same pixels as an earlier one; groups of two or more near-duplicates.
    """

    counted: Mapping[str, int] = field(default_factory=dict)
    notes: Mapping[str, int] = field(default_factory=dict)
    leaks: tuple[Leak, ...] = ()
    probe: Probe | None = None
    exact_duplicates: int = 0
    near_duplicate_groups: int = 0

    @property
    def serious(self) -> int:
        """How many findings count."""
        return sum(self.counted.values())

    def leak(self, one: str, other: str) -> Leak | None:
        """What two splits have in common; None if one of them is not there."""
        return next((leak for leak in self.leaks if leak.between == (one, other)), None)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "found": {**self.counted, **self.notes},
            "serious": self.serious,
            "leaks": [leak.to_dict() for leak in self.leaks],
            "probe": self.probe.to_dict() if self.probe else None,
            "exact_duplicates": self.exact_duplicates,
            "near_duplicate_groups": self.near_duplicate_groups,
        }


@dataclass(frozen=True)
class DatasetFacts:
    """What is known of a dataset.

    Attributes
    ----------
    name, format : str
        What it is called, and its format.
    kind : {'still', 'clip'}
        What its samples are.
    classes, splits : tuple of str
        In order; ``('',)`` where samples have no split.
    samples, missing, unreadable : int
        All of them; those whose file is not there; those known to be damaged.
    left_out : int
        Samples that corrections leave out, which are none of these.
    counts : Counts
        By class, then by split; what is missing is not counted.
    signers : Counts
        By signer, then by split; empty where none is known.
    by_signer : mapping
        By class, then by (split, signer); empty where no signer is known.
    unsigned : int
        Samples whose signer is not known.
    groups : int
        Number of groups.
    coverage : mapping
        By ``split``, ``gloss`` and ``source``, then by name: ``found`` and ``missing``; empty
        for a dataset that is no index of videos.
    certified : Certified or None
        The short form of the leak certificate that the dataset carries.
    sources : tuple of mapping
        Name and digest of what was read.
    audited : AuditFacts or None
        None if nobody has compared the samples yet.
    """

    name: str
    format: str
    kind: str
    classes: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    samples: int = 0
    missing: int = 0
    unreadable: int = 0
    left_out: int = 0
    counts: Counts = field(default_factory=dict)
    signers: Counts = field(default_factory=dict)
    by_signer: Mapping[str, Mapping[tuple[str, str], int]] = field(default_factory=dict)
    unsigned: int = 0
    groups: int = 0
    coverage: Mapping[str, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)
    certified: Certified | None = None
    sources: tuple[Mapping[str, Any], ...] = ()
    audited: AuditFacts | None = None

    @property
    def noun(self) -> str:
        """What its samples are called."""
        return "clips" if self.kind == "clip" else "pictures"

    @property
    def there(self) -> int:
        """Samples that are not missing."""
        return self.samples - self.missing

    @property
    def by_split(self) -> dict[str, int]:
        """Number of samples of each split."""
        return {
            split: sum(row.get(split, 0) for row in self.counts.values()) for split in self.splits
        }

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "name": self.name,
            "format": self.format,
            "kind": self.kind,
            "classes": list(self.classes),
            "samples": self.samples,
            "missing": self.missing,
            "unreadable": self.unreadable,
            "left_out": self.left_out,
            "splits": self.by_split,
            "counts": {name: dict(row) for name, row in self.counts.items()},
            "signers": {name: dict(row) for name, row in self.signers.items()},
            "groups": self.groups,
            "coverage": {kind: dict(rows) for kind, rows in self.coverage.items()},
            "audit": self.audited.to_dict() if self.audited else None,
        }


def audit_facts(found: Audit) -> AuditFacts:
    """The facts of an audit."""
    compared = found.compared
    return AuditFacts(
        findings.counted([one for one in found.findings if one.counts]),
        findings.counted([one for one in found.findings if not one.counts]),
        tuple(compared.leaks),
        found.probe,
        len(compared.copies),
        len(compared.clusters()),
    )


def with_audit(facts: DatasetFacts, found: Audit) -> DatasetFacts:
    """The facts of a dataset once an audit has read its pixels."""
    damaged = sum(not isinstance(one.error, MissingError | AbsentError) for one in found.unreadable)
    return replace(facts, audited=audit_facts(found), unreadable=damaged)


def dataset_facts(reader: Reader, name: str, found: Audit | None = None) -> DatasetFacts:
    """Read a dataset's samples once, without their pixels, and count.

    Parameters
    ----------
    reader : Reader
        The dataset.
    name : str
        What it is called: no path of this machine.
    found : Audit, optional
        What an audit of it found.
    """
    info = reader.info
    counts, signers = _Table(), _Table()
    by_signer: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    groups: set[str] = set()
    coverage: dict[str, dict[str, Counter[str]]] = {
        kind: defaultdict(Counter) for kind in ("split", "gloss", "source")
    }
    samples = missing = unreadable = unsigned = 0
    sites = "site" in info.columns
    for sample in reader:
        samples += 1
        broken = sample.pixels.error if isinstance(sample.pixels, Broken) else None
        lacks = isinstance(broken, MissingError | AbsentError)
        places = (sample.split, sample.label, sample.meta.get("site", ""))
        for kind, place in zip(coverage, places, strict=True) if sites else ():
            coverage[kind][place]["missing" if lacks else "found"] += 1
        missing += lacks
        if lacks:
            continue
        unreadable += broken is not None
        counts.add(sample.label, sample.split)
        signer = sample.meta.get("signer", "")
        unsigned += not signer
        if signer:
            signers.add(signer, sample.split)
            by_signer[sample.label][sample.split, signer] += 1
        groups.add(sample.group)
    classes = info.labels.order(label for label in {*counts.rows, *coverage["gloss"]} if label)
    known = {name: counts.rows.get(name, {}) for name in classes}
    seen = {split for row in counts.rows.values() for split in row}
    facts = DatasetFacts(
        name,
        info.format,
        info.kind,
        tuple(classes),
        tuple(split for split in ("", *SPLITS) if split in seen),
        samples,
        missing,
        unreadable,
        len(info.left_out),
        known,
        dict(sorted(signers.rows.items())),
        {name: dict(cells) for name, cells in by_signer.items()},
        unsigned,
        len(groups - {""}),
        {kind: _rows(rows) for kind, rows in coverage.items()} if sites else {},
        Certified.from_origin(info.origin),
        info.sources,
    )
    return facts if found is None else with_audit(facts, found)


def hidden_names(facts: DatasetFacts) -> dict[str, str]:
    """A number for each signer; the one with most samples is the first."""
    order = sorted(facts.signers.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    return {name: f"signer {number}" for number, (name, _) in enumerate(order, 1)}


def anonymous(facts: DatasetFacts) -> DatasetFacts:
    """The same facts, with signers numbered instead of named."""
    names = hidden_names(facts)
    return replace(
        facts,
        signers={number: facts.signers[name] for name, number in names.items()},
        by_signer={
            label: {(split, names[signer]): n for (split, signer), n in cells.items()}
            for label, cells in facts.by_signer.items()
        },
    )


class _Table:
    """Counts by name and split."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, int]] = {}

    def add(self, name: str, split: str) -> None:
        row = self.rows.setdefault(name, {})
        row[split] = row.get(split, 0) + 1


def _rows(rows: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    def rank(name: str) -> tuple[int, str]:
        return (SPLITS.index(name) if name in SPLITS else len(SPLITS), name)

    return {
        name: {kind: rows[name].get(kind, 0) for kind in ("found", "missing")}
        for name in sorted(rows, key=rank)
    }
