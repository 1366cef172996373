"""The paths of an output's samples, which may be millions: a few bytes each."""

from __future__ import annotations

import itertools
import os
from array import array
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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

    def add(
        self, paths: Sequence[str], companions: Callable[[str], Iterable[str]] = lambda path: ()
    ) -> None:
        """Record paths of samples (POSIX separators), and where files next to each may be."""
        self._keys.extend(map(hash, map(key, paths)))
        beside = itertools.chain.from_iterable(map(companions, paths))
        places = [*paths, *beside]
        self._paths.extend(map(hash, places))
        for folder in {place.rpartition("/")[0] for place in places}:
            self._add_folders(folder)

    def _add_folders(self, folder: str) -> None:
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
        hashes = np.frombuffer(self._paths, np.int64)
        hashes.sort()
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            below = f"{folder}/" if folder else ""
            others = []
            for entry in list(os.scandir(tree / folder)):
                if below + entry.name in self._folders and not entry.is_symlink():
                    waiting.append(below + entry.name)
                else:
                    others.append(entry.name)
            wanted = [hash(below + name) for name in others]
            for name, is_held in zip(others, _are_in(hashes, wanted), strict=True):
                if not is_held:
                    remove(tree / folder / name)


def _are_in(hashes: NDArray[np.int64], wanted: list[int]) -> list[bool]:
    """Whether each number is in a sorted array."""
    if not len(hashes):
        return [False] * len(wanted)
    found = np.array(wanted, np.int64)
    places = np.minimum(np.searchsorted(hashes, found), len(hashes) - 1)
    return [bool(one) for one in hashes[places] == found]
