"""Pictures of another size than all others of their set: their box was drawn on another size."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from signdata.augmentation.boxes import are_fractions, parse
from signdata.errors import SigndataError
from signdata.filesystem import path_below
from signdata.formats.trees.picture_files import read
from signdata.media.image.decode import probe
from signdata.results import NOTE, Problem
from signdata.samples import Sample


def notes(samples: Iterable[Sample], columns: Sequence[str], root: str) -> list[Problem]:
    """A note for each picture with a box in pixels whose size no other of its folder has.

    Only where more than half of the folder's pictures have one size: what cameras mix says
    nothing.

    Parameters
    ----------
    samples : iterable of Sample
        The dataset.
    columns : sequence of str
        The columns that hold boxes.
    root : str
        What paths are shown below.
    """
    folders: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    for sample in samples:
        boxes = (sample.meta.get(name, "") for name in columns)
        box = next((text for text in boxes if parse(text)), "")
        if not box or are_fractions(box):
            continue
        for path in sample.pixels.files[:1]:
            size = _size_of(path)
            if size is not None:
                folders[os.path.dirname(path)][path] = size
    found = []
    for sizes in folders.values():
        counts = Counter(sizes.values())
        usual, n = counts.most_common(1)[0]
        if n * 2 <= len(sizes):
            continue
        for path, size in sizes.items():
            if counts[size] == 1 and size != usual:
                what = f"{_shown(size)}, and the others of its folder are {_shown(usual)}: "
                what += "its box may have been drawn on that size"
                found.append(Problem(path_below(path, root), "", NOTE, what))
    return found


def _size_of(path: str) -> tuple[int, int] | None:
    try:
        return probe(read(path), path).size_hw
    except SigndataError:  # told when it is read
        return None


def _shown(size_hw: tuple[int, int]) -> str:
    return f"{size_hw[1]}x{size_hw[0]}"
