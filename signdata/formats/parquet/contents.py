"""What a dataset in Parquet or Arrow files holds, whoever wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from signdata.results import Problem
from signdata.samples import Sample


@dataclass(frozen=True)
class Contents:
    """The samples of a dataset.

    Attributes
    ----------
    samples : list of Sample
        In order.
    classes : tuple of str
        Class names that the files declare, in order.
    columns : tuple of str
        Columns of the manifest beyond the common ones.
    files : list of Path
        The files that they are in.
    notes : tuple of Problem
        What is there and not read.
    kind : str
        ``still`` or ``clip``.
    """

    samples: list[Sample]
    classes: tuple[str, ...]
    columns: tuple[str, ...]
    files: list[Path]
    notes: tuple[Problem, ...]
    kind: str = "still"
