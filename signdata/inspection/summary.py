"""A dataset's summary: counts per class and split, sizes, kind."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path

from signdata.command_results import InfoResult
from signdata.errors import SigndataError, UnsupportedError, UsageError
from signdata.formats import notebook_view
from signdata.formats.reader import Reader
from signdata.options import ProgressCallback
from signdata.plurals import counted
from signdata.results import Problem, Result, table
from signdata.samples import SPLITS

MOST_ROWS = 50
"""Classes that a table shows one by one; of more, the largest and the smallest."""

ENDS = 20
"""How many of each."""


def describe(
    reader: Reader, progress: ProgressCallback | None = None, *, every_class: bool = False
) -> InfoResult:
    """Count samples per class and split; unreadable ones are counted as failed.

    The table of many classes shows the largest and the smallest, unless `every_class` is asked
    for; `details` has all.
    """
    info = reader.info
    result = InfoResult("info", pictures=partial(notebook_view.pictures, reader))
    result.extend(info.notes)
    counts: Counter[tuple[str, str]] = Counter()
    groups: set[str] = set()
    for part in reader.columns():
        result.read += len(part)
        for place, error in part.broken.items():
            _count_broken(result, error, part.ids[place])
        counts.update(zip(part.labels, part.splits, strict=True))
        groups.update(part.groups)
        if progress:
            progress(result.read, info.n_samples)
    for split in ("", *SPLITS):  # a row of which nothing is known is no picture
        del counts["", split]
    classes = info.labels.order(label for label, _ in counts)
    splits = [name for name in ("", *SPLITS) if any(split == name for _, split in counts)]
    summary = reader.picture_summary()
    n = sum(counts.values())
    n_frames = summary.n_frames
    if info.kind == "still" and n_frames is not None:
        n_frames = min(n, n_frames)
    result.details = {
        "format": info.format,
        "kind": info.kind,
        "samples": n,
        "classes": list(classes),
        "splits": {split: sum(counts[name, split] for name in classes) for split in splits},
        "counts": {name: {split: counts[name, split] for split in splits} for name in classes},
        "size": list(reversed(summary.size_hw)) if summary.size_hw else None,
        "channels": summary.channels,
        "frames": n_frames,
        "groups": len(groups - {""}),
    }
    result.leave_out(info.left_out)
    result.summary = _summary(result, classes, splits, counts, every_class)
    return result


def _count_broken(result: Result, error: SigndataError, sample_id: str) -> None:
    missing = isinstance(error, FileNotFoundError | UnsupportedError)
    result.skipped += missing
    result.failed += not missing
    kind = error.kind if missing else "corrupt"
    result.extend([Problem.from_error(error, kind, sample_id)])


def _summary(
    result: Result,
    classes: tuple[str, ...],
    splits: list[str],
    counts: Counter[tuple[str, str]],
    every_class: bool,
) -> str:
    details = result.details
    size = details["size"]
    shown = f"{size[0]}x{size[1]}" if size else "of several sizes"
    colour = {1: "grey", 3: "colour"}.get(details["channels"], "")
    kind = "clip" if details["kind"] == "clip" else "picture"
    n_samples = counted(details["samples"], kind)
    lines = [
        f"{details['format']}: {n_samples} of {counted(len(classes), 'class', 'classes')}"
        + (f", {shown} {colour}".rstrip() if details["frames"] is not None else "")
    ]
    if result.skipped or result.failed:
        there = result.read - result.skipped - result.failed
        without = f"{result.skipped:,} are missing or of another kind, {result.failed:,} damaged"
        lines.append(f"{there:,} of {result.read:,} can be read; {without}")
    if left_out := sum(details.get("left_out", {}).values()):
        lines.append(f"{left_out:,} left out by --corrections")
    columns = [{name: counts[name, split] for name in classes} for split in splits]
    headers = ["class", *(split or "samples" for split in splits)]
    totals = {name: sum(column[name] for column in columns) for name in classes}
    if len(splits) > 1:
        headers.append("all")
        columns.append(totals)
    rows: list[list[object]] = [[name, *(column[name] for column in columns)] for name in classes]
    if len(classes) > MOST_ROWS and not every_class:
        rows.sort(key=lambda row: -totals[str(row[0])])
        n_left_out = len(rows) - 2 * ENDS
        rows[ENDS:-ENDS] = [["...", *("" for _ in columns)]]
        lines.append(f"the {ENDS} largest and smallest classes; --all shows {n_left_out:,} more")
    rows.append(["all", *(sum(column.values()) for column in columns)])
    return "\n".join([*lines, table(headers, rows)])


def refuse_several_splits(reader: Reader, path: Path) -> None:
    """Raise `UsageError` if a dataset has samples of more than one split."""
    present = {sample.split for sample in reader}
    splits = [name for name in SPLITS if name in present]
    if len(splits) > 1:
        raise UsageError(
            f"several splits ({', '.join(splits)}); expected one, as a Sign-MNIST CSV holds",
            path=path,
            remedy=f"Choose one, for example with --split {splits[0]}.",
        )
