"""How HDF5 files are told from others, without their library."""

from __future__ import annotations

from pathlib import Path

from signdata.errors import FormatError
from signdata.formats.place import Place

_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def starts_as_hdf5(path: Path) -> bool:
    """Whether the file starts as an HDF5 file does."""
    try:
        with path.open("rb") as file:
            return file.read(len(_SIGNATURE)) == _SIGNATURE
    except OSError:
        return False


def recognises(place: Place) -> str:
    """The file's name where it is named like HDF5, else ''.

    Raises
    ------
    FormatError
        If it is named so, and is something else.
    """
    if place.is_dir or place.path.suffix.lower() not in (".h5", ".hdf5"):
        return ""
    if not starts_as_hdf5(place.path):
        raise FormatError("named like HDF5, but not such a file", path=place.path)
    return place.path.name
