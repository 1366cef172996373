"""Write the files of a sample to the tree of an output.

A batch may be written twice: retried after its worker died, or still in progress in a process
that a dead run left behind. So no attempt ever removes or opens what another one may have
written: a file, or the whole folder of a clip, gets its name in one atomic step.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from signdata.filesystem import (
    link_file,
    link_files,
    own_folder,
    put_file,
    put_files,
    remove,
    replace_by,
    replace_folder,
    unique_name,
    writing,
)
from signdata.formats.writer import EncodedItem, ShardSum
from signdata.sidecars import Row


class TreeFiles:
    """Writes the items of one sample after another below `root`.

    Parameters
    ----------
    root : str
        The tree. It must exist.
    row_path : callable
        Returns the sample's path in the manifest, given the path of one of its items; a
        different path means that the sample is a folder.
    """

    def __init__(self, root: str, row_path: Callable[[str], str]) -> None:
        self._root = root
        self._row_path = row_path
        self._folders: set[str] = set()
        self._staged = ""
        self._final = ""

    def put(self, item: EncodedItem) -> bool:
        """Write one item; return False if it was copied although a link was requested."""
        target = self._target(item.path)
        with writing(target):
            if item.link:
                return link_file(item.link, target, symbolic=item.symbolic)
            if item.make is not None:
                replace_by(target, item.make)
            else:
                put_file(target, item.data)
        return True

    def put_all(self, paths: Iterable[str], contents: Iterable[bytes]) -> None:
        """Write many files, each a sample of its own."""
        pairs = list(zip(self._targets(paths), contents, strict=True))
        with writing(self._root):
            put_files(pairs)

    def link_all(self, files: Iterable[str], paths: Iterable[str]) -> bool:
        """Make hard links to many files, each a sample of its own.

        False where the file system refused one; the links made before stay.
        """
        pairs = list(zip(files, self._targets(paths), strict=True))
        with writing(self._root):
            return link_files(pairs)

    def _targets(self, paths: Iterable[str]) -> list[str]:
        """Where files go whose folders are then there."""
        targets = [f"{self._root}/{path}" for path in paths]
        for folder in {target.rpartition("/")[0] for target in targets}:
            self._make_folder(folder[len(self._root) + 1 :])
        return targets

    def finish(self, row: Row) -> Row:
        """Move the folder of a sample to its final name once all its items are written."""
        if self._staged:
            with writing(self._final):
                replace_folder(self._staged, self._final)
            self._staged = ""
        return {}

    def close(self, *, whole: bool) -> ShardSum | None:
        """Nothing: every sample has its own files."""
        return None

    def discard(self) -> None:
        """Remove what was written of an unfinished sample.

        A single file stays: another attempt may have written it. Files without a manifest row
        are removed before the tree becomes an output.
        """
        if self._staged:
            remove(Path(self._staged))
            self._staged = ""

    def _target(self, path: str) -> str:
        if self._staged:  # all items of a sample that is a folder are in it
            return self._staged + path[len(self._final) - len(self._root) - 1 :]
        place = self._row_path(path)
        if place == path:
            self._make_folder(path.rpartition("/")[0])
            return f"{self._root}/{path}"
        folder = place.rpartition("/")[0]
        self._make_folder(folder)
        self._final = f"{self._root}/{place}"
        self._staged = os.path.join(self._root, folder, unique_name())
        with writing(self._staged):
            os.mkdir(self._staged)
        return self._staged + path[len(place) :]

    def _make_folder(self, folder: str) -> None:
        if folder not in self._folders:
            with writing(f"{self._root}/{folder}"):
                own_folder(self._root, folder)
            self._folders.add(folder)
