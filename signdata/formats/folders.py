"""ImageFolder trees: one picture file a sample.

::

    ROOT/[SPLIT/]CLASS/NAME.EXT

The class is the folder's name, the split that of the folder above when it is
``train``, ``val`` (``valid``, ``validation``) or ``test``. Pictures are read by
content, whatever their suffix says. torchvision's ImageFolder, Keras and the
Hugging Face `imagefolder` loader read the same trees.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from signdata.formats.batches import samples_of_split
from signdata.formats.picture_options import PictureOptions
from signdata.formats.reader import OpenOptions, PictureSummary
from signdata.formats.sample_columns import SampleColumns
from signdata.formats.table.metadata import write_metadata
from signdata.formats.trees import picture_files, pictures
from signdata.formats.trees.manifest_join import Found
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
        files = tuple(name for name in class_dir.files if name not in poses.values())
        names = self._tree.pictures(replace(class_dir, files=files))
        for name in class_dir.folders:
            self._tree.note(class_dir.path / name, "folder inside a class folder: not read")
        if not names:
            self._tree.note(class_dir.path, "class folder without a picture: no class")
        folder = f"{class_dir.path}{os.sep}"
        place = "" if class_dir.path == self._tree.root else f"{self._tree.below(class_dir.path)}/"
        are_read = all_are_read(names)
        for name in names:
            refused = None if are_read else unsupported(folder + name)
            pixels: Pixels = PictureFiles((folder + name,), poses=name in poses)
            if refused is not None:
                pixels = Broken(refused)
            yield Found(f"{place}{name}", class_dir.split, class_dir.label, pixels, self.kind)

    def _ordered(self, found: Sequence[Found]) -> Sequence[Found]:
        return sorted(found, key=_number_key(found)) if self._by_number else found

    def picture_summary(self, split: str | None = None) -> PictureSummary:
        return pictures.picture_summary(samples_of_split(self._samples, split))


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


def _number_key(found: Sequence[Found]) -> Callable[[Found], Any]:
    """Key that orders by the last number in the name if every name has one, else by path."""
    numbers = {entry.path: last_number(stem_of(entry.path)) for entry in found}
    if None in numbers.values():
        return lambda entry: entry.path
    return lambda entry: (numbers[entry.path], entry.path)


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
