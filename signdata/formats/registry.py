"""The registry of formats: names and where their code is, imported on use."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from signdata.errors import UsageError

READERS = {
    "csv": "signdata.formats.csv.reader:CsvReader",
    "folders": "signdata.formats.folders:FoldersReader",
    "frames": "signdata.formats.frames:FramesReader",
    "hdf5": "signdata.formats.hdf5.reader:Hdf5Reader",
    "videos": "signdata.formats.videos:VideosReader",
    "wlasl": "signdata.formats.wlasl.reader:WlaslReader",
}

WRITERS = {
    "csv": "signdata.formats.csv.reader:CsvWriter",
    "folders": "signdata.formats.folders:FoldersWriter",
    "frames": "signdata.formats.frames:FramesWriter",
    "hdf5": "signdata.formats.hdf5.writer:Hdf5Writer",
}


def reader_class(name: str) -> Any:
    """Return the reader class of a format."""
    return _load(READERS, name, "read")


def writer_class(name: str) -> Any:
    """Return the writer class of a format."""
    return _load(WRITERS, name, "written")


def _load(table: dict[str, str], name: str, verb: str) -> Any:
    if name not in table:
        known = ", ".join(table)
        raise UsageError(f"format {name!r} cannot be {verb}; expected one of {known}")
    module, _, attribute = table[name].partition(":")
    return getattr(import_module(module), attribute)


HDF5_SUFFIXES = (".h5", ".hdf5")
