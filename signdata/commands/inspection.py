"""Commands that look and change nothing: counting, and verifying."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from signdata.command_results import InfoResult, VerifyResult
from signdata.errors import UsageError
from signdata.formats.open import open_source
from signdata.formats.reader import OpenOptions, Reader
from signdata.formats.selection import row_filter, whole
from signdata.formats.sources import shown
from signdata.formats.wlasl import layout
from signdata.inspection import same_samples, summary, verification
from signdata.options import (
    PathLike,
    ProgressCallback,
    ReadKeywords,
    ReadOptions,
    WorkKeywords,
    WorkOptions,
    callback,
    command,
    named_split,
    paths,
)
from signdata.sidecars import Row


class VerifyKeywords(ReadKeywords, WorkKeywords, total=False):
    pass


@command(ReadOptions)
def info(
    src: PathLike | Sequence[PathLike],
    *,
    every_class: bool = False,
    progress: ProgressCallback | bool | None = None,
    **shared: Unpack[ReadKeywords],
) -> InfoResult:
    """Count a dataset's samples per class and split, and tell what its pictures are.

    Parameters
    ----------
    src : path or sequence of paths
        The dataset.
    every_class : bool
        Whether the table in `summary` shows each of many classes; `counts` always does.
    progress : callable or bool, optional
        Called with samples done and total.
    """
    read = ReadOptions.taken_from(shared)
    reader = open_source(paths(src), OpenOptions(read))
    return summary.describe(reader, callback(progress), every_class=every_class)


@command(ReadOptions, WorkOptions)
def verify(
    a: PathLike | Sequence[PathLike],
    b: PathLike | Sequence[PathLike] | None = None,
    **shared: Unpack[VerifyKeywords],
) -> VerifyResult:
    """Check a dataset against its manifest, or tell whether two hold the same samples.

    Parameters
    ----------
    a, b : path
        With `a` alone, every stored file is compared with the checksum in its manifest. With
        both, samples are paired by id when both have the same ids, otherwise
        paired by split, label and pixels. A dataset without splits equals one whose
        samples share one split. `from_format`, `videos` and `corrections` are about `a` alone.

    Returns
    -------
    VerifyResult
        `exit_code` 0 when the same, 4 when not; the differences are its problems.
    """
    read, how = ReadOptions.taken_from(shared), WorkOptions.taken_from(shared)

    def opened(sources: list[Path], read: ReadOptions) -> Reader:
        return open_source(sources, OpenOptions(read))

    first = paths(a)
    if b is None:
        if len(first) > 1 or named_split(first[0])[0]:
            raise UsageError(
                "several sources have no one manifest; expected one, or a dataset to compare with",
                path=shown(first),
                remedy="Verify them one by one.",
            )
        place = layout.dataset_of(first[0])
        reader = opened([place], read)
        chosen = None
        if whole(read) != read:
            chosen = _row_choice(read, reader, opened([place], whole(read)))
        return verification.against_manifest(
            reader, place, how.workers, how.progress, chosen=chosen
        )
    second = paths(b)
    other = replace(read, from_format=None, videos=None, corrections=None)
    return same_samples.compare(
        opened(first, read),
        opened(second, other),
        shown(first),
        shown(second),
        how.workers,
        how.progress,
    )


def _row_choice(read: ReadOptions, chosen: Reader, every: Reader) -> Callable[[Row], bool]:
    """Tells whether the sample of a manifest's row is one of those that were asked for."""
    left_out = {sample.id for sample in every.outline}
    left_out -= {sample.id for sample in chosen.outline}
    takes = row_filter(read)
    return lambda row: row["id"] not in left_out and takes(row)
