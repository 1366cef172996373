"""Reading a table of clips: its videos are found, its rows become samples."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from signdata import sidecars
from signdata.errors import (
    DatasetError,
    FormatError,
    MissingError,
    SigndataError,
    UnsafeNameError,
    UsageError,
)
from signdata.formats.batches import Batch, ListBatch, samples_of_split
from signdata.formats.clip_tables import asked
from signdata.formats.clip_tables.files import FoundFile
from signdata.formats.clip_tables.frame_folder import frame_folder
from signdata.formats.clip_tables.header import SPAN_COLUMNS
from signdata.formats.clip_tables.names import sample_ids
from signdata.formats.clip_tables.rows import ClipRow, ClipTable, Span
from signdata.formats.reader import (
    DatasetInfo,
    OpenOptions,
    PictureSummary,
    Reader,
    decoded_summary,
    splits_of,
)
from signdata.formats.trees import pictures
from signdata.formats.trees.picture_files import PictureFiles
from signdata.labels import LabelSpace, in_order
from signdata.media.video.clip import ClipPixels
from signdata.media.video.frame_selection import Range, TimeRange
from signdata.media.video.keypoints import Poses, common_base
from signdata.media.video.video_file import VideoFile
from signdata.results import NOTE, Problem
from signdata.safe_names import is_fault
from signdata.samples import Broken, Pixels, Sample

FILLED = ("fps", "range", "verdict")


@dataclass(frozen=True)
class _Clip:
    """A row with what it is called, and its video where that is there."""

    table: ClipTable
    row: ClipRow
    id: str
    file: FoundFile | None
    fault: SigndataError | None = None


class ClipTableReader(Reader):
    """Reads tables of clips.

    Parameters
    ----------
    path : Path
        What was named.
    tables : sequence of ClipTable
        Its tables, in order.
    options : OpenOptions
        How they are read.
    """

    name = "table"
    risky = True

    def __init__(self, path: Path, tables: Sequence[ClipTable], options: OpenOptions) -> None:
        self._path = path
        self._tables = tuple(tables)
        self._clips_options = options.clip_options
        self._official = options.official_splits
        self._choice = asked.choice_of(options)
        self._notes = [note for table in tables for note in table.notes]
        self._files = asked.files_of(tables, options)
        self._video_files: dict[str, VideoFile] = {}
        self._shared: dict[Hashable, ClipPixels] = {}
        clips = self._chosen(self._named())
        self._samples = [self._sample(clip) for clip in clips]
        self._refuse_nothing(clips)
        self.inputs = self._read_files(clips)

    def _read_files(self, clips: Sequence[_Clip]) -> tuple[Path, ...]:
        """What was named; for a table alone, also the folders or files that it leads to."""
        if self._path.is_dir():
            return (self._path,)
        tables = tuple(table.path for table in self._tables)
        folder = self._path.parent
        found = dict.fromkeys(
            place if place.parent == folder else place.parent
            for place in (Path(clip.file.path) for clip in clips if clip.file is not None)
        )
        further = (self._choice.poses,) if self._choice.poses else ()
        return (self._path, *tables, *found, *further)

    def _named(self) -> list[_Clip]:
        """Every row with its id, and with its video."""
        found = []
        for table in self._tables:
            files = self._files[table.path]
            for row in table.rows:
                fault, file = row.fault, None
                try:
                    cut = files.find(row.cut_files)
                    file = replace(cut, is_cut=True) if cut else files.find(row.files)
                except UnsafeNameError as err:
                    fault = UnsafeNameError(
                        err.what, path=table.path, where=row.where, remedy=err.remedy
                    )
                found.append(_Clip(table, row, "", file, fault))
        names = _base_names(found)
        ids = sample_ids(
            (name, (clip.row.label, clip.row.span)) for name, clip in zip(names, found, strict=True)
        )
        self._note_ids(names, ids)
        clips = [replace(clip, id=name) for clip, name in zip(found, ids, strict=True) if name]
        self._n_clips = Counter(clip.file.path for clip in clips if clip.file is not None)
        return clips

    def _note_ids(self, names: list[str], ids: list[str]) -> None:
        repeated = sum(not one for one in ids)
        further = sum(one not in ("", name) for one, name in zip(ids, names, strict=True))
        if repeated:
            self._note(
                f"{repeated:,} rows repeat the label and the range of another row of their "
                "video: read once"
            )
        if further:
            what = "clip is" if further == 1 else "clips are"
            self._note(
                f"{further:,} further {what} of a video that has one already: samples of their "
                "own, called ID-2 and so on"
            )

    def _note(self, message: str) -> None:
        self._notes.append(Problem(self._tables[0].path.name, "", NOTE, message))

    def _chosen(self, clips: list[_Clip]) -> list[_Clip]:
        """The clips of the glosses and signers that were asked for, at most as many as asked."""
        choice = self._choice
        classes = self._all_classes(clips)
        wanted: Sequence[str] | None = None
        if isinstance(choice.glosses, int):
            if not 1 <= choice.glosses <= len(classes):
                expected = f"{choice.glosses} glosses; expected 1 to {len(classes)}"
                raise UsageError(expected, path=self._path)
            wanted = classes[: choice.glosses]
        elif choice.glosses is not None:
            unknown = [name for name in choice.glosses if name not in classes]
            if unknown:
                raise FormatError(f"has no gloss {unknown[0]!r}", path=self._path)
            wanted = tuple(dict.fromkeys(choice.glosses))
        declared = tuple(name for table in self._tables for name in table.classes)
        self._classes = tuple(dict.fromkeys(declared)) if wanted is None else tuple(wanted)
        signers = {clip.row.signer for clip in clips}
        for signer in dict.fromkeys(choice.signers):
            if signer not in signers:
                self._note(f"no signer {signer!r} is in the table")
        taken = [
            clip
            for clip in clips
            if (wanted is None or clip.row.label in wanted)
            and (not choice.signers or clip.row.signer in choice.signers)
        ]
        if not taken:
            raise FormatError(f"none of its {len(clips):,} clips is chosen", path=self._path)
        taken = taken if choice.limit is None else taken[: choice.limit]
        self.not_chosen = frozenset(clip.id for clip in clips) - {clip.id for clip in taken}
        return taken

    def _all_classes(self, clips: Sequence[_Clip]) -> tuple[str, ...]:
        declared = (name for table in self._tables for name in table.classes)
        used = in_order({clip.row.label for clip in clips if clip.row.label})
        return tuple(dict.fromkeys((*declared, *used)))

    def _sample(self, clip: _Clip) -> Sample:
        row, pixels = clip.row, self._pixels(clip)
        name = clip.file.name if clip.file else row.files[0]
        return Sample(
            id=clip.id,
            label=row.label,
            pixels=pixels,
            split=row.split if self._official else "",
            group=row.group or row.signer or self._video_group(clip),
            source=row.source or name,
            kind="clip",
            meta={**self._described(row), **row.meta},
        )

    def _video_group(self, clip: _Clip) -> str:
        """The name of a video of which there are several clips, else ''."""
        if clip.file is None or clip.file.is_cut:
            return ""
        return clip.file.name if self._n_clips[clip.file.path] > 1 else ""

    def _described(self, row: ClipRow) -> dict[str, str]:
        """What the manifest says of a row's signer, range and box."""
        described = {"signer": row.signer} if "signer" in self._columns else {}
        for name in self._columns:
            if name in SPAN_COLUMNS:
                described[name] = _span_cell(row.span, name)
        if "bbox" in self._columns:
            described["bbox"] = " ".join(f"{side:g}" for side in row.box or ())
        return described

    @cached_property
    def _columns(self) -> tuple[str, ...]:
        """The columns of the manifest, before those that reading fills in."""
        rows = [row for table in self._tables for row in table.rows]
        ranges = [row.span for row in rows if not row.span.is_whole]
        found: dict[str, None] = {}
        if any(row.signer for row in rows):
            found["signer"] = None
        if any(isinstance(span, Range) for span in ranges):
            found.update(dict.fromkeys(SPAN_COLUMNS[:3]))
        if any(isinstance(span, TimeRange) for span in ranges):
            found.update(dict.fromkeys(SPAN_COLUMNS[3:]))
        if any(row.box for row in rows):
            found["bbox"] = None
        for row in rows:
            found.update(dict.fromkeys(row.meta))
        return tuple(found)

    def _pixels(self, clip: _Clip) -> Pixels:
        row, file = clip.row, clip.file
        if clip.fault is not None:
            return Broken(clip.fault)
        if file is None:
            return Broken(self._files[clip.table.path].absent((*row.files, *row.cut_files)[0]))
        span: Span = Range() if file.is_cut else row.span
        try:
            if file.is_folder:
                return self._folder(clip, Path(file.path), span)
            return self._video(clip, file.path, span)
        except SigndataError as err:
            return Broken(err)

    def _folder(self, clip: _Clip, folder: Path, span: Span) -> Pixels:
        if self._choice.crop is not None and clip.row.box is not None:
            raise FormatError(
                "a folder of pictures; --crop-bbox crops videos",
                path=clip.table.path,
                where=clip.row.where,
            )
        return frame_folder(folder, span, self._clips_options, clip.table.frame_rate)

    def _video(self, clip: _Clip, path: str, span: Span) -> Pixels:
        choice, options = self._choice, self._clips_options
        box = clip.row.box if choice.crop is not None else None
        if choice.crop is not None and box is None:
            note = "has no bbox: its whole pictures are kept"
            self._notes.append(Problem(clip.id, "", NOTE, note))
        if box is not None and (box[2] <= box[0] or box[3] <= box[1]):
            shown = " ".join(f"{side:g}" for side in box)
            raise FormatError(
                f"bbox {shown}; expected x0, y0, x1, y1 around a part of the picture",
                path=clip.table.path,
                where=clip.row.where,
            )
        folder = choice.poses / clip.id if choice.poses else None
        key = (path, span, box, folder)
        if (same := self._shared.get(key)) is not None:
            return same.share()
        made = ClipPixels(
            self._video_files.setdefault(path, options.video(path)),
            span,
            options,
            box,
            choice.crop or 1.0,
            Poses(str(folder), self._pose_base) if folder else None,
        )
        self._shared[key] = made
        return made

    @cached_property
    def _pose_base(self) -> int | None:
        """The number of the first keypoint file of each video, where that is known of all."""
        if self._choice.pose_base is not None or self._choice.poses is None:
            return self._choice.pose_base
        return common_base(sorted(self._choice.poses.iterdir()))

    def _refuse_nothing(self, clips: Sequence[_Clip]) -> None:
        """Raise `FormatError` where no video of the table is there."""
        if any(clip.file is not None for clip in clips):
            return
        fault = next((clip.fault for clip in clips if clip.fault is not None), None)
        if fault is not None:
            raise fault
        looked = self._files[clips[0].table.path].folders
        places = ", ".join(looked[:3]) or "no folder"
        raise MissingError(
            f"none of its {len(clips):,} videos is there; looked in {places}",
            path=clips[0].table.path,
            where=f"{clips[0].row.where}, {clips[0].row.files[0]}",
            remedy="Say where they are with --videos DIR.",
        )

    @cached_property
    def info(self) -> DatasetInfo:
        present = {sample.label for sample in self._samples if sample.label}
        folder = self._path if self._path.is_dir() else None
        classes = folder / sidecars.CLASSES if folder else None
        declared = sidecars.read_classes(classes) if classes and classes.is_file() else ()
        return DatasetInfo(
            self.name,
            "clip",
            LabelSpace(declared or self._classes),
            len(self._samples),
            tuple(sorted(present)),
            tuple(dict.fromkeys((*self._columns, *FILLED))),
            sidecars.origin_of(sidecars.read_document(folder) if folder else None),
            tuple(self._notes),
            tuple(
                {
                    "name": table.path.name,
                    "sha256": hashlib.sha256(table.path.read_bytes()).hexdigest(),
                }
                for table in self._tables
            ),
            splits_of(self._samples),
        )

    def batches(self) -> Iterator[Batch]:
        """One batch a file: the clips that are cut from it in the order in which they begin."""
        batches: dict[str, list[Sample]] = {}
        for sample in self._samples:
            pixels = sample.pixels
            key = pixels.video.path if isinstance(pixels, ClipPixels) else sample.id
            batches.setdefault(key, []).append(sample)
        for samples in batches.values():
            samples.sort(key=_begins)
            yield ListBatch(samples[0].id, tuple(samples))

    def locate(self, error: DatasetError) -> tuple[str, str]:
        if isinstance(error, UnsafeNameError):
            for sample in self._samples:
                for name, what in ((sample.label, "class name"), (sample.name, "name")):
                    if is_fault(error, name, what):
                        return str(self._tables[0].path), f"sample {sample.id}"
        return str(self._tables[0].path), ""

    def picture_summary(self, split: str | None = None) -> PictureSummary:
        samples = list(samples_of_split(self._samples, split))
        if all(isinstance(one.pixels, PictureFiles | Broken) for one in samples):
            return pictures.picture_summary(samples)
        return decoded_summary(self._clips_options.shape.size_hw)


def _begins(sample: Sample) -> Fraction:
    """When a clip begins, as far as its range alone tells."""
    span = sample.pixels.range if isinstance(sample.pixels, ClipPixels) else Range()
    return span.start if isinstance(span, TimeRange) else Fraction(span.first) / (span.rate or 25)


def _span_cell(span: Span, column: str) -> str:
    """What a manifest says of a range in one of its columns."""
    if isinstance(span, Range):
        rate = "" if span.rate is None else f"{float(span.rate):g}"
        cells = {"frame_start": str(span.first), "frame_end": str(span.last), "frame_rate": rate}
        return cells.get(column, "")
    end = "" if span.end is None else f"{float(span.end):g}"
    return {"start_time": f"{float(span.start):g}", "end_time": end}.get(column, "")


def _base_names(clips: Sequence[_Clip]) -> list[str]:
    """What each clip is named after: the table's ids, else the paths of their videos."""
    ids = [clip.row.id for clip in clips]
    if all(ids):
        return ids
    written = [clip.row.files[0].replace("\\", "/") for clip in clips]
    stems = {path: os.path.splitext(path)[0] for path in dict.fromkeys(written)}
    taken = Counter(stems.values())
    return [stems[path] if taken[stems[path]] == 1 else path for path in written]
