"""Storing the samples of one batch in the output's tree: the work of a conversion's workers."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from signdata.conversion.killers import killers_in
from signdata.conversion.linking import digests_of, linked_together
from signdata.conversion.losses import LOST
from signdata.conversion.outcome import DIED, IN_MEMORY, ItemBytes, Outcome, problem_of
from signdata.conversion.together import encoded_together, takes_together
from signdata.conversion.transforms import Transform
from signdata.errors import (
    CrashError,
    DecodeError,
    MissingError,
    OutputError,
    SigndataError,
    UnsupportedError,
)
from signdata.filesystem import (
    reading,
    writing,
)
from signdata.formats.batches import Batch, ColumnBatch, ListBatch, WholeBatch, runs
from signdata.formats.sample_columns import SampleColumns
from signdata.formats.tree_files import TreeFiles
from signdata.formats.writer import EncodedItem, EncodedStills, SampleFiles, Writer
from signdata.options import STOP
from signdata.output.journal import JournalRows, pack
from signdata.results import NOTE, Problem
from signdata.samples import Pixels, ReadAgain, Sample, Stills
from signdata.sidecars import STORED_AS, Row


@dataclass(frozen=True)
class Job:
    """Transforms and writes one batch; runs in a worker.

    Attributes
    ----------
    writer : Writer
        Encodes the samples.
    transforms : sequence of callables
        Applied to each sample first.
    tree : Path or None
        Folder for the files; None writes nothing.
    scratch : Path or None
        Folder for bytes on their way into a single-file output.
    on_error : {'stop', 'skip'}
        Whether an unreadable sample ends the run.
    """

    writer: Writer
    transforms: Sequence[Transform]
    tree: Path | None
    scratch: Path | None
    on_error: str

    def __call__(self, batch: Batch) -> Outcome:
        killers: Collection[int] = ()
        if isinstance(batch, WholeBatch) and batch.careful:
            killers = killers_in(batch, self._tried)
        return _Storing(self, batch, killers).outcome

    def _tried(self, sample: Sample) -> None:
        """Do all that is done with a sample, and store nothing."""
        _Storing(replace(self, tree=None, scratch=None), ListBatch("", (sample,)))

    def files(self, batch: Batch) -> SampleFiles:
        """Where the items of a batch go."""
        files = None if self.tree is None else self.writer.files(str(self.tree), batch.key)
        return files or self._tree_files

    @cached_property
    def _tree_files(self) -> TreeFiles:
        """The same for all batches of a process: it knows which folders are there."""
        return TreeFiles(str(self.tree), self.writer.row_path)


class _Storing:
    """One batch being stored."""

    def __init__(self, job: Job, batch: Batch, killers: Collection[int] = ()) -> None:
        self._job = job
        self._killers = killers
        self._files = job.files(batch)
        self._bytes = ItemBytes(job.scratch)
        self._writing_scratch = writing(str(job.scratch))
        self._rows = JournalRows([], [])
        self.outcome = Outcome(items=[self._bytes])
        whole = False
        try:
            with reading(f"batch {batch.key}"):
                for samples in self._parts(batch):
                    self._all(samples)
                    if self.outcome.fatal:
                        break
                else:
                    whole = True
        except SigndataError as err:  # the batch itself cannot be read
            self.outcome.fatal = err
        finally:
            self._close(whole=whole)
        self.outcome.rows = pack(self._rows)

    def _close(self, *, whole: bool) -> None:
        """End the batch's file, where it has one; remove it unless it is whole."""
        try:
            self._rows.shard = self._files.close(whole=whole)
        except OutputError as err:
            self.outcome.fatal = err

    def _parts(self, batch: Batch) -> Iterable[Sequence[Sample]]:
        """The samples of a batch, those together that may be read so; none if all are stored."""
        transforms = self._job.transforms
        if self._killers or not isinstance(batch, ColumnBatch):
            return runs(batch)
        if not takes_together(self._job.writer, transforms, originals=batch.has_originals):
            return runs(batch)
        n = self._stored_together(batch.together, transforms)
        self.outcome.read += n
        if n:
            return ()
        parts = list(runs(batch))
        # All of them together have just been tried.
        return parts if len(parts) > 1 else [[sample] for part in parts for sample in part]

    def _all(self, samples: Sequence[Sample]) -> None:
        """Store samples that may be read together, in one go or each on its own."""
        n = 0
        if len(samples) > 1:
            n = self._link_together(samples) or self._read_together(samples, self._job.transforms)
        if n:
            self.outcome.read += n
            return
        for sample in samples:
            self.outcome.read += 1
            self._one(sample)
            if self.outcome.fatal:
                return

    def _link_together(self, samples: Sequence[Sample]) -> int:
        """Link to the files of samples in one go; how many were stored, 0 where that cannot be.

        Nothing is told of what is wrong with one: that is for `_one`.
        """
        if self._job.tree is None or not isinstance(self._files, TreeFiles):
            return 0
        try:
            found = linked_together(self._job.writer, self._job.transforms, samples)
            if found is None:
                return 0
            columns, linked = found
            digests = digests_of(linked)
            if not self._files.link_all(linked.files, linked.paths):
                return 0
        except OutputError as err:
            self.outcome.fatal = err
        except (SigndataError, OSError, MemoryError):
            return 0
        else:
            self._rows.add_together(columns.rows(linked.paths, digests, ()), [0] * len(columns))
        return len(samples)

    def _read_together(self, samples: Sequence[Sample], transforms: Sequence[Transform]) -> int:
        """Store samples of one kind in one go; how many were stored, 0 where that cannot be."""
        kind = type(samples[0].pixels)

        def together() -> tuple[SampleColumns, Stills] | None:
            stills = kind.together([sample.pixels for sample in samples])
            return None if stills is None else (SampleColumns.of(samples), stills)

        originals = kind.encoded is not Pixels.encoded
        if self._killers or not kind.reads_together:
            return 0
        if not takes_together(self._job.writer, transforms, originals=originals):
            return 0
        return self._stored_together(together, transforms)

    def _stored_together(
        self,
        together: Callable[[], tuple[SampleColumns, Stills] | None],
        transforms: Sequence[Transform],
    ) -> int:
        """Store stills that are read together; 0, and nothing done, where they cannot be.

        Nothing is told of what is wrong with one: that is for `_one`.
        """
        try:
            found = encoded_together(self._job.writer, transforms, together)
        except (SigndataError, OSError, MemoryError):
            return 0
        if found is None:
            return 0
        n_read, samples, encoded, source_sha256 = found
        try:
            self._store_together(samples, encoded, source_sha256)
        except OutputError as err:
            self.outcome.fatal = err
        return n_read

    def _store_together(
        self, samples: SampleColumns, encoded: EncodedStills, source_sha256: Sequence[str]
    ) -> None:
        digests = [hashlib.sha256(one).hexdigest() for one in encoded.contents or encoded.data]
        paths = encoded.paths or [""] * len(samples)
        block = samples.rows(paths, digests, source_sha256)
        if self._job.writer.sharded:
            self._put_in_shard(encoded, block.rows())
            return
        self._put_together(encoded)
        self._rows.add_together(block, [len(data) for data in encoded.data])

    def _put_in_shard(self, encoded: EncodedStills, rows: list[Row]) -> None:
        if self._job.tree is not None:
            for row, path, data in zip(rows, encoded.paths, encoded.data, strict=True):
                self._files.put(EncodedItem(path, data))
                row.update(self._files.finish(row))
        self._rows.sizes += ([len(data)] for data in encoded.data)
        self._rows.rows += rows

    def _put_together(self, encoded: EncodedStills) -> None:
        if self._job.tree is None:
            return
        if encoded.paths:
            self._files.put_all(encoded.paths, encoded.data)
        else:
            with self._writing_scratch:
                self._bytes.add(b"".join(encoded.data))

    def _one(self, sample: Sample) -> None:
        outcome = self.outcome
        try:
            with reading(sample.source or sample.id):
                if self.outcome.read - 1 in self._killers:
                    raise CrashError(DIED, path=sample.source or sample.id)
                self._store_all(self._transformed(sample))
        except OutputError as err:
            outcome.fatal = err
        except SigndataError as err:
            left_out = isinstance(err, UnsupportedError)
            if self._job.on_error == STOP and not left_out:
                outcome.fatal = err
                return
            missing = left_out or isinstance(err, MissingError)
            outcome.problems.append(problem_of(sample, err))
            outcome.skipped += missing
            outcome.failed += not missing

    def _transformed(self, sample: Sample) -> Iterable[Sample]:
        samples: Iterable[Sample] = (sample,)
        for transform in self._job.transforms:
            samples = [changed for one in samples for changed in transform(one)]
        return samples

    def _store_all(self, made: Iterable[Sample]) -> None:
        """Store what was made of one sample, in one go or each on its own."""
        for samples in runs(made):
            if len(samples) > 1 and self._read_together(samples, ()):
                continue
            for sample in samples:
                self._rows.add(*self._store(sample))

    def _store(self, sample: Sample) -> tuple[Row, list[int]]:
        for _ in range(2):
            try:
                return self._store_once(sample)
            except ReadAgain:
                continue
        raise DecodeError("reads differently each time", path=sample.source)

    def _store_once(self, sample: Sample) -> tuple[Row, list[int]]:
        tree, writer = self._job.tree, self._job.writer
        digest = hashlib.sha256()
        lengths: list[int] = []
        stored = None
        before = self._bytes.length
        try:
            for item in writer.encoded_items(sample):
                if not item.companion:
                    stored = item
                    digest.update(item.content or item.data)
                    lengths.append(len(item.data))
                self._put(item)
                if item.make is not None and tree is not None:
                    with open(tree / item.path, "rb") as made:
                        while data := made.read(IN_MEMORY):
                            digest.update(data)
            row = self._row_of(sample, stored, lengths, digest.hexdigest())
            row.update(self._files.finish(row))
        except BaseException:
            with contextlib.suppress(OSError):  # the first error matters more
                self._bytes.cut(before)
                self._files.discard()
            raise
        lost = [f"{LOST}{what}" for what in writer.loses_of(sample, len(lengths))]
        for note in (*sample.pixels.notes(), *lost):
            self.outcome.problems.append(Problem(sample.source or sample.id, "", NOTE, note))
        return row, lengths

    def _row_of(
        self, sample: Sample, stored: EncodedItem | None, lengths: list[int], sha256: str
    ) -> Row:
        """The manifest's row of a sample, given the last of its items."""
        found = sample.pixels.found()
        if stored is None:
            return self._row(sample, "", 0, found, "", "")
        source = "" if stored.link else sample.pixels.source_sha256() or ""
        return self._row(sample, stored.path, len(lengths), found, sha256, source)

    def _row(
        self,
        sample: Sample,
        path: str,
        n_items: int,
        found: Mapping[str, str],
        sha256: str,
        source_sha256: str,
    ) -> Row:
        """The manifest's row of a sample that was stored, its last picture at `path`."""
        writer = self._job.writer
        row = {
            "id": sample.id,
            "path": writer.row_path(path) if path else "",
            "label": sample.label,
            "split": sample.split,
            "group": sample.group,
            "source": sample.source,
        }
        if sample.meta:
            row.update(sample.meta)
        if sample.stored_as:
            row[STORED_AS] = sample.stored_as
        if found:
            row.update(found)
        row.update(writer.meta(sample, n_items))
        if sha256:
            row["sha256"] = sha256
        if source_sha256:
            row["source_sha256"] = source_sha256
        return row

    def _put(self, item: EncodedItem) -> None:
        if self._job.tree is None:
            return
        if not item.path:
            with self._writing_scratch:
                self._bytes.add(item.data)
        elif not self._files.put(item):
            note = "copied: no hard link across file systems"
            self.outcome.problems.append(Problem(item.path, "", NOTE, note))
