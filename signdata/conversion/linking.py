"""Stills whose files stay as they are, linked to together."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from signdata.conversion.transforms import DescribesTogether, Transform
from signdata.formats.sample_columns import SampleColumns
from signdata.formats.trees.picture_files import read
from signdata.formats.writer import LinkedStills, Writer
from signdata.samples import Sample


def only_links(writer: Writer, transforms: Sequence[Transform]) -> bool:
    """Whether all stills that are in files of their own become links."""
    return writer.links_together and all(isinstance(one, DescribesTogether) for one in transforms)


def linked_together(
    writer: Writer, transforms: Sequence[Transform], samples: Sequence[Sample]
) -> tuple[SampleColumns, LinkedStills] | None:
    """Samples as they are to be stored, and the links; None where each has to be made on its own.

    Raises what naming one of them would raise.
    """
    if not only_links(writer, transforms) or not type(samples[0].pixels).reads_together:
        return None
    if not all(sample.pixels.lone_file() for sample in samples):
        return None
    columns = SampleColumns.of(samples)
    for change in transforms:
        if isinstance(change, DescribesTogether):
            columns = change.described_together(columns)
    linked = writer.linked_together(columns) if columns.are_alike else None
    return None if linked is None else (columns, linked)


def digests_of(linked: LinkedStills) -> list[str]:
    """Checksums of the files as they are now; raises what reading one of them would raise."""
    return [hashlib.sha256(read(file)).hexdigest() for file in linked.files]
