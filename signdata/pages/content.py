"""What stands on a report, section by section; pictures are asked for and read afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from signdata.auditing.run import Audit
from signdata.charts.classes import MOST_CLASSES, confusion_matrix
from signdata.charts.drawing import Drawing
from signdata.formats.thumbnails import spread
from signdata.pages.accuracies import Accuracy, accuracies
from signdata.pages.album import Album, Shot
from signdata.pages.facts import DatasetFacts
from signdata.pages.figures import Figure, figures
from signdata.pages.finding_groups import SHOWN, FindingGroup, Item, finding_groups, pairs
from signdata.pages.making import Made
from signdata.pages.names import Names
from signdata.pages.run_groups import (
    Agreement,
    Answered,
    PairShown,
    WorstClass,
    WorstSample,
    agreement,
)
from signdata.pages.runs import RunFacts
from signdata.pages.tables import (
    ROWS,
    ClassTable,
    CoverageTable,
    SignerRow,
    class_table,
    coverage_tables,
    signer_rows,
)
from signdata.pages.verdict import CARE, Verdict, certificate_words, verdict
from signdata.similarity.leakage import Leak

_STILLS, _CLIPS = 216, 48
"""Pictures of classes that a page shows unless it is told how many."""

_EACH, _EACH_CLIP = 9, 3
"""And of one class."""

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
class Contact:
    """Pictures of one class."""

    label: str
    n: int
    shot: Shot


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
    most = SHOWN if options.pictures is None else options.pictures
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
