"""What stands on a report, section by section; pictures are asked for and read afterwards."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from signdata.auditing.run import Audit
from signdata.charts.classes import MOST_CLASSES, confusion_matrix
from signdata.charts.drawing import Drawing
from signdata.charts.lines import Panel, line_chart
from signdata.pages.album import Album, Shot
from signdata.pages.facts import DatasetFacts
from signdata.pages.finding_groups import FindingGroup, Item, finding_groups, pairs
from signdata.pages.run_groups import (
    Agreement,
    Answered,
    PairShown,
    WorstClass,
    WorstSample,
    accuracy_without,
    agreement,
)
from signdata.pages.runs import RunFacts
from signdata.pages.thumbnails import spread
from signdata.pages.verdict import CARE, Verdict, certificate_words, verdict
from signdata.similarity.leakage import Leak

ROWS = 100
"""Rows of a table; of longer ones, those that matter most are shown."""

SIGNER_COLUMNS = 40
"""Signers within splits that are columns of the table of classes; more have no columns."""

_STILLS, _CLIPS = 216, 48
"""Pictures of classes that a page shows unless it is told how many."""

_EACH, _EACH_CLIP = 9, 3
"""And of one class."""

HONEST, NAIVE = "honest", "naive"
"""Accuracies on samples unlike those trained on, and on samples that resemble them."""

_CELLS = 700
"""Cells of a confusion matrix that are drawn one by one."""


@dataclass(frozen=True)
class PageOptions:
    """What a report shows.

    Attributes
    ----------
    pictures : int or None
        Of each class and of each finding; 0 for none, None for as many as suit the dataset.
    anonymous : bool
        Whether signers are numbered instead of named.
    """

    pictures: int | None = None
    anonymous: bool = False


@dataclass(frozen=True)
class Accuracy:
    """One accuracy among others.

    Attributes
    ----------
    kind : str
        ``honest``, ``naive``, or '' where nobody can tell.
    """

    what: str
    value: float
    kind: str = ""
    detail: str = ""


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


@dataclass(frozen=True)
class SignerRow:
    """A signer's samples by split, and how well a run reads them."""

    name: str
    total: int
    splits: tuple[int, ...]
    accuracy: float | None


@dataclass(frozen=True)
class CoverageTable:
    """What of an index of videos is there."""

    kind: str
    rows: tuple[tuple[str, int, int], ...]
    hidden: int


@dataclass(frozen=True)
class Contact:
    """Pictures of one class."""

    label: str
    n: int
    shot: Shot


@dataclass(frozen=True)
class Made:
    """How something was made: the command, its options, what it read."""

    what: str
    command: str
    options: tuple[tuple[str, str], ...]
    sources: tuple[tuple[str, str], ...]
    version: str = ""


@dataclass(frozen=True)
class Figure:
    """An interactive chart, and the numbers in it."""

    title: str
    svg: str
    x: tuple[int, ...]
    lines: tuple[tuple[str, str, tuple[float | None, ...]], ...]
    percent: bool

    @property
    def data(self) -> dict[str, Any]:
        """For the script of the page."""
        return {
            "x": list(self.x),
            "percent": self.percent,
            "lines": [{"name": name, "y": list(values)} for name, _, values in self.lines],
        }


@dataclass(frozen=True)
class RunSection:
    """One run on the page.

    Attributes
    ----------
    known : int
        How many of the samples it was measured on are in the dataset.
    matrix : Drawing or None
        Its confusion matrix, if that can be drawn.
    signers : tuple of (name, right, samples, accuracy)
        The signers, the worst read first.
    worst, pairs, samples
        What it reads worst.
    """

    run: RunFacts
    known: int
    matrix: Drawing | None
    signers: tuple[tuple[str, int, int, float], ...]
    worst: tuple[WorstClass, ...]
    pairs: tuple[PairShown, ...]
    samples: tuple[WorstSample, ...]


@dataclass(frozen=True)
class Against:
    """What a dataset has in common with another."""

    name: str
    leaks: tuple[Leak, ...]
    items: tuple[Item, ...]
    messages: tuple[str, ...]


@dataclass
class Content:
    """Everything on a report; see `contents`."""

    title: str
    verdict: Verdict
    facts: DatasetFacts | None = None
    certificate: tuple[str, ...] = ()
    accuracies: tuple[Accuracy, ...] = ()
    table: ClassTable | None = None
    signers: tuple[SignerRow, ...] = ()
    more_signers: int = 0
    findings: tuple[FindingGroup, ...] = ()
    contacts: tuple[Contact, ...] = ()
    no_contacts: int = 0
    runs: tuple[RunSection, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    figures: tuple[Figure, ...] = ()
    coverage: tuple[CoverageTable, ...] = ()
    against: Against | None = None
    made: tuple[Made, ...] = ()
    albums: list[Album] = field(default_factory=list)
    anonymous: bool = False


# -- Names that may be said


class Names:
    """What a page calls samples and signers.

    Parameters
    ----------
    names : mapping of str to str
        A number for each signer who must not be named; empty if all may be.
    groups : set of str
        Groups, which often are named after signers.
    hides : bool
        Whether signers must not be named.
    """

    def __init__(self, names: Mapping[str, str], groups: set[str], *, hides: bool) -> None:
        self._numbers, self.hides = names, hides
        self._forbidden = {*names, *groups} - {""} if hides else set()

    def sample(self, samples: Sequence[Any]) -> Callable[[int], str]:
        """What the samples of a dataset are called: their ids, or their numbers."""
        if self.hides:
            return lambda at: f"no. {at + 1}"
        return lambda at: str(samples[at].id)

    def signer(self, name: str) -> str:
        """What a signer is called."""
        return self._numbers.get(name, "a signer") if self.hides else name

    def text(self, words: str) -> str:
        """A text, or '' if it tells who signs."""
        return "" if any(name in words for name in self._forbidden) else words


# -- The dataset


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


def contacts(album: Album, classes: Sequence[str], most: int | None) -> tuple[list[Contact], int]:
    """Pictures of each class, and for how many classes there was no room."""
    found: dict[str, list[int]] = {name: [] for name in classes}
    for at, sample in enumerate(album.samples):
        if sample.error is None and sample.label in found:
            found[sample.label].append(at)
    there = [(name, positions) for name, positions in found.items() if positions]
    if most is None:
        room, each = (_CLIPS, _EACH_CLIP) if album.clips else (_STILLS, _EACH)
        each = max(1, min(each, room // max(1, len(there))))
        kept = there[: room // each]
    else:
        each, kept = most, there if most else []
    sheets = [
        Contact(name, len(positions), album.shot(spread(positions, each), name))
        for name, positions in kept
    ]
    return sheets, len(there) - len(sheets)


def accuracies(
    facts: DatasetFacts | None, found: Audit | None, runs: Sequence[RunFacts]
) -> list[Accuracy]:
    """The naive accuracies, each beside the honest one."""
    rows = []
    probe = facts.audited.probe if facts and facts.audited else None
    if probe is not None:
        unseen = "signers" if probe.unseen == "signers" else "runs of frames"
        rows.append(Accuracy("nearest neighbour, a random tenth", probe.random, NAIVE))
        rows.append(Accuracy(f"nearest neighbour, unseen {unseen}", probe.apart, HONEST))
    for run in runs:
        compared = run.comparison
        if compared is not None:
            by = compared.grouped_by
            name = run.about.model
            naive, honest = compared.random_split_accuracy, compared.group_split_accuracy
            rows.append(Accuracy(f"{name}, rows split at random", naive, NAIVE))
            rows.append(Accuracy(f"{name}, split by {by}", honest, HONEST))
            for control, values in compared.controls.items():
                said = control.replace("_", " ")
                rows.append(Accuracy(f"{said}, split by {by}", values.grouped, HONEST, "a control"))
            continue
        rows += _of_run(run, found)
    return rows


def _of_run(run: RunFacts, found: Audit | None) -> list[Accuracy]:
    """The accuracy of a run, and without the samples that training had twins of."""
    numbers = run.numbers
    low, high = numbers.accuracy_95
    detail = f"95 % interval {low:.1%} to {high:.1%}"
    all_of = Accuracy(f"{run.name} on {run.about.measured_on}", numbers.accuracy, detail=detail)
    if found is None or not run.answers or run.about.measured_on != "test":
        return [all_of]
    samples, parts = found.fingerprints, found.compared.parts
    leaking = {samples[leak.index].id for leak in found.leaking if parts[leak.index] == "test"}
    answers = [one for one in run.answers if one.split == "test"]
    mine = {one.id for one in answers} & leaking
    if not mine:
        return [all_of]
    right, total = accuracy_without(answers, mine)
    if not total:
        return [all_of]
    naive = Accuracy(all_of.what, numbers.accuracy, NAIVE, detail)
    what = f"{run.name} on test, without the {len(mine):,} with a twin in an earlier split"
    return [naive, Accuracy(what, right / total, HONEST, f"{right:,} of {total:,}")]


# -- Runs


def run_section(run: RunFacts, album: Album | None, names: Names, *, pictures: bool) -> RunSection:
    """One run: its matrix, its worst, its signers."""
    matrix = None
    if len(run.about.classes) <= MOST_CLASSES:
        title = f"{run.about.model} on {run.about.measured_on}"
        counts = np.array(run.numbers.confusion_matrix, np.int64).reshape(
            len(run.about.classes), -1
        )
        about = f"{run.correct:,} of {run.numbers.support:,} right"
        matrix = confusion_matrix(
            counts, run.about.classes, title=title, about=about, most_cells=_CELLS
        )
    measured = run.numbers.per_signer
    signers = sorted(
        (
            (names.signer(name), row.correct, row.total, row.accuracy)
            for name, row in (measured.signers.items() if measured else ())
        ),
        key=lambda row: (row[3], row[0]),
    )
    answered = Answered(run, album, pictures=pictures)
    return RunSection(
        run,
        answered.known,
        matrix,
        tuple(signers),
        tuple(answered.worst_classes()),
        tuple(answered.confused_pairs()),
        tuple(answered.worst_samples()),
    )


def figures(runs: Sequence[RunFacts]) -> list[Figure]:
    """Loss and accuracy of all runs, epoch by epoch."""
    learned = [run for run in runs if run.history]
    if not learned:
        return []
    last = max(int(row["epoch"] or 0) for run in learned for row in run.history)
    epochs = tuple(range(1, last + 1))
    made = []
    for what in ("loss", "accuracy"):
        lines: list[tuple[str, str, tuple[float | None, ...]]] = []
        styles = []
        several = len(learned) > 1
        for number, run in enumerate(learned):
            by_epoch = {int(row["epoch"] or 0): row for row in run.history}
            for place, split in enumerate(("train", "val")):
                values = tuple(by_epoch.get(at, {}).get(f"{split}_{what}") for at in epochs)
                if all(value is None for value in values):
                    continue
                style = Panel("", {}).style(number if several else place)
                if several and split == "train":
                    style = (style[0], "5 4")
                styles.append(style)
                lines.append((f"{run.name} {split}" if several else split, style[0], values))
        percent = what == "accuracy"
        panel = Panel(
            what,
            {name: [np.nan if v is None else v for v in values] for name, _, values in lines},
            percent,
            styles,
        )
        if lines:
            chart = line_chart([panel], epochs, x_label="epoch", title="", legend=False)
            made.append(Figure(what, chart.svg(), epochs, tuple(lines), percent))
    return made


def agreements(runs: Sequence[RunFacts]) -> list[Agreement]:
    """The first run against each other one."""
    found = (agreement(runs[0], other) for other in runs[1:])
    return [one for one in found if one is not None]


def run_verdict(runs: Sequence[RunFacts]) -> Verdict:
    """What the runs reached, where there is no dataset to judge."""
    best = max(runs, key=lambda run: run.numbers.accuracy)
    low, high = best.numbers.accuracy_95
    sentence = (
        f"{best.name} reads {best.numbers.accuracy:.1%} of {best.numbers.support:,} samples of "
        f"{best.about.measured_on} right (95 % interval {low:.1%} to {high:.1%}); whether that can "
        "be trusted depends on the dataset, which was not named."
    )
    return Verdict(CARE, sentence, tuple(best.about.notes))


# -- How it was made


def made(what: str, document: Mapping[str, Any], names: Names) -> Made:
    """A record (``signdata.json``), as a page tells it."""
    options = document.get("options")
    told = [
        (str(name), _told(value))
        for name, value in (options.items() if isinstance(options, dict) else ())
        if value not in (None, False, [], "", {})
    ]
    if "seed" in document:
        told.append(("seed", _told(document["seed"])))
    return Made(
        what,
        str(document.get("command", "")),
        tuple((name, names.text(value) or "(not shown)") for name, value in told),
        tuple(sources(document.get("sources"), names)),
        str(document.get("signdata", "")),
    )


def run_made(run: RunFacts, names: Names) -> Made:
    """How a run was made."""
    document: dict[str, Any] = {
        "command": run.command,
        "options": run.options,
        "sources": run.sources,
    }
    if run.about.seed is not None:
        document["seed"] = run.about.seed
    version = run.about.versions.get("signdata", "")
    return made(run.name, {**document, "signdata": version}, names)


def sources(value: Any, names: Names) -> list[tuple[str, str]]:
    """Name and digest of each source: no path of this machine."""
    rows = [one for one in value if isinstance(one, Mapping)] if isinstance(value, Sequence) else []
    return [
        (
            names.text(str(row.get("name", "")).replace("\\", "/").rpartition("/")[2])
            or "(not shown)",
            str(row.get("sha256", "")),
        )
        for row in rows
    ]


def _told(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_told, value))
    return str(value)


# -- All of it


def dataset_content(
    title: str,
    facts: DatasetFacts,
    found: Audit | None,
    runs: Sequence[RunFacts],
    names: Names,
    options: PageOptions,
    original_signers: Sequence[str],
) -> Content:
    """The content of a page about a dataset, and about runs on it if there are any."""
    content = Content(title, verdict(facts), facts, anonymous=options.anonymous)
    content.certificate = tuple(certificate_words(facts))
    content.accuracies = tuple(accuracies(facts, found, runs))
    content.table = class_table(facts)
    rows = signer_rows(facts, runs, names, original_signers)
    content.signers, content.more_signers = tuple(rows[:ROWS]), max(0, len(rows) - ROWS)
    content.coverage = tuple(coverage_tables(facts))
    album = None
    if found is not None:
        first = found.first
        album = Album(first, names.sample(first.fingerprints.samples))
        content.albums = [album]
        content.findings = tuple(
            finding_groups(found, content.albums, options.pictures, names.text)
        )
        some, without = contacts(album, facts.classes, options.pictures)
        content.contacts, content.no_contacts = tuple(some), without
    add_runs(content, runs, album, names, pictures=options.pictures != 0)
    return content


def add_runs(
    content: Content,
    runs: Sequence[RunFacts],
    album: Album | None,
    names: Names,
    *,
    pictures: bool,
) -> None:
    """Put runs on a page."""
    content.runs = tuple(run_section(run, album, names, pictures=pictures) for run in runs)
    content.figures = tuple(figures(runs))
    content.agreements = tuple(agreements(runs)) if runs else ()


def add_against(
    content: Content, found: Audit, name: str, names: Names, options: PageOptions
) -> None:
    """Put what a dataset has in common with another on a page."""
    albums = [Album(one, names.sample(one.fingerprints.samples)) for one in found.datasets]
    most = 12 if options.pictures is None else options.pictures
    theirs = set(found.datasets[1].order)
    leaks = [
        leak
        for leak in found.compared.leaks
        if leak.between[1] in theirs | {found.datasets[1].name} and leak.between[0] not in theirs
    ]
    messages = [
        names.text(one.message)
        for one in found.findings
        if one.kind in ("class-sets", "shared-signer")
    ]
    content.albums += albums
    content.against = Against(
        name,
        tuple(leaks),
        tuple(pairs(found, albums, most)),
        tuple(message for message in messages if message),
    )
