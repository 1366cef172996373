"""The samples of Parquet and Arrow files of any origin, by what the files themselves say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from signdata.errors import FormatError
from signdata.formats.parquet.contents import Contents
from signdata.formats.parquet.files import files_of
from signdata.formats.parquet.rows import Part, Table


def stored(path: Path, images: str | None, targets: str | None, *, of_masks: bool) -> Contents:
    """The samples of a file or a folder, in the order of files and rows.

    Raises
    ------
    FormatError
        If there are none, or files differ in their columns.
    """
    files = files_of(path)
    if not files:
        raise FormatError("no Parquet files in it", path=path)
    parts = [Part.of(file, images, targets) for file in files]
    _refuse_different(parts)
    tables = [part.table() for part in parts]
    ids = _ids(parts, tables)
    root = str(path if path.is_dir() else path.parent)
    samples = [
        part.sample(row, next(ids), table, root, of_masks)
        for part, table in zip(parts, tables, strict=True)
        for row in range(part.n_rows)
    ]
    if not samples:
        raise FormatError("no rows; expected one picture a row", path=files[0].path)
    columns = dict.fromkeys(name for part in parts for name in part.meta_columns)
    return Contents(
        samples,
        parts[0].columns.classes,
        tuple(columns),
        [file.path for file in files],
        tuple(parts[0].notes),
    )


def _refuse_different(parts: list[Part]) -> None:
    """Raise `FormatError` unless all files have the same columns and class names."""
    first = parts[0]
    for part in parts:
        for what in ("picture", "label", "classes"):
            one, other = getattr(first.columns, what), getattr(part.columns, what)
            if one != other:
                raise FormatError(
                    f"{what} {other or 'none'!r}; expected {one or 'none'!r} as in "
                    f"{first.file.name}",
                    path=part.file.path,
                )


def _ids(parts: list[Part], tables: list[Table]) -> Iterator[str]:
    """The id of each row: the stored ones if no two are the same, else its number."""
    n_of: Counter[str] = Counter()
    for part in parts:
        n_of[part.split] += part.n_rows
    found = [one for table in tables for one in table.get("id", ())]
    if len(found) == n_of.total() == len(set(found)) and all(found):
        return iter(found)
    return _numbered(parts, n_of)


def _numbered(parts: list[Part], n_of: Mapping[str, int]) -> Iterator[str]:
    done: Counter[str] = Counter()
    for part in parts:
        prefix = f"{part.split}/" if part.split else ""
        width = max(6, len(str(n_of[part.split])))
        for number in range(done[part.split] + 1, done[part.split] + part.n_rows + 1):
            yield f"{prefix}{number:0{width}d}"
        done[part.split] += part.n_rows
