"""The contact sheet of an audit: leaks, label conflicts and groups of near-duplicates."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from signdata import notebooks
from signdata.auditing.pairs import Pair
from signdata.auditing.run import Audit, AuditedDataset
from signdata.errors import SigndataError
from signdata.filesystem import replace_file, writing
from signdata.formats.batches import ListBatch
from signdata.media.contact_sheet import Group, Picture, sheet
from signdata.samples import Frame
from signdata.similarity.fingerprints import CLIP_FRAMES, CLIP_SIDE

N_PAIRS = 36
"""Most pairs of a leaking sample and its twin that are drawn."""

N_GROUPS, N_MEMBERS = 12, 10
"""Most groups of near-duplicates that are drawn, and most samples of each."""


def draw(found: Audit, out: Path) -> bool:
    """Write the sheet to `out`; return False and write nothing if there is nothing to show."""
    made = page(found)
    if made is None:
        return False
    with writing(out):
        replace_file(out, made)
    return True


def as_html(found: Audit) -> str:
    """The sheet for a notebook; a sample that cannot be read any more is said."""
    try:
        made = page(found)
    except SigndataError as err:
        return notebooks.lines(f"no pictures: {err}")
    return "" if made is None else notebooks.picture(made, "what the audit found")


def page(found: Audit) -> bytes | None:
    """The sheet as a PNG; None if there is nothing to show."""
    rows = _rows(found)
    if not rows:
        return None
    pictures = _pictures(found, {i for row in rows for i, _ in row.shown})
    groups = [
        Group(
            row.heading,
            [Picture(pictures[i], _words(found, i, told)) for i, told in row.shown],
            row.together,
        )
        for row in rows
    ]
    names = " and ".join(dataset.name for dataset in found.datasets)
    n_groups = len(found.compared.clusters())
    left = n_groups - N_GROUPS
    foot = f"{left:,} of {n_groups:,} groups of near-duplicates are not shown" if left > 0 else ""
    return sheet(groups, f"audit of {names}", foot)


@dataclass(frozen=True)
class _Row:
    """What is shown under one heading: samples, and a last line for each."""

    heading: str
    shown: list[tuple[int, str]]
    together: int = 1


def _rows(found: Audit) -> list[_Row]:
    compared, samples = found.compared, found.fingerprints
    rows = []
    for kind, what in (
        ("leak", "leaks: a sample of an earlier part and its twin in a later"),
        ("label-conflict", "pictures under two labels"),
    ):
        pairs = [pair for pair in found.pairs if pair.kind == kind]
        if pairs:
            shown = [one for pair in pairs[:N_PAIRS] for one in _both(pair)]
            heading = f"{len(pairs):,} {what}{_left_out(len(pairs), N_PAIRS)}"
            rows.append(_Row(heading, shown, 2))
    for members in compared.clusters()[:N_GROUPS]:
        chosen = members[:N_MEMBERS].tolist()
        heading = f"{len(members):,} near-duplicates of class {samples[chosen[0]].label}"
        first, *others = chosen
        alike = [(i, f"{_correlation(found, first, i)} with the first") for i in others]
        left = _left_out(len(members), N_MEMBERS)
        rows.append(_Row(f"{heading}{left}", [(first, ""), *alike]))
    return rows


def _both(pair: Pair) -> list[tuple[int, str]]:
    return [(pair.partner, "and its twin:"), (pair.sample, f"correlation {pair.correlation_text}")]


def _left_out(n: int, shown: int) -> str:
    return f"; {n - shown:,} more are not shown" if n > shown else ""


def _correlation(found: Audit, i: int, j: int) -> str:
    """Of the thumbnails of two samples."""
    if found.fingerprints[i].sha256 == found.fingerprints[j].sha256:
        return "1"
    return f"{np.corrcoef(found.thumbnails[i], found.thumbnails[j])[0, 1]:.3f}"


def _words(found: Audit, i: int, told: str) -> list[str]:
    """What stands under a sample: its part and class, its id, and what more is known."""
    sample = found.fingerprints[i]
    part = found.compared.parts[i]
    return [f"{part}, {sample.label}" if part else sample.label, sample.id, told]


def _pictures(found: Audit, wanted: Iterable[int]) -> dict[int, Frame]:
    """A picture of each sample: its thumbnail if that is full size, else its middle frame."""
    pictures: dict[int, Frame] = {}
    missing: dict[int, dict[int, int]] = {}
    for i in wanted:
        number, position = found.places[i]
        pictures[i] = _thumbnail(found.thumbnails[i], clip=found.first.info.kind == "clip")
        sample = found.fingerprints[i]
        shows = sample.n_frames == 1 and (*sample.size_hw, sample.channels) == pictures[i].shape
        if not shows and not found.datasets[number].reader.risky:
            missing.setdefault(number, {})[position] = i
    for number, positions in missing.items():
        pictures.update(_read(found.datasets[number], positions))
    return pictures


def _thumbnail(values: NDArray[np.uint8], *, clip: bool) -> Frame:
    """(H, W, 1) uint8: the thumbnail, or a clip's thumbnails side by side."""
    if clip:
        frames = values.reshape(CLIP_FRAMES, CLIP_SIDE, CLIP_SIDE)
        return np.ascontiguousarray(frames.transpose(1, 0, 2)).reshape(CLIP_SIDE, -1, 1)
    side = math.isqrt(len(values))
    return values.reshape(side, side, 1)


def _read(dataset: AuditedDataset, positions: Mapping[int, int]) -> Iterable[tuple[int, Frame]]:
    start = 0
    for batch, n in zip(dataset.reader.batches(), dataset.fingerprints.per_batch, strict=True):
        if any(start <= position < start + n for position in positions):
            samples = batch.samples if isinstance(batch, ListBatch) else batch
            for position, sample in enumerate(samples, start):
                if position in positions:
                    middle = dataset.fingerprints.samples[position].n_frames // 2
                    frames = itertools.islice(sample.frames(), middle, None)
                    yield positions[position], next(frames)
        start += n
