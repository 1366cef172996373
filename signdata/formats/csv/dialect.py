"""How a CSV is spelled: what has to be kept so that the same bytes can be written again."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from signdata.errors import FormatError
from signdata.formats.csv.columns import Colour, Columns, columns_of, standard

Newline: TypeAlias = Literal["\n", "\r\n"]
Positive: TypeAlias = Annotated[int, msgspec.Meta(gt=0)]


@dataclass(frozen=True)
class Dialect:
    """How a CSV is spelled beyond its values.

    Attributes
    ----------
    header : str or None
        The header line as it stands; '' for none; None for ``label,pixel1,...``.
    bom : bool
        Whether the file starts with a UTF-8 byte order mark.
    newline : str
        ``\\n`` or ``\\r\\n``.
    final_newline : bool
        Whether the last row ends with one.
    text_labels : bool
        Whether labels are class names rather than codes.
    """

    header: str | None = None
    bom: bool = False
    newline: Newline = "\n"
    final_newline: bool = True
    text_labels: bool = False

    @property
    def named(self) -> Columns | None:
        """The columns that the header names; None without one that is known."""
        return columns_of(self.header) if self.header else None

    @property
    def has_label(self) -> bool:
        """Whether there is a column of labels."""
        return self.named is None or self.named.label is not None

    def columns(self, n_pixels: int) -> Columns:
        """The columns of a file of pictures of this many values."""
        found = self.named
        if found is not None and found.n_pixels in (0, n_pixels):
            return replace(found, n_pixels=n_pixels)
        return standard(n_pixels)

    def start(self, n_pixels: int) -> bytes:
        """The bytes before the first row; a header of other pictures is not repeated."""
        header = self.header
        if header and (self.named is None or self.named.n_pixels not in (0, n_pixels)):
            header = None
        if header is None:
            header = standard_header(n_pixels)
        text = header + self.newline if header else ""
        return (codecs.BOM_UTF8 if self.bom else b"") + text.encode()


def standard_header(n_pixels: int) -> str:
    """``label,pixel1,...,pixelN``."""
    return ",".join(["label", *(f"pixel{i}" for i in range(1, n_pixels + 1))])


@dataclass(frozen=True)
class CsvDialect(Dialect):
    """How one CSV is spelled, and what its pictures are.

    Attributes
    ----------
    size_wh : tuple of int or None
        Width and height of the pictures.
    colour : str
        How the values of a picture in colour follow each other; '' for grey ones.
    """

    size_wh: tuple[Positive, Positive] | None = None
    colour: Colour = ""

    @property
    def dialect(self) -> Dialect:
        """The spelling alone."""
        return Dialect(**{one.name: getattr(self, one.name) for one in fields(Dialect)})


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


def has_split_column(origin: Mapping[str, Any]) -> bool:
    """Whether a dataset was one CSV in which a column says the split of each row."""
    found = recorded_dialects(origin, "").files
    columns = [one.named for one in found.values()]
    return len(columns) == 1 and columns[0] is not None and columns[0].use is not None


def dialect_of_line(
    dialect: Dialect, size_wh: tuple[int, int], colour: Colour = ""
) -> dict[str, Any]:
    """What is recorded of a file; what the first edition did not know only where it matters."""
    record: dict[str, Any] = {
        "header": dialect.header,
        "bom": dialect.bom,
        "newline": dialect.newline,
        "final_newline": dialect.final_newline,
        "size_wh": list(size_wh),
    }
    if dialect.text_labels:
        record["text_labels"] = True
    if colour:
        record["colour"] = colour
    return record
