"""Writing pictures flat with a table next to them, as Hugging Face's `imagefolder` reads them.

::

    OUT/metadata.csv   OUT/A-001.png   ...         file_name,label,id,group,source,...
    OUT/train/metadata.csv   OUT/train/A-001.png   where samples have splits
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from signdata.formats.picture_options import PictureOptions
from signdata.formats.sample_columns import SampleColumns
from signdata.formats.table.metadata import write_metadata
from signdata.formats.trees import pictures
from signdata.formats.writer import EncodedItem, EncodedStills, OutputSummary, Writer, refuse_broken
from signdata.safe_names import component
from signdata.samples import Sample


class TableWriter(Writer):
    """Writes flat pictures, a table for each split, and the manifest."""

    name = "table"
    single_file = False
    holds = frozenset({"still"})
    splits_are_folders = True

    @classmethod
    def create(cls, out: Path, pictures: PictureOptions, *, layout: str, split: str) -> Self:
        return cls(pictures)

    def __init__(self, options: PictureOptions = PictureOptions()) -> None:
        self._options = options

    def encoded_items(self, sample: Sample) -> Iterator[EncodedItem]:
        refuse_broken(sample)
        stem = place(sample)
        for picture in pictures.encoded_frames(sample, self._options):
            yield EncodedItem(pictures.with_suffix(stem, picture.suffix), picture.data)

    def takes_together(self, *, originals: bool) -> bool:
        return not originals

    def encoded_together(self, samples: SampleColumns, frames: NDArray[np.uint8]) -> EncodedStills:
        pairs = zip(samples.ids, samples.splits, strict=True)
        stems = [_place(sample_id, split) for sample_id, split in pairs]
        return pictures.encoded_together(stems, frames, self._options)

    def finish(self, tree: Path, finished: OutputSummary) -> None:
        write_metadata(tree, finished)
        pictures.write_flat_sidecars(tree, finished)


def place(sample: Sample) -> str:
    """Where a sample's picture goes, without suffix: its id in one word, below its split.

    Raises
    ------
    UnsafeNameError
        If the id may not become a file name.
    """
    return _place(sample.id, sample.split)


def _place(sample_id: str, split: str) -> str:
    name = sample_id.removeprefix(f"{split}/").replace("/", "-")
    stem = component(name, what="name")
    return f"{split}/{stem}" if split else stem
