"""Arrays as a source: an ``.npz``, several ``.npy`` files, or a folder of them."""

from __future__ import annotations

from pathlib import Path

from signdata import safe_names
from signdata.formats.pixel_arrays.names import role_of
from signdata.formats.place import Place


def npy_files(path: Path) -> list[Path]:
    """The ``.npy`` files directly in a directory."""
    return sorted(
        file
        for file in path.iterdir()
        if file.suffix.lower() == ".npy" and not safe_names.is_junk(file.name)
    )


def recognises(place: Place) -> str:
    """An example of what makes a place this format, or ''."""
    if not place.is_dir:
        named = place.path.suffix.lower() in (".npz", ".npy")
        return place.path.name if named else ""
    files = npy_files(place.path)
    roles = {role_of(file.stem)[0]: file.name for file in files}
    return roles["images"] if {"images", "targets"} <= set(roles) else ""
