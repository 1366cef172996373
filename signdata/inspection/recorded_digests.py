"""The checksums of a manifest by id, which may be millions: some 60 bytes each."""

from __future__ import annotations

import hashlib
import itertools
from array import array
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from signdata.inspection.digests import LENGTH, NONE

SAME, OTHER, UNKNOWN = 0, 1, 2
"""What is found of a checksum: it is the recorded one, it is not, or none is recorded."""


class RecordedDigests:
    """Checksums by id, and which ids were asked for.

    Ids are kept as hashes of 8 bytes. Two of them may have the same by chance; then the checksum
    of either is right for both.

    Parameters
    ----------
    parts : iterable of (sequence of str, sequence of str)
        Ids and checksums, some at a time; '' is none.

    Attributes
    ----------
    any : bool
        Whether any id has a checksum.
    """

    def __init__(self, parts: Iterable[tuple[Sequence[str], Sequence[str]]]) -> None:
        hashes, digests = array("q"), bytearray()
        for ids, recorded in parts:
            hashes.extend(map(hash, ids))
            digests += _packed(recorded)
        found = np.array(hashes, np.int64)
        self._order = np.argsort(found, kind="stable")
        self._hashes = found[self._order]
        self._digests = _rows(digests)
        self._asked = np.zeros(len(found), bool)
        self.any = bool(self._digests.any())

    def compare(self, ids: Sequence[str], digests: bytes | bytearray) -> NDArray[np.int64]:
        """Hold checksums, 32 bytes each, against those recorded: `SAME`, `OTHER` or `UNKNOWN`."""
        wanted = np.fromiter(map(hash, ids), np.int64, len(ids))
        first = np.searchsorted(self._hashes, wanted, "left")
        end = np.searchsorted(self._hashes, wanted, "right")
        mine, found = _rows(digests), np.full(len(ids), UNKNOWN)
        for more in range(int((end - first).max(initial=0))):  # as a rule once
            asked = np.flatnonzero(first + more < end)
            places = self._order[first[asked] + more]
            self._asked[first[asked] + more] = True
            recorded = self._digests[places]
            same = (recorded == mine[asked]).all(axis=1)
            is_known = recorded.any(axis=1)
            state = np.where(is_known, np.where(same, SAME, OTHER), UNKNOWN)
            found[asked] = np.minimum(found[asked], state)
        return found

    @property
    def all_asked(self) -> bool:
        """Whether somebody asked for every id."""
        return bool(self._asked.all())

    def never_asked(self, ids: Iterable[str]) -> Iterator[str]:
        """Those of the ids that nobody asked for."""
        n_asked = np.concatenate([[0], np.cumsum(self._asked)])
        rest = iter(ids)
        while part := list(itertools.islice(rest, _AT_ONCE)):
            wanted = np.fromiter(map(hash, part), np.int64, len(part))
            first = np.searchsorted(self._hashes, wanted, "left")
            end = np.searchsorted(self._hashes, wanted, "right")
            yield from itertools.compress(part, n_asked[end] == n_asked[first])


_AT_ONCE = 4096
"""Ids that are looked for at once."""


def _rows(digests: bytes | bytearray) -> NDArray[np.uint64]:
    """Checksums as rows of four numbers, which are compared quickly."""
    return np.frombuffer(digests, np.uint64).reshape(-1, LENGTH // 8)


def _packed(digests: Sequence[str]) -> bytes:
    """Checksums as 32 bytes each."""
    if all(len(digest) == 2 * LENGTH for digest in digests):
        try:
            packed = bytes.fromhex("".join(digests))
        except ValueError:
            packed = b""
        if len(packed) == LENGTH * len(digests):
            return packed
    return b"".join(map(_packed_one, digests))


def _packed_one(digest: str) -> bytes:
    """A checksum as 32 bytes; what is none as that of its text."""
    try:
        packed = bytes.fromhex(digest)
    except ValueError:
        packed = b""
    if not digest or len(packed) == LENGTH:
        return packed or NONE
    return hashlib.sha256(digest.encode("utf-8", "surrogatepass")).digest()
