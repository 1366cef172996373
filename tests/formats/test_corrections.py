"""Files of corrections: what is read, what is written, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from signdata.errors import DatasetError, FormatError, MissingError
from signdata.formats.corrections import Correction, read_corrections, write_corrections

HEADER = "id,was,action,label,group,note\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "fixes.csv"
    path.write_bytes(text.encode())
    return path


def test_every_action_is_read(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        HEADER + "a,A,exclude,,,blurred\n"
        "b,A,relabel,B,,\n"
        "c,A,relabel,B,g1,\n"
        "d,,group,,g1,\n"
        "e,C,keep,,,\n",
    )
    assert list(read_corrections(path).values()) == [
        Correction("a", "A", "exclude", note="blurred"),
        Correction("b", "A", "relabel", "B"),
        Correction("c", "A", "relabel", "B", "g1"),
        Correction("d", "", "group", group="g1"),
        Correction("e", "C", "keep"),
    ]


def test_only_id_and_action_are_needed_and_spreadsheets_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeffaction;id\r\nexclude;a\r\n\r\nkeep;b\r\n")
    found = read_corrections(path)
    assert found == {"a": Correction("a", "", "exclude"), "b": Correction("b", "", "keep")}
    assert [one.where for one in found.values()] == ["line 2", "line 4"]


def test_a_header_alone_corrects_nothing(tmp_path: Path) -> None:
    assert read_corrections(written(tmp_path, HEADER)) == {}


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("id,action,lable\n", 1, "column 'lable'"),
        ("id,was\n", 1, "no column 'action'"),
        ("id,id,action\n", 1, "a column that appears twice"),
        (HEADER + "a,A,exclude,,,\na,A,keep,,,\n", 3, "id 'a' appears twice"),
        (HEADER + "a,A,delete,,,\n", 2, "action 'delete'; expected one of exclude, relabel, "),
        (HEADER + "a,A,,,,\n", 2, "action ''"),
        (HEADER + ",A,keep,,,\n", 2, "an empty id"),
        (HEADER + "a,A,relabel,,,\n", 2, "relabel with label ''; expected a label"),
        (HEADER + "a,A,exclude,B,,\n", 2, "exclude with label 'B'; expected no label"),
        (HEADER + "a,A,keep,,g,\n", 2, "keep with group 'g'; expected no group"),
        (HEADER + "a,A,group,,,\n", 2, "group without a group"),
        (HEADER + "a,A,keep,,\n", 2, "5 fields; expected 6"),
        (HEADER + 'a,A,keep,,,"never\n', 3, "not a table"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    tmp_path: Path, text: str, line: int, what: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(FormatError) as caught:
        read_corrections(path)
    assert caught.value.exit_code == 4
    assert caught.value.path == str(path)
    assert caught.value.where.startswith(f"line {line}")
    assert caught.value.what.startswith(what)


def test_a_file_that_is_missing_or_empty(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="expected a file of corrections"):
        read_corrections(tmp_path / "none.csv")
    with pytest.raises(MissingError, match="expected a file of corrections"):
        read_corrections(tmp_path)
    with pytest.raises(FormatError, match="an empty file"):
        read_corrections(written(tmp_path, ""))


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    rows = [
        Correction('q",x', "A", "relabel", "naïve, Ж", "", "two\r\nlines"),
        Correction("b", "A\rB", "group", "", "g 1", ""),
        Correction("c", "", "keep", note=" "),
    ]
    path = tmp_path / "fixes.csv"
    path.write_text("something longer than what comes after\n" * 99)
    write_corrections(path, rows)
    assert list(read_corrections(path).values()) == rows
    write_corrections(path, [])
    assert path.read_text() == HEADER
    assert [one.name for one in tmp_path.iterdir()] == ["fixes.csv"]


def test_a_correction_that_contradicts_itself_cannot_be_made() -> None:
    with pytest.raises(DatasetError, match="expected a label"):
        Correction("a", "A", "relabel")
