"""Very many samples in little memory: packed some at a time, and made again when asked for."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")

AT_ONCE = 64
"""Items that are packed together."""

FEW = 64
"""Such parts up to which they stay as they are."""


class Packed(Sequence[T], Generic[T]):
    """Items that can be pickled, in a few ten bytes each where they are alike.

    An item is made anew whenever it is asked for, so nothing that is done to one stays. Few of
    them are kept as they are: packing would cost more than it saves.

    Parameters
    ----------
    items : iterable
        Taken one by one, so that they need never be in memory together.
    at_once : int
        How many are packed together.
    few : int, optional
        Up to how many such parts they stay as they are; `FEW` by default.
    """

    def __init__(
        self, items: Iterable[T], *, at_once: int = AT_ONCE, few: int | None = None
    ) -> None:
        few = FEW if few is None else few
        self._at_once = at_once
        self._rest: list[T] = []
        self._parts: list[bytes] = []
        self._last: tuple[int, list[T]] = (-1, [])
        for item in items:
            self._rest.append(item)
            if len(self._rest) >= at_once * (1 if self._parts else few):
                self._pack()

    def _pack(self) -> None:
        while len(self._rest) >= self._at_once:
            part, self._rest = self._rest[: self._at_once], self._rest[self._at_once :]
            self._parts.append(zlib.compress(pickle.dumps(part, pickle.HIGHEST_PROTOCOL), 1))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_last": (-1, [])}

    def __len__(self) -> int:
        return len(self._parts) * self._at_once + len(self._rest)

    def __bool__(self) -> bool:
        return bool(self._parts or self._rest)

    @overload
    def __getitem__(self, place: int) -> T: ...

    @overload
    def __getitem__(self, place: slice) -> list[T]: ...

    def __getitem__(self, place: int | slice) -> T | list[T]:
        if isinstance(place, slice):
            places = range(*place.indices(len(self)))
            return [self._item(i) for i in places]
        return self._item(range(len(self))[place])

    def _item(self, place: int) -> T:
        number, within = divmod(place, self._at_once)
        if number >= len(self._parts):
            return self._rest[place - len(self._parts) * self._at_once]
        if self._last[0] != number:
            self._last = (number, self._made(number))
        return self._last[1][within]

    def _made(self, number: int) -> list[T]:
        made: list[T] = pickle.loads(zlib.decompress(self._parts[number]))  # our own bytes
        return made

    def __iter__(self) -> Iterator[T]:
        for number in range(len(self._parts)):
            yield from self._made(number)
        yield from self._rest
