"""A dataset as a notebook shows it: its counts, and a page of its pictures."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from signdata import notebooks
from signdata.errors import SigndataError
from signdata.formats.reader import Reader
from signdata.samples import SPLITS, Broken, Sample

MOST = 24
"""Pictures on a sheet."""


def of_reader(reader: Reader) -> str:
    """The HTML of a reader. A dataset that cannot be read is one line that says why."""
    try:
        outline = reader.outline
        counts = Counter((one.label, one.split) for one in outline)
        return "".join(
            (
                notebooks.heading(repr(reader)),
                counted(reader.classes, counts),
                pictures(reader),
            )
        )
    except SigndataError as err:
        return notebooks.heading(f"{type(reader).__name__}: {err}")


def counted(classes: Sequence[str], counts: Mapping[tuple[str, str], int]) -> str:
    """Samples of each class in each split, a row for all of them first."""
    splits = [name for name in ("", *SPLITS) if any(split == name for _, split in counts)]
    sums = [sum(n for (_, split), n in counts.items() if split == name) for name in splits]
    rows = [[name, *(counts.get((name, split), 0) for split in splits)] for name in classes]
    return notebooks.table(
        ["class", *(name or "samples" for name in splits)], [["all", *sums], *rows]
    )


def pictures(reader: Reader) -> str:
    """A page of pictures as HTML; '' if none can be read."""
    page = contact_sheet(reader)
    return "" if page is None else notebooks.picture(page, f"samples of {reader.info.title}")


def of_dataset(path: Path) -> str:
    """A page of pictures of a dataset that was written; what is in the way of it is said."""
    from signdata.formats.open import open_dataset

    try:
        with open_dataset(path) as reader:
            return pictures(reader)
    except SigndataError as err:
        return notebooks.lines(f"no pictures: {err}")


def contact_sheet(reader: Reader) -> bytes | None:
    """Up to `MOST` samples as a PNG, as many of each class as there is room for; None of none."""
    from signdata.formats.thumbnails import thumbnails
    from signdata.media.contact_sheet import Group, Picture, sheet

    outline = reader.outline
    chosen = _chosen(outline)
    frames = thumbnails(reader, reader.per_batch, chosen, workers=1)
    shown = [
        Picture(frames[at], [_where(outline[at]), outline[at].id]) for at in chosen if at in frames
    ]
    if not shown:
        return None
    left = len(outline) - len(shown)
    foot = f"{left:,} of {len(outline):,} samples are not shown" if left else ""
    return sheet([Group("", shown)], reader.info.title, foot)


def _where(sample: Sample) -> str:
    return f"{sample.split}, {sample.label}" if sample.split else sample.label


def _chosen(outline: Sequence[Sample]) -> list[int]:
    """Numbers of the samples that are shown: classes in turn, each evenly spread."""
    from signdata.formats.thumbnails import spread

    by_label: dict[str, list[int]] = defaultdict(list)
    for number, sample in enumerate(outline):
        if not isinstance(sample.pixels, Broken):
            by_label[sample.label].append(number)
    labels = [by_label[label] for label in sorted(by_label)]
    labels = [labels[i] for i in spread(range(len(labels)), MOST)]
    each = -(-MOST // len(labels)) if labels else 0
    rounds = itertools.zip_longest(*(spread(numbers, each) for numbers in labels))
    found = [number for one in rounds for number in one if number is not None]
    return sorted(found[:MOST], key=lambda number: (outline[number].label, number))
