"""What a Croissant file says of pictures in the rows of a CSV."""

from __future__ import annotations

import csv
from pathlib import Path

from signdata.errors import DatasetError
from signdata.formats.croissant import (
    INTEGER,
    TEXT,
    Description,
    field,
    file_object,
    of_column,
    record_set,
)
from signdata.formats.reader import Reader
from signdata.formats.text_tables import text_of


def describe(root: Path, reader: Reader, base: str) -> Description:
    """Each file, and a record for each of its rows: the label and every pixel, as they are written.

    Raises
    ------
    DatasetError
        If a file is compressed, or has no header.
    """
    files, records = [], []
    for path in reader.inputs:
        if path.suffix.lower() != ".csv":
            raise DatasetError("a compressed file; expected .csv", path=path)
        with text_of(path) as text:
            header, first = (next(csv.reader([text.readline()]), []) for _ in range(2))
        if not header or header[0].lstrip("-").isdecimal():
            raise DatasetError("no header; expected names of columns", path=path, where="line 1")
        node = file_object(path, base, root)
        fields = [
            field(name, INTEGER if cell.lstrip("-").isdecimal() else TEXT, of_column(node, name))
            for name, cell in zip(header, first, strict=False)
        ]
        files.append(node)
        records.append(record_set(path.stem, "One record a picture: its label and pixels.", fields))
    return Description(files, records)
