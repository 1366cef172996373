"""Stills whose files stay as they are, linked to together."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import cast

from signdata.conversion.transforms import DescribesTogether, Transform
from signdata.formats.sample_columns import SampleColumns
from signdata.formats.trees.picture_files import read
from signdata.formats.writer import LinkedStills, Writer
from signdata.samples import Sample


def only_links(writer: Writer, transforms: Sequence[Transform]) -> bool:
    """Whether all stills that are in files of their own become links."""
    return describing(writer, transforms) is not None


def describing(
    writer: Writer, transforms: Sequence[Transform]
) -> Sequence[DescribesTogether] | None:
    """The transforms, if stills in files of their own become links; else None."""
    if writer.links_together and all(isinstance(one, DescribesTogether) for one in transforms):
        return cast("Sequence[DescribesTogether]", transforms)
    return None


def linked_together(
    writer: Writer, transforms: Sequence[DescribesTogether], samples: SampleColumns
) -> tuple[SampleColumns, LinkedStills] | None:
    """Samples as they are to be stored, and the links; None where each has to be made on its own.

    Each of them is all of one of the `files`, with nothing next to it. Raises what naming one of
    them would raise.
    """
    for change in transforms:
        samples = change.described_together(samples)
    linked = writer.linked_together(samples) if samples.are_alike else None
    return None if linked is None else (samples, linked)


def in_files(samples: Sequence[Sample]) -> SampleColumns | None:
    """Samples as columns; None unless each is all of a file, with nothing next to it."""
    if not type(samples[0].pixels).reads_together:
        return None
    if not all(sample.pixels.lone_file() for sample in samples):
        return None
    return SampleColumns.of(samples)


def digests_of(linked: LinkedStills) -> list[str]:
    """Checksums of the files as they are now; raises what reading one of them would raise."""
    return [hashlib.sha256(read(file)).hexdigest() for file in linked.files]
