"""The checksums of a manifest by id, which may be millions: some 60 bytes each."""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator

import numpy as np

from signdata.sidecars import Row

_LENGTH = 32
"""Bytes of a SHA-256."""

_NONE = bytes(_LENGTH)


class RecordedDigests:
    """Checksums by id, and which ids were asked for.

    Ids are kept as hashes of 8 bytes. Two of them may have the same by chance; then the checksum
    of either is right for both.

    Attributes
    ----------
    any : bool
        Whether any row has a checksum.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        hashes, digests = array("q"), bytearray()
        for row in rows:
            hashes.append(hash(row["id"]))
            digests += _packed(row.get("sha256", ""))
        found = np.array(hashes, np.int64)
        order = np.argsort(found, kind="stable")
        self._order = array("q", order.tobytes())
        self._hashes = array("q", found[order].tobytes())  # searched faster than NumPy's
        self._digests = digests
        self._asked = bytearray(len(found))
        self.any = bool(digests.strip(b"\0"))

    def ask(self, sample_id: str) -> list[bytes]:
        """What may be recorded of an id: nothing at all, or checksums for `agrees`."""
        first, end = self._places(sample_id)
        self._asked[first:end] = b"\1" * (end - first)
        at = (place * _LENGTH for place in self._order[first:end])
        found = (bytes(self._digests[start : start + _LENGTH]) for start in at)
        return [digest for digest in found if digest != _NONE]

    @property
    def all_asked(self) -> bool:
        """Whether somebody asked for every id."""
        return 0 not in self._asked

    def never_asked(self, ids: Iterable[str]) -> Iterator[str]:
        """Those of the ids that nobody asked for."""
        return (one for one in ids if not any(self._asked[slice(*self._places(one))]))

    def _places(self, sample_id: str) -> tuple[int, int]:
        wanted = hash(sample_id)
        end = first = bisect_left(self._hashes, wanted)
        while end < len(self._hashes) and self._hashes[end] == wanted:
            end += 1
        return first, end


def agrees(digest: str, recorded: list[bytes]) -> bool:
    """Whether a checksum is one of those that may be recorded."""
    return _packed(digest) in recorded


def _packed(digest: str) -> bytes:
    """A checksum as 32 bytes; what is none as that of its text."""
    try:
        packed = bytes.fromhex(digest)
    except ValueError:
        packed = b""
    if not digest or len(packed) == _LENGTH:
        return packed or _NONE
    return hashlib.sha256(digest.encode("utf-8", "surrogatepass")).digest()
