"""The videos that a table of clips lists: found by their paths, or by their names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from signdata.errors import DecodeError, MissingError, SigndataError, UnsafeNameError
from signdata.formats.trees.layout import split_word
from signdata.media import suffixes
from signdata.media.image.kinds import is_picture
from signdata.media.video.animation import is_clip
from signdata.safe_names import is_junk


@dataclass(frozen=True)
class FoundFile:
    """A video, or a folder of frames.

    Attributes
    ----------
    path : Path
        Where it is.
    name : str
        What the table calls it, with its suffix.
    is_cut : bool
        Whether it holds one clip and nothing else.
    """

    path: Path
    name: str
    is_cut: bool = False


class ClipFiles:
    """The videos in some folders and in the folders of splits below them.

    Parameters
    ----------
    folders : sequence of Path
        The likeliest first; those that are not there are left out.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        found = dict.fromkeys(folder for folder in folders if folder.is_dir())
        self.folders = [one for folder in found for one in (folder, *_splits_below(folder))]
        self._stems: dict[str, Path] = {}
        self._others: dict[str, Path] = {}
        for folder in self.folders:
            self._list(folder)

    def _list(self, folder: Path) -> None:
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            if is_junk(entry.name):
                continue
            stem = os.path.splitext(entry.name)[0]
            if entry.is_dir():
                self._stems.setdefault(entry.name, Path(entry.path))
            elif is_clip(entry.path):
                first = self._stems.get(stem)
                if first is None or first.is_dir():
                    self._stems[stem] = Path(entry.path)
            else:
                self._others.setdefault(stem, Path(entry.path))

    def find(self, names: Sequence[str]) -> FoundFile | None:
        """The first file that is called by one of `names`: by its path, or by its stem.

        Raises
        ------
        UnsafeNameError
            If a name leads out of the folders.
        """
        for name in names:
            path = _below(name)
            for folder in self.folders:
                place = folder / path
                if place.is_file() or (place.is_dir() and path != "."):
                    return FoundFile(place, path)
            by_stem = self._stems.get(os.path.splitext(path)[0]) or self._stems.get(path)
            if by_stem is not None and "/" not in path:
                return FoundFile(by_stem, by_stem.name)
        return None

    def absent(self, name: str) -> SigndataError:
        """Why there is no video of this name."""
        stem = os.path.splitext(name.rpartition("/")[2])[0]
        other = self._others.get(stem) or self._others.get(name)
        if other is None:
            where = self.folders[0] / name if self.folders else Path(name)
            return MissingError("the video is not there", path=where)
        return DecodeError(
            f"not taken for a video by its suffix, {other.suffix or 'none'}",
            path=other,
            remedy="Rename it as what is in it, such as .mp4, and repeat the command.",
        )


def _splits_below(folder: Path) -> Iterator[Path]:
    """Folders that are called like splits."""
    for child in sorted(folder.iterdir()):
        if not is_junk(child.name) and split_word(child.name) and child.is_dir():
            yield child


def _below(name: str) -> str:
    """A path of a table with ``/`` between its parts.

    Raises
    ------
    UnsafeNameError
        If it is empty, absolute, or leads upwards.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if not name or path.is_absolute() or ".." in path.parts or "\0" in name:
        raise UnsafeNameError(
            f"path {name[:60]!r} leads out of its folder" if name else "an empty path",
            remedy="Say where the videos are with --videos DIR, and write paths from there.",
        )
    return path.as_posix()


def frames_in(folder: Path) -> tuple[str, ...]:
    """The pictures in a folder, in the order of the numbers in their names."""
    names = [
        entry.name
        for entry in os.scandir(folder)
        if not is_junk(entry.name) and is_picture(entry.path)
    ]
    return tuple(str(folder / name) for name in sorted(names, key=suffixes.natural))
