"""A report put together: read, compare, choose pictures, and make one page of it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from signdata.auditing.run import Audit, AuditOptions, audit
from signdata.errors import SigndataError, one_line
from signdata.formats.reader import Reader
from signdata.options import ProgressCallback
from signdata.output.existing import read_document
from signdata.pages import content as contents
from signdata.pages import render
from signdata.pages.accuracies import accuracies
from signdata.pages.content import Content, PageOptions
from signdata.pages.facts import DatasetFacts, anonymous, dataset_facts, hidden_names, with_audit
from signdata.pages.making import Made, made, named_sources, run_made
from signdata.pages.names import Names
from signdata.pages.runs import FOLDS, METRICS, RunFacts, read_runs
from signdata.results import Problem
from signdata.samples import Broken


@dataclass(frozen=True)
class Source:
    """A dataset that a page is about.

    Attributes
    ----------
    reader : Reader
        The open dataset.
    places : tuple of Path
        What was named; the first gives the dataset its name.
    """

    reader: Reader
    places: tuple[Path, ...]

    @property
    def name(self) -> str:
        """What the dataset is called: no path of this machine."""
        return self.places[0].name or self.places[0].resolve().name


@dataclass(frozen=True)
class ReportPage:
    """A page, and what it was made of.

    Attributes
    ----------
    data : bytes
        The HTML.
    content : Content
        What stands on it.
    lost : tuple of Problem
        Samples that are missing or cannot be read.
    """

    data: bytes
    content: Content
    lost: tuple[Problem, ...]

    @property
    def n_pictures(self) -> int:
        """How many samples are shown."""
        return render.n_pictures(self.content)


def key(sources: Sequence[Source], runs: Sequence[Path], options: Mapping[str, Any]) -> str:
    """A digest of all that decides what is on a page, known before anything is compared."""
    told = {
        "options": dict(options),
        "sources": [
            {name: one[name] for name in ("sha256",) if name in one}
            for source in sources
            for one in source.reader.info.sources
        ],
        "names": [one_line(source.name) for source in sources],
        "runs": [_digest(run) for run in runs],
    }
    return hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()[:32]


def make(
    sources: Sequence[Source],
    runs: Sequence[Path],
    options: PageOptions,
    page_key: str,
    *,
    workers: int | None,
    progress: ProgressCallback | None,
) -> ReportPage:
    """Make the page of a dataset, of runs, or of both.

    Parameters
    ----------
    sources : sequence of Source
        The dataset, and another that it is compared with; none for runs alone.
    runs : sequence of Path
        Folders of runs.
    options : PageOptions
        What is shown.
    page_key : str
        What `key` says of it.

    Raises
    ------
    DatasetError
        If nothing of a dataset can be read, or the two are of different kinds.
    UsageError
        If the page would be too large.
    """
    found_runs = [
        run for path, name in zip(runs, _names(runs), strict=True) for run in read_runs(path, name)
    ]
    lost: tuple[Problem, ...] = ()
    if not sources:
        content = _of_runs(found_runs, options)
    else:
        content, lost = _of_dataset(sources, found_runs, options, workers, progress)
    for album in content.albums:
        album.load(workers)
    return ReportPage(render.page(content, page_key), content, lost)


def _names(runs: Sequence[Path]) -> list[str]:
    """Base names of run folders, numbered where several have the same."""
    names = [path.name or path.resolve().name for path in runs]
    seen: Counter[str] = Counter()
    made = []
    for name in names:
        seen[name] += 1
        made.append(f"{name} ({seen[name]})" if seen[name] > 1 else name)
    return made


def _of_runs(runs: Sequence[RunFacts], options: PageOptions) -> Content:
    """The content of a page about runs alone."""
    signers = sorted(
        {name for run in runs if run.numbers.per_signer for name in run.numbers.per_signer.signers}
    )
    numbers = {name: f"signer {number}" for number, name in enumerate(signers, 1)}
    names = Names(numbers, set(), hides=options.anonymous)
    title = ", ".join(run.name for run in runs)
    content = Content(title, contents.run_verdict(runs), anonymous=options.anonymous)
    content.accuracies = tuple(accuracies(None, None, runs))
    contents.add_runs(content, runs, None, names, pictures=False)
    content.made = tuple(run_made(run, names) for run in runs)
    return content


def _of_dataset(
    sources: Sequence[Source],
    runs: Sequence[RunFacts],
    options: PageOptions,
    workers: int | None,
    progress: ProgressCallback | None,
) -> tuple[Content, tuple[Problem, ...]]:
    first = sources[0]
    facts = dataset_facts(first.reader, first.name)
    found = _audited([first], workers, progress) if facts.there else None
    if found is not None:
        facts = with_audit(facts, found)
    names = _what_is_said(facts, found, options)
    original = tuple(facts.signers)
    if options.anonymous:
        facts = anonymous(facts)
    title = ", ".join(dict.fromkeys(place.name or first.name for place in first.places))
    if runs:
        title += f" and {', '.join(run.name for run in runs)}"
    content = contents.dataset_content(title, facts, found, runs, names, options, original)
    if len(sources) > 1:
        contents.add_against(
            content, _audited(sources, workers, None), sources[1].name, names, options
        )
    content.made = (
        *_made(first, names),
        *(run_made(run, names) for run in runs),
    )
    return content, tuple(_lost(first.reader, found))


def _lost(reader: Reader, found: Audit | None) -> Iterator[Problem]:
    """The samples of a dataset that are missing or cannot be read."""
    errors: list[tuple[str, SigndataError | None]]
    if found is not None:
        errors = [(one.id, one.error) for one in found.first.fingerprints.samples]
    else:
        errors = [
            (sample.id, sample.pixels.error)
            for sample in reader
            if isinstance(sample.pixels, Broken)
        ]
    for sample_id, error in errors:
        if error is not None:
            yield Problem.from_error(error, error.kind, sample_id)


def _audited(
    sources: Sequence[Source], workers: int | None, progress: ProgressCallback | None
) -> Audit:
    return audit(
        [source.reader for source in sources],
        [Path(source.name) for source in sources],
        AuditOptions(workers=workers, progress=progress),
    )


def _what_is_said(facts: DatasetFacts, found: Audit | None, options: PageOptions) -> Names:
    samples = found.first.fingerprints.samples if found else ()
    groups = {sample.group for sample in samples} | {sample.signer for sample in samples}
    return Names(hidden_names(facts), groups, hides=options.anonymous)


def _made(source: Source, names: Names) -> list[Made]:
    """The records of what was named; without one, what was read."""
    records = [
        made(names.text(place.name) or "the dataset", document, names)
        for place in source.places
        if (document := read_document(place)) is not None
    ]
    read = named_sources(source.reader.info.sources, names)
    return [*records, Made("what this report read", "", (), tuple(read))]


def _digest(run: Path) -> str:
    """A digest of the numbers of a run."""
    digest = hashlib.sha256(run.name.encode("utf-8", "surrogateescape"))
    for file in sorted(path for name in (METRICS, FOLDS) for path in run.rglob(name)):
        digest.update(file.read_bytes())
    return digest.hexdigest()
