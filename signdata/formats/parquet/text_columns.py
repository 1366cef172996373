"""Tables of text as Parquet, where every program keeps the zeros of an id."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

from signdata.filesystem import write_file
from signdata.formats.parquet.library import arrow
from signdata.sidecars import Row

ROWS = 8192
"""Rows of a group, and those that are in memory at once."""


def write_texts(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write rows as text columns, '' where a row has none."""
    pa, parquet = arrow(), arrow("pyarrow.parquet")
    schema = pa.schema([(name, pa.string()) for name in columns])
    write_file(path, b"")
    rest = iter(rows)
    with parquet.ParquetWriter(path, schema, compression="zstd") as file:
        while part := list(itertools.islice(rest, ROWS)):
            texts = {name: [_text(row.get(name, "")) for row in part] for name in columns}
            file.write_table(pa.table(texts, schema))


def _text(cell: str) -> str:
    """A cell as ``manifest.csv`` spells it: bytes of file names that are no text are escaped."""
    return cell.encode("utf-8", "backslashreplace").decode()
