"""CSVs and TSVs that are compressed: read as a stream, from the start."""

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


def suffixes(*names: str) -> tuple[str, ...]:
    """The suffixes of compressed files of these kinds: ``.csv.gz``, ``.csv.xz``, ..."""
    return tuple(name + packed for name in names for packed in _OPENERS)


SUFFIXES = suffixes(".csv", ".tsv")


def is_compressed(path: Path) -> bool:
    """Whether a name is that of a compressed CSV or TSV."""
    return path.name.lower().endswith(SUFFIXES)


def name_inside(path: Path) -> str:
    """The name of a file without what says that it is compressed."""
    return path.stem if is_compressed(path) else path.name


def suffix_of(path: Path) -> str:
    """The suffix of a file in lower case: ``.csv``, compressed or not."""
    return Path(name_inside(path)).suffix.lower()


def opened(path: Path) -> IO[bytes]:
    """A CSV or TSV for reading, compressed or not."""
    if not is_compressed(path):
        return path.open("rb")
    file: IO[bytes] = _OPENERS[path.suffix.lower()](path, "rb")
    return file
