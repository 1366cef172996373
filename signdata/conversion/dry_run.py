"""A run of the conversion loop that only reads and counts."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from signdata import safe_names
from signdata.conversion.losses import refuse_nothing
from signdata.conversion.storing import Job
from signdata.conversion.transforms import Transform
from signdata.conversion.worker import work
from signdata.formats.reader import Reader
from signdata.formats.writer import Writer
from signdata.options import RunOptions
from signdata.output.journal import unpack
from signdata.results import Problem, Result
from signdata.workers.cluster import Shared


def dry_run(
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
    runs = work(
        job, reader.batches(), how.workers, risky=reader.risky, shared=Shared(reader.inputs)
    )
    with closing(runs) as finished:
        for _, outcome in finished:
            if outcome.fatal:
                raise outcome.fatal
            for block in unpack(outcome.rows).blocks():
                for path in filter(None, block.column("path")):
                    watched.add(path)
                result.written += block.n
            result.read += outcome.read
            result.skipped += outcome.skipped
            result.failed += outcome.failed
            problems += outcome.problems
            if how.progress:
                how.progress(result.read, reader.info.n_samples)
    problems = sorted(set(problems))
    result.extend(problems)
    refuse_nothing(result, problems, reader)
    result.details["dry_run"] = True
