"""What a published dataset's tables say about themselves; one entry a dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from signdata import sidecars
from signdata.errors import FormatError, MissingError
from signdata.formats import text_tables
from signdata.formats.clip_tables.rows import ClipTable
from signdata.formats.compressed import ERRORS, name_inside, opened
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
        What the start of a JSON holds besides which its tables are only parts of that one, as
        they are besides our own manifest; or ''.
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
        return name_inside(path).lower().endswith(self.suffixes) and self.matches(head_of(path))

    def tables_in(self, folder: Path) -> list[Path]:
        """Its tables below a folder, sorted."""
        if self.part_of and (
            (folder / sidecars.MANIFEST).is_file()
            or any(self.part_of in head_of(one) for one in folder.glob("*.json"))
        ):
            return []
        found = {path for place in self.places for path in folder.glob(place) if path.is_file()}
        return sorted(path for path in found if self.knows(path))


def head_of(path: Path) -> str:
    """The start of a file as text, '' where it cannot be read or is none."""
    try:
        with opened(path) as file:
            data = file.read(HEAD)
    except (OSError, FormatError, *ERRORS):
        return ""
    return "" if b"\0" in data else data.decode("utf-8-sig", "replace")


def header_of(text: str, delimiter: str = ",") -> tuple[str, ...]:
    """The names in the first line of a table."""
    line = text.partition("\n")[0].rstrip("\r")
    return tuple(name.strip() for name in line.split(delimiter))


def lines_of(path: Path, delimiter: str = ",") -> Iterator[tuple[str, list[str]]]:
    """The lines of a table, each with its place.

    Between tabs and bars, quotes are text, and belong to the sentences.
    """
    return text_tables.lines_of(path, delimiter, quoted=delimiter == ",")


def rows_of(path: Path, delimiter: str = ",") -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a table with a header, each with its place; cells without blanks around them."""
    for where, row in text_tables.rows_of(path, delimiter, quoted=delimiter == ","):
        yield where, {name: cell.strip() for name, cell in row.items()}


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
