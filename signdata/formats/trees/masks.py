"""Sets of picture files that are masks, read so that they are seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from signdata import sidecars
from signdata.errors import SigndataError
from signdata.formats.trees.packed_samples import PackedSamples
from signdata.formats.trees.picture_files import read
from signdata.media.image import masks
from signdata.results import NOTE, Problem

ORIGIN = "masks"
"""What says in a dataset's origin that its pictures are masks: their files stay as they are."""


def as_seen(
    samples: PackedSamples, root: Path
) -> tuple[PackedSamples, dict[str, Any], list[Problem]]:
    """The samples of a dataset as they are seen, what to add to its origin, and a note."""
    if not are_masks(samples.files(), root):
        return samples, {}, []
    return samples.as_masks(), {ORIGIN: True}, [Problem("", "", NOTE, masks.NOTE)]


def are_masks(files: Iterable[str], root: Path) -> bool:
    """Whether pictures below a directory are masks.

    One that has a record of ours is of masks if it says so; its other pictures have the values
    that they should have. Any other is looked at.
    """
    document = sidecars.read_document(root) if root.is_dir() else None
    if document is not None:
        return are_recorded(sidecars.origin_of(document))
    return masks.are_masks(_read(files))


def are_recorded(origin: Mapping[str, Any]) -> bool:
    """Whether the origin of a dataset says that its pictures are masks."""
    return origin.get(ORIGIN) is True


def _read(files: Iterable[str]) -> Iterator[tuple[bytes, str]]:
    for path in files:
        try:
            yield read(path), path
        except SigndataError:  # told when it is read
            continue
