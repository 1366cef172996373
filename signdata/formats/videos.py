"""Trees of videos: one file a clip.

::

    ROOT/[SPLIT/]CLASS/NAME.mp4

Any container that PyAV knows; what is inside decides, not the suffix.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Self

from signdata.formats.reader import OpenOptions, PictureSummary, decoded_summary
from signdata.formats.trees.manifest_join import Found
from signdata.formats.trees.reader import TreeReader
from signdata.formats.trees.scan import ClassDir
from signdata.media.video.clip import ClipOptions, ClipPixels
from signdata.samples import Sample


class VideosReader(TreeReader):
    """Reads a tree of videos."""

    name = "videos"
    kind = "clip"
    risky = True
    expected = "no videos; expected CLASS/NAME.mp4 below it"
    fills = ("fps", "range", "verdict")
    batch_size = 1

    @classmethod
    def open(cls, paths: list[Path], options: OpenOptions) -> Self:
        reader = cls(
            paths[0],
            options.clip_options,
            follow_symlinks=options.read.follow_symlinks,
            layout=options.read.layout,
        )
        reader.inputs = (paths[0],)
        return reader

    def __init__(
        self,
        path: Path,
        options: ClipOptions = ClipOptions(),
        *,
        follow_symlinks: bool = False,
        layout: str | None = None,
    ) -> None:
        self._options = options
        super().__init__(path, follow_symlinks=follow_symlinks, layout=layout)

    def _find(self, class_dir: ClassDir) -> Iterator[Found]:
        names = self._tree.videos(class_dir)
        for name in class_dir.folders:
            self._tree.note(class_dir.path / name, "folder inside a class folder: not read")
        if not names:
            self._tree.note(class_dir.path, "class folder without a video: no class")
        for name in names:
            path = class_dir.path / name
            pixels = ClipPixels(self._options.video(str(path)), options=self._options)
            place = self._tree.below(path)
            yield Found(place, class_dir.split, class_dir.label, pixels, self.kind)

    def source_files(self, sample: Sample) -> tuple[str, ...]:
        pixels = sample.pixels
        return (pixels.video.path,) if isinstance(pixels, ClipPixels) else ()

    def _files(self) -> Iterator[str]:
        return (file for sample in self._samples for file in self.source_files(sample))

    def picture_summary(self, split: str | None = None) -> PictureSummary:
        return decoded_summary(self._options.shape.size_hw)
