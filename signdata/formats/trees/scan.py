"""Trees of class folders: what `folders`, `frames` and `videos` have in common.

::

    ROOT/[SPLIT/]CLASS/ENTRY

with ENTRY a picture, a folder of pictures or a video. Knows which names are
splits and which entries are junk, and joins what is on disk with the manifest
at ROOT.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from signdata import sidecars
from signdata.errors import DecodeError, FormatError, MissingError, UnsafeNameError
from signdata.media.image.decode import CodedPixels
from signdata.results import NOTE, Problem
from signdata.safe_names import component, is_junk
from signdata.samples import SPLIT_NAMES, Broken, Pixels, Sample
from signdata.sidecars import Row

# A pipe must not make the opening wait for ever.
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

_VIDEOS = (
    "264 265 3gp asf avi flv h264 hevc m2ts m4v mkv mov mp4 mpeg mpg mts ogv swf ts vob webm wmv"
)
VIDEO_SUFFIXES = frozenset(f".{name}" for name in _VIDEOS.split())
"""File suffixes that are taken for videos; what is inside decides whether they are."""


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
    notes : list of Problem
        Junk and strays, and why they are no samples.
    """

    root: Path
    follow_symlinks: bool = False
    class_dirs: list[ClassDir] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    @classmethod
    def scan(cls, root: Path, *, follow_symlinks: bool = False) -> Tree:
        """List a directory dataset.

        Raises
        ------
        MissingError
            If `root` is no directory.
        FormatError
            If split folders and class folders stand side by side.
        """
        tree = cls(root, follow_symlinks)
        files, folders = tree.entries(root)
        for name in files:
            if not sidecars.is_sidecar(name):
                tree.note(root / name, "stray file beside the class folders: not read")
        splits = [name for name in folders if name.casefold() in SPLIT_NAMES]
        if splits and len(splits) < len(folders):
            other = next(name for name in folders if name not in splits)
            raise FormatError(
                f"two readings: {splits[0]!r} as a split beside {other!r}, or both as classes",
                path=root,
                remedy="Keep split folders and class folders apart.",
            )
        for name in folders:
            if splits:
                tree._scan_split(root / name, SPLIT_NAMES[name.casefold()])
            else:
                tree._scan_class(root / name, "")
        return tree

    def _scan_split(self, path: Path, split: str) -> None:
        files, folders = self.entries(path)
        if files and not folders:
            raise FormatError(
                f"two readings: a split without class folders, or a class called {path.name!r}",
                path=path,
                remedy=f"Put its files into {path.name}/CLASS/, or rename the folder.",
            )
        for name in files:
            self.note(path / name, "stray file beside the class folders: not read")
        for name in folders:
            self._scan_class(path / name, split)

    def _scan_class(self, path: Path, split: str) -> None:
        files, folders = self.entries(path)
        self.class_dirs.append(ClassDir(split, path.name, path, files, folders))

    def entries(self, path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names of the files and folders in `path`, sorted; junk is noted and left out."""
        files, folders = [], []
        try:
            entries = sorted(os.scandir(path), key=lambda entry: entry.name)
        except OSError as err:
            raise MissingError(f"cannot be listed ({err.strerror})", path=path) from err
        for entry in entries:
            if is_junk(entry.name):
                self.note(entry.path, "junk: not read")
                continue
            _refuse_undecodable(entry.name, path)
            if entry.is_dir(follow_symlinks=False):
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
        shown = os.path.relpath(path, self.root).replace(os.sep, "/")
        self.notes.append(Problem(shown, "", NOTE, message))

    def take(self, class_dir: ClassDir, suffixes: Iterable[str]) -> list[str]:
        """Names of a class's files with one of `suffixes`; the others are noted as junk."""
        taken = []
        for name in class_dir.files:
            if suffix_of(name) in suffixes:
                taken.append(name)
            else:
                self.note(class_dir.path / name, "not a file of this kind: not read")
        return taken

    def below(self, path: Path) -> str:
        """A path below the root, POSIX separators."""
        return path.relative_to(self.root).as_posix()


def _refuse_undecodable(name: str, folder: Path) -> None:
    try:
        name.encode()
    except UnicodeEncodeError as err:
        raise UnsafeNameError(
            "a name that is not UTF-8; no manifest can hold it",
            path=folder / name,
            remedy="Rename it.",
        ) from err


def suffix_of(name: str) -> str:
    """The suffix of a file name in lower case."""
    return os.path.splitext(name)[1].lower()


def natural(name: str) -> tuple[object, ...]:
    """Sort key that puts ``img_2`` before ``img_10``."""
    parts = re.split(r"(\d+)", name)
    return (*(int(part) if i % 2 else part for i, part in enumerate(parts)), name)


def unique_ids(paths: Iterable[str]) -> dict[str, str]:
    """Id of each path below the root: without suffix, unless two would then be one."""
    stems = {path: os.path.splitext(path)[0] for path in paths}
    taken = Counter(stems.values())
    return {path: stem if taken[stem] == 1 else path for path, stem in stems.items()}


@dataclass(frozen=True)
class Described:
    """What the files beside a directory dataset say of it."""

    rows: dict[str, Row]
    classes: tuple[str, ...]
    origin: dict[str, object]
    columns: tuple[str, ...]


def describe(tree: Tree) -> Described:
    """Read ``manifest.csv``, ``classes.txt`` and ``signdata.json`` at the root, where they are."""
    rows: dict[str, Row] = {}
    file = tree.root / sidecars.MANIFEST
    if file.is_file():
        for row in sidecars.read_rows(file):
            path = row.get("path", "")
            if not path:
                rows = {}
                tree.note(file, "not a manifest of these files (no paths): not used")
                break
            if path in rows:
                raise FormatError(f"path {path!r} stands twice", path=file)
            rows[path] = row
    classes = tree.root / sidecars.CLASSES
    columns = next(iter(rows.values()), {})
    return Described(
        rows,
        sidecars.read_classes(classes) if classes.is_file() else (),
        sidecars.origin_of(sidecars.read_document(tree.root)),
        tuple(name for name in columns if name not in (*sidecars.COLUMNS, "source_sha256")),
    )


@dataclass(frozen=True)
class Found:
    """One entry on disk that is a sample."""

    path: str
    split: str
    label: str
    pixels: Pixels
    kind: str
    is_file: bool = True


def join(tree: Tree, found: list[Found], described: Described) -> list[Sample]:
    """Make samples of what was found, with what the manifest knows of each.

    The manifest's order comes first and its id, label, split, group and further columns
    are preferred; an entry that it does not list is read all the same, after the others.
    A row whose file is gone becomes a sample that cannot be read.
    """
    by_path = {entry.path: entry for entry in found}
    samples = []
    for path, row in described.rows.items():
        entry = by_path.pop(path, None)
        if entry is None:
            entry = Found(path, row.get("split", ""), row["label"], _gone(tree, path), "still")
        samples.append(_sample(entry, row["id"], row))
    ids = unique_ids(path for path, entry in by_path.items() if entry.is_file)
    taken = {sample.id for sample in samples}
    for path, entry in by_path.items():
        if described.rows:
            tree.note(tree.root / path, "not in the manifest: read all the same")
        sample_id = ids.get(path, path)
        if sample_id in taken:
            sample_id = path
        samples.append(_sample(entry, sample_id, {}))
    return samples


def _sample(entry: Found, sample_id: str, row: Row) -> Sample:
    meta = {
        name: value
        for name, value in row.items()
        if name not in sidecars.COLUMNS and name != "source_sha256"
    }
    return Sample(
        id=sample_id,
        label=row.get("label", entry.label),
        pixels=entry.pixels,
        split=row.get("split", entry.split),
        group=row.get("group", ""),
        source=row.get("source", "") or entry.path,
        kind=entry.kind,
        meta=meta,
    )


def _gone(tree: Tree, path: str) -> Pixels:
    return Broken(
        MissingError(
            "listed in the manifest but not there",
            path=tree.root / path,
            remedy="Put the file back, or remove its row.",
        )
    )


def sources(root: Path, files: Iterable[str]) -> dict[str, object]:
    """What identifies a directory as a source: how many files, and a digest of names and sizes."""
    digest = hashlib.sha256()
    n_files = 0
    below = os.path.join(root, "")
    for file in sorted(files):
        try:
            size = os.stat(file).st_size
        except OSError:
            size = -1
        name = file.removeprefix(below).replace(os.sep, "/")
        digest.update(f"{name}\0{size}\0".encode("utf-8", "surrogateescape"))
        n_files += 1
    return {"name": root.resolve().name, "files": n_files, "listing_sha256": digest.hexdigest()}


def target(sample: Sample) -> str:
    """Where a tree stores a sample, without suffix: ``[SPLIT/]CLASS/NAME``.

    Raises
    ------
    UnsafeNameError
        If the label or the name may not become a path component, or the class would be
        read as a split.
    """
    label = component(sample.label, what="class name")
    if not sample.split:
        _refuse_taken(label)
    name = component(sample.name, what="name")
    return f"{sample.split}/{label}/{name}" if sample.split else f"{label}/{name}"


def _refuse_taken(label: str) -> None:
    """Raise `UnsafeNameError` if a class folder at the root would be taken for something else."""
    for taken, what in ((SPLIT_NAMES, "be read as a split"), (sidecars.SIDECARS, "be a sidecar")):
        if label.casefold() in taken:
            raise UnsafeNameError(
                f"class name {label!r} would {what}",
                remedy="Rename the class, or give the dataset splits.",
            )


def with_suffix(stem: str, suffix: str) -> str:
    """Add a suffix to a name unless it has it already."""
    return stem if stem.lower().endswith(suffix) else stem + suffix


@dataclass(frozen=True)
class PictureFiles(CodedPixels):
    """A still or a clip in picture files, one a frame, in order."""

    paths: tuple[str, ...]
    poses: bool = field(default=False, kw_only=True)

    @property
    def files(self) -> tuple[str, ...]:
        return self.paths

    def beside(self, number: int) -> tuple[str, bytes] | None:
        file = os.path.splitext(self.paths[number])[0] + ".json"
        return (".json", read(file)) if self.poses and os.path.exists(file) else None

    _digests: list[str] = field(default_factory=list, compare=False, kw_only=True)

    def coded(self) -> Iterator[tuple[bytes, str]]:
        digest = hashlib.sha256()
        for path in self.paths:
            data = read(path)
            digest.update(data)
            yield data, path
        self._digests[:] = [digest.hexdigest()]

    def source_sha256(self) -> str:
        if self._digests:  # of the reading just done; the next question reads anew
            return self._digests.pop()
        digest = hashlib.sha256()
        for path in self.paths:
            digest.update(read(path))
        return digest.hexdigest()


def read(path: str) -> bytes:
    """All bytes of a regular file.

    Raises
    ------
    MissingError
        If it is not there.
    DecodeError
        If it cannot be read or is no regular file.
    """
    try:
        file = os.open(path, _READ)
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                raise DecodeError("no regular file", path=path)
            data = os.read(file, status.st_size + 1)
            while len(data) < status.st_size and (more := os.read(file, status.st_size)):
                data += more
            return data
        finally:
            os.close(file)
    except FileNotFoundError as err:
        raise MissingError("not there", path=path) from err
    except DecodeError:
        raise
    except OSError as err:
        raise DecodeError(f"cannot be read ({err.strerror})", path=path) from err
