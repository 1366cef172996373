"""The tables of a dataset: classes by split and signer, signers, what of an index is there."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from signdata.pages.facts import DatasetFacts
from signdata.pages.names import Names
from signdata.pages.runs import RunFacts

ROWS = 100
"""Rows of a table; of longer ones, those that matter most are shown."""

SIGNER_COLUMNS = 40
"""Signers within splits that are columns of the table of classes; more have no columns."""


@dataclass(frozen=True)
class ClassRow:
    """The counts of a class: in all, by split, and by signer within splits."""

    name: str
    total: int
    splits: tuple[int, ...]
    signers: tuple[int, ...]


@dataclass(frozen=True)
class ClassTable:
    """Samples of each class by split and signer.

    Attributes
    ----------
    rows : tuple of ClassRow
        All classes, or those with the fewest samples.
    hidden, empty : int
        Classes that are not shown, and those that have no samples.
    columns : tuple of (str, tuple of str)
        Each split with its signers.
    most : int
        The largest count of a class in a split.
    spread : tuple of int
        Fewest samples of a class, median, most.
    """

    rows: tuple[ClassRow, ...]
    hidden: int
    empty: int
    columns: tuple[tuple[str, tuple[str, ...]], ...]
    most: int
    spread: tuple[int, int, int]


def class_table(facts: DatasetFacts) -> ClassTable:
    """Samples of each class by split and signer; the smallest classes where there are many."""
    splits = facts.splits
    pairs = sorted({pair for cells in facts.by_signer.values() for pair in cells})
    by_split = {split: tuple(who for s, who in pairs if s == split) for split in splits}
    if len(pairs) > SIGNER_COLUMNS:
        by_split = dict.fromkeys(splits, ())
    totals = {name: sum(facts.counts[name].values()) for name in facts.classes}
    shown = [name for name in facts.classes if totals[name]] or list(facts.classes)
    if len(shown) > ROWS:
        shown = sorted(shown, key=lambda name: totals[name])[:ROWS]
    rows = [
        ClassRow(
            name,
            totals[name],
            tuple(facts.counts[name].get(split, 0) for split in splits),
            tuple(
                facts.by_signer.get(name, {}).get((split, who), 0)
                for split in splits
                for who in by_split[split]
            ),
        )
        for name in shown
    ]
    all_of = sorted(totals.values()) or [0]
    return ClassTable(
        tuple(rows),
        sum(n > 0 for n in totals.values()) - sum(row.total > 0 for row in rows),
        sum(n == 0 for n in totals.values()),
        tuple(by_split.items()),
        max((n for row in facts.counts.values() for n in row.values()), default=0),
        (all_of[0], round(statistics.median(all_of)), all_of[-1]),
    )


@dataclass(frozen=True)
class SignerRow:
    """A signer's samples by split, and how well a run reads them."""

    name: str
    total: int
    splits: tuple[int, ...]
    accuracy: float | None


def signer_rows(
    facts: DatasetFacts, runs: Sequence[RunFacts], names: Names, original: Sequence[str]
) -> list[SignerRow]:
    """Each signer's samples by split, and the accuracy of the first run that knows signers."""
    measured = next((run.numbers.per_signer for run in runs if run.numbers.per_signer), None)
    scores = {
        names.signer(name): score.accuracy
        for name, score in (measured.signers.items() if measured else ())
        if name in original
    }
    rows = [
        SignerRow(
            name,
            sum(row.values()),
            tuple(row.get(split, 0) for split in facts.splits),
            scores.get(name),
        )
        for name, row in facts.signers.items()
    ]
    return sorted(rows, key=lambda row: -row.total)


@dataclass(frozen=True)
class CoverageTable:
    """What of an index of videos is there."""

    kind: str
    rows: tuple[tuple[str, int, int], ...]
    hidden: int


def coverage_tables(facts: DatasetFacts) -> list[CoverageTable]:
    """What is there by split, source and gloss; of many, those of which most is missing."""
    tables = []
    for kind in ("split", "source", "gloss"):
        rows = [
            (name, row["found"], row["missing"])
            for name, row in facts.coverage.get(kind, {}).items()
        ]
        shown = rows if len(rows) <= ROWS else sorted(rows, key=lambda row: (-row[1], -row[2]))
        if rows:
            tables.append(CoverageTable(kind, tuple(shown[:ROWS]), max(0, len(rows) - ROWS)))
    return tables
