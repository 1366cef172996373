"""A run of the conversion loop that writes: batches stored, the journal kept, the output ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from signdata import safe_names, sidecars
from signdata.conversion.kept_shards import KeptShards, complete_shards
from signdata.conversion.linking import only_links
from signdata.conversion.losses import LOST, refuse_nothing
from signdata.conversion.outcome import ItemBytes, Outcome
from signdata.conversion.stored_paths import StoredPaths
from signdata.conversion.storing import Job
from signdata.conversion.transforms import Transform
from signdata.conversion.worker import work
from signdata.errors import OutputError
from signdata.filesystem import full_disk, remove, writing
from signdata.formats.batches import Batch, ListBatch
from signdata.formats.reader import Reader
from signdata.formats.writer import OutputSummary, ShardSum, Writer
from signdata.options import RunOptions
from signdata.output import existing
from signdata.output.existing import RETRY
from signdata.output.journal import JournalEntry
from signdata.output.output import Output
from signdata.results import NOTE, Problem, Result
from signdata.row_blocks import RowBlock, blocks_of
from signdata.sidecars import Row
from signdata.workers import cluster as clusters
from signdata.workers import forks
from signdata.workers.cluster import Shared

T = TypeVar("T")


class WritingRun:
    """A run that writes.

    Attributes
    ----------
    kept : dict
        Rows of a complete output whose samples are kept, by id.
    kept_shards : KeptShards
        Shards of a complete output that are kept.
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
        self.kept_shards = KeptShards()
        if output.state == RETRY and writer.sharded:
            self.kept_shards = complete_shards(reader, writer, output.path)
        self.end = 0

    def _rows_to_keep(self) -> dict[str, Row]:
        """Rows of a complete output, if each belongs to one sample whose id is known."""
        if self.output.state != RETRY or self.writer.single_file or self.writer.sharded:
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
            if batch.key in self.output.journal or batch.key in self.kept_shards.rows:
                continue
            if self.kept and isinstance(batch, ListBatch):
                batch = batch.without(self.kept.keys())
                if not batch.samples:
                    continue
            yield batch

    def run(self) -> None:
        """Store every batch and add it to the journal."""
        output, journal = self.output, self.output.journal
        done = len(self.kept) + len(self.kept_shards) + journal.read
        scratch = output.partial / "scratch"
        target: Path | None = None
        with writing(output.path):
            remove(scratch)
            if self.writer.single_file:
                if not journal:  # an earlier start may have been interrupted
                    remove(output.tree)
                    output.tree.mkdir()
                scratch.mkdir()
                target, begin = _in_subprocess(lambda: self.writer.begin(output.tree), output.path)
                self.end = max(begin, journal.end)
        job = Job(
            self.writer,
            self.transforms,
            output.tree,
            scratch if self.writer.single_file else None,
            self.how.on_error,
        )
        with (
            _beating(output) as shared,
            closing(
                work(
                    job,
                    self._todo(),
                    self.how.workers,
                    risky=self.reader.risky,
                    harmless=self.reader.harmless or self._only_links(),
                    shared=replace(shared, reads=self.reader.inputs),
                )
            ) as finished,
        ):
            for batch, outcome in finished:
                if outcome.fatal:
                    raise outcome.fatal
                with writing(output.path):
                    if target is not None:
                        self.end = _append(target, self.end, outcome.items)
                    journal.add(_entry(batch, outcome, self.end), outcome.rows)
                done += outcome.read
                if self.how.progress:
                    self.how.progress(done, self.reader.info.n_samples)

    def _only_links(self) -> bool:
        """Whether files become links and nothing is decoded."""
        return self.reader.of_files and only_links(self.writer, self.transforms)

    def finish(
        self,
        record: dict[str, Any],
        notes: list[Problem],
        describe: Callable[[], dict[str, Any]] | None,
    ) -> None:
        """Write counts and sidecars, and move the output to its final path."""
        result, output = self.result, self.output
        problems = self._count(notes)
        self._refuse_gaps()
        lost = {p.message.removeprefix(LOST) for p in problems if p.message.startswith(LOST)}
        paths = StoredPaths()
        present: Counter[str] = Counter()
        columns: dict[str, None] = {}
        for block in self._blocks():
            result.written += block.n
            present.update(block.column("label"))
            columns.update(dict.fromkeys(block.columns))
            paths.add(self._own_files(block), self.writer.companions)
        for one in self._shard_sums():
            paths.add([one.shard])
        if paths.may_meet():
            _refuse_meeting(self._rows())
        refuse_nothing(result, problems, self.reader)
        info = self.reader.info
        classes = info.labels.order(present)
        document = {
            **record,
            "counts": {
                "read": result.read,
                "written": result.written,
                "skipped": result.skipped,
                "failed": result.failed,
                **({"left_out": len(info.left_out)} if info.left_out else {}),
                "classes": {name: present.get(name, 0) for name in classes},
            },
            "not_preserved": sorted(lost),
            "origin": dict(info.origin),
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
            self._shard_sums,
            self._blocks,
        )
        with writing(output.path):
            output.closing()
            if not self.writer.single_file:
                paths.sweep(output.tree)
            if self.writer.single_file:
                _in_subprocess(lambda: self.writer.finish(output.tree, finished), output.path)
                existing.seal(output.tree / output.path.name)
            else:
                self.writer.finish(output.tree, finished)
            if problems:
                name = sidecars.PROBLEMS
                if self.writer.single_file:
                    name = f"{output.path.name}.{name}"
                sidecars.write_problems(output.tree / name, problems)
        # Shards that are now cut otherwise have other names: none of the old ones may stay.
        output.commit(anew=self.writer.sharded and not self.kept_shards.rows)

    def _refuse_gaps(self) -> None:
        """Raise `OutputError` unless every batch was stored and every sample counted.

        A process pool may end early without an error; samples would then be missing silently.
        """
        gap = next((f"batch {batch.key} was not stored" for batch in self._todo()), "")
        wanted, read = self.reader.info.n_samples, self.result.read
        if not gap and wanted is not None and read != wanted:
            gap = f"{read:,} of {wanted:,} samples were read"
        if gap:
            raise OutputError(
                f"not complete: {gap}",
                path=self.output.path,
                remedy="Run the same command again to resume.",
            )

    def _count(self, notes: list[Problem]) -> list[Problem]:
        """Count samples read, skipped and failed; return all problems, each once, sorted."""
        result = self.result
        problems = list(notes)
        kept = [*self.kept.values(), *self.kept_shards]
        if kept:
            sources = {row["source"] or row["id"] for row in kept}
            problems += (
                problem
                for problem in existing.read_problems(self.output.path)
                if problem.kind == NOTE and problem.path in sources
            )
        journal = self.output.journal
        result.read = len(kept) + journal.read
        result.skipped, result.failed = journal.skipped, journal.failed
        problems += journal.problems
        problems = sorted(set(problems))
        result.extend(problems)
        return problems

    def _own_files(self, block: RowBlock) -> list[str]:
        """The paths of samples that have files of their own."""
        paths = filter(None, block.column("path"))
        return [path for path in paths if path != self.writer.shard_of(path)]

    def _blocks(self) -> Iterator[RowBlock]:
        """What `_rows` yields, as columns."""
        if self.kept or self.kept_shards.rows:
            yield from blocks_of(self._rows())
            return
        for batch in self.reader.batches():
            yield from self.output.journal.rows_of(batch.key).blocks()

    def _rows(self) -> Iterator[Row]:
        for batch in self.reader.batches():
            kept = self.kept_shards.rows.get(batch.key)
            rows = kept or self.output.journal.rows_of(batch.key).each()
            if not self.kept:
                yield from rows
                continue
            new = {row["id"]: row for row in rows}
            for sample in batch:
                row = new.get(sample.id) or self.kept.get(sample.id)
                if row:
                    yield row

    def _shard_sums(self) -> Iterator[ShardSum]:
        """What is recorded of each shard, for an output that has some."""
        for batch in self.reader.batches() if self.writer.sharded else ():
            kept = self.kept_shards.sums.get(batch.key)
            shard = kept or self.output.journal.rows_of(batch.key).shard
            if shard is not None:
                yield shard

    def _sizes(self) -> Iterator[list[int]]:
        for batch in self.reader.batches():
            yield from self.output.journal.sizes_of(batch.key)


@contextmanager
def _beating(output: Output) -> Iterator[Shared]:
    """Show the nodes of a cluster, if one is in use, that this run is alive."""
    if clusters.current() is None:
        yield Shared()
        return
    from signdata.workers.heartbeat import Heartbeat

    with ExitStack() as stack:
        with writing(output.path):
            heartbeat = stack.enter_context(Heartbeat(output.partial))
        yield Shared(run_file=heartbeat.file)


def _entry(batch: Batch, outcome: Outcome, end: int) -> JournalEntry:
    return JournalEntry(
        batch.key, outcome.read, outcome.skipped, outcome.failed, outcome.problems, end
    )


def _append(path: Path, end: int, items: list[ItemBytes]) -> int:
    """Write bytes to a file from position `end` on; return the new end."""
    with path.open("r+b") as file:
        file.seek(end)
        for item in items:
            for data in item.take():
                file.write(data)
        return file.tell()


def _in_subprocess(function: Callable[[], T], path: Path) -> T:
    """Call a function that writes an HDF5 file; on a full disk, its library may crash."""
    try:
        with full_disk(path.parent):
            return forks.run_in_subprocess(function)
    except (forks.Died, RuntimeError) as err:
        raise OutputError(f"cannot be written ({err or 'the library crashed'})", path=path) from err


def _refuse_meeting(rows: Iterable[Row]) -> None:
    """Raise `UnsafeNameError` if a file system may treat two paths as the same name."""
    names = safe_names.Names()
    for row in rows:
        if row["path"]:
            names.add(row["path"])
