"""Tars as a source: one file, or a folder of them."""

from __future__ import annotations

import os
from pathlib import Path

from signdata import sidecars
from signdata.formats.place import Place
from signdata.formats.shard_files import read_sums
from signdata.media.suffixes import natural
from signdata.safe_names import is_junk

SUFFIX = ".tar"

DEEPEST = 3
"""Folders in which tars are looked for: ROOT, ROOT/data, ROOT/data/train."""


def tars_in(path: Path, *, follow_symlinks: bool = False) -> list[str]:
    """The tars in a folder and those in it, by their paths below it, in the order of numbers."""
    found: list[str] = []
    for folder, folders, names in os.walk(path, followlinks=follow_symlinks):
        below = os.path.relpath(folder, path)
        parts = [] if below == os.curdir else below.split(os.sep)
        folders[:] = (
            []
            if len(parts) + 1 >= DEEPEST
            else sorted(name for name in folders if not is_junk(name))
        )
        found += [
            "/".join([*parts, name])
            for name in names
            if name.lower().endswith(SUFFIX) and not is_junk(name)
        ]
    return sorted(found, key=natural)


def is_own(path: Path) -> bool:
    """Whether a folder is a dataset in tars that signdata has written.

    The index is for other programs: it may be missing.
    """
    if not (path / sidecars.SHARDS).is_file():
        return False
    if (path / sidecars.INDEX).is_file():
        return True
    is_listed = (path / sidecars.MANIFEST).is_file()
    return is_listed and any(
        one.shard.endswith(SUFFIX) for one in read_sums(path / sidecars.SHARDS)
    )


def recognises(place: Place) -> str:
    """An example of what makes a place this format, or ''."""
    if not place.is_dir:
        named = place.path.name.lower().endswith(SUFFIX)
        return place.path.name if named and _looks_like_samples(place.path) else ""
    if is_own(place.path):
        return sidecars.SHARDS
    found = tars_in(place.path, follow_symlinks=place.follow_symlinks)
    return next((name for name in found[:1] if _looks_like_samples(place.path / name)), "")


def _looks_like_samples(path: Path) -> bool:
    from signdata.formats.webdataset.scan import looks_like_samples  # every folder is asked about

    return looks_like_samples(path)
