"""The lines of tables that are text: CSV and TSV, compressed or not."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signdata.downloads import refuse_failed
from signdata.errors import FormatError
from signdata.formats.compressed import ERRORS, opened, suffix_of

_IN_QUOTES = re.compile(r'"[^"]*"')
MAX_LINE = 1 << 20


def delimiter_of(path: Path) -> str:
    """What stands between the cells of a table: its suffix says so, or its first line.

    A line with a comma is divided by commas; spreadsheets of countries that write 1,5 for 1.5
    divide by semicolons, and some by tabs, in files of the same suffix.
    """
    if suffix_of(path) == ".tsv":
        return "\t"
    try:
        with text_of(path) as text:
            line = text.readline(MAX_LINE)
    except (OSError, UnicodeDecodeError, FormatError):
        return ","  # whoever reads the table says why
    line = _IN_QUOTES.sub("", line)
    found = [one for one in ",;\t" if one in line]
    return found[0] if len(found) == 1 else ","


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
        raise FormatError(f"cannot be read ({err})", path=path) from err


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
