"""Rows of a manifest as columns."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

_AT_ONCE = 256
"""Rows that are brought into text at once."""


class RowBlock(msgspec.Struct, frozen=True):
    """Rows of a manifest that have the same columns.

    Attributes
    ----------
    n : int
        How many rows there are.
    columns : dict
        A value for each row, or one text where all rows have the same.
    """

    n: int
    columns: dict[str, list[str] | str]

    @classmethod
    def of(cls, n: int, columns: Mapping[str, Sequence[str]]) -> RowBlock:
        """Rows whose columns are given in full."""
        made: dict[str, list[str] | str] = {}
        for name, values in columns.items():
            first = values[0]
            made[name] = first if values.count(first) == n else list(values)
        return cls(n, made)

    def column(self, name: str) -> Sequence[str]:
        """The values of a column; '' for each row where there is none."""
        values = self.columns.get(name, "")
        return [values] * self.n if isinstance(values, str) else values

    def rows(self) -> list[dict[str, str]]:
        """The rows, one by one."""
        names = list(self.columns)
        cells = zip(*map(self.column, names), strict=True)
        return [dict(zip(names, one, strict=True)) for one in cells]


def blocks_of(rows: Iterable[dict[str, str]]) -> Iterator[RowBlock]:
    """Rows as blocks; '' where a row of a block lacks a column of another."""
    rest = iter(rows)
    while part := list(itertools.islice(rest, _AT_ONCE)):
        names = dict.fromkeys(name for row in part for name in row)
        columns = {name: [row.get(name, "") for row in part] for name in names}
        yield RowBlock.of(len(part), columns)
