"""The first line of a pixel CSV, and what is said of one that is none."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from signdata.errors import FormatError
from signdata.formats.csv.columns import (
    Columns,
    PixelNames,
    candidates,
    cells_of,
    columns_of,
    label_at,
    standard,
    without_label,
)
from signdata.formats.csv.dialect import Dialect, Newline, standard_header

MAX_LINE = 1 << 20
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

_WHERE = "line 1"
_INDEX_NAMES = {"", "index", "id", "unnamed: 0"}
_EXPECTED = (
    "Expected is label,pixel1,...,pixelN. For a table of files, say --path-column and "
    "--label-column."
)


def read_header(first: bytes, path: Path, header: bool) -> tuple[Dialect, Columns]:
    """What the first line says of how the file is spelled, and of its columns.

    Parameters
    ----------
    first : bytes
        The line.
    path : Path
        What errors name.
    header : bool
        Whether it is a header.

    Raises
    ------
    FormatError
        If it is not the start of a pixel CSV.
    """
    line, dialect = _decoded(first, path)
    if not header:
        cells = cells_of(line)
        if len(cells) == 1:
            _refuse_separator(line, path)
        if not all(NUMBER.fullmatch(cell.strip()) for cell in cells):
            raise FormatError(
                f"--no-header, but the first line starts with {cells[0][:20]!r}; expected numbers",
                path=path,
                where=_WHERE,
            )
        return Dialect("", dialect.bom, dialect.newline), standard(len(cells) - 1)
    columns = columns_of(line)
    if columns is None:
        _refuse(line, path)
        raise FormatError("no pixel CSV", path=path, where=_WHERE, remedy=_EXPECTED)
    usual = line == standard_header(columns.n_pixels)
    return Dialect(None if usual else line, dialect.bom, dialect.newline), columns


def _decoded(first: bytes, path: Path) -> tuple[str, Dialect]:
    """The first line as text, and what its bytes say of the file."""
    if not first.strip():
        found = "an empty file" if not first else "a blank line"
        raise FormatError(f"no CSV; expected a header, found {found}", path=path, where=_WHERE)
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in first[:64]:
        raise FormatError(
            "UTF-16 or binary; expected plain text",
            path=path,
            where=_WHERE,
            remedy="Save as UTF-8.",
        )
    if len(first) > MAX_LINE:
        raise FormatError(f"a line of over {MAX_LINE:,} bytes", path=path, where=_WHERE)
    bom = first.startswith(codecs.BOM_UTF8)
    try:
        line = first[len(codecs.BOM_UTF8) * bom :].decode("utf-8")
    except UnicodeDecodeError as err:
        raise FormatError(f"no CSV ({err.reason}); expected text", path=path, where=_WHERE) from err
    newline: Newline = "\r\n" if line.endswith("\r\n") else "\n"
    line = line.removesuffix(newline)
    if "\r" in line:
        raise FormatError(
            "line ends of old Macs (CR); expected LF or CRLF", path=path, where=_WHERE
        )
    return line, Dialect(None, bom, newline)


def _refuse_separator(line: str, path: Path) -> None:
    for separator, name in ((";", "';'"), ("\t", "tabs"), ("|", "'|'")):
        if separator in line:
            raise FormatError(
                f"fields are separated by {name}; expected ','",
                path=path,
                where=_WHERE,
                remedy="Save it with commas.",
            )
    raise FormatError(
        f"no pixel CSV; expected label,pixel1,..., found {line[:40]!r}", path=path, where=_WHERE
    )


def _refuse(line: str, path: Path) -> None:
    """Say what a header is that is none of a pixel CSV."""
    cells = cells_of(line)
    if len(cells) == 1:
        _refuse_separator(line, path)
    if all(NUMBER.fullmatch(cell.strip()) for cell in cells):
        raise FormatError(
            "no header; expected label,pixel1,..., found numbers",
            path=path,
            where=_WHERE,
            remedy="Say --no-header if the first line is a picture.",
        )
    if cells[0].casefold() in _INDEX_NAMES and label_at(cells[1:]) is not None:
        raise FormatError(
            f"an index column ({cells[0]!r}) before {cells[1]}; expected label first",
            path=path,
            where=f"{_WHERE}, column 1",
            remedy="Save it without the index: to_csv(..., index=False).",
        )
    _refuse_further_columns(cells, path)
    _refuse_name(cells, path)


def _refuse_further_columns(cells: list[str], path: Path) -> None:
    """Say how many columns before or behind the pixels are no label."""
    for start in range(1, len(cells) - 1):
        if not re.fullmatch(r"\D*[01](x[01])?", cells[start]):
            continue
        for names in candidates(cells[start:]):
            end = names.first_other(cells[start:])
            n = len(cells) - start if end is None else end
            before, after = cells[:start], cells[start + n :]
            spoiled = any(re.search("[0-9]", cell) for cell in after)
            if n < 2 or len(before) + len(after) < 2 or spoiled:
                continue
            others = ", ".join([*before, *after])
            raise FormatError(
                f"{n:,} columns of pixels ({cells[start]} to {cells[start + n - 1]}) and "
                f"{len(before) + len(after)} others ({others[:60]}); "
                "expected one other, the label, first or last",
                path=path,
                where=_WHERE,
                remedy="Save it with one column of labels, called label.",
            )


def _refuse_name(cells: list[str], path: Path) -> None:
    """Name the first column that is called otherwise than is expected."""
    label = label_at(cells)
    pixels = without_label(cells, label)
    best = max(
        (*candidates(pixels), PixelNames()),
        key=lambda names: _reach(names, pixels),
    )
    if label is None and not _reach(best, pixels):
        raise _other_name(cells, 0, "label", path)
    i = best.first_other(pixels)
    if i is None:  # the right names, and something else is amiss
        raise _other_name(cells, 0, "label", path)
    raise _other_name(cells, i + (label == 0), best.name(i), path)


def _reach(names: PixelNames, pixels: list[str]) -> int:
    end = names.first_other(pixels)
    return len(pixels) if end is None else end


def _other_name(cells: list[str], i: int, wanted: str, path: Path) -> FormatError:
    cell = cells[i]
    twice = " (it appears twice)" if cell in cells[:i] else ""
    understood = (
        f" The columns before it are read as {cells[0]} to {cells[i - 1]}." if i > 1 else ""
    )
    return FormatError(
        f"column {cell[:40]!r}{twice}; expected {wanted!r}",
        path=path,
        where=f"{_WHERE}, column {i + 1}",
        remedy=_EXPECTED + understood,
    )


def check_label(columns: Columns, path: Path, *, without: bool) -> None:
    """Raise `FormatError` unless a file has a label, or is to be read without."""
    if columns.label is None and not without:
        what = "values in one cell" if columns.one_cell else "columns of pixels"
        raise FormatError(
            f"{columns.n_pixels:,} {what} and no label; expected a column called label",
            path=path,
            where=_WHERE,
            remedy="Say --labels none to read its pictures as one class, unlabelled.",
        )
    if columns.label is not None and without:
        raise FormatError(
            f"--labels none, but column {columns.label_name} has labels", path=path, where=_WHERE
        )
