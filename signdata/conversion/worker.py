"""A conversion's batches given to workers, and what each reports."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing

from signdata.conversion.outcome import DIED, Outcome, problem_of
from signdata.conversion.storing import Job
from signdata.errors import (
    CrashError,
    DatasetError,
)
from signdata.formats.batch_jobs import run_batches
from signdata.formats.batches import Batch, ListBatch, WholeBatch
from signdata.options import STOP
from signdata.output.journal import JournalRows, pack, unpack
from signdata.workers.cluster import Shared


def work(
    job: Job,
    batches: Iterable[Batch],
    workers: int | None,
    *,
    risky: bool = False,
    harmless: bool = False,
    shared: Shared = Shared(),
) -> Generator[tuple[Batch, Outcome], None, None]:
    """Run a job over batches; a sample that kills its worker counts as unreadable.

    In order if the output is a single file. Close the generator if it may be left early; see
    `run_batches`.
    """
    runs = run_batches(
        job,
        batches,
        workers,
        died=lambda batch: _died(batch, job.on_error),
        risky=risky,
        harmless=harmless,
        shared=shared,
        ordered=job.scratch is not None,
    )
    with closing(runs) as results:
        for batch, parts in results:
            yield batch, parts[0] if len(parts) == 1 else _merged(parts)


def _merged(parts: list[Outcome]) -> Outcome:
    merged, rows = Outcome(), JournalRows([], [])
    for outcome in parts:
        merged.read += outcome.read
        merged.skipped += outcome.skipped
        merged.failed += outcome.failed
        merged.problems += outcome.problems
        merged.items += outcome.items
        merged.fatal = merged.fatal or outcome.fatal
        stored = unpack(outcome.rows)
        rows.rows += stored.each()
        rows.sizes += stored.each_size()
    merged.rows = pack(rows)
    return merged


def _died(batch: Batch, on_error: str) -> Outcome:
    """The outcome for a sample that killed its worker process on every attempt."""
    rows = pack(JournalRows([], []))
    if not isinstance(batch, ListBatch) or isinstance(batch, WholeBatch):
        return Outcome(fatal=DatasetError(DIED, where=f"batch {batch.key}"), rows=rows)
    sample = batch.samples[0]
    error = CrashError(DIED, path=sample.source or sample.id)
    if on_error == STOP:
        return Outcome(fatal=error, rows=rows)
    return Outcome(read=1, failed=1, problems=[problem_of(sample, error)], rows=rows)
