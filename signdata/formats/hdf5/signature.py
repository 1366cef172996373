"""How HDF5 files are told from others, without their library."""

from __future__ import annotations

from pathlib import Path

from signdata.downloads import refuse_failed
from signdata.errors import FormatError
from signdata.formats.place import Place

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_PLACES = (0, *(512 << i for i in range(8)))
"""Where the signature may be: MATLAB puts 512 bytes of its own before it."""

_OLD_MATLAB = b"MATLAB 5.0 MAT-file"


def starts_as_hdf5(path: Path) -> bool:
    """Whether the file starts as an HDF5 file does."""
    try:
        with path.open("rb") as file:
            for place in _PLACES:
                file.seek(place)
                start = file.read(len(_SIGNATURE))
                if start == _SIGNATURE or len(start) < len(_SIGNATURE):
                    return start == _SIGNATURE
    except OSError:
        pass
    return False


def refuse_other(path: Path) -> None:
    """Raise `FormatError` if a file is not an HDF5 file, and say what it is where that is known."""
    if starts_as_hdf5(path):
        return
    refuse_failed(path)
    with path.open("rb") as file:
        if file.read(len(_OLD_MATLAB)) == _OLD_MATLAB:
            raise FormatError(
                "a MATLAB file of version 5 to 7; expected version 7.3, which is HDF5",
                path=path,
                remedy="Save it again in MATLAB: save(name, 'X', 'y', '-v7.3')",
            )
    raise FormatError("named like HDF5, but not such a file", path=path)


def recognises(place: Place) -> str:
    """The file's name where it is named like HDF5, or a MATLAB file that is HDF5; else ''.

    Raises
    ------
    FormatError
        If it is named so, and is something else.
    """
    if place.is_dir or place.path.suffix.lower() not in (".h5", ".hdf5", ".mat"):
        return ""
    refuse_other(place.path)
    return place.path.name
