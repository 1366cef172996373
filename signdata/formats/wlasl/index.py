"""The JSON index of WLASL: read by what it must mean, with a note where it is spelled otherwise."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from signdata.downloads import refuse_failed
from signdata.errors import FormatError
from signdata.filesystem import not_there
from signdata.formats.clip_tables.names import sample_ids
from signdata.labels import in_order
from signdata.safe_names import component
from signdata.samples import SPLIT_NAMES
from signdata.sidecars import json_bytes

MAX_JSON_BYTES = 256 << 20
MAX_FRAME = 1 << 40
"""No video has this many frames, and times of more than that are no longer exact."""

SPLIT_WORDS = {**SPLIT_NAMES, "dev": "val", "training": "train", "testing": "test"}
"""What indices call splits, casefolded."""

WLASL_FPS = 25.0
_NUMBER = re.compile(r"\s*-?[0-9]{1,18}(\.[0-9]{1,18})?\s*", re.ASCII)


class _Instance(msgspec.Struct):
    """One signing of a gloss, as strangers write it; what nobody reads may be of any type."""

    video_id: str
    split: str | None = ""
    signer_id: int | float | str | None = None
    source: str | None = ""
    url: str | None = ""
    fps: Any = WLASL_FPS
    frame_start: int | float | str | None = 1
    frame_end: int | float | str | None = -1
    bbox: Any = []
    source_frame_start: int | float | str | None = None
    source_frame_end: int | float | str | None = None


class _Gloss(msgspec.Struct):
    gloss: str
    instances: list[_Instance]


class _SubsetEntry(msgspec.Struct):
    subset: str


@dataclass(frozen=True)
class Instance:
    """One signing of a gloss.

    Attributes
    ----------
    video_id : str
        Its id.
    split, signer, site, url : str
        '' where the index says nothing.
    fps : float or None
        The rate that the index gives it; None for none that could be one.
    frame_start, frame_end : int
        From 1, inclusive, -1 for the end.
    bbox : tuple of float
        x0, y0, x1, y1; () where there is none.
    cut_from : tuple of int or None
        The range in the video that it was cut out of by `trim`.
    """

    video_id: str
    split: str
    signer: str
    site: str
    url: str
    fps: float | None
    frame_start: int
    frame_end: int
    bbox: tuple[float, ...]
    cut_from: tuple[int, int] | None = None


@dataclass(frozen=True)
class Gloss:
    """One gloss and its instances."""

    gloss: str
    instances: tuple[Instance, ...]


@dataclass
class Index:
    """A WLASL index.

    Attributes
    ----------
    glosses : list of Gloss
        In the order of the file.
    sha256 : str
        Digest of its bytes.
    """

    glosses: list[Gloss]
    sha256: str
    _read_as: Counter[str] = field(default_factory=Counter)

    def notes(self) -> list[str]:
        """What was read as something else than it says, one line each."""
        return [
            f"{what} ({n:,} instance{'' if n == 1 else 's'})"
            for what, n in self._read_as.items()
            if n
        ]


def read_index(path: Path) -> Index:
    """Read a WLASL JSON.

    ``null`` is read as not given, ``dev`` as ``val``, 1.0 and ``"1"`` as 1, each with a note.

    Raises
    ------
    MissingError
        If it is not there.
    FormatError
        If it is not such a JSON; the message has the path of the fault inside it.
    UnsafeNameError
        If a video id may not become a file name.
    """
    data = _read(path)
    try:
        found = msgspec.json.decode(json_bytes(data, path), type=list[_Gloss])
    except (msgspec.DecodeError, RecursionError) as err:
        what, _, place = str(err).partition(" - at ")
        raise FormatError(
            f"not a WLASL index ({what}); expected [{{gloss, instances: [...]}}]",
            path=path,
            where=place.strip("`"),
        ) from err
    names = [entry.gloss for entry in found]
    if len(set(names)) != len(names):
        raise FormatError("a gloss that appears twice", path=path)
    index = Index([], hashlib.sha256(data).hexdigest())
    for i, entry in enumerate(found):
        _refuse_nul(entry.gloss, "gloss", path, f"$[{i}]")
        index.glosses.append(
            Gloss(
                entry.gloss,
                tuple(
                    _Reading(instance, path, f"$[{i}].instances[{j}]", index._read_as).instance()
                    for j, instance in enumerate(entry.instances)
                ),
            )
        )
    return index


def read_subset(path: Path) -> dict[str, str]:
    """Split of each id in an official subset file such as ``nslt_100.json``.

    Raises
    ------
    MissingError, FormatError
        If it is not there, or is no such file.
    """
    data = _read(path)
    try:
        entries = msgspec.json.decode(json_bytes(data, path), type=dict[str, _SubsetEntry])
    except (msgspec.DecodeError, RecursionError) as err:
        raise FormatError(
            f"no subset ({err}); expected {{video_id: {{subset, action}}}}", path=path
        ) from err
    splits = {}
    for video_id, entry in entries.items():
        split = SPLIT_WORDS.get(entry.subset.casefold())
        if split is None:
            raise FormatError(
                f"subset {entry.subset[:40]!r}; expected train, val or test",
                path=path,
                where=f"$[{video_id[:40]!r}]",
            )
        splits[video_id] = split
    return splits


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise FormatError(f"over {MAX_JSON_BYTES:,} bytes", path=path)
        if path.stat().st_size:
            refuse_failed(path)
        return path.read_bytes()
    except FileNotFoundError as err:
        raise not_there(path) from err
    except OSError as err:
        raise FormatError(f"cannot be read ({err.strerror})", path=path) from err


@dataclass(frozen=True)
class _Reading:
    """One instance being brought to what it means."""

    found: _Instance
    path: Path
    place: str
    read_as: Counter[str]

    def instance(self) -> Instance:
        found = self.found
        component(found.video_id, what="video_id", path=self.path, where=self.place)
        for name in ("split", "source", "url", "bbox", "frame_start", "frame_end", "fps"):
            if getattr(found, name) is None:
                self.read_as[f"{name} null is read as not given"] += 1
        start, end = self._whole("source_frame_start", 1), self._whole("source_frame_end", -1)
        was_cut = found.source_frame_start is not None and found.source_frame_end is not None
        return Instance(
            found.video_id,
            self._split(),
            self._signer(),
            self._text("source"),
            found.url or "",
            self._fps(),
            self._whole("frame_start", 1),
            self._whole("frame_end", -1),
            self._box(),
            (start, end) if was_cut else None,
        )

    def _box(self) -> tuple[float, ...]:
        """The bbox; what is not a number in it becomes NaN, which is no box to crop to."""
        box = self.found.bbox
        if box is None:
            return ()
        values = self._numbers("bbox", *(box if isinstance(box, list) else [box]))
        return tuple(float(value) if type(value) in (int, float) else math.nan for value in values)

    def _split(self) -> str:
        said = self.found.split or ""
        split = SPLIT_WORDS.get(said.casefold()) if said else ""
        if split is None:
            self._refuse(f"split {said[:40]!r}; expected train, val or test")
        if split != said:
            self.read_as[f"split {said!r} is read as {split}"] += 1
        return split or ""

    def _signer(self) -> str:
        signer = self.found.signer_id
        if isinstance(signer, float):
            signer = self._whole("signer_id", 0)
        text = "" if signer is None else str(signer)
        _refuse_nul(text, "signer_id", self.path, self.place)
        return text

    def _text(self, name: str) -> str:
        text: str = getattr(self.found, name) or ""
        _refuse_nul(text, name, self.path, self.place)
        return text

    def _whole(self, name: str, default: int) -> int:
        [value] = self._numbers(name, getattr(self.found, name))
        if value is None:
            return default
        if isinstance(value, str):
            self._refuse(f"{name} {value[:40]!r}; expected a number")
        if isinstance(value, float):
            if not value.is_integer():
                self._refuse(f"{name} {value:g}; expected a whole number")
            self.read_as[f"{name} with a decimal point (1.0) is read as a whole number"] += 1
        if abs(value) > MAX_FRAME:
            self._refuse(f"{name} {value:.3g}; expected a smaller number")
        return int(value)

    def _numbers(self, name: str, *values: Any) -> list[Any]:
        """What text such as ``"25"`` says; anything else as it is."""
        is_quoted = [isinstance(one, str) and _NUMBER.fullmatch(one) for one in values]
        self.read_as[f"{name} in quotes is read as a number"] += any(is_quoted)
        return [
            _number(one) if quoted else one for one, quoted in zip(values, is_quoted, strict=True)
        ]

    def _fps(self) -> float | None:
        [fps] = self._numbers("fps", self.found.fps)
        is_number = isinstance(fps, int | float) and not isinstance(fps, bool)
        return float(fps) if is_number and math.isfinite(fps) and 0.001 <= fps <= 1000 else None

    def _refuse(self, what: str) -> None:
        raise FormatError(what, path=self.path, where=self.place)


def _number(text: str) -> float:
    return float(text) if "." in text else int(text)


def _refuse_nul(text: str, what: str, path: Path, where: str) -> None:
    if "\0" in text:
        raise FormatError(f"{what} {text[:40]!r} holds NUL; expected text", path=path, where=where)


def classes_of(glosses: list[Gloss], subset: dict[str, str] | None) -> tuple[str, ...]:
    """The classes that a selection of glosses declares, whether or not a video is there.

    Of a subset, the glosses of which it has an instance.
    """
    return in_order(
        entry.gloss
        for entry in glosses
        if subset is None or any(one.video_id in subset for one in entry.instances)
    )


def index_of(
    entries: list[dict[str, Any]],
    splits: dict[str, str],
    classes: tuple[str, ...],
    labels: dict[str, str],
) -> list[dict[str, Any]]:
    """The index of clips that have become files of their own.

    Parameters
    ----------
    entries : list of dict
        The index that they come from.
    splits : dict
        The split of each clip that was written, by its id.
    classes : tuple of str
        The glosses that were selected: each stays, with or without a clip.
    labels : dict
        The gloss of each clip that was written, by its id: not always the one of its entry.
    """
    ids = iter(
        sample_ids(
            (one["video_id"], (entry["gloss"], *_range(one)))
            for entry in entries
            for one in entry["instances"]
        )
    )
    index: list[dict[str, Any]] = []
    moved: list[tuple[str, dict[str, Any]]] = []
    for entry in entries:
        instances = []
        for instance in entry["instances"]:
            sample_id = next(ids)
            if sample_id not in splits:
                continue
            whole = _whole({**instance, "video_id": sample_id}, splits[sample_id])
            if labels[sample_id] == entry["gloss"]:
                instances.append(whole)
            else:
                moved.append((labels[sample_id], whole))
        if entry["gloss"] in classes:
            index.append({**entry, "instances": instances})
    for gloss, whole in moved:
        known = next((entry for entry in index if entry["gloss"] == gloss), None)
        if known is None:
            known = {"gloss": gloss, "instances": []}
            index.append(known)
        known["instances"].append(whole)
    return index


def _whole(instance: dict[str, Any], split: str) -> dict[str, Any]:
    """An instance whose file holds nothing but it."""
    start, end = _range(instance)
    cut_again = start in (0, 1) and end == -1 and "source_frame_start" in instance
    came_from = {} if cut_again else {"source_frame_start": start, "source_frame_end": end}
    return {**instance, "split": split, "frame_start": 1, "frame_end": -1, **came_from}


def _range(instance: dict[str, Any]) -> tuple[Any, Any]:
    """First and last frame of an instance, as the index writes them or leaves them out."""
    start, end = instance.get("frame_start"), instance.get("frame_end")
    return 1 if start is None else start, -1 if end is None else end
