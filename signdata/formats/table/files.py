"""Where tables of files are: a file, or directories with one next to the pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from signdata import sidecars
from signdata.formats.clip_tables import known
from signdata.formats.compressed import name_inside, suffix_of
from signdata.formats.parquet.files import holds_pictures
from signdata.formats.place import Place
from signdata.formats.table.rows import SUFFIXES
from signdata.formats.table_columns import is_table
from signdata.formats.trees.layout import splits_of_names
from signdata.media import suffixes
from signdata.samples import SPLIT_NAMES

NAMES = ("metadata.csv", "metadata.jsonl", "metadata.parquet", "_classes.csv")
"""What a table next to pictures is called by Hugging Face, and by Roboflow."""


def tables_in(folder: Path) -> list[tuple[str, Path]]:
    """The tables of a directory dataset, each with the split that its folder is.

    Our own manifest knows most; otherwise those that are called as usual, at the root or in split
    folders; otherwise tables at the root of any name, next to pictures or folders of them.
    """
    manifest = folder / sidecars.MANIFEST
    if lists_clip_folders(folder):
        return [("", manifest)]
    if manifest.is_file() and is_table(manifest) and not any(_class_folders(folder)):
        return [("", manifest)]
    at_root = [("", folder / name) for name in NAMES if (folder / name).is_file()]
    found = [
        (SPLIT_NAMES[child.name.casefold()], child / name)
        for child in sorted(folder.iterdir())
        if child.is_dir() and child.name.casefold() in SPLIT_NAMES
        for name in NAMES
        if (child / name).is_file()
    ]
    return at_root or found or _of_other_names(folder)


def _of_other_names(folder: Path) -> list[tuple[str, Path]]:
    """Tables of files at the root of a directory without class folders; splits by their names."""
    if any(child.name.casefold() not in suffixes.NO_CLASS for child in _class_folders(folder)):
        return []
    tables = [
        child
        for child in sorted(folder.iterdir())
        if suffix_of(child) in (".csv", ".tsv")
        and child.is_file()
        and not sidecars.is_sidecar(child.name)
        and is_table(child)
    ]
    splits = splits_of_names(_stem(table) for table in tables)
    if len(tables) == 1:
        return [("", tables[0])]
    if not all(splits.values()) or len(set(splits.values())) < len(tables):
        return []
    return [(splits[_stem(table)], table) for table in tables]


def _stem(table: Path) -> str:
    return Path(name_inside(table)).stem


def _class_folders(folder: Path) -> Iterator[Path]:
    """Folders below a dataset that are no splits: class folders, if it has some."""
    for child in folder.iterdir():
        if child.is_dir() and not child.name.startswith("."):
            if child.name.casefold() in SPLIT_NAMES:
                yield from (one for one in child.iterdir() if one.is_dir())
            else:
                yield child


def recognises(place: Place) -> str:
    """An example of what makes a place this format, or ''."""
    path = place.path
    if not place.is_dir and suffix_of(path) in (".csv", ".tsv"):
        return path.name if is_table(path) else ""
    published = known.example_at(path)
    if published:
        return published
    if not place.is_dir:
        suffix = suffix_of(path)
        if suffix not in SUFFIXES:
            return ""
        if suffix == ".parquet" and holds_pictures(path):
            return ""
        return path.name if suffix not in (".csv", ".tsv") or is_table(path) else ""
    if lists_clip_folders(path):
        return sidecars.MANIFEST
    if _is_next_to_ours(path):
        return ""
    tables = tables_in(path)
    if tables and tables[0][1].name == sidecars.MANIFEST and not _lists_files(tables[0][1]):
        return ""
    return next((table.relative_to(path).as_posix() for _, table in tables), "")


def _is_next_to_ours(folder: Path) -> bool:
    """Whether a directory has class folders whose files our own manifest lists.

    A ``metadata.csv`` in it says the same once more, for others.
    """
    manifest = folder / sidecars.MANIFEST
    if not manifest.is_file() or not _lists_files(manifest):
        return False
    first = next(sidecars.read_rows(manifest), {})
    above = first.get("path", "").rpartition("/")[0]
    return above not in ("", first.get("split", ""))


def _lists_files(manifest: Path) -> bool:
    """Whether the first file that a manifest lists lies below it."""
    place = next(sidecars.read_rows(manifest), {}).get("path", "")
    return bool(place) and os.path.isfile(manifest.parent / place)


def lists_clip_folders(folder: Path) -> bool:
    """Whether our own manifest lists folders of frames next to it: clips, whatever their class."""
    manifest = folder / sidecars.MANIFEST
    if not manifest.is_file():
        return False
    place = next(sidecars.read_rows(manifest), {}).get("path", "")
    return bool(place) and "/" not in place and (folder / place).is_dir()
