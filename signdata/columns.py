"""Columns of text kept small: one value a sample, of which there may be millions.

A column of few different values keeps each once, and a number for every sample; any other keeps
its texts end to end in one block of bytes.
"""

from __future__ import annotations

import itertools
from abc import abstractmethod
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

FEW = 1000
"""Different values up to which a column keeps each of them once."""

_AT_ONCE = 1 << 12
"""Values that are made at once."""


class _Column(Sequence[str]):
    """What both kinds of columns have in common: a slice is a list."""

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> list[str]: ...

    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            start, stop, step = place.indices(len(self))
            if step == 1:
                return self._made(start, max(start, stop))
            return [self[i] for i in range(start, stop, step)]
        if not 0 <= place < len(self):
            raise IndexError(place)
        return self._made(place, place + 1)[0]

    def __iter__(self) -> Iterator[str]:
        n = len(self)
        starts = range(0, n, _AT_ONCE)
        parts = (self._made(start, min(start + _AT_ONCE, n)) for start in starts)
        return itertools.chain.from_iterable(parts)

    def at(self, places: Iterable[int]) -> list[str]:
        """The values at some places."""
        return [self._made(place, place + 1)[0] for place in places]

    @abstractmethod
    def _made(self, start: int, stop: int) -> list[str]:
        """The values from one place up to another."""


class TextColumn(_Column):
    """Texts end to end in one block of bytes: 8 bytes each, and the text itself."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._text, self._ends = bytearray(), array("q", [0])
        rest = iter(values)
        while part := list(itertools.islice(rest, _AT_ONCE)):
            self.extend(part)

    def extend(self, values: Sequence[str]) -> None:
        """Add texts at the end."""
        joined = "".join(values)
        data = joined.encode("utf-8", "surrogatepass")
        lengths: Iterable[int] = map(len, values)
        if len(data) > len(joined):
            lengths = (len(value.encode("utf-8", "surrogatepass")) for value in values)
        ends = itertools.accumulate(lengths, initial=len(self._text))
        self._ends.extend(itertools.islice(ends, 1, None))
        self._text += data

    def __len__(self) -> int:
        return len(self._ends) - 1

    def _made(self, start: int, stop: int) -> list[str]:
        ends, first = self._ends, self._ends[start]
        data = self._text[first : ends[stop]]
        if not data.isascii():
            return [
                data[ends[i] - first : ends[i + 1] - first].decode("utf-8", "surrogatepass")
                for i in range(start, stop)
            ]
        text = data.decode("ascii")
        places = [end - first for end in ends[start : stop + 1]]
        return [text[begin:end] for begin, end in itertools.pairwise(places)]

    def repeats(self) -> bool:
        """Whether two of the texts are equal."""
        if len(set(map(hash, self))) == len(self):
            return False
        return len(set(self)) < len(self)


class CodedColumn(_Column):
    """Few different texts: each once, and 4 bytes for every value.

    Attributes
    ----------
    names : list of str
        The different texts, in order of appearance.
    codes : array of int
        The number of each value in `names`.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.codes = array("i")
        self._numbers: dict[str, int] = {}

    def extend(self, values: Sequence[str]) -> bool:
        """Add values at the end; False, and nothing is added, if they are too many different."""
        new = [value for value in dict.fromkeys(values) if value not in self._numbers]
        if len(self.names) + len(new) > FEW:
            return False
        for value in new:
            self._numbers[value] = len(self.names)
            self.names.append(value)
        self.codes.extend(map(self._numbers.__getitem__, values))
        return True

    def __len__(self) -> int:
        return len(self.codes)

    def __contains__(self, value: object) -> bool:
        return value in self._numbers

    def at(self, places: Iterable[int]) -> list[str]:
        return list(map(self.names.__getitem__, map(self.codes.__getitem__, places)))

    def _made(self, start: int, stop: int) -> list[str]:
        return [self.names[code] for code in self.codes[start:stop]]


class ColumnMaker:
    """Makes a column of values that come in parts: of whichever kind is smaller."""

    def __init__(self) -> None:
        self._coded: CodedColumn | None = CodedColumn()
        self._texts = TextColumn()

    def extend(self, values: Sequence[str]) -> None:
        """Add values at the end."""
        if self._coded is None:
            self._texts.extend(values)
        elif not self._coded.extend(values):
            self._texts = TextColumn(self._coded)
            self._texts.extend(values)
            self._coded = None

    @property
    def column(self) -> CodedColumn | TextColumn:
        """What was made so far."""
        return self._texts if self._coded is None else self._coded


def column_of(values: Iterable[str]) -> CodedColumn | TextColumn:
    """A column of the kind that is smaller."""
    made, rest = ColumnMaker(), iter(values)
    while part := list(itertools.islice(rest, _AT_ONCE)):
        made.extend(part)
    return made.column
