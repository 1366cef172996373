"""The lines of tables that are text: CSV and TSV, compressed or not."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signdata.downloads import refuse_failed
from signdata.errors import FormatError
from signdata.formats.compressed import ERRORS, opened, suffix_of


def delimiter_of(path: Path) -> str:
    """What stands between the cells of a table of this name."""
    return "\t" if suffix_of(path) == ".tsv" else ","


@contextmanager
def text_of(path: Path) -> Iterator[io.TextIOWrapper]:
    """The text of a table for reading, line ends as they are.

    Raises
    ------
    FormatError
        If it is compressed, and damaged.
    """
    try:
        with opened(path) as file, io.TextIOWrapper(file, "utf-8-sig", newline="") as text:
            yield text
    except ERRORS as err:
        raise FormatError(f"damaged ({err})", path=path) from err


def lines_of(
    path: Path, delimiter: str = ",", *, quoted: bool = True
) -> Iterator[tuple[str, list[str]]]:
    """The lines of a table, each with its place; empty ones are left out.

    Parameters
    ----------
    delimiter : str
        What stands between cells.
    quoted : bool
        Whether quotes go around cells; otherwise they are text.

    Raises
    ------
    FormatError
        If it is damaged, is no UTF-8 text, or has a quote that never ends.
    """
    refuse_failed(path)
    with text_of(path) as text:
        reader = (
            csv.reader(text, delimiter=delimiter, strict=True)
            if quoted
            else csv.reader(text, delimiter=delimiter, quoting=csv.QUOTE_NONE)
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


def rows_of(
    path: Path, delimiter: str = ",", *, quoted: bool = True
) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a table with a header, each with its place; see `lines_of`.

    Raises
    ------
    FormatError
        If two columns have one name, or a row is longer or shorter than the header.
    """
    lines = lines_of(path, delimiter, quoted=quoted)
    header = [name.strip() for name in next(lines, ("", []))[1]]
    if len(set(header)) != len(header) or not header:
        raise FormatError(
            "a column that appears twice; expected distinct names", path=path, where="line 1"
        )
    for where, cells in lines:
        if len(cells) != len(header):
            raise FormatError(
                f"{len(cells)} fields; expected {len(header)}", path=path, where=where
            )
        yield where, dict(zip(header, cells, strict=True))
