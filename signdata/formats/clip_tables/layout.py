"""What a published dataset's tables say about themselves; one entry a dataset."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from signdata.downloads import refuse_failed
from signdata.errors import FormatError, MissingError
from signdata.formats.clip_tables.rows import ClipTable
from signdata.sidecars import json_bytes

HEAD = 1 << 16
"""Bytes at the start of a file that tell whose table it is."""

MAX_JSON_BYTES = 256 << 20


@dataclass(frozen=True)
class ClipLayout:
    """The tables of one published dataset.

    Attributes
    ----------
    name : str
        What the dataset is called.
    on_disk : str
        How it is unpacked, in a few words.
    places : tuple of str
        Where its tables are below its folder, as patterns for `Path.glob`.
    suffixes : tuple of str
        How names of its tables end.
    matches : callable
        Given the first bytes of a file as text, whether it is such a table.
    read : callable
        Given a table's path, reads it.
    one_table : bool
        Whether several such tables in a folder are alternatives, not parts.
    part_of : str
        What the start of a JSON holds besides which its tables are only parts of that one, or ''.
    """

    name: str
    on_disk: str
    places: tuple[str, ...]
    suffixes: tuple[str, ...]
    matches: Callable[[str], bool]
    read: Callable[[Path], ClipTable]
    one_table: bool = False
    part_of: str = ""

    def knows(self, path: Path) -> bool:
        """Whether a file is one of its tables."""
        return path.name.lower().endswith(self.suffixes) and self.matches(head_of(path))

    def tables_in(self, folder: Path) -> list[Path]:
        """Its tables below a folder, sorted."""
        if self.part_of and any(self.part_of in head_of(one) for one in folder.glob("*.json")):
            return []
        found = {path for place in self.places for path in folder.glob(place) if path.is_file()}
        return sorted(path for path in found if self.knows(path))


def head_of(path: Path) -> str:
    """The start of a file as text, '' where it cannot be read or is none."""
    try:
        with path.open("rb") as file:
            data = file.read(HEAD)
    except OSError:
        return ""
    return "" if b"\0" in data else data.decode("utf-8-sig", "replace")


def header_of(text: str, delimiter: str = ",") -> tuple[str, ...]:
    """The names in the first line of a table."""
    line = text.partition("\n")[0].rstrip("\r")
    return tuple(name.strip() for name in line.split(delimiter))


def lines_of(path: Path, delimiter: str = ",") -> Iterator[tuple[str, list[str]]]:
    """The lines of a table, each with its place.

    Raises
    ------
    FormatError
        If it is no UTF-8 text, or has a quote that never ends.
    """
    refuse_failed(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        plain = delimiter != ","  # tabs and bars: quotes are text, and belong to the sentences
        reader = (
            csv.reader(file, delimiter=delimiter, quoting=csv.QUOTE_NONE)
            if plain
            else csv.reader(file, delimiter=delimiter, strict=True)
        )
        try:
            for cells in reader:
                if cells:
                    yield f"line {reader.line_num}", cells
        except (csv.Error, UnicodeDecodeError) as err:
            raise FormatError(
                f"not a table ({err}); expected UTF-8 text",
                path=path,
                where=f"line {reader.line_num + 1}",
            ) from err


def rows_of(path: Path, delimiter: str = ",") -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a table with a header, each with its place; cells without blanks around them.

    Raises
    ------
    FormatError
        If a row is longer or shorter than the header.
    """
    lines = lines_of(path, delimiter)
    header = [name.strip() for name in next(lines, ("", []))[1]]
    for where, cells in lines:
        if len(cells) != len(header):
            raise FormatError(
                f"{len(cells)} fields; expected {len(header)}", path=path, where=where
            )
        yield where, dict(zip(header, (cell.strip() for cell in cells), strict=True))


def read_json(path: Path, type: Any, expected: str) -> Any:
    """The content of a JSON file; what is of another type is refused with its place.

    Raises
    ------
    MissingError, FormatError
        If it is not there, or not what was expected.
    """
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise FormatError(f"over {MAX_JSON_BYTES:,} bytes", path=path)
        data = path.read_bytes()
    except FileNotFoundError as err:
        raise MissingError("not there", path=path) from err
    except OSError as err:
        raise FormatError(f"cannot be read ({err.strerror})", path=path) from err
    try:
        return msgspec.json.decode(json_bytes(data, path), type=type)
    except (msgspec.DecodeError, RecursionError) as err:
        what, _, place = str(err).partition(" - at ")
        raise FormatError(
            f"{what}; expected {expected}", path=path, where=place.strip("`")
        ) from err
