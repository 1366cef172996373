"""CSVs that are compressed: read as a stream, from the start."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

SUFFIXES = (".csv.gz", ".csv.xz", ".csv.bz2")

ERRORS = (EOFError, zlib.error, lzma.LZMAError)
"""What damage raises beside `OSError`."""

_OPENERS: dict[str, Callable[..., Any]] = {
    ".gz": gzip.open,
    ".xz": lzma.open,
    ".bz2": bz2.open,
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
