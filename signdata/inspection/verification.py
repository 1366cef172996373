"""Verify that a dataset matches its manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from signdata.command_results import VerifyResult
from signdata.formats import notebook_view
from signdata.formats.reader import Reader
from signdata.inspection.digests import Digests, OfStoredBytes, digests_of
from signdata.inspection.recorded_digests import OTHER, SAME, UNKNOWN, RecordedDigests
from signdata.options import ProgressCallback
from signdata.output import existing
from signdata.plurals import counted
from signdata.results import Problem
from signdata.sidecars import Row


def against_manifest(
    reader: Reader,
    path: Path,
    workers: int | None = None,
    progress: ProgressCallback | None = None,
    *,
    chosen: Callable[[Row], bool] | None = None,
) -> VerifyResult:
    """Compare stored samples with the checksums in the manifest; see `signdata.verify`.

    Parameters
    ----------
    reader : Reader
        All samples, or some.
    path : Path
        The dataset, which has the manifest.
    chosen : callable, optional
        Whether the sample of a row of the manifest should be among those of `reader`; by default
        all of them.
    """
    result = VerifyResult("verify", str(path), shows_counts=False)
    result.pictures = partial(notebook_view.pictures, reader)
    recorded = RecordedDigests(_recorded(path, chosen))
    done = unrecorded = 0
    problems = reader.damage(workers)
    n_damaged = len(problems)
    for part in digests_of(reader, OfStoredBytes(recorded.any), workers, progress):
        done += len(part)
        unrecorded += _hold_against(recorded, part, problems)
    lost: list[str] = []
    if not recorded.all_asked:
        again = (one for ids, _ in _recorded(path, chosen) for one in ids)
        lost += recorded.never_asked(again)
    problems += [
        Problem(sample_id, "", "missing", "listed in the manifest, but does not exist")
        for sample_id in lost
    ]
    result.read = done
    result.failed = len(problems)
    result.extend([*reader.info.notes, *problems])
    result.rejected = bool(problems)
    result.details = {
        "same": not problems,
        "differences": len(problems),
        "checked": done - unrecorded,
        "without_digest": unrecorded,
    }
    result.leave_out(reader.info.left_out)
    result.summary = _manifest_summary(done, len(lost), unrecorded, len(problems) - n_damaged)
    if n_damaged:
        result.summary += f"; {counted(n_damaged, 'shard')} not as they were written"
    return result


def _recorded(
    path: Path, chosen: Callable[[Row], bool] | None
) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Ids and checksums of the chosen rows of a manifest, some at a time."""
    if chosen is None:
        yield from existing.read_digests(path)
        return
    for row in existing.read_rows(path):
        if chosen(row):
            yield [row["id"]], [row.get("sha256", "")]


def _hold_against(recorded: RecordedDigests, part: Digests, problems: list[Problem]) -> int:
    """Add what is wrong with some samples to the problems; how many have no recorded checksum."""
    found = recorded.compare(part.ids, part.digests)
    found[[*part.errors]] = SAME  # of what cannot be read, that is what is told
    wrong = {*np.flatnonzero(found == OTHER).tolist(), *part.errors}
    for place in sorted(wrong):
        what, kind = part.errors.get(place, ("its checksum differs from the manifest's", "differs"))
        problems.append(Problem(part.ids[place], "", kind, what))
    return int((found == UNKNOWN).sum())


def _manifest_summary(done: int, n_lost: int, unrecorded: int, n_problems: int) -> str:
    if n_problems:
        return f"{n_problems:,} of {done + n_lost:,} samples do not match the manifest"
    if unrecorded == done:
        return (
            f"{counted(done, 'sample')} can be read; there is no manifest with checksums to check "
            "against"
        )
    n = done - unrecorded
    text = f"{counted(n, 'sample')} {'matches' if n == 1 else 'match'} the manifest"
    return text + (f", {unrecorded:,} without a checksum can be read" if unrecorded else "")
