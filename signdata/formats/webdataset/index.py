"""``index.csv.gz``: where each sample is, for programs that read single samples."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import zlib
from collections.abc import Iterable
from pathlib import Path

from signdata.filesystem import write_file
from signdata.sidecars import SHARD_LENGTH, SHARD_OFFSET, Row

_HEADER = ["id", "shard", "offset", "length"]


def write_index(path: Path, rows: Iterable[Row]) -> None:
    """Write the index of the samples that the manifest lists."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile("", "wb", fileobj=packed, mtime=0) as file,
        io.TextIOWrapper(file, "utf-8", errors="backslashreplace", newline="") as text,
    ):
        lines = csv.writer(text, lineterminator="\n")
        lines.writerow(_HEADER)
        lines.writerows(map(_line, rows))
    write_file(path, packed.getvalue())


def fault_of(path: Path, rows: Iterable[Row]) -> str:
    """How the index differs from that of these rows, or ''."""
    expected = itertools.chain([_HEADER], map(_line, rows))
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
            lines = csv.reader(text)
            for number, (found, line) in enumerate(itertools.zip_longest(lines, expected), 1):
                if found != line:
                    return f"line {number:,} says something else than the manifest"
    except (OSError, EOFError, ValueError, csv.Error, zlib.error) as err:
        return f"damaged ({err})"
    return ""


def _line(row: Row) -> list[str]:
    shown = row["id"].encode("utf-8", "backslashreplace").decode()
    return [shown, row["path"], row[SHARD_OFFSET], row[SHARD_LENGTH]]
