"""Trees of videos: one file a clip.

::

    ROOT/[SPLIT/]CLASS/NAME.mp4

Any container that PyAV knows; what is inside decides, not the suffix.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from signdata.errors import FormatError
from signdata.formats import tree
from signdata.formats.base import Batch, DatasetInfo, Reader, Survey, list_batches
from signdata.formats.tree import ClassDir, Found, Tree
from signdata.media.clip import ClipOptions, ClipPixels


class VideosReader(Reader):
    """Reads a tree of videos."""

    name = "videos"
    risky = True

    def __init__(
        self, path: Path, options: ClipOptions = ClipOptions(), *, follow_symlinks: bool = False
    ) -> None:
        self._tree = Tree.scan(path, follow_symlinks=follow_symlinks)
        self._described = tree.describe(self._tree)
        found = [
            entry for class_dir in self._tree.class_dirs for entry in self._find(class_dir, options)
        ]
        self._samples = tree.join(self._tree, found, self._described)
        if not self._samples:
            raise FormatError("no videos; expected CLASS/NAME.mp4 below it", path=path)

    def _find(self, class_dir: ClassDir, options: ClipOptions) -> Iterator[Found]:
        names = self._tree.take(class_dir, {*tree.VIDEO_SUFFIXES, ".gif"})
        for name in class_dir.folders:
            self._tree.note(class_dir.path / name, "folder inside a class folder: not read")
        if not names:
            self._tree.note(class_dir.path, "class folder without a video: no class")
        for name in names:
            path = class_dir.path / name
            place = self._tree.below(path)
            pixels = ClipPixels(options.reel(str(path)), options=options)
            yield Found(place, class_dir.split, class_dir.label, pixels, "clip")

    @cached_property
    def info(self) -> DatasetInfo:
        return DatasetInfo(
            self.name,
            "clip",
            tree.labels_of(self._described),
            len(self._samples),
            tuple(sorted({sample.label for sample in self._samples})),
            (*self._described.columns, "fps", "range", "verdict"),
            self._described.origin,
            tuple(self._tree.notes),
            (tree.sources(self._tree.root, self._samples),),
        )

    def batches(self) -> Iterator[Batch]:
        return list_batches(self._samples, 1)

    def survey(self) -> Survey:
        return Survey(None, None, False, None)
