"""How a CSV is spelled: what has to be kept so that the same bytes can be written again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import msgspec

from signdata.errors import FormatError
from signdata.formats.csv.parser import Dialect

Positive: TypeAlias = Annotated[int, msgspec.Meta(gt=0)]


@dataclass(frozen=True)
class CsvDialect(Dialect):
    """How one CSV is spelled, and the width and height of its pictures."""

    size_wh: tuple[Positive, Positive] | None = None

    @property
    def dialect(self) -> Dialect:
        """The spelling alone."""
        return Dialect(self.header, self.bom, self.newline, self.final_newline)


class CsvDialects(msgspec.Struct, frozen=True):
    """What ``signdata.json`` keeps of the CSVs that a dataset once was.

    Attributes
    ----------
    files : dict
        How each was spelled, by its split.
    codes : dict
        Code of each class name; empty for Sign-MNIST's letters.
    size_wh : tuple of int or None
        Width and height of the pictures of every file that does not say its own.
    """

    files: dict[str, CsvDialect] = {}
    codes: dict[str, int] = {}
    size_wh: tuple[Positive, Positive] | None = None

    def of(self, split: str) -> CsvDialect:
        """The file of a split; the first one where there is none of that name."""
        first = next(iter(self.files.values()), CsvDialect())
        found = self.files.get(split, first)
        return replace(found, size_wh=found.size_wh or self.size_wh)


def recorded_dialects(origin: Mapping[str, Any], path: Path | str) -> CsvDialects:
    try:
        return msgspec.convert(origin.get("csv", {}), CsvDialects)
    except msgspec.ValidationError as err:
        raise FormatError(f"no spelling of a CSV ({err})", path=path, where="origin.csv") from err


def dialect_of_line(dialect: Dialect, size_wh: tuple[int, int]) -> dict[str, Any]:
    return {**asdict(dialect), "size_wh": list(size_wh)}
