"""ImageFolder trees: one picture file a sample.

::

    ROOT/[SPLIT/]CLASS/NAME.EXT

The class is the folder's name, the split that of the folder above when it is
``train``, ``val`` (``valid``, ``validation``) or ``test``. Pictures are read by
content, whatever their suffix says. torchvision's ImageFolder, Keras and the
Hugging Face `imagefolder` loader read the same trees.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from signdata.errors import UnsupportedError
from signdata.formats.picture_options import PictureOptions
from signdata.formats.reader import OpenOptions, PictureSummary
from signdata.formats.sample_columns import SampleColumns
from signdata.formats.table.metadata import write_metadata
from signdata.formats.trees import picture_files, pictures
from signdata.formats.trees.manifest_join import Found
from signdata.formats.trees.packed_samples import PackedSamples, PictureRow
from signdata.formats.trees.picture_files import PictureFiles
from signdata.formats.trees.reader import TreeReader
from signdata.formats.trees.scan import ClassDir
from signdata.formats.writer import (
    EncodedItem,
    EncodedStills,
    LinkedStills,
    OutputSummary,
    Writer,
    refuse_broken,
)
from signdata.media.image.kinds import all_are_read, suffix_by_content, unsupported
from signdata.media.suffixes import last_number, stem_of
from signdata.samples import Broken, Pixels, Sample

T = TypeVar("T")


@dataclass(frozen=True)
class FoldersOptions:
    """How an ImageFolder tree is read.

    Attributes
    ----------
    follow_symlinks : bool
        Whether symbolic links to folders are followed.
    by_number : bool
        Whether samples without a manifest come in the order of the numbers in their names
        rather than of their paths.
    layout : str or None
        A pattern that says what paths mean.
    """

    follow_symlinks: bool = False
    by_number: bool = False
    layout: str | None = None


class FoldersReader(TreeReader):
    """Reads an ImageFolder tree."""

    name = "folders"
    kind = "still"
    expected = "no pictures; expected CLASS/NAME.png below it"
    of_files = True

    @classmethod
    def open(cls, paths: list[Path], options: OpenOptions) -> Self:
        reader = cls(
            paths[0],
            FoldersOptions(options.read.follow_symlinks, options.by_number, options.read.layout),
        )
        reader.inputs = (paths[0],)
        return reader

    def __init__(self, path: Path, options: FoldersOptions = FoldersOptions()) -> None:
        self._by_number = options.by_number
        super().__init__(path, follow_symlinks=options.follow_symlinks, layout=options.layout)

    def _find(self, class_dir: ClassDir) -> Iterator[Found]:
        poses = _poses(class_dir.files) if self._described.rows else {}
        names = self._names(class_dir, poses)
        folder, place = self._places(class_dir)
        refused = _refused(folder, names)
        for name in names:
            pixels: Pixels = PictureFiles((folder + name,), poses=name in poses)
            if name in refused:
                pixels = Broken(refused[name])
            yield Found(f"{place}{name}", class_dir.split, class_dir.label, pixels, self.kind)

    def _names(self, class_dir: ClassDir, poses: Mapping[str, str]) -> list[str]:
        """The names of a class folder's pictures; what else is in it is noted."""
        files = tuple(name for name in class_dir.files if name not in poses.values())
        names = self._tree.pictures(replace(class_dir, files=files))
        for name in class_dir.folders:
            self._tree.note(class_dir.path / name, "folder inside a class folder: not read")
        if not names:
            self._tree.note(class_dir.path, "class folder without a picture: no class")
        return names

    def _places(self, class_dir: ClassDir) -> tuple[str, str]:
        """What the paths of a class folder's files begin with, and those below the root."""
        here = class_dir.path == self._tree.root
        return f"{class_dir.path}{os.sep}", "" if here else f"{self._tree.below(class_dir.path)}/"

    def _ordered(self, found: Sequence[Found]) -> Sequence[Found]:
        return _by_number(found, attrgetter("path")) if self._by_number else found

    def _listed(self) -> PackedSamples:
        if self._described.rows or self._layout is not None:
            return super()._listed()
        class_dirs = self._tree.class_dirs
        rows: Iterable[PictureRow] = itertools.chain.from_iterable(map(self._rows, class_dirs))
        if self._by_number:
            rows = _by_number(list(rows), itemgetter(0))
        return PackedSamples.of_rows(rows)

    def _rows(self, class_dir: ClassDir) -> Iterator[PictureRow]:
        """Yield the pictures of a class folder that no manifest tells of."""
        names = self._names(class_dir, {})
        folder, place = self._places(class_dir)
        refused = {folder + name: error for name, error in _refused(folder, names).items()}
        paths = [place + name for name in names]
        stems = list(map(stem_of, paths))
        if len(set(stems)) < len(stems):
            taken = Counter(stems)
            pairs = zip(stems, paths, strict=True)
            stems = [stem if taken[stem] == 1 else path for stem, path in pairs]
        for path, stem, name in zip(paths, stems, names, strict=True):
            file = folder + name
            yield path, stem, class_dir.label, class_dir.split, refused.get(file, file)

    def picture_summary(self, split: str | None = None) -> PictureSummary:
        return pictures.summary_of_files(self._samples.files(split))


POSE = ".json"
"""What the keypoint file next to a picture is called: as the picture, with this suffix."""


def _poses(files: tuple[str, ...]) -> dict[str, str]:
    """The keypoint file of each picture that has one, and that no other could mean."""
    found = {name for name in files if name.endswith(POSE)}
    if not found:
        return {}
    stems: dict[str, list[str]] = {}
    for name in files:
        if not name.endswith(POSE):
            stems.setdefault(os.path.splitext(name)[0], []).append(name)
    return {
        names[0]: stem + POSE
        for stem, names in stems.items()
        if len(names) == 1 and stem + POSE in found
    }


def _refused(folder: str, names: list[str]) -> dict[str, UnsupportedError]:
    """The pictures of a folder that are of a kind that is not read, and why."""
    if all_are_read(names):
        return {}
    found = ((name, unsupported(folder + name)) for name in names)
    return {name: error for name, error in found if error is not None}


def _by_number(entries: Sequence[T], path_of: Callable[[T], str]) -> list[T]:
    """Entries in the order of the last number in each name; of paths, where a name has none."""
    paths = list(map(path_of, entries))
    numbers = [last_number(stem_of(path)) for path in paths]
    if None in numbers:
        return sorted(entries, key=path_of)
    keys = list(zip(numbers, paths, strict=True))
    return [entries[i] for i in sorted(range(len(entries)), key=keys.__getitem__)]


class FoldersWriter(Writer):
    """Writes an ImageFolder tree with its manifest."""

    name = "folders"
    single_file = False
    holds = frozenset({"still"})
    splits_are_folders = True

    @classmethod
    def create(cls, out: Path, pictures: PictureOptions, *, layout: str, split: str) -> Self:
        return cls(pictures)

    def __init__(self, options: PictureOptions = PictureOptions()) -> None:
        self._options = options

    def encoded_items(self, sample: Sample) -> Iterator[EncodedItem]:
        refuse_broken(sample)
        stem = self._options.place(sample)
        files = sample.pixels.files
        if self._options.mode != "copy" and self._options.image_format is None and files:
            path = pictures.with_suffix(stem, suffix_by_content(files[0]))
            symbolic = self._options.mode == "symlink"
            yield from pictures.companions(sample, 1, path)
            yield EncodedItem(path, b"", files[0], symbolic, content=picture_files.read(files[0]))
            return
        for picture in pictures.encoded_frames(sample, self._options):
            path = pictures.with_suffix(stem, picture.suffix)
            yield from pictures.companions(sample, 1, path)
            yield EncodedItem(path, picture.data)

    def takes_together(self, *, originals: bool) -> bool:
        return not originals

    def encoded_together(self, samples: SampleColumns, frames: NDArray[np.uint8]) -> EncodedStills:
        return pictures.encoded_together(self._options.places(samples), frames, self._options)

    @property
    def links_together(self) -> bool:
        return self._options.mode == "link" and self._options.image_format is None

    def linked_together(self, samples: SampleColumns) -> LinkedStills:
        stems = zip(self._options.places(samples), samples.files, strict=True)
        paths = [pictures.with_suffix(stem, suffix_by_content(file)) for stem, file in stems]
        return LinkedStills(list(samples.files), paths)

    def companions(self, path: str) -> tuple[str, ...]:
        return (path.rpartition(".")[0] + POSE,)

    def finish(self, tree: Path, finished: OutputSummary) -> None:
        pictures.write_sidecars(tree, finished, self._options.tables)
        if self._options.tables.metadata is not None:
            write_metadata(tree, finished)
