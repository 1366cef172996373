"""Stills that are read, changed and encoded together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from signdata.conversion.transforms import (
    ChangesTogether,
    DescribesTogether,
    MakesTogether,
    Transform,
)
from signdata.formats.sample_columns import SampleColumns
from signdata.formats.writer import EncodedStills, Writer
from signdata.samples import Stills


def takes_together(writer: Writer, transforms: Sequence[Transform], *, originals: bool) -> bool:
    """Whether transforms and writer can deal with stills that are read together.

    `originals` says that they are encoded, which what changes pictures does away with.
    """
    known = ChangesTogether | MakesTogether | DescribesTogether
    if not all(isinstance(one, known) for one in transforms):
        return False
    changes = any(isinstance(one, ChangesTogether | MakesTogether) for one in transforms)
    return writer.takes_together(originals=originals and not changes)


def encoded_together(
    writer: Writer,
    transforms: Sequence[Transform],
    together: Callable[[], tuple[SampleColumns, Stills] | None],
) -> tuple[int, SampleColumns, EncodedStills, Sequence[str]] | None:
    """How many were read, samples, what is to be stored, and digests of their sources.

    None where it cannot be.

    Raises what reading, changing or encoding one of them would raise.
    """
    found = together()
    if found is None:
        return None
    samples, stills = found
    n_read = len(samples)
    for change in transforms:
        if isinstance(change, DescribesTogether):
            samples = change.described_together(samples)
        elif isinstance(change, ChangesTogether):
            changed = change.changed_together(samples, stills)
            if changed is None:
                return None
            stills = changed
        elif isinstance(change, MakesTogether):
            made = change.made_together(samples, stills)
            if made is None:
                return None
            samples, stills = made
    if not samples.are_alike:
        return None
    encoded = writer.encoded_together(samples, stills.frames)
    return None if encoded is None else (n_read, samples, encoded, stills.source_sha256)
