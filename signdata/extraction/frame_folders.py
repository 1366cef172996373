"""The `extract-frames` command: videos into frame folders that other loaders read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from signdata import sidecars
from signdata.conversion import pipeline
from signdata.conversion.transforms import Transform
from signdata.errors import FormatError, UsageError
from signdata.extraction import coverage, loaders
from signdata.extraction.montage import montage
from signdata.filesystem import write_file
from signdata.formats import detect, targets
from signdata.formats.clip_choice import Choice
from signdata.formats.folders import FoldersWriter
from signdata.formats.frames import DEFAULT_TEMPLATE, FramesWriter
from signdata.formats.open import open_source
from signdata.formats.picture_options import PictureOptions
from signdata.formats.reader import OpenOptions, Reader
from signdata.formats.registry import FORMATS
from signdata.formats.targets import picture_options
from signdata.formats.trees.pictures import write_flat_sidecars
from signdata.formats.writer import OutputSummary, Writer
from signdata.labels import class_to_idx
from signdata.media.image import decode
from signdata.media.video.clip import ClipOptions
from signdata.media.video.frame_conversion import FrameShape
from signdata.media.video.frame_selection import Selection
from signdata.options import ClipSelection, ReadOptions, RunOptions
from signdata.output.overlap import refuse_overlap
from signdata.results import Result
from signdata.safe_names import component
from signdata.samples import Sample

ANNOTATION_STYLES = ("v2", "v1")

VIDEO_FORMATS = ("videos", "wlasl", "table", "webdataset")


@dataclass(frozen=True)
class Sources:
    """Which videos are read; see `signdata.extract_frames`."""

    clips: ClipSelection = ClipSelection()
    from_format: str | None = None
    official_splits: bool = True
    follow_symlinks: bool = False
    layout: str | None = None


@dataclass(frozen=True)
class Clips:
    """What is read of each video; see `signdata.extract_frames`."""

    selection: Selection = Selection()
    shape: FrameShape = FrameShape()
    crop: float | None = None
    montage: bool = False
    poses: Path | None = None
    pose_base: int | None = None
    decoder: str = "pyav"
    times: bool = False


MIXED_REMEDY = "Say extract-frames --no-official-splits to write all without one, or --subset FILE."
"""What to do about an index in which only some instances have a split."""


@dataclass(frozen=True)
class Pictures:
    """How frames are written; see `signdata.extract_frames`."""

    options: PictureOptions = PictureOptions()
    name_template: str = DEFAULT_TEMPLATE
    annotations_style: str = "v2"
    layout_for: str | None = None


def pictures_for(
    layout_for: str | None,
    image_format: str | None,
    quality: int,
    name_template: str | None,
    class_names: str | None,
    annotations_style: str | None,
) -> Pictures:
    """How frames are written: as was said, else as a loader reads them, else as usual.

    Raises
    ------
    UsageError
        If a loader could not read what was said.
    """
    loader = loaders.loader_named(layout_for)
    said = {
        "--image-format": (image_format, loader.image_format),
        "--name-template": (name_template, loader.name_template),
        "--annotations-style": (annotations_style, loader.annotations_style),
        "--class-names": (class_names, "safe"),
    }
    for option, (value, read) in said.items():
        if layout_for is not None and value not in (None, read):
            raise UsageError(
                f"{option} {value}, but {layout_for} reads {read}",
                remedy=f"Leave out {option} or --layout-for.",
            )
    written = {option: read if value is None else value for option, (value, read) in said.items()}
    return Pictures(
        picture_options(written["--image-format"], quality, class_names=written["--class-names"]),
        written["--name-template"],
        written["--annotations-style"],
        layout_for,
    )


def read_glosses(value: int | Sequence[str] | str | Path | None) -> int | tuple[str, ...] | None:
    """A number, names, or the lines of a file."""
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    if isinstance(value, str | Path):
        return sidecars.read_classes(Path(value))
    return tuple(value)


_LARGEST_SCALE = 1000


def box_scale(crop_bbox: bool, bbox_scale: float) -> float | None:
    """How much larger than the signer's box the part is that is kept; None for all."""
    if bbox_scale != 1 and not crop_bbox:
        raise UsageError("--bbox-scale goes with --crop-bbox")
    if not 0 < bbox_scale <= _LARGEST_SCALE:
        raise UsageError(f"--bbox-scale {bbox_scale:g}; expected more than 0, up to 1000")
    return bbox_scale if crop_bbox else None


def extract(
    src: Path, out: Path, sources: Sources, clips: Clips, pictures: Pictures, how: RunOptions
) -> Result:
    """RunOptions the command; see `signdata.extract_frames`."""
    reader = _open(src, sources, clips)
    refuse_overlap(reader.inputs, out)
    covered = coverage.of(reader)
    result = pipeline.convert(
        reader,
        _writer(pictures, clips, covered.missing, out, reader),
        out,
        command="extract-frames",
        options=_recorded(sources, clips, pictures),
        transforms=_transforms(reader, clips, pictures),
        how=how,
    )
    if reader.info.format != "videos":
        covered.tell(result)
    return result


def open_videos(
    src: Path,
    sources: Sources,
    options: ClipOptions,
    *,
    crop: float | None = None,
    poses: Path | None = None,
    pose_base: int | None = None,
    among: tuple[str, ...] = VIDEO_FORMATS,
) -> Reader:
    """Open a source of videos: the chosen clips, read as `options` say.

    Raises
    ------
    MissingError, FormatError, UsageError
        If there is none, or options do not go with what it is.
    """
    chosen = sources.clips
    read = ReadOptions(
        split=chosen.split,
        corrections=chosen.corrections,
        from_format=sources.from_format,
        videos=chosen.videos,
        follow_symlinks=sources.follow_symlinks,
        layout=sources.layout,
        path_column=chosen.path_column,
        label_column=chosen.label_column,
    )
    if read.from_format is None:
        found = detect.recognise(
            [src], follow_symlinks=read.follow_symlinks, layout=read.layout, among=among
        )
        read = replace(read, from_format=found)
    choice = Choice(
        read_glosses(chosen.glosses),
        Path(chosen.subset) if chosen.subset is not None else None,
        tuple(map(str, chosen.signers)),
        chosen.limit,
        crop,
        poses,
        pose_base,
        chosen.json_fps,
    )
    if read.from_format in ("videos", "webdataset") and choice != Choice():
        raise UsageError(
            "--glosses, --subset, --signers, --limit, --json-fps, --crop-bbox and --poses go "
            "with a WLASL JSON or a table of clips",
            path=src,
        )
    options = replace(
        options,
        ranges=chosen.ranges,
        keep_short=chosen.keep_short,
        timeout=chosen.timeout,
        tone_map=chosen.tone_map,
        deinterlace=chosen.deinterlace,
    )
    reader = open_source(
        [src],
        OpenOptions(read, clips=options, choice=choice, official_splits=sources.official_splits),
    )
    if reader.info.kind != "clip":
        raise FormatError(f"a {read.from_format} of pictures; expected one of videos", path=src)
    if not reader.risky:  # frames are in it already, and nothing could choose among them
        remedy = "Say convert --to frames, or convert --frames N."
        raise FormatError("holds pictures; expected videos", path=src, remedy=remedy)
    return reader


def _open(src: Path, sources: Sources, clips: Clips) -> Reader:
    options = ClipOptions(clips.selection, clips.shape, decoder=clips.decoder, times=clips.times)
    return open_videos(
        src,
        sources,
        options,
        crop=clips.crop,
        poses=clips.poses,
        pose_base=clips.pose_base,
    )


def _recorded(sources: Sources, clips: Clips, pictures: Pictures) -> dict[str, Any]:
    """The options as ``signdata.json`` has them: nothing that only this machine knows."""
    everything: dict[str, Any] = sources.clips.record() | {
        "official_splits": sources.official_splits,
        "follow_symlinks": sources.follow_symlinks,
        "layout": sources.layout,
    }
    for group in (clips, pictures):
        everything.update(asdict(group))
    for name in ("selection", "shape", "options"):
        everything.update(everything.pop(name))
    everything.pop("fit")
    everything |= clips.shape.fit.record()
    everything["frames"] = everything.pop("n_frames")
    if not clips.selection.allow_repeats:  # as outputs have it that know no such option
        everything.pop("allow_repeats")
    if not clips.times:
        everything.pop("times")
    if pictures.layout_for is None:
        everything.pop("layout_for")
    everything.pop("mode")
    if clips.poses is not None:
        everything["poses"] = clips.poses.name
    return everything


def _transforms(reader: Reader, clips: Clips, pictures: Pictures) -> list[Transform]:
    transforms: list[Transform] = [montage] if clips.montage else []
    if pictures.layout_for == loaders.I3D:
        return [*transforms, loaders.ShortNames(loaders.short_names(reader))]
    if pictures.options.class_names == "safe":
        taken = frozenset(map(_place, reader))
        if any(" " in name for _, _, name in taken):
            transforms.append(NoBlanks(taken))
    return transforms


def _place(sample: Sample) -> tuple[str, str, str]:
    return sample.split, sample.label, sample.name


@dataclass(frozen=True)
class NoBlanks:
    """A transform: clips with ``_`` for blanks in their names, where no other is called so.

    Attributes
    ----------
    taken : frozenset of tuple of str
        Split, label and name of all clips.
    """

    taken: frozenset[tuple[str, str, str]]

    def __call__(self, sample: Sample) -> Iterable[Sample]:
        """The sample as it is to be stored."""
        name = sample.name.replace(" ", "_")
        if name == sample.name or (sample.split, sample.label, name) in self.taken:
            return (sample,)
        return (replace(sample, stored_as=name),)


def _without_suffix(pictures: Pictures) -> str:
    """The template of a frame's name; people write it with or without the suffix."""
    stem, dot, suffix = pictures.name_template.rpartition(".")
    if not dot or f".{suffix.lower()}" not in decode.SUFFIXES:
        return pictures.name_template
    written = pictures.options.image_format
    if suffix.lower() not in {"jpg": ("jpg", "jpeg"), "png": ("png",)}[written or "png"]:
        raise UsageError(
            f"name template {pictures.name_template!r}, but the pictures are {written}"
        )
    return stem


def _writer(
    pictures: Pictures, clips: Clips, missing: Sequence[str], out: Path, reader: Reader
) -> Writer:
    written = targets.format_for(out, reader.info)
    if pictures.layout_for is not None:
        if clips.montage or FORMATS[written].is_file:
            raise UsageError("--layout-for writes folders of frames, nothing else", path=out)
        loaders.check_splits(reader, pictures.layout_for)
    if FORMATS[written].is_file:
        if clips.montage:
            raise UsageError("--montage makes pictures; expected the name of a folder", path=out)
        # Frames of one size are stored as they are decoded: no picture file between.
        layout = "raw" if clips.shape.size_hw is not None else "encoded"
        return targets.writer_for(written, out, pictures.options, layout=layout)
    if clips.montage:
        if clips.selection.n_frames is None and clips.selection.segments is None:
            raise UsageError("--montage puts a number of frames side by side; say --frames N")
        if clips.times:
            raise UsageError("--times goes with frames, not with --montage")
        return MontageWriter(pictures.options, missing)
    if pictures.layout_for == loaders.I3D:
        return I3dFramesWriter(pictures, missing, loaders.nslt_entries(reader))
    return AnnotatedFramesWriter(pictures, missing)


class MontageWriter(FoldersWriter):
    """Writes one picture a clip; ``missing.txt`` has the id of every video that is not there."""

    holds = frozenset({"clip"})
    mixed_remedy = MIXED_REMEDY

    def __init__(self, options: PictureOptions, missing: Sequence[str]) -> None:
        super().__init__(options)
        self._missing = missing

    def finish(self, tree: Path, finished: OutputSummary) -> None:
        super().finish(tree, finished)
        coverage.write_missing(tree, self._missing)


class AnnotatedFramesWriter(FramesWriter):
    """Writes frame folders with the lists that VideoFrameDataset and mmaction2 read.

    ``annotations.txt``, or ``annotations_SPLIT.txt`` where there are splits, has a line a clip:
    ``PATH START END CLASS_IDX`` (1-based, inclusive) or ``PATH N_FRAMES CLASS_IDX``;
    ``missing.txt`` has the id of every video that is not there.
    """

    mixed_remedy = MIXED_REMEDY

    def __init__(self, pictures: Pictures, missing: Sequence[str]) -> None:
        if pictures.annotations_style not in ANNOTATION_STYLES:
            raise UsageError(f"annotations style {pictures.annotations_style!r}; expected v2 or v1")
        super().__init__(pictures.options, _without_suffix(pictures))
        self._style = pictures.annotations_style
        self._missing = missing

    def finish(self, tree: Path, finished: OutputSummary) -> None:
        super().finish(tree, finished)
        index = class_to_idx(finished.classes)
        lines: dict[str, list[str]] = {}
        for row in finished.rows():
            span = row["n_frames"] if self._style == "v1" else f"1 {row['n_frames']}"
            lines.setdefault(row["split"], []).append(
                f"{row['path']} {span} {index[row['label']]}\n"
            )
        for split, of_split in lines.items():
            name = f"annotations_{split}.txt" if split else "annotations.txt"
            write_file(tree / name, "".join(of_split).encode())
        coverage.write_missing(tree, self._missing)


class I3dFramesWriter(AnnotatedFramesWriter):
    """Writes a folder of frames a clip, whatever its class, and the index of WLASL's I3D."""

    splits_are_folders = False

    def __init__(
        self, pictures: Pictures, missing: Sequence[str], entries: Sequence[loaders.NsltEntry]
    ) -> None:
        super().__init__(pictures, missing)
        self._entries = entries

    def folder(self, sample: Sample) -> str:
        return component(sample.name, what="name")

    def finish(self, tree: Path, finished: OutputSummary) -> None:
        write_flat_sidecars(tree, finished)
        loaders.write_nslt(tree, self._entries, finished)
        coverage.write_missing(tree, self._missing)
