"""A path that may hold a dataset, looked at once for every format that is asked about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from signdata.formats.trees.layout import Layout
from signdata.formats.trees.scan import Tree


@dataclass(frozen=True)
class Place:
    """A file or a directory.

    Attributes
    ----------
    path : Path
        Where it is.
    follow_symlinks : bool
        Whether symbolic links to folders are followed.
    layout : str or None
        A pattern that says what paths mean.
    """

    path: Path
    follow_symlinks: bool = False
    layout: str | None = None

    @cached_property
    def is_dir(self) -> bool:
        """Whether it is a directory."""
        return self.path.is_dir()

    @cached_property
    def tree(self) -> Tree:
        """The directory's class folders.

        Raises
        ------
        FormatError
            If split folders and class folders are side by side.
        """
        layout = None if self.layout is None else Layout(self.layout)
        return Tree.scan(self.path, follow_symlinks=self.follow_symlinks, layout=layout)
