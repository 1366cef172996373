"""The conversion loop: reader -> transforms -> writer; parallel, resumable, fully counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from signdata import calls
from signdata.conversion.dry_run import dry_run
from signdata.conversion.losses import LOST
from signdata.conversion.source_check import Sources
from signdata.conversion.transforms import ChangesPictures, Resplits, Transform
from signdata.conversion.writing_run import WritingRun
from signdata.errors import DatasetError, OutputError, SigndataError, one_line
from signdata.formats.reader import DatasetInfo, PictureSummary, Reader
from signdata.formats.writer import Writer
from signdata.options import RunOptions
from signdata.output import existing
from signdata.output.existing import COMPLETE, ExistingOutput, OutputRequest
from signdata.output.output import Output
from signdata.results import NOTE, Problem, Result
from signdata.version import __version__
from signdata.workers import cluster as clusters
from signdata.workers.cluster import Shared


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
    already: Callable[[OutputRequest], ExistingOutput] | None = None,
) -> Result:
    """Pass every sample of `reader` through `transforms` to `writer`.

    Parameters
    ----------
    reader, writer
        Source and target of the samples.
    out : Path
        Final path of the output.
    command, options, seed
        Recorded; two runs with the same record are the same run.
    transforms : sequence of callables
        Each turns one sample into any number of samples.
    describe : callable, optional
        Returns further keys for ``signdata.json``.
    notes : sequence of Problem
        Notes to report in addition to the reader's.
    how : RunOptions
        Workers, error policy, progress.
    already : callable, optional
        Says what is at the place that the finished output is sent to.

    Raises
    ------
    DatasetError
        If the writer cannot store the dataset, or no sample could be written.
    OutputError
        If the output exists, is locked, or cannot be written.
    """
    with _locating_errors(reader):
        reader = writer.arrange(reader)
        info = _resplit(reader.info, transforms)
        writer.check(info)
        losses = writer.loses(info)
        if writer.wants_picture_summary:
            writer.prepare(_picture_summary(reader, transforms))
        result = Result(command, str(out))
        left_out = dict(Counter(one.kind for one in info.left_out))
        if left_out:
            result.details["left_out"] = left_out
        notes = [
            *info.notes,
            *info.left_out,
            *notes,
            *(Problem("", "", NOTE, LOST + loss) for loss in losses),
        ]
        record = {
            "signdata": __version__,
            "command": command,
            "options": options,
            "keywords": calls.current(),
            "seed": seed,
            "sources": [dict(source) for source in info.sources],
        }
        calls.check_sources(info.sources)
        changed = Sources(reader, out).changed
        if already is not None:
            there = already(OutputRequest(out, True, record, how.overwrite, changed))
            if there.state == COMPLETE:
                _already_done(result, there.document)
                return result
        output = Output(
            out,
            directory=not writer.single_file,
            record=record,
            # What waits to be sent elsewhere is nobody's but ours.
            overwrite=how.overwrite or already is not None,
            changed=changed,
        )
        if how.dry_run and output.inspect() != COMPLETE:
            dry_run(reader, writer, transforms, how, result, notes)
            return result
        cluster = clusters.current()
        if cluster is not None and not how.dry_run and output.inspect() != COMPLETE:
            from signdata.formats.node_check import checked  # with all codecs

            checked(cluster, Shared(reader.inputs), how.workers)  # before anything is made
        if how.dry_run or output.open() == COMPLETE:
            _already_done(result, output.document)
            result.extend(existing.read_problems(output.path))
            return result
        try:
            run = WritingRun(reader, writer, output, transforms, how, result)
            run.run()
            run.finish(record, notes, describe)
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
def _locating_errors(reader: Reader) -> Iterator[None]:
    """Add the file and the place in it to dataset errors that lack them."""
    try:
        yield
    except DatasetError as err:
        if err.path:
            raise
        path, where = reader.locate(err)
        where = err.where or where
        raise type(err)(err.what, path=path, where=where, remedy=err.remedy) from err


def _picture_summary(reader: Reader, transforms: Sequence[Transform]) -> PictureSummary:
    """What the pictures will have in common after the transforms."""
    summary = reader.picture_summary()
    for transform in transforms:
        summary = (
            transform.picture_summary(summary)
            if isinstance(transform, ChangesPictures)
            else summary
        )
    return summary


def _resplit(info: DatasetInfo, transforms: Sequence[Transform]) -> DatasetInfo:
    """The dataset's info after the transforms."""
    for transform in transforms:
        if isinstance(transform, Resplits):
            info = replace(info, splits=transform.resplit(info.splits))
    return info


def _already_done(result: Result, document: Mapping[str, Any]) -> None:
    """Fill in the result from the document of an output that is already complete."""
    counts = document.get("counts", {})
    result.written = int(counts.get("written", 0))
    result.read = int(counts.get("read", result.written))
    result.details["already_done"] = True
    result.summary = f"{one_line(result.output)} is complete already: nothing to do"
