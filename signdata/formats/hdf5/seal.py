"""The seal of an HDF5 output: a digest of the file inside the file.

The document ends with ``"file": {"digest": ...}``: the SHA-256 of the file's size and of its
bytes, those 64 characters read as zeros. Of a large file the head, the tail (where labels,
names and the document are) and evenly spaced blocks between them are digested.
"""

from __future__ import annotations

import hashlib
import mmap
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py

from signdata.formats.hdf5.document import own_document, read_attribute
from signdata.sidecars import dump_document

LARGE = 256 << 20
"""Bytes up to which all of a file is digested."""

_HEAD, _TAIL, _BLOCK, _N_BLOCKS = 16 << 20, 64 << 20, 1 << 20, 176
_LENGTH = 64


def unsealed(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document with room for the seal, marked by something that is nowhere else in the file."""
    marker = hashlib.sha256(dump_document(document)).hexdigest()
    return {**document, "file": {"digest": marker}}


def seal(path: Path) -> None:
    """Put the digest of a finished file into its document."""
    with h5py.File(path, "r") as file:  # written a moment ago: it needs no check
        marker = own_document(file, path)["file"]["digest"]
    place = _find(path, marker)
    digest = _digest(path, place)
    with path.open("r+b") as file:
        file.seek(place)
        file.write(digest.encode())
        file.flush()
        os.fsync(file.fileno())


def is_as_sealed(path: Path) -> bool:
    """Whether a file is as it was sealed, or has no seal: older versions wrote none."""
    recorded = _recorded(path)
    if recorded is None:
        return True
    place = _find(path, recorded) if len(recorded) == _LENGTH else -1
    return place >= 0 and _digest(path, place) == recorded


def _recorded(path: Path) -> str | None:
    """The digest in a file's document, '' for one that is damaged, None without any."""
    document = read_attribute(path) or {}
    if "file" not in document:
        return None
    found = document["file"]
    digest = found.get("digest") if isinstance(found, dict) else None
    return digest if isinstance(digest, str) else ""


def _find(path: Path, digest: str) -> int:
    """Where the seal is in the file, -1 if it is nowhere."""
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        return data.rfind(digest.encode())


def _digest(path: Path, place: int) -> str:
    size = path.stat().st_size
    digest = hashlib.sha256(f"{size}\n".encode())
    with path.open("rb") as file:
        for start, length in _parts(size):
            file.seek(start)
            data = file.read(length)
            first, last = max(place - start, 0), min(place + _LENGTH - start, len(data))
            if first < last:
                data = data[:first] + b"0" * (last - first) + data[last:]
            digest.update(data)
    return digest.hexdigest()


def _parts(size: int) -> Iterator[tuple[int, int]]:
    """Start and length of what is digested, a block at a time."""
    if size <= LARGE:
        yield from ((start, _BLOCK) for start in range(0, size, _BLOCK))
        return
    yield from ((start, _BLOCK) for start in range(0, _HEAD, _BLOCK))
    between = size - _HEAD - _TAIL - _BLOCK
    yield from ((_HEAD + between * i // (_N_BLOCKS - 1), _BLOCK) for i in range(_N_BLOCKS))
    yield from ((start, _BLOCK) for start in range(size - _TAIL, size, _BLOCK))
