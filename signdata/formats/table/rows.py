"""The rows of a table: CSV, TSV, JSON lines or Parquet, all cells as text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from signdata.downloads import refuse_failed
from signdata.errors import FormatError, MissingError
from signdata.formats.cell_text import cell_text
from signdata.formats.compressed import suffix_of
from signdata.formats.parquet.library import arrow
from signdata.formats.text_tables import delimiter_of, rows_of
from signdata.sidecars import Row

SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")


@dataclass(frozen=True)
class Table:
    """All rows of a table, each with its place in the file."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[str, Row], ...]


def read_table(path: Path) -> Table:
    """Read a table.

    Raises
    ------
    MissingError, FormatError
        If it is not there, or is not what its suffix says.
    DependencyError
        If it is Parquet, and pyarrow is not installed.
    """
    if not path.is_file():
        raise MissingError("not there", path=path)
    refuse_failed(path)
    read = {".jsonl": _json_lines, ".parquet": _parquet}.get(suffix_of(path), _separated)
    try:
        rows = tuple(read(path))
    except OSError as err:
        raise FormatError(f"cannot be read ({err.strerror or err})", path=path) from err
    columns: dict[str, None] = {}
    for _, row in rows:
        columns.update(dict.fromkeys(row))
    if not rows:
        raise FormatError("no rows; expected one picture a row", path=path)
    return Table(path, tuple(columns), rows)


def _separated(path: Path) -> Iterator[tuple[str, Row]]:
    return rows_of(path, delimiter_of(path))


def _json_lines(path: Path) -> Iterator[tuple[str, Row]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                values = msgspec.json.decode(line, type=dict[str, Any])
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
                where = f"line {number}"
                raise FormatError(f"no JSON object ({err})", path=path, where=where) from err
            yield f"line {number}", {name: cell_text(value) for name, value in values.items()}


def _parquet(path: Path) -> Iterator[tuple[str, Row]]:
    parquet = arrow("pyarrow.parquet")
    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches():
                for values in batch.to_pylist():
                    number += 1
                    yield (
                        f"row {number}",
                        {name: cell_text(value) for name, value in values.items()},
                    )
    except OSError:
        raise
    except Exception as err:  # a damaged file may make the library raise anything
        raise FormatError(f"not Parquet, or damaged ({err})", path=path) from err
