"""The paths of an output's samples, which may be millions: a few bytes each."""

from __future__ import annotations

import os
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from signdata.filesystem import remove
from signdata.safe_names import key


class StoredPaths:
    """Paths of samples and of the files next to them, as hashes of 8 bytes.

    Folders are few, and are kept as they are.
    """

    def __init__(self) -> None:
        self._paths = array("q")
        self._keys = array("q")
        self._folders: set[str] = set()
        self._folder_keys: set[str] = set()

    def add(self, path: str, companions: Iterable[str] = ()) -> None:
        """Record a sample's path (POSIX separators), and where files next to it may be."""
        self._keys.append(hash(key(path)))
        for place in (path, *companions):
            self._paths.append(hash(place))
            self._add_folders(place)

    def _add_folders(self, path: str) -> None:
        folder = path.rpartition("/")[0]
        while folder and folder not in self._folders:
            self._folders.add(folder)
            self._folder_keys.add(key(folder))
            folder = folder.rpartition("/")[0]

    def may_meet(self) -> bool:
        """Whether a file system may treat two of the paths as the same name.

        Two hashes may be equal by chance, so `signdata.safe_names.Names` has to confirm it.
        """
        if len(self._folder_keys) < len(self._folders):
            return True
        keys = np.concatenate(
            [
                np.frombuffer(self._keys, np.int64),
                np.fromiter(map(hash, self._folder_keys), np.int64, len(self._folder_keys)),
            ]
        )
        keys.sort()
        return bool((keys[1:] == keys[:-1]).any())

    def sweep(self, tree: Path) -> None:
        """Remove what has no path here from a tree, left by a killed run or a dead worker."""
        np.frombuffer(self._paths, np.int64).sort()
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            for entry in list(os.scandir(tree / folder)):
                place = f"{folder}/{entry.name}" if folder else entry.name
                if place in self._folders and not entry.is_symlink():
                    waiting.append(place)
                elif not self._holds(place):
                    remove(Path(entry.path))

    def _holds(self, path: str) -> bool:
        wanted = hash(path)
        place = bisect_left(self._paths, wanted)
        return place < len(self._paths) and self._paths[place] == wanted
