"""The JSON index of WLASL: read strictly, and written."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any, Literal

import msgspec

from signdata.errors import (
    FormatError,
    MissingError,
)

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


class SubsetEntry(msgspec.Struct):
    """What an official subset file says of a video."""

    subset: Literal["train", "val", "test"]


_YOUTUBE = re.compile(r"(?:youtu\.be/|[?&]v=|/embed/|/v/)([A-Za-z0-9_-]{11})")


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


def index_of(entries: list[dict[str, Any]], splits: dict[str, str]) -> list[dict[str, Any]]:
    """The index of clips that have become files of their own.

    Parameters
    ----------
    entries : list of dict
        The index that they come from.
    splits : dict
        The split of each clip that was written, by its id.
    """
    waiting = dict(splits)
    index = []
    for entry in entries:
        instances = []
        for instance in entry["instances"]:
            split = waiting.pop(instance["video_id"], None)
            if split is not None:
                instances.append(_whole(instance, split))
        if instances:
            index.append({**entry, "instances": instances})
    return index


def _whole(instance: dict[str, Any], split: str) -> dict[str, Any]:
    """An instance whose file holds nothing but it."""
    return {
        **instance,
        "split": split,
        "frame_start": 1,
        "frame_end": -1,
        "source_frame_start": instance.get("frame_start", 1),
        "source_frame_end": instance.get("frame_end", -1),
    }
