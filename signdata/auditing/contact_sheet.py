"""The contact sheet of an audit: leaks, label conflicts and groups of near-duplicates."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from signdata.auditing.run import Audit, AuditedDataset
from signdata.filesystem import replace_file, writing
from signdata.formats.batches import ListBatch
from signdata.media.contact_sheet import COLUMNS, sheet
from signdata.samples import Frame
from signdata.similarity.fingerprints import CLIP_FRAMES, CLIP_SIDE, Fingerprint

N_PAIRS = 36
"""Most pairs of a leaking sample and its twin that are drawn."""

N_GROUPS = 12
"""Most groups of near-duplicates that are drawn, one row each."""

_LETTERS = 15


def draw(found: Audit, out: Path) -> bool:
    """Write the sheet to `out`; return False and write nothing if there is nothing to show."""
    rows = _rows(found)
    if not rows:
        return False
    pictures = _pictures(found, itertools.chain.from_iterable(some for _, some in rows))
    drawn = [
        (title, [(_word(found.fingerprints[i]), pictures[i]) for i in some]) for title, some in rows
    ]
    with writing(out):
        replace_file(out, sheet(drawn))
    return True


def _rows(found: Audit) -> list[tuple[str, list[int]]]:
    compared, samples = found.compared, found.fingerprints
    rows = []
    for kind, title in (
        ("leak", "leaks: a sample of an earlier part and its twin in a later"),
        ("label-conflict", "pictures under two labels"),
    ):
        pairs = [pair for pair in found.pairs if pair.kind == kind]
        if pairs:
            shown = [i for pair in pairs[:N_PAIRS] for i in (pair.partner, pair.sample)]
            rows.append((f"{len(pairs):,} {title}", shown))
    for members in compared.clusters()[:N_GROUPS]:
        chosen = members[:COLUMNS].tolist()
        rows.append(
            (f"{len(members):,} near-duplicates of class {samples[chosen[0]].label}", chosen)
        )
    return rows


def _word(sample: Fingerprint) -> str:
    return f"{sample.label} {sample.id.rpartition('/')[2]}"[-_LETTERS:]


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
