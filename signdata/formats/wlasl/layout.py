"""Where a WLASL index and its videos are: the only place that knows."""

from __future__ import annotations

from pathlib import Path

from signdata import safe_names, sidecars
from signdata.errors import FormatError, MissingError
from signdata.formats.clip_tables import known
from signdata.formats.place import Place
from signdata.media.video.moving import is_clip

VIDEOS_DIR = "videos"
"""The folder of videos next to a WLASL index."""

TRIMMED_INDEX = "WLASL.json"
"""The index in a folder of trimmed videos, which are next to it."""

POSES = "poses"
"""The folder in there of the keypoint files of all clips, a folder for each."""


_HEAD = 4096


def recognises(place: Place) -> str:
    """The name of the index that a place is or holds, or ''."""
    if not place.is_dir:
        is_json = place.path.suffix.lower() == ".json"
        return place.path.name if is_json and known.layout_at(place.path) is None else ""
    return next((file.name for file in _indices_in(place.path)), "")


def index_at(path: Path) -> Path:
    """The index that a path names or holds.

    Raises
    ------
    FormatError
        If a folder holds none, or several.
    """
    if not path.is_dir():
        return path
    found = _indices_in(path)
    if len(found) != 1:
        names = ", ".join(file.name for file in found) or "none"
        raise FormatError(f"a folder; expected one WLASL index in it, found {names}", path=path)
    return found[0]


def dataset_of(path: Path) -> Path:
    """The folder of trimmed videos that this is the index of; any other `path` as it is."""
    is_index = path.name == TRIMMED_INDEX and (path.parent / sidecars.MANIFEST).is_file()
    return path.parent if is_index and is_trimmed(path.parent) else path


def videos_of(index: Path, videos: str | Path | None = None) -> Path:
    """The folder of an index's videos: as named, else ``videos/``, else next to the index.

    Raises
    ------
    MissingError
        If there is no such folder.
    """
    folder = index.parent / VIDEOS_DIR if videos is None else Path(videos)
    if videos is None and not folder.is_dir() and any(map(is_video, index.parent.iterdir())):
        folder = index.parent
    if not folder.is_dir():
        raise MissingError(
            "no such folder of videos", path=folder, remedy="Name it with --videos DIR."
        )
    return folder


def is_video(path: Path) -> bool:
    """Whether a path is a video or a picture that moves, by its name or by what is in it."""
    return path.is_file() and is_clip(str(path))


def is_trimmed(path: Path) -> bool:
    """Whether a folder is what `trim` makes: videos next to their index, no class folders."""
    if not (path / TRIMMED_INDEX).is_file():
        return False
    return not any(
        entry.is_dir() and entry.name != POSES and not safe_names.is_junk(entry.name)
        for entry in path.iterdir()
    )


def _indices_in(folder: Path) -> list[Path]:
    if is_trimmed(folder):
        return [folder / TRIMMED_INDEX]
    return [file for file in sorted(folder.glob("*.json")) if _mentions_gloss(file)]


def _mentions_gloss(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(_HEAD)
    return b'"gloss"' in head.replace(b"\0", b"")  # also in UTF-16 and UTF-32
