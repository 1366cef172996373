"""The one loop: reader -> transforms -> writer, in parallel, resumable, with books that close."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

import msgspec

import signdata
from signdata import manifest, names, parallel
from signdata.errors import DatasetError, DecodeError, MissingError, OutputError, SigndataError
from signdata.files import link_file, remove, write_file, writing
from signdata.formats.base import Batch, Finished, ListBatch, Piece, Reader, Survey, Writer, divide
from signdata.journal import Body, Line
from signdata.manifest import Row
from signdata.output import AGAIN, COMPLETE, RESUMED, Output, source_changed
from signdata.results import NOTE, Problem, Result
from signdata.samples import ReadAgain, Sample

Transform: TypeAlias = Callable[[Sample], Iterable[Sample]]


@runtime_checkable
class Resurveys(Protocol):
    """A transform that changes what a dataset's pictures have in common."""

    def survey(self, survey: Survey) -> Survey: ...


Progress: TypeAlias = Callable[[int, int | None], None]
"""Called as ``progress(done, total)`` with counts of samples; total None when unknown."""

STOP, SKIP = "stop", "skip"

LOST = "not preserved: "
"""How a note starts that tells what the target cannot say."""


@dataclass(frozen=True)
class Run:
    """How a conversion is to be done; nothing of it changes a byte of the output.

    Attributes
    ----------
    workers : int or None
        Processes; None takes all cores.
    on_error : {'stop', 'skip'}
        Whether a sample that cannot be read ends the run or is recorded and left out.
    dry_run : bool
        Whether everything is read and counted, and nothing written.
    overwrite : bool
        Whether something else under the output's name may be replaced.
    progress : callable or None
        Told how many samples are done.
    """

    workers: int | None = None
    on_error: str = STOP
    dry_run: bool = False
    overwrite: bool = False
    progress: Progress | None = None


@dataclass
class Outcome:
    """What a worker reports of one batch."""

    read: int = 0
    skipped: int = 0
    failed: int = 0
    problems: list[Problem] = field(default_factory=list)
    body: bytes = b""
    payload: list[bytes] = field(default_factory=list)
    fatal: SigndataError | None = None


@dataclass(frozen=True)
class Job:
    """One batch's way from reader to writer; runs in a worker."""

    writer: Writer
    transforms: Sequence[Transform]
    tree: Path | None
    on_error: str

    def __call__(self, batch: Batch) -> Outcome:
        outcome = Outcome()
        rows: list[Row] = []
        sizes: list[list[int]] = []
        try:
            for sample in batch:
                outcome.read += 1
                self._one(sample, outcome, rows, sizes)
                if outcome.fatal:
                    break
        except SigndataError as err:  # the batch itself cannot be read
            outcome.fatal = err
        outcome.body = msgspec.json.encode(Body(rows, sizes))
        return outcome

    def _one(
        self, sample: Sample, outcome: Outcome, rows: list[Row], sizes: list[list[int]]
    ) -> None:
        try:
            for changed in self._transformed(sample):
                row, lengths = self._store(changed, outcome)
                rows.append(row)
                sizes.append(lengths)
        except OutputError as err:
            outcome.fatal = err
        except SigndataError as err:
            if self.on_error == STOP:
                outcome.fatal = err
                return
            missing = isinstance(err, MissingError)
            outcome.problems.append(
                Problem.from_error(
                    err, "missing" if missing else "corrupt", sample.source or sample.id
                )
            )
            outcome.skipped += missing
            outcome.failed += not missing

    def _transformed(self, sample: Sample) -> Iterator[Sample]:
        samples: Iterable[Sample] = (sample,)
        for transform in self.transforms:
            samples = [changed for one in samples for changed in transform(one)]
        yield from samples

    def _store(self, sample: Sample, outcome: Outcome) -> tuple[Row, list[int]]:
        for _ in range(2):
            with contextlib.suppress(ReadAgain):
                return self._store_once(sample, outcome)
        raise DecodeError("reads differently every time", path=sample.source)

    def _store_once(self, sample: Sample, outcome: Outcome) -> tuple[Row, list[int]]:
        digest = hashlib.sha256()
        lengths: list[int] = []
        piece = None
        n_payload = len(outcome.payload)
        try:
            for piece in self.writer.pieces(sample):
                digest.update(piece.content or piece.data)
                lengths.append(len(piece.data))
                self._put(piece, outcome)
        except BaseException:
            del outcome.payload[n_payload:]
            if self.tree is not None and piece is not None and piece.path:
                remove(self.tree / self.writer.row_path(piece.path))
            raise
        for note in sample.pixels.notes():
            outcome.problems.append(Problem(sample.source or sample.id, "", NOTE, note))
        row = {
            "id": sample.id,
            "path": self.writer.row_path(piece.path) if piece else "",
            "label": sample.label,
            "split": sample.split,
            "group": sample.group,
            "source": sample.source,
            **sample.meta,
            **self.writer.meta(sample, len(lengths)),
        }
        if piece is not None and not piece.link:
            row["sha256"] = digest.hexdigest()
            source_sha256 = sample.pixels.source_sha256()
            if source_sha256:
                row["source_sha256"] = source_sha256
        return row, lengths

    def _put(self, piece: Piece, outcome: Outcome) -> None:
        if not piece.path:
            if self.tree is not None:
                outcome.payload.append(piece.data)
        elif self.tree is not None:
            target = self.tree / piece.path
            with writing(target):
                if not piece.link:
                    write_file(target, piece.data)
                elif not link_file(piece.link, target, symbolic=piece.symbolic):
                    outcome.problems.append(
                        Problem(piece.path, "", NOTE, "copied: no hard link across file systems")
                    )


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
    how: Run = Run(),
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
    how : Run
        Workers, policy on errors, progress.

    Raises
    ------
    DatasetError
        If the writer cannot hold the dataset, or nothing in it could be written.
    OutputError
        If the output exists, is locked, or cannot be written.
    """
    info = reader.info
    writer.check(info)
    losses = writer.loses(info)
    if writer.wants_survey:
        writer.survey(_survey(reader, transforms))
    record = {
        "signdata": signdata.__version__,
        "command": command,
        "options": options,
        "seed": seed,
        "sources": [dict(source) for source in info.sources],
    }
    result = Result(command, str(out))
    result.extend(info.notes)
    for loss in losses:
        result.note(str(out), LOST + loss)
    if how.dry_run:
        _dry(reader, writer, transforms, how, result)
        return result
    output = Output(out, directory=not writer.single_file, record=record, overwrite=how.overwrite)
    state = output.open()
    if state == COMPLETE:
        _check_unchanged(reader, _stored_rows(out), out)
        return _already_done(result, output, reader)
    try:
        conversion = _Conversion(reader, writer, output, transforms, how, result)
        conversion.run()
        conversion.finish(record, losses, describe)
    except (KeyboardInterrupt, OutputError):
        output.release()
        raise
    except SigndataError:
        if state == AGAIN:
            output.release()
        else:
            output.abandon()
        raise
    except BaseException:
        output.release()
        raise
    return result


class _Conversion:
    """A run that writes."""

    def __init__(
        self,
        reader: Reader,
        writer: Writer,
        output: Output,
        transforms: Sequence[Transform],
        how: Run,
        result: Result,
    ) -> None:
        self.reader, self.writer, self.output = reader, writer, output
        self.transforms, self.how, self.result = transforms, how, result
        self.stored: dict[str, Row] = {}
        if output.state == AGAIN and not writer.single_file:
            self.stored = {row["id"]: row for row in _stored_rows(output.path)}
        rows = self.stored.values() if output.state == AGAIN else self._journal_rows()
        if output.state in (AGAIN, RESUMED):
            _check_unchanged(reader, rows, output.path)

    def _journal_rows(self) -> Iterator[Row]:
        for key in self.output.journal.lines:
            yield from self.output.journal.body(key).rows

    def _todo(self) -> Iterator[Batch]:
        """Batches that are not in the journal, without the samples that are stored already."""
        for batch in self.reader.batches():
            if batch.key in self.output.journal.lines:
                continue
            if self.stored and isinstance(batch, ListBatch):
                batch = batch.without(self.stored)
                if not batch.samples:
                    continue
            yield batch

    def run(self) -> None:
        """Store every batch and write its line into the journal."""
        journal, how = self.output.journal, self.how
        done = len(self.stored) + sum(line.read for line in journal.lines.values())
        target: Path | None = None
        end = 0
        if self.writer.single_file:
            with writing(self.output.path):
                target, end = self.writer.begin(self.output.tree)
            end = max([end, *(line.end for line in journal.lines.values())])
        job = Job(self.writer, self.transforms, self.output.tree, how.on_error)
        for batch, outcome in work(job, self._todo(), how.workers):
            if outcome.fatal:
                raise outcome.fatal
            if target is not None:
                with writing(self.output.path):
                    end = _append(target, end, outcome.payload)
            with writing(self.output.path):
                line = Line(
                    batch.key,
                    outcome.read,
                    outcome.skipped,
                    outcome.failed,
                    outcome.problems,
                    end,
                )
                journal.add(line, outcome.body)
            done += outcome.read
            if how.progress:
                how.progress(done, self.reader.info.n_samples)
        self.end = end

    def finish(
        self,
        record: dict[str, Any],
        losses: list[str],
        describe: Callable[[], dict[str, Any]] | None,
    ) -> None:
        """Count, describe, and move the output to its final name."""
        result, journal = self.result, self.output.journal
        watched = names.Names()
        present: dict[str, int] = {}
        columns: dict[str, None] = {}
        for row in self._rows():
            result.written += 1
            present[row["label"]] = present.get(row["label"], 0) + 1
            columns.update(dict.fromkeys(row))
            if row["path"]:
                watched.add(row["path"])
        noted = list(self.result.problems)
        result.read = len(self.stored)
        for line in journal.lines.values():
            result.read += line.read
            result.skipped += line.skipped
            result.failed += line.failed
            noted += line.problems
        problems = list(dict.fromkeys(noted))
        losses = losses + sorted(
            {p.message.removeprefix(LOST) for p in problems if p.message.startswith(LOST)}
        )
        losses = list(dict.fromkeys(losses))
        result.problems = []
        result.extend(problems)
        result.exit_code = 3 if result.skipped or result.failed else 0
        if not result.written:
            first = next((p.message for p in problems if p.kind != NOTE), "no samples in it")
            raise DatasetError(
                f"nothing could be written: {first}", path=self.reader.info.sources[0]["name"]
            )
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
            "not_preserved": losses,
            "origin": dict(self.reader.info.origin),
            **(describe() if describe else {}),
        }
        finished = Finished(
            self._rows,
            self._sizes,
            classes,
            manifest.columns_of([dict.fromkeys(columns, "")]),
            document,
            getattr(self, "end", 0),
            result.written,
        )
        with writing(self.output.path):
            self.writer.finish(self.output.tree, finished)
            if problems:
                name = manifest.PROBLEMS
                if self.writer.single_file:
                    name = f"{self.output.path.name}.{name}"
                manifest.write_problems(self.output.tree / name, sorted(problems))
        self.output.commit()

    def _rows(self) -> Iterator[Row]:
        for body, batch in self._bodies():
            if not self.stored:
                yield from body.rows
                continue
            rows = {row["id"]: row for row in body.rows}
            for sample in batch:
                row = rows.get(sample.id) or self.stored.get(sample.id)
                if row:
                    yield row

    def _sizes(self) -> Iterator[list[int]]:
        for body, _ in self._bodies():
            yield from body.sizes

    def _bodies(self) -> Iterator[tuple[Body, Batch]]:
        for batch in self.reader.batches():
            if batch.key in self.output.journal.lines:
                yield self.output.journal.body(batch.key), batch
            else:
                yield Body([], []), batch


def work(
    job: Callable[[Batch], Outcome], batches: Iterable[Batch], workers: int | None
) -> Iterator[tuple[Batch, Outcome]]:
    """Run a job over batches, in order; a sample that kills its worker becomes a failed one."""
    for batch, outcomes in parallel.run(
        job, batches, workers=parallel.n_workers(workers), divide=divide
    ):
        merged = Outcome()
        bodies = Body([], [])
        for outcome in outcomes:
            if isinstance(outcome, parallel.WorkerDied):
                outcome = _died(outcome.item)
            merged.read += outcome.read
            merged.skipped += outcome.skipped
            merged.failed += outcome.failed
            merged.problems += outcome.problems
            merged.payload += outcome.payload
            merged.fatal = merged.fatal or outcome.fatal
            if len(outcomes) == 1:
                merged.body = outcome.body
            elif outcome.body:
                body = msgspec.json.decode(outcome.body, type=Body)
                bodies.rows += body.rows
                bodies.sizes += body.sizes
        if len(outcomes) > 1:
            merged.body = msgspec.json.encode(bodies)
        yield batch, merged


def _died(batch: Batch) -> Outcome:
    """What is recorded of a sample whose decoding ended the worker process, twice."""
    what = "the worker process died on it twice (out of memory, or the decoder crashed)"
    if not isinstance(batch, ListBatch):
        return Outcome(fatal=DatasetError(what, where=f"batch {batch.key}"))
    sample = batch.samples[0]
    problem = Problem(sample.source or sample.id, "", "crash", what)
    return Outcome(read=1, failed=1, problems=[problem], body=msgspec.json.encode(Body([], [])))


def _append(path: Path, end: int, payload: list[bytes]) -> int:
    """Write bytes behind position `end` of a file; return where they end."""
    with path.open("r+b") as file:
        file.seek(end)
        for data in payload:
            file.write(data)
            end += len(data)
    return end


def _survey(reader: Reader, transforms: Sequence[Transform]) -> Survey:
    """What the pictures will have in common when they reach the writer."""
    survey = reader.survey()
    for transform in transforms:
        survey = transform.survey(survey) if isinstance(transform, Resurveys) else survey
    return survey


def _dry(
    reader: Reader, writer: Writer, transforms: Sequence[Transform], how: Run, result: Result
) -> None:
    """Read and count everything; write nothing."""
    watched = names.Names()
    for _, outcome in work(
        Job(writer, transforms, None, how.on_error), reader.batches(), how.workers
    ):
        if outcome.fatal:
            raise outcome.fatal
        rows = msgspec.json.decode(outcome.body, type=Body).rows
        for row in rows:
            if row["path"]:
                watched.add(row["path"])
        result.read += outcome.read
        result.written += len(rows)
        result.skipped += outcome.skipped
        result.failed += outcome.failed
        result.extend(outcome.problems)
        if how.progress:
            how.progress(result.read, reader.info.n_samples)
    result.exit_code = 3 if result.skipped or result.failed else 0
    result.details["dry_run"] = True


def _stored_rows(path: Path) -> Iterator[Row]:
    """Rows of a complete output's manifest; none for a format that keeps them elsewhere."""
    file = manifest.beside(path, manifest.MANIFEST)
    return manifest.read_rows(file) if file.is_file() else iter(())


def _check_unchanged(reader: Reader, rows: Iterable[Row], out: Path) -> None:
    """Raise `SourceChangedError` if a file that was read for `rows` has other bytes now."""
    recorded = {row["id"]: row["source_sha256"] for row in rows if row.get("source_sha256")}
    if not recorded:
        return
    for batch in reader.batches():
        if not isinstance(batch, ListBatch):
            return
        for sample in batch.samples:
            if sample.id not in recorded:
                continue
            try:
                found = sample.pixels.source_sha256()
            except SigndataError:
                found = ""
            if found != recorded[sample.id]:
                raise source_changed(sample.source or sample.id, out)


def _already_done(result: Result, output: Output, reader: Reader) -> Result:
    counts = output.document.get("counts", {})
    result.read = result.written = int(counts.get("written", 0))
    result.details["already_done"] = True
    result.summary = f"{output.path} is complete already: nothing to do"
    return result
