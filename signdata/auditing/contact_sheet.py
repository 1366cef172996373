"""The contact sheet of an audit: leaks, conflicts and groups to look at."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from signdata.auditing.run import Audit, Seen
from signdata.filesystem import replace_file, writing
from signdata.formats.batches import ListBatch
from signdata.media.contact_sheet import COLUMNS, sheet
from signdata.samples import Frame
from signdata.similarity.fingerprints import CLIP_FRAMES, CLIP_SIDE, Fingerprint

N_PAIRS = 36
"""Pairs of leaking samples and their twins."""

N_GROUPS = 12
"""Groups of near-duplicates, a line each."""

_LETTERS = 15


def draw(found: Audit, out: Path) -> bool:
    """Draw the sheet; False, and no file, where there is nothing to show."""
    rows = _rows(found)
    if not rows:
        return False
    pictures = _pictures(found, itertools.chain.from_iterable(some for _, some in rows))
    drawn = [(title, [(_word(found.looks[i]), pictures[i]) for i in some]) for title, some in rows]
    with writing(out):
        replace_file(out, sheet(drawn))
    return True


def _rows(found: Audit) -> list[tuple[str, list[int]]]:
    like, looks = found.like, found.looks
    rows = []
    if found.leaking:
        pairs = [i for leak in found.leaking[:N_PAIRS] for i in (leak.partner, leak.index)]
        title = f"{len(found.leaking):,} leaks: a sample of the earlier part, its twin in the later"
        rows.append((title, pairs))
    conflicts = [
        (int(first), i)
        for i, first in enumerate(like.copy_of.tolist())
        if looks[first].label != looks[i].label
    ]
    if conflicts:
        title = f"{len(conflicts):,} pictures under two labels"
        rows.append((title, [i for pair in conflicts[:N_PAIRS] for i in pair]))
    for members in like.clusters()[:N_GROUPS]:
        chosen = members[:COLUMNS].tolist()
        rows.append(
            (
                f"{len(members):,} near-duplicates of class {looks[chosen[0]].label}",
                chosen,
            )
        )
    return rows


def _word(look: Fingerprint) -> str:
    return f"{look.label} {look.id.rpartition('/')[2]}"[-_LETTERS:]


def _pictures(found: Audit, wanted: Iterable[int]) -> dict[int, Frame]:
    """A picture of each sample: its own thumbnail where that is as good, else its middle frame."""
    pictures: dict[int, Frame] = {}
    missing: dict[int, dict[int, int]] = {}
    for i in wanted:
        number, position = found.places[i]
        pictures[i] = _thumbnail(found.thumbnails[i], clip=found.first.info.kind == "clip")
        look = found.looks[i]
        shows = look.n_frames == 1 and (*look.size_hw, look.channels) == pictures[i].shape
        if not shows and not found.seen[number].reader.risky:
            missing.setdefault(number, {})[position] = i
    for number, positions in missing.items():
        pictures.update(_read(found.seen[number], positions))
    return pictures


def _thumbnail(values: NDArray[np.uint8], *, clip: bool) -> Frame:
    """(H, W, 1): the picture, or a clip's frames side by side."""
    if clip:
        frames = values.reshape(CLIP_FRAMES, CLIP_SIDE, CLIP_SIDE)
        return np.ascontiguousarray(frames.transpose(1, 0, 2)).reshape(CLIP_SIDE, -1, 1)
    side = math.isqrt(len(values))
    return values.reshape(side, side, 1)


def _read(seen: Seen, positions: Mapping[int, int]) -> Iterable[tuple[int, Frame]]:
    start = 0
    for batch, n in zip(seen.reader.batches(), seen.looks.per_batch, strict=True):
        if any(start <= position < start + n for position in positions):
            samples = batch.samples if isinstance(batch, ListBatch) else batch
            for position, sample in enumerate(samples, start):
                if position in positions:
                    middle = seen.looks.looks[position].n_frames // 2
                    frames = itertools.islice(sample.frames(), middle, None)
                    yield positions[position], next(frames)
        start += n
