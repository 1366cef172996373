"""Trees of class folders: what `folders`, `frames` and `videos` have in common.

::

    ROOT/[SPLIT/]CLASS/ENTRY

with ENTRY a picture, a folder of pictures or a video. Knows which names are
splits and which entries are junk, and joins what is on disk with the manifest
at ROOT.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path

from signdata import sidecars
from signdata.errors import FormatError, MissingError, UnsafeNameError
from signdata.filesystem import path_below
from signdata.formats.trees.layout import Layout
from signdata.media.image.kinds import all_are_read, is_picture
from signdata.media.video.moving import is_clip
from signdata.results import NOTE, Problem
from signdata.safe_names import JUNK_NAMES, is_junk
from signdata.samples import SPLIT_NAMES


@dataclass(frozen=True)
class ClassDir:
    """One class folder and what is in it.

    Attributes
    ----------
    split, label : str
        The split that its parent folder names, or ''; the class.
    path : Path
        The folder.
    files, folders : tuple of str
        Names of its entries, sorted, without junk.
    """

    split: str
    label: str
    path: Path
    files: tuple[str, ...]
    folders: tuple[str, ...]


@dataclass
class Tree:
    """A directory dataset as it lies on disk.

    Attributes
    ----------
    root : Path
        Its root.
    class_dirs : list of ClassDir
        Sorted by split folder and class.
    layout : Layout or None
        What paths mean, where somebody said it.
    notes : list of Problem
        Junk and strays, and why they are no samples.
    """

    root: Path
    follow_symlinks: bool = False
    layout: Layout | None = None
    class_dirs: list[ClassDir] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    @classmethod
    def scan(
        cls, root: Path, *, follow_symlinks: bool = False, layout: Layout | None = None
    ) -> Tree:
        """List a directory dataset: split and class folders, or the folders of a layout.

        Raises
        ------
        MissingError
            If `root` is no directory.
        FormatError
            If split folders and class folders stand side by side.
        """
        tree = cls(root, follow_symlinks, layout)
        if layout is not None:
            tree._scan_layout(root, layout.depth - 1)
            return tree
        files, folders = tree.entries(root)
        for name in files:
            if not sidecars.is_sidecar(name) and not tree._is_said_twice(name):
                tree.note(root / name, "stray file next to the class folders: not read")
        splits = [name for name in folders if name.casefold() in SPLIT_NAMES]
        if splits and len(splits) < len(folders):
            other = next(name for name in folders if name not in splits)
            raise FormatError(
                f"two readings: {splits[0]!r} as a split next to {other!r}, or both as classes",
                path=root,
                remedy="Keep split folders and class folders apart.",
            )
        for name in folders:
            if splits:
                others = [root / other for other in splits if other != name]
                tree._scan_split(root / name, SPLIT_NAMES[name.casefold()], others)
            else:
                tree._scan_class(root / name, "")
        return tree

    def _scan_split(self, path: Path, split: str, others: Sequence[Path]) -> None:
        files, folders = self.entries(path)
        if files and not folders:
            raise FormatError(
                f"two readings: a split without class folders, or a class called {path.name!r}",
                path=path,
                remedy=f"Put its files into {path.name}/CLASS/, or rename the folder."
                + (f" Without it: {' '.join(_said(one) for one in others)}" if others else ""),
            )
        for name in files:
            if not self._is_said_twice(name):
                self.note(path / name, "stray file next to the class folders: not read")
        for name in folders:
            self._scan_class(path / name, split)

    def _is_said_twice(self, name: str) -> bool:
        """Whether a file is a table for others next to our own manifest, which says the same."""
        return name == "metadata.csv" and (self.root / sidecars.MANIFEST).is_file()

    def _scan_layout(self, path: Path, depth: int) -> None:
        """List the folders in which a layout's samples are; the layout says what they mean."""
        files, folders = self.entries(path)
        if depth:
            for name in folders:
                self._scan_layout(path / name, depth - 1)
        if path == self.root:
            files = tuple(name for name in files if not sidecars.is_sidecar(name))
        if not depth:
            self.class_dirs.append(ClassDir("", "", path, files, folders))
        else:
            for name in files:
                self.note(path / name, "not as deep as the layout: not read")

    def _scan_class(self, path: Path, split: str) -> None:
        files, folders = self.entries(path)
        self.class_dirs.append(ClassDir(split, path.name, path, files, folders))

    def entries(self, path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names of the files and folders in `path`, sorted; junk is noted and left out."""
        files, folders = [], []
        try:
            found = list(os.scandir(path))
        except OSError as err:
            raise MissingError(f"cannot be listed ({err.strerror})", path=path) from err
        names = [entry.name for entry in found if entry.is_file(follow_symlinks=False)]
        if len(names) == len(found) and not _need_a_look(names):
            return tuple(sorted(names)), ()
        for entry in sorted(found, key=attrgetter("name")):
            if is_junk(entry.name):
                self.note(entry.path, "junk: not read")
                continue
            if not entry.name.isascii():
                _refuse_undecodable(entry.name, path)
            if entry.is_file(follow_symlinks=False):  # nearly every entry
                files.append(entry.name)
            elif entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            elif entry.is_symlink() and os.path.isdir(entry.path):
                if self.follow_symlinks and not self._loops(path, entry.path):
                    folders.append(entry.name)
                else:
                    self.note(entry.path, "symbolic link to a folder: not followed")
            else:
                files.append(entry.name)
        return tuple(files), tuple(folders)

    @staticmethod
    def _loops(parent: Path, link: str) -> bool:
        return Path(os.path.realpath(link)) in (parent.resolve(), *parent.resolve().parents)

    def note(self, path: str | Path, message: str) -> None:
        """Record something that is no sample."""
        shown = path_below(path, self.root)
        self.notes.append(Problem(shown, "", NOTE, message))

    def pictures(self, class_dir: ClassDir) -> list[str]:
        """Names of a class's pictures, by suffix or by content; the others are noted as junk."""
        if all_are_read(class_dir.files):
            return list(class_dir.files)
        taken = []
        folder = f"{class_dir.path}{os.sep}"
        for name in class_dir.files:
            if is_picture(folder + name):
                taken.append(name)
            else:
                self.note(class_dir.path / name, "not a file of this kind: not read")
        return taken

    def videos(self, class_dir: ClassDir) -> list[str]:
        """Names of a class's videos, by suffix or by content; the others are noted as junk."""
        taken = []
        for name in class_dir.files:
            if is_clip(os.path.join(class_dir.path, name)):
                taken.append(name)
            else:
                self.note(class_dir.path / name, "not a file of this kind: not read")
        return taken

    def below(self, path: Path) -> str:
        """A path below the root, POSIX separators."""
        return path.relative_to(self.root).as_posix()


def _need_a_look(names: list[str]) -> bool:
    """Whether one of very many names may be junk, or no UTF-8."""
    text = f"/{'/'.join(names)}/"
    if not text.isascii() or "/." in text:
        return True
    folded = text.casefold()
    return any(f"/{name}/" in folded for name in JUNK_NAMES)


def _said(split: Path) -> str:
    """How a split folder is named as a source."""
    return f"{SPLIT_NAMES[split.name.casefold()]}={split}"


def _refuse_undecodable(name: str, folder: Path) -> None:
    try:
        name.encode()
    except UnicodeEncodeError as err:
        raise UnsafeNameError(
            "a name that is not UTF-8; no manifest can hold it",
            path=folder / name,
            remedy="Rename it.",
        ) from err
