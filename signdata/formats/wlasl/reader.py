"""WLASL: a JSON index beside a flat folder of videos.

::

    WLASL_v0.3.json   [{"gloss": "book", "instances": [{"video_id": "69241", ...}]}]
    videos/69241.mp4

Of each instance: ``video_id`` (the sample's id), ``split``, ``signer_id`` (the
group), ``source`` (the site), ``frame_start`` from 1 and ``frame_end`` inclusive
at 25 frames a second, -1 for the end, ``bbox`` as x0, y0, x1, y1 in pixels.
Many videos are no longer to be had; those are missing samples, not errors.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Self

import msgspec

from signdata.errors import (
    DatasetError,
    FormatError,
    MissingError,
    UnsafeNameError,
    UsageError,
)
from signdata.formats.batches import Batch, ListBatch
from signdata.formats.reader import DatasetInfo, OpenOptions, PictureSummary, Reader, splits_of
from signdata.formats.wlasl.choice import Choice
from signdata.formats.wlasl.index import _YOUTUBE, Gloss, Instance, SubsetEntry, read_index
from signdata.formats.wlasl.layout import index_at, is_video, videos_of
from signdata.labels import LabelSpace
from signdata.media.video.clip import ClipOptions, ClipPixels
from signdata.media.video.frame_conversion import Box
from signdata.media.video.frame_selection import Range
from signdata.media.video.keypoints import Poses
from signdata.media.video.video_file import VideoFile
from signdata.results import NOTE, Problem
from signdata.safe_names import component
from signdata.samples import SPLITS, Broken, Pixels, Sample

COLUMNS = ("signer", "site", "frame_start", "frame_end", "bbox", "fps", "range", "verdict")


class WlaslReader(Reader):
    """Reads a WLASL JSON and the videos that are there.

    Parameters
    ----------
    path : Path
        The JSON.
    videos : Path, optional
        The folder of videos; ``videos/`` beside the JSON by default. A file is an instance's
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
        clips = options.clips or ClipOptions()
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
        glosses, self._sha256 = read_index(path)
        self._path = path
        self._videos = videos_of(path, videos)
        self._options = options
        self._choice = choice or Choice()
        if self._choice.poses is not None and not self._choice.poses.is_dir():
            raise MissingError("no such folder of poses", path=self._choice.poses)
        self._official = official_splits
        self._notes: list[Problem] = []
        self._files = self._list_videos()
        self._video_files: dict[Path, VideoFile] = {}
        self._clips: dict[Hashable, ClipPixels] = {}
        self._check(glosses)
        self._samples = self._make(glosses)
        if not self._samples:
            n = sum(len(entry.instances) for entry in glosses)
            what = f"none of its {n:,} instances is chosen" if n else "no instances in it"
            raise FormatError(what, path=path)

    def _list_videos(self) -> dict[str, Path]:
        files: dict[str, Path] = {}
        for path in sorted(self._videos.iterdir()):
            if is_video(path):
                first = files.setdefault(path.stem, path)
                if first is not path:
                    self._note(path.name, f"another file of this id, {first.name}, is read")
        return files

    def _note(self, path: str, message: str) -> None:
        self._notes.append(Problem(path, "", NOTE, message))

    def _check(self, glosses: list[Gloss]) -> None:
        names = [entry.gloss for entry in glosses]
        if len(set(names)) != len(names):
            raise FormatError("a gloss that stands twice", path=self._path)
        for i, entry in enumerate(glosses):
            for j, instance in enumerate(entry.instances):
                place = f"$[{i}].instances[{j}]"
                component(instance.video_id, what="video_id", path=self._path, where=place)
                if instance.split not in ("", *SPLITS):
                    raise FormatError(
                        f"split {instance.split!r}; expected train, val or test",
                        path=self._path,
                        where=place,
                    )

    def _make(self, glosses: list[Gloss]) -> list[Sample]:
        samples: list[Sample] = []
        seen: set[str] = set()
        subset = self._read_subset({i.video_id for entry in glosses for i in entry.instances})
        for entry in self._chosen_glosses(glosses):
            for instance in entry.instances:
                if instance.video_id in seen:
                    self._note(
                        self._path.name, f"video_id {instance.video_id} stands twice: read once"
                    )
                    continue
                seen.add(instance.video_id)
                if subset is not None and instance.video_id not in subset:
                    continue
                if self._choice.signers and str(instance.signer_id) not in self._choice.signers:
                    continue
                split = instance.split if subset is None else subset[instance.video_id]
                samples.append(self._sample(entry.gloss, instance, split))
        signers = {str(i.signer_id) for entry in glosses for i in entry.instances}
        for signer in dict.fromkeys(self._choice.signers):
            if signer not in signers:
                self._note(self._path.name, f"no signer {signer!r} is in the index")
        return samples if self._choice.limit is None else samples[: self._choice.limit]

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
        try:
            entries = msgspec.json.decode(path.read_bytes(), type=dict[str, SubsetEntry])
        except OSError as err:
            raise MissingError(f"cannot be read ({err.strerror})", path=path) from err
        except (msgspec.DecodeError, RecursionError) as err:
            raise FormatError(
                f"no subset ({err}); expected {{video_id: {{subset, action}}}}", path=path
            ) from err
        for video_id in sorted(entries.keys() - known):
            self._note(path.name, f"video_id {video_id} is not in the index")
        return {video_id: entry.subset for video_id, entry in entries.items()}

    def _file_of(self, instance: Instance) -> Path | None:
        file = self._files.get(instance.video_id)
        if file is None:
            youtube = _YOUTUBE.search(instance.url)
            file = self._files.get(youtube[1]) if youtube else None
        return file

    def _sample(self, gloss: str, instance: Instance, split: str) -> Sample:
        path = self._file_of(instance)
        pixels: Pixels
        if path is None:
            pixels = Broken(
                MissingError("the video is not there", path=self._videos / instance.video_id)
            )
        else:
            pixels = self._pixels(path, instance)
        signer = "" if instance.signer_id is None else str(instance.signer_id)
        return Sample(
            id=instance.video_id,
            label=gloss,
            pixels=pixels,
            split=split if self._official else "",
            group=signer,
            source=path.name if path else instance.video_id,
            kind="clip",
            meta={
                "signer": signer,
                "site": instance.source,
                "frame_start": str(instance.frame_start),
                "frame_end": str(instance.frame_end),
                "bbox": " ".join(f"{value:g}" for value in instance.bbox),
            },
        )

    def _pixels(self, path: Path, instance: Instance) -> ClipPixels:
        choice = self._choice
        box: Box | None = None
        if choice.crop is not None and len(instance.bbox) == 4:
            x0, y0, x1, y1 = instance.bbox
            box = (x0, y0, x1, y1)
        folder = choice.poses / instance.video_id if choice.poses else None
        wanted = Range(instance.frame_start, instance.frame_end)
        if (same := self._clips.get((path, wanted, box, folder))) is not None:
            return same.share()
        clip = ClipPixels(
            self._video_files.setdefault(path, self._options.video(str(path))),
            wanted,
            self._options,
            box,
            choice.crop or 1.0,
            Poses(str(folder)) if folder else None,
        )
        self._clips[path, wanted, box, folder] = clip
        return clip

    @cached_property
    def info(self) -> DatasetInfo:
        present = {sample.label for sample in self._samples}
        return DatasetInfo(
            self.name,
            "clip",
            LabelSpace(),
            len(self._samples),
            tuple(sorted(present)),
            COLUMNS,
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
        return PictureSummary(None, None, False, None)
