"""What a table of clips comes to, whichever columns or keys it was written with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from signdata.errors import SigndataError
from signdata.media.video.frame_selection import Range, TimeRange
from signdata.results import NOTE, Problem

if TYPE_CHECKING:
    from signdata.media.video.frame_conversion import Box

Span: TypeAlias = Range | TimeRange
"""Which part of a video a clip is."""


@dataclass(frozen=True)
class ClipRow:
    """One clip, as its table describes it.

    Attributes
    ----------
    where : str
        Its place in the table.
    files : tuple of str
        What its video may be called: paths below the folder of videos, or names without suffix.
    cut_files : tuple of str
        The same of a file that holds this clip and nothing else; it is preferred.
    label : str
        Its class; '' where the table says nothing.
    id : str
        Its id in the dataset, '' to be named after its video.
    span : Range or TimeRange
        Which part of the video it is.
    split, signer, group, source : str
        '' where the table says nothing.
    box : tuple of float or None
        x0, y0, x1, y1 around the signer, in pixels or in shares of the picture.
    meta : mapping
        Further columns of the manifest.
    fault : SigndataError or None
        Why the row cannot be read.
    """

    where: str
    files: tuple[str, ...]
    label: str
    cut_files: tuple[str, ...] = ()
    id: str = ""
    span: Span = Range()
    split: str = ""
    signer: str = ""
    group: str = ""
    source: str = ""
    box: Box | None = None
    meta: Mapping[str, str] = field(default_factory=dict)
    fault: SigndataError | None = None


@dataclass(frozen=True)
class ClipTable:
    """The rows of one file.

    Attributes
    ----------
    path : Path
        The file.
    rows : tuple of ClipRow
        In its order.
    folders : tuple of Path
        Where its videos may be, the likeliest first.
    classes : tuple of str
        The classes that it declares, in order.
    notes : tuple of Problem
        What was read as something else than it says.
    frame_rate : Fraction
        Frames a second of clips that are folders of pictures.
    """

    path: Path
    rows: tuple[ClipRow, ...]
    folders: tuple[Path, ...]
    classes: tuple[str, ...] = ()
    notes: tuple[Problem, ...] = ()
    frame_rate: Fraction = Fraction(25)

    def note(self, message: str) -> Problem:
        """A note on this table."""
        return Problem(self.path.name, "", NOTE, message)
