"""The command that shows people a dataset and what networks make of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from signdata.errors import OutputExistsError, UsageError, one_line
from signdata.filesystem import in_folder, output_path, replace_file, writing
from signdata.formats.open import open_source
from signdata.formats.reader import OpenOptions
from signdata.options import (
    OutputKeywords,
    OutputOptions,
    PathLike,
    ReadKeywords,
    ReadOptions,
    command,
    named_split,
    paths,
)
from signdata.output.overlap import refuse_overlap, refuse_replacing
from signdata.plurals import counted
from signdata.results import Result
from signdata.version import __version__

if TYPE_CHECKING:
    from signdata.pages.report_page import ReportPage
    from signdata.pages.runs import RunFacts

HTML = "report.html"
CALLED = "report of signdata"


class ReportKeywords(ReadKeywords, OutputKeywords, total=False):
    pass


@command(ReadOptions, OutputOptions)
def report(
    *src: PathLike,
    out: PathLike = HTML,
    against: PathLike | Sequence[PathLike] | None = None,
    pictures: int | None = None,
    anonymous: bool = False,
    **shared: Unpack[ReportKeywords],
) -> Result:
    """Show a dataset, and what networks make of it, on one page that needs no network.

    Parameters
    ----------
    src : paths
        A dataset, runs of `baseline` or `evaluate`, or both. Several sources that are no runs are
        one dataset.
    out : path
        The HTML file.
    against : path or sequence of paths, optional
        Another dataset: what both have in common is shown as well.
    pictures : int, optional
        How many pictures of each class and of each finding are shown, 0 for none; by default as
        many as suit the dataset.
    anonymous : bool
        Whether signers and samples are numbered instead of named.
    """
    from signdata.pages import render, report_page
    from signdata.pages.content import PageOptions
    from signdata.pages.report_page import Source
    from signdata.pages.runs import is_run

    if pictures is not None and pictures < 0:
        raise UsageError(f"--pictures {pictures}; expected 0 or more")
    named = paths(list(src))
    if not named:
        raise UsageError("nothing is named; expected a dataset or a run")
    runs = [path for path in named if is_run(path)]
    datasets = [[path for path in named if path not in runs]]
    if against is not None:
        datasets.append(paths(against))
    if not datasets[0]:
        if against is not None:
            raise UsageError("--against goes with a dataset; found only runs")
        datasets = []
    read, how = ReadOptions.taken_from(shared), OutputOptions.taken_from(shared)
    target = output_path(out)
    with ExitStack() as stack:
        sources = []
        for number, some in enumerate(datasets):
            options = OpenOptions(read if number == 0 else replace(read, split=None, videos=None))
            reader = stack.enter_context(open_source(some, options))
            sources.append(Source(reader, tuple(Path(named_split(one)[1]) for one in some)))
        refuse_overlap([*(path for one in sources for path in one.reader.inputs), *runs], target)
        refuse_replacing(target, render.START, "HTML", called=CALLED)
        record = {
            "version": __version__,
            "pictures": pictures,
            "anonymous": anonymous,
            **(read.record_of(sources[0].reader.info.format) if sources else {}),
        }
        key = report_page.key(sources, runs, record)
        _refuse_another(target, key, how)
        made = report_page.make(
            sources,
            runs,
            PageOptions(pictures, anonymous),
            key,
            workers=how.workers,
            progress=how.progress,
        )
    result = _written(made, target, how)
    result.leave_out([one for source in sources[:1] for one in source.reader.info.left_out])
    return result


def _refuse_another(target: Path, key: str, how: OutputOptions) -> None:
    """Refuse to replace a report of something else, before anything is compared."""
    from signdata.pages import render

    if how.overwrite or not target.is_file():
        return
    with target.open("rb") as file:
        there = render.key_in(file.read(len(render.START) + len(key) + 1))
    if there and there != key:
        raise OutputExistsError(
            "is the report of something else", path=target, remedy="Replace it with --overwrite."
        )


def _written(made: ReportPage, target: Path, how: OutputOptions) -> Result:
    """Write a page, unless it is there already, and say what is on it."""
    from signdata.pages import render

    result = Result("report", str(target), shows_counts=False)
    already = target.is_file() and target.read_bytes() == made.data
    if already:
        result.details["already_done"] = True
    elif not how.dry_run:
        may = how.overwrite
        refuse_replacing(target, render.START, "HTML", overwrite=may, called=CALLED)
        with writing(target), in_folder(target.parent):
            replace_file(target, made.data)
    content = made.content
    facts = content.facts
    if facts is not None:
        result.read, result.skipped, result.failed = facts.samples, facts.missing, facts.unreadable
        result.written = facts.samples - facts.missing - facts.unreadable
        result.extend(made.lost)
    result.details |= {
        "verdict": content.verdict.to_dict(),
        "bytes": len(made.data),
        "pictures": made.n_pictures,
        "dataset": facts.to_dict() if facts is not None else None,
        "certificate": list(content.certificate),
        "runs": [_of_run(section.run) for section in content.runs],
    }
    if how.dry_run:
        result.details["dry_run"] = True
    shown = one_line(str(target))
    place = f"{shown} is complete already: nothing to do" if already else _place(shown, made, how)
    reasons = [f"- {one_line(reason)}" for reason in content.verdict.reasons]
    result.summary = "\n".join([one_line(content.verdict.sentence), *reasons, place])
    return result


def _place(shown: str, made: ReportPage, how: OutputOptions) -> str:
    verb = "would have " if how.dry_run else ""
    pictures = counted(made.n_pictures, "picture") if made.n_pictures else "no pictures"
    return f"{shown}: {verb}{len(made.data) / 1e6:.2f} MB with {pictures}, opens in any browser"


def _of_run(run: RunFacts) -> dict[str, Any]:
    numbers = run.numbers
    return {
        "name": run.name,
        "model": run.about.model,
        "measured_on": run.about.measured_on,
        "accuracy": numbers.accuracy,
        "correct": run.correct,
        "total": numbers.support,
        "top5_accuracy": numbers.top5_accuracy,
    }
