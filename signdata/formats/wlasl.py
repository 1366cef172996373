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

import hashlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import msgspec

from signdata.errors import FormatError, MissingError
from signdata.formats import tree
from signdata.formats.base import Batch, DatasetInfo, Reader, Survey, list_batches
from signdata.formats.videos import ClipOptions
from signdata.names import component
from signdata.results import NOTE, Problem
from signdata.samples import SPLITS, Broken, Pixels, Sample

VIDEOS_DIR = "videos"
MAX_JSON_BYTES = 256 << 20


class Instance(msgspec.Struct):
    """One signing of a gloss, as the JSON has it."""

    video_id: str
    split: str = ""
    signer_id: int | str | None = None
    source: str = ""
    url: str = ""
    fps: float = 25
    frame_start: int = 1
    frame_end: int = -1
    bbox: list[float] = []
    instance_id: int | None = None
    variation_id: int | None = None


class Gloss(msgspec.Struct):
    """One gloss and its instances."""

    gloss: str
    instances: list[Instance]


COLUMNS = ("signer", "site", "frame_start", "frame_end", "bbox")


def read_index(path: Path) -> tuple[list[Gloss], str]:
    """Read a WLASL JSON; return its glosses and the SHA-256 of its bytes.

    Raises
    ------
    MissingError
        If it is not there.
    FormatError
        If it is not such a JSON; the message has the path of the fault inside it.
    """
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise FormatError(f"over {MAX_JSON_BYTES:,} bytes", path=path)
        data = path.read_bytes()
    except FileNotFoundError as err:
        raise MissingError("not there", path=path) from err
    except OSError as err:
        raise FormatError(f"cannot be read ({err.strerror})", path=path) from err
    try:
        return msgspec.json.decode(data, type=list[Gloss]), hashlib.sha256(data).hexdigest()
    except (msgspec.DecodeError, RecursionError) as err:
        what, _, place = str(err).partition(" - at ")
        raise FormatError(
            f"no WLASL index ({what}); expected [{{gloss, instances: [...]}}]",
            path=path,
            where=place.strip("`"),
        ) from err


class WlaslReader(Reader):
    """Reads a WLASL JSON and the videos that are there.

    Parameters
    ----------
    path : Path
        The JSON.
    videos : Path, optional
        The folder of videos; ``videos/`` beside the JSON by default.
    options : ClipOptions
        Which frames are read.
    official_splits : bool
        Whether samples carry the JSON's splits.
    """

    name = "wlasl"

    def __init__(
        self,
        path: Path,
        videos: Path | None = None,
        options: ClipOptions = ClipOptions(),
        *,
        official_splits: bool = True,
    ) -> None:
        glosses, self._sha256 = read_index(path)
        self._path = path
        self._videos = videos or path.parent / VIDEOS_DIR
        if not self._videos.is_dir():
            raise MissingError(
                "no such folder of videos", path=self._videos, remedy="Name it with --videos DIR."
            )
        self._options = options
        self._official = official_splits
        self._notes: list[Problem] = []
        self._files = self._list_videos()
        self._glosses = tuple(entry.gloss for entry in glosses)
        if len(set(self._glosses)) != len(self._glosses):
            raise FormatError("a gloss that stands twice", path=path)
        self._samples = list(self._make(glosses))
        if not self._samples:
            raise FormatError("no instances in it", path=path)

    def _list_videos(self) -> dict[str, Path]:
        files: dict[str, Path] = {}
        for path in sorted(self._videos.iterdir()):
            if path.suffix.lower() in tree.VIDEO_SUFFIXES and path.is_file():
                first = files.setdefault(path.stem, path)
                if first is not path:
                    self._note(path.name, f"another file of this id, {first.name}, is read")
        return files

    def _note(self, path: str, message: str) -> None:
        self._notes.append(Problem(path, "", NOTE, message))

    def _make(self, glosses: list[Gloss]) -> Iterator[Sample]:
        seen: set[str] = set()
        for i, entry in enumerate(glosses):
            for j, instance in enumerate(entry.instances):
                where = f"$[{i}].instances[{j}]"
                if instance.video_id in seen:
                    self._note(self._path.name, f"{where}: video_id stands twice: not read again")
                    continue
                seen.add(instance.video_id)
                component(instance.video_id, what="video_id")
                if instance.split not in ("", *SPLITS):
                    raise FormatError(
                        f"split {instance.split!r}; expected train, val or test",
                        path=self._path,
                        where=where,
                    )
                yield self._sample(entry.gloss, instance)

    def _sample(self, gloss: str, instance: Instance) -> Sample:
        path = self._files.get(instance.video_id)
        pixels: Pixels
        if path is None:
            pixels = Broken(
                MissingError("the video is not there", path=self._videos / instance.video_id)
            )
        else:
            pixels = self._options.pixels(path)
        signer = "" if instance.signer_id is None else str(instance.signer_id)
        return Sample(
            id=instance.video_id,
            label=gloss,
            pixels=pixels,
            split=instance.split if self._official else "",
            group=signer,
            source=path.name if path else f"{instance.video_id}",
            kind="clip",
            meta={
                "signer": signer,
                "site": instance.source,
                "frame_start": str(instance.frame_start),
                "frame_end": str(instance.frame_end),
                "bbox": " ".join(f"{value:g}" for value in instance.bbox),
            },
        )

    @cached_property
    def info(self) -> DatasetInfo:
        from signdata.labels import LabelSpace

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
        )

    def batches(self) -> Iterator[Batch]:
        return list_batches(self._samples, 1)

    def survey(self) -> Survey:
        return Survey(None, None, False, None)
