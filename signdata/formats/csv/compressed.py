"""CSVs that are compressed: read as a stream, from the start."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO, Any

from signdata.errors import FormatError
from signdata.safe_names import is_junk

SUFFIXES = (".csv.gz", ".csv.xz", ".csv.bz2", ".csv.zip")

ERRORS = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)
"""What damage raises besides `OSError`."""


def _only_member(path: Path, mode: str) -> IO[bytes]:
    """The one file in a zip archive, as Kaggle packs single files."""
    archive = zipfile.ZipFile(path)
    inside = [name for name in archive.namelist() if not is_junk(PurePosixPath(name).parts[0])]
    if len(inside) != 1:
        raise FormatError(
            f"an archive of {len(inside)} files; expected one CSV",
            path=path,
            remedy=f"Unpack it: unzip {path.name}",
        )
    try:
        return archive.open(inside[0])
    except (RuntimeError, NotImplementedError) as err:  # a password, or a rare method
        raise FormatError(f"cannot be unpacked ({err})", path=path) from err


_OPENERS: dict[str, Callable[..., Any]] = {
    ".gz": gzip.open,
    ".xz": lzma.open,
    ".bz2": bz2.open,
    ".zip": _only_member,
}


def is_compressed(path: Path) -> bool:
    """Whether a name is that of a compressed CSV."""
    return path.name.lower().endswith(SUFFIXES)


def opened(path: Path) -> IO[bytes]:
    """A CSV for reading, compressed or not."""
    if not is_compressed(path):
        return path.open("rb")
    file: IO[bytes] = _OPENERS[path.suffix.lower()](path, "rb")
    return file
