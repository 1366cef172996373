"""What lies beside the data: manifest, class list, document and problems.

A directory carries ``manifest.csv``, ``classes.txt``, ``signdata.json`` and, when there
is something to tell, ``problems.csv`` at its root. ``OUT.csv`` carries ``OUT.csv.manifest.csv``
and ``OUT.csv.signdata.json``; an HDF5 file holds the same inside. None of them
holds a time, an absolute path or the output's own name, so equal work gives
equal bytes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from signdata.errors import FormatError
from signdata.results import Problem

if TYPE_CHECKING:
    import pandas as pd

MANIFEST, DOCUMENT, CLASSES, PROBLEMS = (
    "manifest.csv",
    "signdata.json",
    "classes.txt",
    "problems.csv",
)
SIDECARS = frozenset({MANIFEST, DOCUMENT, CLASSES, PROBLEMS})

COLUMNS = ("id", "path", "label", "split", "group", "source")
"""The columns that every manifest starts with."""

OWN_COLUMNS = ("sha256", "source_sha256")
"""Columns that describe one stored copy; a later copy gets its own."""

Row = dict[str, str]


def beside(path: Path, name: str) -> Path:
    """Where the sidecar `name` of a dataset is: in a directory, or next to a file."""
    return path / name if path.is_dir() else path.with_name(f"{path.name}.{name}")


def columns_of(rows: Iterable[Row]) -> list[str]:
    """All column names of `rows`: the common ones, then the others as they first appear."""
    extra: dict[str, None] = {}
    for row in rows:
        extra.update(dict.fromkeys(row))
    return [*COLUMNS, *(name for name in extra if name not in COLUMNS)]


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write a manifest: UTF-8, LF, one row a sample."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([row.get(name, "") for name in columns] for row in rows)


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a manifest.

    Raises
    ------
    FormatError
        If it is not UTF-8, lacks a needed column, names one twice, has a row of another
        length, or repeats an id.
    """
    seen: set[str] = set()
    with path.open("r", encoding="utf-8", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            header = next(reader, [])
            missing = [name for name in ("id", "label") if name not in header]
            if missing or len(set(header)) != len(header):
                raise FormatError(
                    f"header {','.join(header)[:80]!r}; expected distinct columns, "
                    f"{' and '.join(missing) or 'each once'} among them",
                    path=path,
                    where="line 1",
                )
            for cells in reader:
                where = f"line {reader.line_num}"
                if len(cells) != len(header):
                    raise FormatError(
                        f"{len(cells)} fields; expected {len(header)}", path=path, where=where
                    )
                row = dict(zip(header, cells, strict=True))
                if row["id"] in seen:
                    raise FormatError(f"id {row['id']!r} stands twice", path=path, where=where)
                seen.add(row["id"])
                yield row
        except (csv.Error, UnicodeDecodeError) as err:
            raise FormatError(
                f"no manifest ({err}); expected UTF-8 CSV",
                path=path,
                where=f"line {reader.line_num + 1}",
            ) from err


def manifest(path: str | Path) -> pd.DataFrame:
    """Read the manifest of a dataset into a pandas DataFrame, one row a sample, all strings.

    Parameters
    ----------
    path : str or Path
        A dataset written by signdata: a directory or a CSV.

    Raises
    ------
    FormatError
        If the manifest is damaged or not there.
    """
    import pandas as pd

    file = beside(Path(path), MANIFEST)
    if not file.exists():
        raise FormatError("no manifest; expected a dataset written by signdata", path=file)
    return pd.DataFrame(list(read_rows(file)), dtype=str)


def dump_document(document: Mapping[str, Any]) -> bytes:
    """Encode ``signdata.json``: UTF-8, indented, keys as given."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def read_document(path: Path) -> dict[str, Any] | None:
    """Return what ``signdata.json`` says of a dataset (a directory or a CSV), None without it.

    Raises
    ------
    FormatError
        If it is no JSON object.
    """
    file = beside(path, DOCUMENT)
    return parse_document(file.read_bytes(), file) if file.is_file() else None


def parse_document(data: bytes, path: Path) -> dict[str, Any]:
    """Decode the bytes of a ``signdata.json``."""
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as err:
        raise FormatError(f"no JSON object ({err})", path=path) from err


def read_classes(path: Path) -> tuple[str, ...]:
    """Return the class names of ``classes.txt``, one a line.

    Raises
    ------
    FormatError
        If one stands twice or a line is empty.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as err:
        raise FormatError(f"not UTF-8 ({err})", path=path) from err
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if not line or line in lines[: number - 1]:
            fault = "a class that stands twice" if line else "an empty line"
            raise FormatError(
                f"{fault}; expected one class a line", path=path, where=f"line {number}"
            )
    return tuple(lines)


def write_problems(path: Path, problems: Iterable[Problem]) -> None:
    """Write ``problems.csv``: path, where, kind, message."""
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("path", "where", "kind", "message"))
        writer.writerows((p.path, p.where, p.kind, p.message) for p in problems)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns of text aligned for people; the first is flush left, numbers flush right."""
    lines = [[str(cell) for cell in row] for row in (columns, *rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    out = io.StringIO()
    for line in lines:
        cells = [
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        out.write("  ".join(cells).rstrip() + "\n")
    return out.getvalue().rstrip("\n")
