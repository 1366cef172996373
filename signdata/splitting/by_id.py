"""A text for each of millions of ids, in some 20 bytes each. Pure: no files."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence

import numpy as np

from signdata.columns import column_of
from signdata.splitting.stratified import draw, draws


class ById:
    """Values by id.

    Ids are kept as hashes of 8 bytes, the same in every process. Ids whose hashes meet are kept
    themselves, so that each known id has its own value; of an id that is not known, some value
    may be found by chance (one in 10 ** 13 for a million ids).

    Parameters
    ----------
    ids, values : sequence of str
        One each.
    """

    def __init__(self, ids: Sequence[str] = (), values: Sequence[str] = ()) -> None:
        found = draws(ids, 0)
        order = np.argsort(found, kind="stable")
        ordered = found[order]
        self._hashes = array("Q", ordered.tobytes())  # searched faster than NumPy's
        self._places = array("q", order.astype(np.int64).tobytes())
        self._values = column_of(values)
        again = np.flatnonzero(ordered[1:] == ordered[:-1])
        meeting = {int(order[i]) for first in again.tolist() for i in (first, first + 1)}
        self._meeting = {ids[place]: values[place] for place in meeting}

    def __len__(self) -> int:
        return len(self._hashes)

    def get(self, one: str, default: str) -> str:
        """The value of an id, `default` if it is not known."""
        if self._meeting and one in self._meeting:
            return self._meeting[one]
        wanted = draw(one, 0)
        at = bisect_left(self._hashes, wanted)
        if at == len(self._hashes) or self._hashes[at] != wanted:
            return default
        return self._values[self._places[at]]

    def get_all(self, ids: Sequence[str], defaults: Sequence[str]) -> list[str]:
        """The value of each of several ids, its default if it is not known."""
        if self._meeting:
            return [self.get(one, default) for one, default in zip(ids, defaults, strict=True)]
        wanted = draws(ids, 0)
        hashes = np.frombuffer(self._hashes, np.uint64)
        if not len(hashes):
            return list(defaults)
        at = np.minimum(np.searchsorted(hashes, wanted), len(hashes) - 1)
        places = np.where(hashes[at] == wanted, np.frombuffer(self._places, np.int64)[at], -1)
        return [
            default if place < 0 else self._values[place]
            for place, default in zip(places.tolist(), defaults, strict=True)
        ]

    def values(self) -> Iterator[str]:
        """All values."""
        return iter(self._values)
