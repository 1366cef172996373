"""WLASL: a JSON index next to a flat folder of videos.

::

    WLASL_v0.3.json   [{"gloss": "book", "instances": [{"video_id": "69241", ...}]}]
    videos/69241.mp4

Of each instance: ``video_id`` (the sample's id), ``split``, ``signer_id`` (the
group), ``source`` (the site), ``frame_start`` from 1 and ``frame_end`` inclusive
at 25 frames a second, -1 for the end, ``bbox`` as x0, y0, x1, y1 in pixels.
Many videos are no longer to be had; those are missing samples, not errors.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Self

from signdata.errors import (
    DatasetError,
    DecodeError,
    FormatError,
    MissingError,
    SigndataError,
    UnsafeNameError,
    UsageError,
)
from signdata.formats.batches import Batch, ListBatch
from signdata.formats.clip_choice import Choice
from signdata.formats.clip_tables.names import sample_ids, youtube_id
from signdata.formats.reader import (
    DatasetInfo,
    OpenOptions,
    PictureSummary,
    Reader,
    decoded_summary,
    splits_of,
)
from signdata.formats.wlasl.index import (
    WLASL_FPS,
    Gloss,
    Instance,
    classes_of,
    read_index,
    read_subset,
)
from signdata.formats.wlasl.layout import index_at, is_video, videos_of
from signdata.labels import LabelSpace
from signdata.media.video.clip import ClipOptions, ClipPixels
from signdata.media.video.frame_conversion import Box
from signdata.media.video.frame_selection import Range
from signdata.media.video.keypoints import Poses, common_base
from signdata.media.video.video_file import VideoFile
from signdata.results import NOTE, Problem
from signdata.samples import Broken, Pixels, Sample

COLUMNS = ("signer", "site", "frame_start", "frame_end", "bbox", "fps", "range", "verdict")
CUT_COLUMNS = ("source_frame_start", "source_frame_end")
"""What an index that `trim` wrote says of where each clip was cut out."""

MAX_BOX = 1 << 20
"""No picture is so wide or high that a side of a signer's box lies farther out."""


class WlaslReader(Reader):
    """Reads a WLASL JSON and the videos that are there.

    Parameters
    ----------
    path : Path
        The JSON.
    videos : Path, optional
        The folder of videos; ``videos/`` next to the JSON by default. A file is an instance's
        when it is called by its video id, or by the id of its video on YouTube.
    options : ClipOptions
        Which frames are read.
    choice : Choice, optional
        Which instances are read.
    official_splits : bool
        Whether samples carry the JSON's splits.
    """

    name = "wlasl"
    risky = True

    @classmethod
    def open(cls, paths: list[Path], options: OpenOptions) -> Self:
        index = index_at(paths[0])
        videos = videos_of(index, options.read.videos)
        clips = options.clip_options
        choice = options.choice or Choice()
        reader = cls(index, videos, clips, choice, official_splits=options.official_splits)
        further = (choice.subset, choice.poses)
        reader.inputs = (paths[0], index, videos, *(path for path in further if path))
        return reader

    def __init__(
        self,
        path: Path,
        videos: Path | None = None,
        options: ClipOptions = ClipOptions(),
        choice: Choice | None = None,
        *,
        official_splits: bool = True,
    ) -> None:
        index = read_index(path)
        glosses, self._sha256 = index.glosses, index.sha256
        self._path = path
        self._videos = videos_of(path, videos)
        self._options = options
        self._choice = choice or Choice()
        self._choice.check_poses()
        self._official = official_splits
        self._notes: list[Problem] = []
        self._files = self._list_videos()
        self._video_files: dict[Path, VideoFile] = {}
        self._clips: dict[Hashable, ClipPixels] = {}
        for note in index.notes():
            self._note(path.name, note)
        self._samples = self._make(glosses)
        if not self._samples:
            n = sum(len(entry.instances) for entry in glosses)
            what = f"none of its {n:,} instances is chosen" if n else "no instances in it"
            raise FormatError(what, path=path)

    def _list_videos(self) -> dict[str, Path]:
        files: dict[str, Path] = {}
        self._others: dict[str, Path] = {}
        for path in sorted(self._videos.iterdir()):
            if is_video(path):
                first = files.setdefault(path.stem, path)
                if first is not path:
                    self._note(path.name, f"another file of this id, {first.name}, is read")
            elif path.is_file():
                self._others.setdefault(path.stem, path)
        return files

    def _note(self, path: str, message: str) -> None:
        self._notes.append(Problem(path, "", NOTE, message))

    def _make(self, glosses: list[Gloss]) -> list[Sample]:
        samples: list[Sample] = []
        instances: list[Instance] = []
        everything = [(entry, instance) for entry in glosses for instance in entry.instances]
        ids = self._ids(everything)
        subset = self._read_subset({instance.video_id for _, instance in everything})
        chosen = self._chosen_glosses(glosses)
        self._classes = classes_of(chosen, subset)
        for entry in chosen:
            for instance in entry.instances:
                sample_id = ids[id(instance)]
                if not sample_id or (subset is not None and instance.video_id not in subset):
                    continue
                if self._choice.signers and instance.signer not in self._choice.signers:
                    continue
                split = instance.split if subset is None else subset[instance.video_id]
                samples.append(self._sample(entry.gloss, instance, split, sample_id))
                instances.append(instance)
        self._note_rates(instances)
        signers = {instance.signer for _, instance in everything}
        for signer in dict.fromkeys(self._choice.signers):
            if signer not in signers:
                self._note(self._path.name, f"no signer {signer!r} is in the index")
        samples = samples if self._choice.limit is None else samples[: self._choice.limit]
        self.not_chosen = frozenset(ids.values()) - {"", *(sample.id for sample in samples)}
        return samples

    def _ids(self, everything: list[tuple[Gloss, Instance]]) -> dict[int, str]:
        """The id of each instance's sample, '' where it only repeats another."""
        found = sample_ids(
            (one.video_id, (entry.gloss, one.frame_start, one.frame_end))
            for entry, one in everything
        )
        further = 0
        self._n_samples = Counter(
            one.video_id for (_, one), name in zip(everything, found, strict=True) if name
        )
        for (_, one), sample_id in zip(everything, found, strict=True):
            further += sample_id not in ("", one.video_id)
            if not sample_id:
                self._note(
                    self._path.name,
                    f"video_id {one.video_id} appears twice, with the same gloss and range: "
                    "read once",
                )
        if further:
            self._note(
                self._path.name,
                f"{further:,} further {'clip is' if further == 1 else 'clips are'} of a video "
                "that has one already: samples of their own, called ID-2 and so on",
            )
        return {id(one): name for (_, one), name in zip(everything, found, strict=True)}

    def _chosen_glosses(self, glosses: list[Gloss]) -> list[Gloss]:
        wanted = self._choice.glosses
        if wanted is None:
            return glosses
        if isinstance(wanted, int):
            if not 1 <= wanted <= len(glosses):
                raise UsageError(f"{wanted} glosses; expected 1 to {len(glosses)}", path=self._path)
            return glosses[:wanted]
        by_name = {entry.gloss: entry for entry in glosses}
        unknown = [name for name in wanted if name not in by_name]
        if unknown:
            raise FormatError(f"has no gloss {unknown[0]!r}", path=self._path)
        return [by_name[name] for name in dict.fromkeys(wanted)]

    def _read_subset(self, known: set[str]) -> dict[str, str] | None:
        """Split of each id in an official subset file; ids that the JSON lacks are noted."""
        path = self._choice.subset
        if path is None:
            return None
        splits = read_subset(path)
        for video_id in sorted(splits.keys() - known):
            self._note(path.name, f"video_id {video_id} is not in the index")
        return splits

    def _file_of(self, instance: Instance) -> Path | None:
        file = self._files.get(instance.video_id)
        if file is None:
            file = self._files.get(youtube_id(instance.url))
        return file

    def _sample(self, gloss: str, instance: Instance, split: str, sample_id: str) -> Sample:
        shares_video = self._n_samples[instance.video_id] > 1
        path = self._file_of(instance)
        pixels: Pixels
        if path is None:
            pixels = Broken(self._absent(instance))
        else:
            try:
                pixels = self._pixels(path, instance)
            except SigndataError as err:
                pixels = Broken(err)
        cut_from = zip(CUT_COLUMNS, map(str, instance.cut_from or ()), strict=False)
        return Sample(
            id=sample_id,
            label=gloss,
            pixels=pixels,
            split=split if self._official else "",
            group=instance.signer or (instance.video_id if shares_video else ""),
            source=path.name if path else instance.video_id,
            kind="clip",
            meta={
                "signer": instance.signer,
                "site": instance.site,
                "frame_start": str(instance.frame_start),
                "frame_end": str(instance.frame_end),
                "bbox": " ".join(f"{value:g}" for value in instance.bbox),
                **dict(cut_from),
            },
        )

    def _absent(self, instance: Instance) -> SigndataError:
        other = self._others.get(instance.video_id)
        if other is None:
            return MissingError("the video is not there", path=self._videos / instance.video_id)
        return DecodeError(
            f"not taken for a video by its suffix, {other.suffix or 'none'}",
            path=other,
            remedy="Rename it as what is in it, such as .mp4, and repeat the command.",
        )

    def _pixels(self, path: Path, instance: Instance) -> ClipPixels:
        choice = self._choice
        box = None if choice.crop is None else self._box(instance)
        folder = choice.poses / instance.video_id if choice.poses else None
        wanted = Range(instance.frame_start, instance.frame_end, self._rate(instance))
        if (same := self._clips.get((path, wanted, box, folder))) is not None:
            return same.share()
        clip = ClipPixels(
            self._video_files.setdefault(path, self._options.video(str(path))),
            wanted,
            self._options,
            box,
            choice.crop or 1.0,
            Poses(str(folder), self._pose_base) if folder else None,
        )
        self._clips[path, wanted, box, folder] = clip
        return clip

    def _rate(self, instance: Instance) -> Fraction:
        """Frames a second that an instance's range is counted at."""
        fps = instance.fps or WLASL_FPS
        return Fraction(fps if self._choice.json_fps == "auto" else WLASL_FPS).limit_denominator(
            1001
        )

    def _note_rates(self, samples: Iterable[Instance]) -> None:
        """Say which rates the index names besides WLASL's, and whether they count."""
        rates = Counter(one.fps for one in samples if one.fps not in (None, WLASL_FPS))
        used = self._choice.json_fps == "auto"
        for fps, n in sorted(rates.items(), key=str):
            what = (
                f"ranges are counted at the fps that the index says, {fps:g}"
                if used
                else f"fps {fps:g} is not used: ranges are counted at 25 frames a second, as "
                "WLASL's are; extract-frames --json-fps auto counts at it"
            )
            self._note(self._path.name, f"{what} ({n:,} instance{'' if n == 1 else 's'})")

    def _box(self, instance: Instance) -> Box | None:
        """The part that is cut out; None where the index has no box.

        Raises
        ------
        FormatError
            If what it has is none.
        """
        if not instance.bbox:
            self._note(instance.video_id, "has no bbox: its whole pictures are kept")
            return None
        if len(instance.bbox) == 4 and all(abs(value) <= MAX_BOX for value in instance.bbox):
            x0, y0, x1, y1 = instance.bbox
            least = 0 if x1 <= 1 and y1 <= 1 else 1  # shares of the picture, or pixels
            if x1 - x0 > least and y1 - y0 > least and x1 > least and y1 > least:
                return x0, y0, x1, y1
        shown = " ".join(f"{value:g}" for value in instance.bbox[:5])
        raise FormatError(
            f"bbox {shown}; expected x0, y0, x1, y1 around a part of the picture",
            path=self._path,
            where=instance.video_id,
        )

    @cached_property
    def _pose_base(self) -> int | None:
        """The number of the first keypoint file of each video, where that is known of all."""
        if self._choice.pose_base is not None or self._choice.poses is None:
            return self._choice.pose_base
        return common_base(sorted(self._choice.poses.iterdir()))

    @cached_property
    def info(self) -> DatasetInfo:
        present = {sample.label for sample in self._samples}
        return DatasetInfo(
            self.name,
            "clip",
            LabelSpace(self._classes),
            len(self._samples),
            tuple(sorted(present)),
            (*COLUMNS, *(CUT_COLUMNS if any(map(_was_cut, self._samples)) else ())),
            {},
            tuple(self._notes),
            ({"name": self._path.name, "sha256": self._sha256},),
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
            samples.sort(key=lambda sample: int(sample.meta["frame_start"]))
            yield ListBatch(samples[0].id, tuple(samples))

    def locate(self, error: DatasetError) -> tuple[str, str]:
        unsafe = isinstance(error, UnsafeNameError)
        return str(self._path), ("gloss" if "class" in error.what else "video_id") if unsafe else ""

    def picture_summary(self, split: str | None = None) -> PictureSummary:
        return decoded_summary(self._options.shape.size_hw)


def _was_cut(sample: Sample) -> bool:
    return CUT_COLUMNS[0] in sample.meta
