"""Where the videos of a WLASL index are."""

from __future__ import annotations

from pathlib import Path

from signdata import safe_names, sidecars
from signdata.media import suffixes

VIDEOS_DIR = "videos"
"""The folder of videos beside a WLASL index."""


WLASL_INDEX = "WLASL.json"
"""The index in a folder of trimmed videos, which lie beside it."""


def wlasl_index(path: Path) -> Path:
    """The index of a folder of trimmed videos; any other `path` as it is."""
    return path / WLASL_INDEX if _is_trimmed(path) else path


def trimmed_folder(path: Path) -> Path:
    """The folder of trimmed videos that this is the index of; any other `path` as it is."""
    is_index = path.name == WLASL_INDEX and (path.parent / sidecars.MANIFEST).is_file()
    return path.parent if is_index and _is_trimmed(path.parent) else path


def _is_trimmed(path: Path) -> bool:
    """Whether a folder is what `trim` makes: videos beside their index, no class folders."""
    if not (path / WLASL_INDEX).is_file():
        return False
    return not any(
        entry.is_dir() and not safe_names.is_junk(entry.name) for entry in path.iterdir()
    )


def _videos_of(index: Path) -> Path:
    """Where the videos are unless somebody says: in ``videos/``, else beside the index."""
    folder = index.parent / VIDEOS_DIR
    if not folder.is_dir() and any(map(_is_video, index.parent.iterdir())):
        return index.parent
    return folder


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in {*suffixes.VIDEO_SUFFIXES, ".gif"} and path.is_file()
