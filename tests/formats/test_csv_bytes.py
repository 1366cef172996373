"""Rows of a CSV parsed from their bytes, against the parser that looks at every cell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from signdata.formats.csv import parser
from signdata.formats.csv.parser import Rows
from signdata.formats.csv.scan import scan

N = 9


def rows_of(folder: Path, lines: list[str], newline: str = "\n", end: bool = True) -> Rows | None:
    """What the fast parser makes of rows; what it finds must be what the other one finds."""
    header = ",".join(["label", *(f"pixel{i}" for i in range(1, N + 1))])
    path = folder / "a.csv"
    text = newline.join([header, *lines]) + (newline if end else "")
    path.write_bytes(text.encode())
    layout = scan(path, header=True)
    parts = []
    for block in layout.blocks:  # a last line without an end is one of its own
        data = path.read_bytes()[block.offset :][: block.length]
        found = parser._parse_plain(data, layout)
        slow = parser._parse_each(parser._lines_of(data), layout, block)
        if found is None:
            assert slow.faults or not slow.plain or min(slow.labels) < 0
            return None
        assert (found.labels, found.faults, found.plain) == (slow.labels, {}, slow.plain)
        assert np.array_equal(found.pixels, slow.pixels)
        parts.append(found)
    labels = [label for part in parts for label in part.labels]
    return Rows(labels, np.concatenate([part.pixels for part in parts]), {}, True)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("end", [True, False])
def test_every_value_in_every_place(newline: str, end: bool, tmp_path: Path) -> None:
    values = [(start + place * 29) % 256 for start in range(256) for place in range(N)]
    lines = [
        ",".join(map(str, (i % 25, *values[i * N : i * N + N]))) for i in range(len(values) // N)
    ]
    found = rows_of(tmp_path, lines, newline, end)
    assert found is not None
    assert {*found.pixels.ravel().tolist()} == {*range(256)}


@pytest.mark.parametrize("label", ["0", "24", "100", "256", "1000", "123456789012345678"])
def test_labels_may_be_longer_than_any_value(label: str, tmp_path: Path) -> None:
    found = rows_of(tmp_path, [f"{label},1,22,255,0,5,66,7,88,9", "3,1,2,3,4,5,6,7,8,9"])
    assert found is not None
    assert found.labels == [int(label), 3]


@pytest.mark.parametrize(
    "cells",
    [
        *("256", "999", "1000", "1234", "00", "01", "010", "", " 1", "1 ", "-1", "+1", "1.0"),
        *("1e1", "a", "\x00", "/", ":", "1\r", '"1"', "1,2"),
    ],
)
@pytest.mark.parametrize("place", [0, 4, N - 1])
def test_anything_else_is_for_the_other_parser(cells: str, place: int, tmp_path: Path) -> None:
    made = ["1"] * N
    made[place] = cells
    assert rows_of(tmp_path, ["2,1,2,3,4,5,6,7,8,9", ",".join(["3", *made])]) is None


@pytest.mark.parametrize("label", ["", "01", "x", "-1", "1.0", " 1", "1" * 19])
def test_a_label_that_is_no_plain_integer(label: str, tmp_path: Path) -> None:
    assert rows_of(tmp_path, ["2,1,2,3,4,5,6,7,8,9", f"{label},1,2,3,4,5,6,7,8,9"]) is None


@pytest.mark.parametrize("row", ["3,1,2,3,4,5,6,7,8", "3,1,2,3,4,5,6,7,8,9,10", "3", ""])
def test_rows_of_another_length(row: str, tmp_path: Path) -> None:
    assert rows_of(tmp_path, ["2,1,2,3,4,5,6,7,8,9", row, "2,1,2,3,4,5,6,7,8,9"]) is None
    long = "3,1,2,3,4,5,6,7,8,9,10"
    assert rows_of(tmp_path, ["3,1,2,3,4,5,6,7,8", long]) is None  # as many cells in all
