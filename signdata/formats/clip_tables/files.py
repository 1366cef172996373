"""The videos that a table of clips lists: found by their paths, or by their names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from signdata.errors import DecodeError, MissingError, SigndataError, UnsafeNameError
from signdata.formats.trees.layout import split_word
from signdata.media import suffixes
from signdata.media.image.kinds import is_picture
from signdata.media.video.moving import is_clip
from signdata.safe_names import is_junk


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A video, or a folder of frames.

    Attributes
    ----------
    path : str
        Where it is.
    name : str
        What the table calls it, with its suffix.
    is_folder : bool
        Whether it is a folder of frames.
    is_cut : bool
        Whether it holds one clip and nothing else.
    """

    path: str
    name: str
    is_folder: bool = False
    is_cut: bool = False


class ClipFiles:
    """The videos in some folders and in the folders of splits below them.

    Each folder is listed once: tables have tens of thousands of rows.

    Parameters
    ----------
    folders : sequence of Path
        The likeliest first; those that are not there are left out.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders: list[str] = []
        self._files: dict[str, str] = {}
        self._subfolders: dict[str, str] = {}
        self._by_stem: dict[str, list[str]] = {}
        for folder in dict.fromkeys(folders):
            if folder.is_dir():
                for split in self._list(str(folder)):
                    self._list(split)

    def _list(self, folder: str) -> list[str]:
        """Note what is in a folder; return those of its folders that are called like splits."""
        self.folders.append(folder)
        splits = []
        with os.scandir(folder) as entries:
            found = sorted((entry.name, entry.path, entry.is_dir()) for entry in entries)
        for name, path, is_folder in found:
            if is_junk(name):
                continue
            if is_folder:
                self._subfolders.setdefault(name, path)
                if split_word(name):
                    splits.append(path)
            else:
                self._files.setdefault(name, path)
                self._by_stem.setdefault(os.path.splitext(name)[0], []).append(path)
        return splits

    def find(self, names: Sequence[str]) -> FoundFile | None:
        """The first file that is called by one of `names`: by its path, or by its stem.

        Raises
        ------
        UnsafeNameError
            If a name leads out of the folders.
        """
        for name in names:
            found = self._nested(_below(name)) if "/" in name or "\\" in name else self._flat(name)
            if found is not None:
                return found
        return None

    def _flat(self, name: str) -> FoundFile | None:
        """What a name without folders stands for."""
        if not name or name in (".", "..") or "\0" in name:
            _below(name)
            return None
        if name in self._files:
            return FoundFile(self._files[name], name)
        stem = os.path.splitext(name)[0]
        for path in (*self._by_stem.get(name, ()), *self._by_stem.get(stem, ())):
            if is_clip(path):
                return FoundFile(path, os.path.basename(path))
        if name in self._subfolders:
            return FoundFile(self._subfolders[name], name, is_folder=True)
        return None

    def _nested(self, path: str) -> FoundFile | None:
        """What a path below one of the folders stands for."""
        for folder in self.folders:
            place = os.path.join(folder, path)
            if os.path.exists(place):
                return FoundFile(place, path, is_folder=os.path.isdir(place))
        return None

    def absent(self, name: str) -> SigndataError:
        """Why there is no video of this name."""
        last = name.rpartition("/")[2]
        others = self._by_stem.get(os.path.splitext(last)[0]) or self._by_stem.get(last)
        if not others:
            where = os.path.join(self.folders[0], name) if self.folders else name
            return MissingError("the video is not there", path=where)
        suffix = os.path.splitext(others[0])[1]
        return DecodeError(
            f"not taken for a video by its suffix, {suffix or 'none'}",
            path=others[0],
            remedy="Rename it as what is in it, such as .mp4, and repeat the command.",
        )


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
