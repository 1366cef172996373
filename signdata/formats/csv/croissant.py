"""What a Croissant file says of pictures in the rows of a CSV."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from signdata.errors import DatasetError
from signdata.formats.croissant import (
    FLOAT,
    INTEGER,
    TEXT,
    Description,
    distinct_ids,
    field,
    file_object,
    of_column,
    record_set,
)
from signdata.formats.reader import Reader
from signdata.formats.text_tables import text_of

_AT_ONCE = 1 << 22
"""Characters that are read at once."""

_PLAIN = dict.fromkeys(map(ord, '0123456789,"\r\n'))
"""What a CSV of plain integers consists of."""

_WHOLE = re.compile(r"-?[0-9]+")
_NUMBER = re.compile(r"\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*")


def describe(root: Path, reader: Reader, base: str) -> Description:
    """Each file, and a record for each of its rows: the label and every pixel, as they are written.

    Raises
    ------
    DatasetError
        If a file is compressed, or has no header.
    """
    files, records = [], []
    ids = distinct_ids(path.stem for path in reader.inputs)
    for path, name in zip(reader.inputs, ids, strict=True):
        if path.suffix.lower() != ".csv":
            raise DatasetError("a compressed file; expected .csv", path=path)
        types = _types_of(path)
        node = file_object(path, base, root, f"{name}.csv")
        fields = [field(column, kind, of_column(node, column)) for column, kind in types.items()]
        files.append(node)
        records.append(record_set(name, "One record a picture: its label and pixels.", fields))
    return Description(files, records)


def _types_of(path: Path) -> dict[str, str]:
    """The type of each column: that of all its cells, as a loader gives up at the first other."""
    with text_of(path) as text:
        header = next(csv.reader([text.readline()]), [])
        if not header or header[0].lstrip("-").isdecimal():
            raise DatasetError("no header; expected names of columns", path=path, where="line 1")
        types = dict.fromkeys(header, INTEGER)
        while part := text.read(_AT_ONCE):
            if part.translate(_PLAIN):
                break
        else:
            return types
        text.seek(0)
        text.readline()
        for row in csv.reader(text):
            for column, cell in zip(header, row, strict=False):
                if types[column] is not TEXT and not _WHOLE.fullmatch(cell):
                    types[column] = FLOAT if _NUMBER.fullmatch(cell) else TEXT
    return types
