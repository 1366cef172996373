"""Whether a source is a table of clips, and the reader of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from signdata.formats.clip_tables import columns, known
from signdata.formats.clip_tables.reader import ClipTableReader
from signdata.formats.clip_tables.rows import ClipTable
from signdata.formats.reader import OpenOptions
from signdata.formats.table.rows import Table


def open_known(path: Path, options: OpenOptions) -> ClipTableReader | None:
    """The reader of a published dataset's tables; None where a path is none of them."""
    layout = known.layout_at(path)
    if layout is None:
        return None
    tables = [layout.read(table) for table in known.tables_at(layout, path)]
    return ClipTableReader(path, tables, options)


def open_clips(
    path: Path, tables: list[tuple[str, Table]], options: OpenOptions
) -> ClipTableReader | None:
    """The reader of tables that list clips, each with the split of its folder; else None."""
    read = options.read
    if not any(columns.holds_clips(table, read.path_column) for _, table in tables):
        return None
    made = [
        _of_split(columns.read(table, read.path_column, read.label_column), split)
        for split, table in tables
    ]
    return ClipTableReader(path, made, options)


def _of_split(table: ClipTable, split: str) -> ClipTable:
    """A table whose rows are of a split, unless they say another."""
    if not split:
        return table
    rows = tuple(replace(row, split=row.split or split) for row in table.rows)
    return replace(table, rows=rows)
