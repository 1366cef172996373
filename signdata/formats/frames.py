"""Frame folders: one folder of numbered pictures a clip.

::

    ROOT/[SPLIT/]CLASS/CLIP/img_00001.jpg

Frames are numbered from 1 and read in the order of the numbers in their names.
VideoFrameDataset, mmaction2 and others read the same layout.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from signdata.errors import UsageError
from signdata.formats import frame_times
from signdata.formats.picture_options import PictureOptions
from signdata.formats.reader import OpenOptions, PictureSummary
from signdata.formats.trees import picture_files, pictures
from signdata.formats.trees.manifest_join import Found
from signdata.formats.trees.picture_files import PictureFiles
from signdata.formats.trees.reader import TreeReader
from signdata.formats.trees.scan import ClassDir
from signdata.formats.writer import EncodedItem, OutputSummary, Writer, refuse_broken
from signdata.media import suffixes
from signdata.media.image.kinds import is_picture, suffix_by_content, unsupported
from signdata.media.suffixes import natural
from signdata.safe_names import MAX_BYTES, component
from signdata.samples import Broken, Pixels, Sample
from signdata.sidecars import Row

DEFAULT_TEMPLATE = "img_{:05d}"


@dataclass(frozen=True)
class FramesOptions:
    """How frame folders are read; see `FoldersOptions`."""

    follow_symlinks: bool = False
    layout: str | None = None


class FramesReader(TreeReader):
    """Reads frame folders."""

    name = "frames"
    kind = "clip"
    expected = "no clips; expected CLASS/CLIP/img_00001.jpg below it"
    batch_size = 4

    @classmethod
    def open(cls, paths: list[Path], options: OpenOptions) -> Self:
        reader = cls(paths[0], FramesOptions(options.read.follow_symlinks, options.read.layout))
        reader.inputs = (paths[0],)
        return reader

    def __init__(self, path: Path, options: FramesOptions = FramesOptions()) -> None:
        super().__init__(path, follow_symlinks=options.follow_symlinks, layout=options.layout)

    def _find(self, class_dir: ClassDir) -> Iterator[Found]:
        for name in class_dir.files:
            self._tree.note(class_dir.path / name, "file next to the clips: not read")
        n_clips = 0
        for clip in class_dir.folders:
            folder = class_dir.path / clip
            files, folders = self._tree.entries(folder)
            pictures_of = {Path(name).stem for name in files if suffixes.suffix_of(name) != ".json"}
            poses = [n for n in files if n.endswith(".json") and Path(n).stem in pictures_of]
            others = {*poses, frame_times.FILE}
            times = str(folder / frame_times.FILE) if frame_times.FILE in files else ""
            files = tuple(name for name in files if name not in others)
            inside = ClassDir(class_dir.split, class_dir.label, folder, files, folders)
            names = sorted(self._tree.pictures(inside), key=natural)
            for name in folders:
                self._tree.note(folder / name, "folder inside a clip: not read")
            if not names:
                self._tree.note(folder, "clip without a picture: no sample")
                continue
            n_clips += 1
            paths = tuple(str(folder / name) for name in names)
            refused = next(filter(None, map(unsupported, paths)), None)
            pixels: Pixels = (
                PictureFiles(paths, poses=bool(poses), times_file=times)
                if refused is None
                else Broken(refused)
            )
            place = self._tree.below(folder)
            yield Found(place, class_dir.split, class_dir.label, pixels, self.kind, is_file=False)
        if not n_clips:
            self._tree.note(class_dir.path, "class folder without a clip: no class")

    def picture_summary(self, split: str | None = None) -> PictureSummary:
        return pictures.summary_of_files(self._samples.files(split))


class FramesWriter(Writer):
    """Writes frame folders with their manifest.

    Parameters
    ----------
    options : PictureOptions
        How pictures are written.
    template : str
        Name of a frame without suffix; a format string that is given its number from 1.
    """

    name = "frames"
    single_file = False
    holds = frozenset({"clip", "still"})
    splits_are_folders = True

    @classmethod
    def create(cls, out: Path, pictures: PictureOptions, *, layout: str, split: str) -> Self:
        return cls(pictures)

    def __init__(
        self,
        options: PictureOptions = PictureOptions(),
        template: str = DEFAULT_TEMPLATE,
    ) -> None:
        self._options = options
        self._template = template
        _refuse_wide(template)
        try:
            distinct = len({component(template.format(number)) for number in (1, 2, 10)}) == 3
        except (ValueError, IndexError, KeyError, AttributeError, TypeError) as err:
            raise UsageError(f"name template {template!r} ({err}); expected img_{{:05d}}") from err
        if not distinct:
            raise UsageError(f"name template {template!r}; expected a number, as in img_{{:05d}}")

    def folder(self, sample: Sample) -> str:
        """Where the frames of a sample go, below the output's root."""
        return self._options.place(sample)

    def encoded_items(self, sample: Sample) -> Iterator[EncodedItem]:
        refuse_broken(sample)
        folder = self.folder(sample)
        files = sample.pixels.files
        if self._options.mode != "copy" and self._options.image_format is None and files:
            for number, file in enumerate(files, 1):
                path = f"{folder}/{self._template.format(number)}{suffix_by_content(file)}"
                symbolic = self._options.mode == "symlink"
                yield EncodedItem(path, b"", file, symbolic, content=picture_files.read(file))
                yield from pictures.companions(sample, number, path)
            yield from _times(sample, folder)
            return
        yield from frame_items(sample, folder, self._options, self._template)

    def row_path(self, piece_path: str) -> str:
        return posixpath.dirname(piece_path)

    def meta(self, sample: Sample, n_pieces: int) -> Row:
        return {"n_frames": str(n_pieces)}

    def finish(self, tree: Path, finished: OutputSummary) -> None:
        pictures.write_sidecars(tree, finished, self._options.tables)


def frame_items(
    sample: Sample, folder: str, options: PictureOptions, template: str = DEFAULT_TEMPLATE
) -> Iterator[EncodedItem]:
    """A folder of the frames of a sample, with what belongs next to them."""
    for number, picture in enumerate(pictures.encoded_frames(sample, options), 1):
        path = f"{folder}/{template.format(number)}{picture.suffix}"
        yield EncodedItem(path, picture.data)
        yield from pictures.companions(sample, number, path)
    yield from _times(sample, folder)


def frames_in(folder: Path) -> PictureFiles | None:
    """What `frame_items` has written to a folder; None where it has no frames."""
    names = set(os.listdir(folder))
    found = sorted((name for name in names if is_picture(f"{folder}/{name}")), key=natural)
    poses = any(f"{os.path.splitext(name)[0]}.json" in names for name in found)
    times = str(folder / frame_times.FILE) if frame_times.FILE in names else ""
    paths = tuple(f"{folder}/{name}" for name in found)
    return PictureFiles(paths, poses=poses, times_file=times) if paths else None


def _times(sample: Sample, folder: str) -> Iterator[EncodedItem]:
    """The file that says when the frames of a sample are shown, where that is known."""
    times = sample.pixels.times()
    if times:
        yield EncodedItem(f"{folder}/{frame_times.FILE}", frame_times.dump(times), companion=True)


def _refuse_wide(template: str) -> None:
    """Raise `UsageError` for a template whose names would be too long to be made at all."""
    if re.search(r"\{[^{}]*\{", template.replace("{{", "")):
        raise UsageError(f"name template {template!r}; expected img_{{:05d}}")
    fields = re.findall(r"\{[^{}]*\}", template)
    for number in re.findall(r"[0-9]+", " ".join(fields)):
        if len(number) > len(str(MAX_BYTES)) or int(number) > MAX_BYTES:
            raise UsageError(
                f"name template with the number {number[:20]}; expected names of at most "
                f"{MAX_BYTES} bytes, as img_{{:05d}} gives"
            )
