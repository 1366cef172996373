"""The one loop: reader -> transforms -> writer, in parallel, resumable, with books that close."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from signdata import safe_names, sidecars
from signdata.conversion.source_check import Sources
from signdata.conversion.transforms import ChangesPictures, Resplits, Transform
from signdata.conversion.worker import ItemBytes, Job, Outcome, work
from signdata.errors import DatasetError, OutputError, SigndataError, one_line
from signdata.filesystem import full_disk, remove, writing
from signdata.formats.batches import Batch, ListBatch
from signdata.formats.reader import DatasetInfo, PictureSummary, Reader
from signdata.formats.writer import OutputSummary, Writer
from signdata.options import RunOptions
from signdata.output import existing
from signdata.output.existing import AGAIN, COMPLETE
from signdata.output.journal import JournalEntry, JournalRows
from signdata.output.output import Output
from signdata.results import NOTE, Problem, Result
from signdata.sidecars import Row
from signdata.version import __version__
from signdata.workers import forks

T = TypeVar("T")

LOST = "not preserved: "
"""How a note starts that tells what the target cannot say."""


def convert(
    reader: Reader,
    writer: Writer,
    out: Path,
    *,
    command: str,
    options: dict[str, Any],
    seed: int = 0,
    transforms: Sequence[Transform] = (),
    describe: Callable[[], dict[str, Any]] | None = None,
    notes: Sequence[Problem] = (),
    how: RunOptions = RunOptions(),
) -> Result:
    """Bring every sample of `reader` through `transforms` into `writer`.

    Parameters
    ----------
    reader, writer
        Where the samples come from and go to.
    out : Path
        Where the output will be when the run has ended.
    command, options, seed
        What is recorded, and what tells whether two runs are the same.
    transforms : sequence of callables
        Each makes any number of samples of one.
    describe : callable, optional
        Returns further keys for ``signdata.json``.
    notes : sequence of Problem
        What is to be said beyond what the reader noted.
    how : RunOptions
        Workers, policy on errors, progress.

    Raises
    ------
    DatasetError
        If the writer cannot hold the dataset, or nothing in it could be written.
    OutputError
        If the output exists, is locked, or cannot be written.
    """
    with _placing(reader):
        info = _resplit(reader.info, transforms)
        writer.check(info)
        losses = writer.loses(info)
        if writer.wants_picture_summary:
            writer.prepare(_picture_summary(reader, transforms))
        result = Result(command, str(out))
        notes = [*info.notes, *notes, *(Problem("", "", NOTE, LOST + loss) for loss in losses)]
        record = {
            "signdata": __version__,
            "command": command,
            "options": options,
            "seed": seed,
            "sources": [dict(source) for source in info.sources],
        }
        output = Output(
            out,
            directory=not writer.single_file,
            record=record,
            overwrite=how.overwrite,
            changed=Sources(reader, out).changed,
        )
        if how.dry_run and output.inspect() != COMPLETE:
            _dry(reader, writer, transforms, how, result, notes)
            return result
        if how.dry_run or output.open() == COMPLETE:
            _already_done(result, output)
            return result
        try:
            conversion = _Conversion(reader, writer, output, transforms, how, result)
            conversion.run()
            conversion.finish(record, notes, describe)
        except OutputError:
            output.release()
            raise
        except SigndataError:
            output.abandon()
            raise
        except BaseException:
            output.release()
            raise
        return result


@contextmanager
def _placing(reader: Reader) -> Iterator[None]:
    """Add file and place to an error about a dataset that names none."""
    try:
        yield
    except DatasetError as err:
        if err.path:
            raise
        path, where = reader.locate(err)
        where = err.where or where
        raise type(err)(err.what, path=path, where=where, remedy=err.remedy) from err


class _Conversion:
    """A run that writes.

    Attributes
    ----------
    kept : dict
        Rows of a complete output whose samples stay as they are, by id.
    """

    def __init__(
        self,
        reader: Reader,
        writer: Writer,
        output: Output,
        transforms: Sequence[Transform],
        how: RunOptions,
        result: Result,
    ) -> None:
        self.reader, self.writer, self.output = reader, writer, output
        self.transforms, self.how, self.result = transforms, how, result
        self.kept = self._rows_to_keep()
        self.end = 0

    def _rows_to_keep(self) -> dict[str, Row]:
        """Rows of a complete output, if each is of one sample that is known by name."""
        if self.output.state != AGAIN or self.writer.single_file:
            return {}
        ids: set[str] = set()
        for batch in self.reader.batches():
            if not isinstance(batch, ListBatch):
                return {}
            ids.update(sample.id for sample in batch.samples)
        rows = {row["id"]: row for row in existing.read_rows(self.output.path)}
        return rows if rows.keys() <= ids else {}

    def _todo(self) -> Iterator[Batch]:
        """Batches that are not in the journal, without the samples that are kept."""
        for batch in self.reader.batches():
            if batch.key in self.output.journal.lines:
                continue
            if self.kept and isinstance(batch, ListBatch):
                batch = batch.without(self.kept.keys())
                if not batch.samples:
                    continue
            yield batch

    def run(self) -> None:
        """Store every batch and write its line into the journal."""
        output, journal = self.output, self.output.journal
        done = len(self.kept) + sum(line.read for line in journal.lines.values())
        scratch = output.partial / "scratch"
        target: Path | None = None
        with writing(output.path):
            remove(scratch)
            if self.writer.single_file:
                if not journal.lines:  # what was begun may have been cut short
                    remove(output.tree)
                    output.tree.mkdir()
                scratch.mkdir()
                target, begin = _apart(lambda: self.writer.begin(output.tree), output.path)
                self.end = max([begin, *(line.end for line in journal.lines.values())])
        job = Job(
            self.writer,
            self.transforms,
            output.tree,
            scratch if self.writer.single_file else None,
            self.how.on_error,
        )
        with closing(
            work(job, self._todo(), self.how.workers, risky=self.reader.risky)
        ) as finished:
            for batch, outcome in finished:
                if outcome.fatal:
                    raise outcome.fatal
                with writing(output.path):
                    if target is not None:
                        self.end = _append(target, self.end, outcome.payloads)
                    journal.add(_line(batch, outcome, self.end), outcome.body)
                done += outcome.read
                if self.how.progress:
                    self.how.progress(done, self.reader.info.n_samples)

    def finish(
        self,
        record: dict[str, Any],
        notes: list[Problem],
        describe: Callable[[], dict[str, Any]] | None,
    ) -> None:
        """Count, describe, and move the output to its final name."""
        result, output = self.result, self.output
        problems = self._count(notes)
        self._refuse_gaps()
        lost = {p.message.removeprefix(LOST) for p in problems if p.message.startswith(LOST)}
        watched = safe_names.Names()
        paths: set[str] = set()
        present: dict[str, int] = {}
        columns: dict[str, None] = {}
        for row in self._rows():
            result.written += 1
            present[row["label"]] = present.get(row["label"], 0) + 1
            columns.update(dict.fromkeys(row))
            if row["path"]:
                watched.add(row["path"])
                paths.update((row["path"], *self.writer.companions(row["path"])))
        _refuse_nothing(result, problems, self.reader)
        classes = self.reader.info.labels.order(present)
        document = {
            **record,
            "counts": {
                "read": result.read,
                "written": result.written,
                "skipped": result.skipped,
                "failed": result.failed,
                "classes": {name: present.get(name, 0) for name in classes},
            },
            "not_preserved": sorted(lost),
            "origin": dict(self.reader.info.origin),
            **(describe() if describe else {}),
        }
        finished = OutputSummary(
            self._rows,
            self._sizes,
            classes,
            sidecars.columns_of([dict.fromkeys(columns, "")]),
            document,
            self.end,
            result.written,
        )
        with writing(output.path):
            output.closing()
            if not self.writer.single_file:
                _sweep(output.tree, paths)
            if self.writer.single_file:
                _apart(lambda: self.writer.finish(output.tree, finished), output.path)
                existing.seal(output.tree / output.path.name)
            else:
                self.writer.finish(output.tree, finished)
            if problems:
                name = sidecars.PROBLEMS
                if self.writer.single_file:
                    name = f"{output.path.name}.{name}"
                sidecars.write_problems(output.tree / name, problems)
        output.commit()

    def _refuse_gaps(self) -> None:
        """Raise `OutputError` unless every batch was stored and every sample counted.

        Whatever runs the batches may end early without an error; what is missing then would be
        missing in silence.
        """
        gap = next((f"batch {batch.key} was not stored" for batch in self._todo()), "")
        wanted, read = self.reader.info.n_samples, self.result.read
        if not gap and wanted is not None and read != wanted:
            gap = f"{read:,} of {wanted:,} samples were read"
        if gap:
            raise OutputError(
                f"not complete: {gap}",
                path=self.output.path,
                remedy="Run the same command again: it goes on from here.",
            )

    def _count(self, notes: list[Problem]) -> list[Problem]:
        """Close the books but for what was written; return all problems, each once, sorted."""
        result = self.result
        problems = list(notes)
        if self.kept:
            sources = {row["source"] or row["id"] for row in self.kept.values()}
            problems += (
                problem
                for problem in existing.read_problems(self.output.path)
                if problem.kind == NOTE and problem.path in sources
            )
        result.read = len(self.kept)
        for line in self.output.journal.lines.values():
            result.read += line.read
            result.skipped += line.skipped
            result.failed += line.failed
            problems += line.problems
        problems = sorted(set(problems))
        result.extend(problems)
        return problems

    def _rows(self) -> Iterator[Row]:
        for batch in self.reader.batches():
            rows = self.output.journal.body(batch.key).rows
            if not self.kept:
                yield from rows
                continue
            new = {row["id"]: row for row in rows}
            for sample in batch:
                row = new.get(sample.id) or self.kept.get(sample.id)
                if row:
                    yield row

    def _sizes(self) -> Iterator[list[int]]:
        for batch in self.reader.batches():
            yield from self.output.journal.body(batch.key).sizes


def _line(batch: Batch, outcome: Outcome, end: int) -> JournalEntry:
    return JournalEntry(
        batch.key, outcome.read, outcome.skipped, outcome.failed, outcome.problems, end
    )


def _append(path: Path, end: int, payloads: list[ItemBytes]) -> int:
    """Write bytes behind position `end` of a file; return where they end."""
    with path.open("r+b") as file:
        file.seek(end)
        for payload in payloads:
            for data in payload.take():
                file.write(data)
        return file.tell()


def _apart(function: Callable[[], T], path: Path) -> T:
    """Call a function that writes an HDF5 file: on a full disk its library may crash."""
    try:
        with full_disk(path.parent):
            return forks.run_in_subprocess(function)
    except (forks.Died, RuntimeError) as err:
        raise OutputError(f"cannot be written ({err or 'the library crashed'})", path=path) from err


def _sweep(tree: Path, paths: set[str]) -> None:
    """Remove what no row knows: left by a run that was killed, or by a worker that died."""
    folders: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        for entry in list(os.scandir(tree / folder)):
            place = f"{folder}/{entry.name}" if folder else entry.name
            if place in folders and not entry.is_symlink():
                waiting.append(place)
            elif place not in paths:
                remove(Path(entry.path))


def _picture_summary(reader: Reader, transforms: Sequence[Transform]) -> PictureSummary:
    """What the pictures will have in common when they reach the writer."""
    summary = reader.picture_summary()
    for transform in transforms:
        summary = (
            transform.picture_summary(summary)
            if isinstance(transform, ChangesPictures)
            else summary
        )
    return summary


def _resplit(info: DatasetInfo, transforms: Sequence[Transform]) -> DatasetInfo:
    """What is known of the samples when they reach the writer."""
    for transform in transforms:
        if isinstance(transform, Resplits):
            info = replace(info, splits=transform.resplit(info.splits))
    return info


def _dry(
    reader: Reader,
    writer: Writer,
    transforms: Sequence[Transform],
    how: RunOptions,
    result: Result,
    notes: list[Problem],
) -> None:
    """Read and count everything; write nothing."""
    watched = safe_names.Names()
    problems = list(notes)
    job = Job(writer, transforms, None, None, how.on_error)
    with closing(work(job, reader.batches(), how.workers, risky=reader.risky)) as finished:
        for _, outcome in finished:
            if outcome.fatal:
                raise outcome.fatal
            rows = msgspec.json.decode(outcome.body, type=JournalRows).rows
            for row in rows:
                if row["path"]:
                    watched.add(row["path"])
            result.read += outcome.read
            result.written += len(rows)
            result.skipped += outcome.skipped
            result.failed += outcome.failed
            problems += outcome.problems
            if how.progress:
                how.progress(result.read, reader.info.n_samples)
    problems = sorted(set(problems))
    result.extend(problems)
    _refuse_nothing(result, problems, reader)
    result.details["dry_run"] = True


def _refuse_nothing(result: Result, problems: list[Problem], reader: Reader) -> None:
    if not result.written:
        first = next((p.message for p in problems if p.kind != NOTE), "no samples in it")
        sources = reader.info.sources
        raise DatasetError(
            f"nothing could be written: {first}", path=sources[0]["name"] if sources else ""
        )


def _already_done(result: Result, output: Output) -> None:
    """Say what a complete output holds."""
    counts = output.document.get("counts", {})
    result.written = int(counts.get("written", 0))
    result.read = int(counts.get("read", result.written))
    result.details["already_done"] = True
    result.summary = f"{one_line(str(output.path))} is complete already: nothing to do"
    result.extend(existing.read_problems(output.path))
