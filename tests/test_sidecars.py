"""What lies next to the data."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import signdata
from signdata import results, sidecars
from signdata.errors import FormatError, MissingError
from signdata.results import Problem

cells = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(values=st.lists(st.tuples(cells, cells), max_size=5))
def test_rows_come_back_as_they_were(
    values: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = [
        {"id": f"{i}", "path": a, "label": b, "split": "", "group": a, "source": b, "signer": a}
        for i, (a, b) in enumerate(values)
    ]
    path = tmp_path_factory.mktemp("manifest") / "manifest.csv"
    sidecars.write_rows(path, sidecars.columns_of(rows or [{"signer": ""}]), rows)
    assert list(sidecars.read_rows(path)) == rows


def test_columns_start_with_the_common_ones() -> None:
    rows = [{"id": "1", "fps": "25"}, {"id": "2", "signer": "3"}]
    assert sidecars.columns_of(rows) == [
        *("id", "path", "label", "split", "group", "source", "fps", "signer"),
    ]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"", r"line 1: header ''"),
        (b"id,split\n1,train\n", r"line 1: header .* label among them"),
        (b"id,label,label\n1,A,A\n", r"line 1: .* distinct columns"),
        (b"id,label\n1,A\n2\n", r"line 3: 1 fields; expected 2"),
        (b"id,label\n1,A\n\n", r"line 3: 0 fields; expected 2"),
        (b"id,label\n1,A\n1,B\n", r"line 3: id '1' appears twice"),
        (b"id,label\n,A\n", r"line 2: an empty id"),
        (b"id,label,split\n1,A,holdout\n", r"line 2: split 'holdout'; expected train, val, test"),
        (b"id,label,split\n1,A,../x\n", r"line 2: split '\.\./x'"),
        (b'id,label\n1,"A\n', r"not a manifest"),
        (b"id,label\n1,\xe9\n", r"not a manifest .*UTF-8"),
        (b"id,label\n1," + b"A" * 200_000 + b"\n", r"not a manifest .*limit"),
    ],
)
def test_a_damaged_manifest_names_its_line(text: bytes, what: str, tmp_path: Path) -> None:
    path = tmp_path / "manifest.csv"
    path.write_bytes(text)
    with pytest.raises(FormatError, match=what) as caught:
        list(sidecars.read_rows(path))
    assert caught.value.path == str(path)


def test_a_manifest_that_excel_has_saved_is_read(tmp_path: Path) -> None:
    path = tmp_path / "manifest.csv"
    path.write_bytes(b"\xef\xbb\xbfid,label\r\n1,A\r\n")
    assert list(sidecars.read_rows(path)) == [{"id": "1", "label": "A"}]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"A\n\nB\n", "line 2: an empty line"),
        (b"A\nB\nA\n", "line 3: a class that appears twice"),
        (b"A\n\n", "line 2: an empty line"),
        (b"\xff\xfeA", "not UTF-8"),
    ],
)
def test_damaged_classes_name_their_line(text: bytes, what: str, tmp_path: Path) -> None:
    path = tmp_path / "classes.txt"
    path.write_bytes(text)
    with pytest.raises(FormatError, match=what):
        sidecars.read_classes(path)


def test_classes_are_lines_and_nothing_else_ends_one(tmp_path: Path) -> None:
    path = tmp_path / "classes.txt"
    path.write_bytes("\ufeffice cream\r\nA\u2028B\nlast".encode())
    assert sidecars.read_classes(path) == ("ice cream", "A\u2028B", "last")
    path.write_bytes(b"")
    assert sidecars.read_classes(path) == ()
    with pytest.raises(MissingError, match="not there"):
        sidecars.read_classes(tmp_path / "nowhere")
    with pytest.raises(FormatError, match="cannot be read"):
        sidecars.read_classes(tmp_path)


def test_sidecars_of_a_directory_and_of_a_file(tmp_path: Path) -> None:
    assert sidecars.sidecar_path(tmp_path, "manifest.csv") == tmp_path / "manifest.csv"
    file = tmp_path / "a.csv"
    assert sidecars.sidecar_path(file, "manifest.csv") == tmp_path / "a.csv.manifest.csv"


def test_the_document_is_the_same_for_the_same_content() -> None:
    document = {"b": 1, "a": ["é", None]}
    data = sidecars.dump_document(document)
    assert data == '{\n  "b": 1,\n  "a": [\n    "é",\n    null\n  ]\n}\n'.encode()
    assert sidecars.parse_document(data, Path("x")) == document


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"[" * 100_000, b"5"])
def test_a_document_that_is_no_object_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError, match="x: not a JSON object"):
        sidecars.parse_document(data, Path("x"))


def test_a_document_in_another_encoding() -> None:
    text = '{"a": "\u00e9"}'
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"):
        assert sidecars.parse_document(text.encode(encoding), Path("x")) == {"a": "\u00e9"}
    with pytest.raises(FormatError, match=r"x:line 2: not UTF-8: byte 0xe9 at position 8 \('é' in"):
        sidecars.parse_document(text.encode("latin-1").replace(b" ", b"\n "), Path("x"))


def test_an_origin_that_is_no_object_is_none() -> None:
    assert sidecars.origin_of({"origin": {"csv": {}}}) == {"csv": {}}
    assert sidecars.origin_of({"origin": 5}) == sidecars.origin_of(None) == {}


def test_problems_are_a_csv(tmp_path: Path) -> None:
    path = tmp_path / "problems.csv"
    sidecars.write_problems(path, [Problem("a,b.png", "row 1", "corrupt", "caf\udce9")])
    assert path.read_text() == 'path,where,kind,message\n"a,b.png",row 1,corrupt,caf\\udce9\n'


def test_tables_are_aligned() -> None:
    text = results.table(["class", "n"], [["A", 5], ["nothing", 1000]])
    assert text == "class       n\nA           5\nnothing  1000"


def test_the_manifest_of_a_dataset_is_a_data_frame(
    make_csv: Callable[..., Path], tmp_path: Path
) -> None:
    path = make_csv()
    signdata.csv_to_folders(path, tmp_path / "out", workers=1)
    frame = signdata.manifest(tmp_path / "out")
    assert list(frame.columns) == [*sidecars.COLUMNS, "sha256"]
    assert list(frame["label"]) == list("ABCDEF")
    assert list(frame["path"])[:2] == ["A/000001.png", "B/000002.png"]
    made_up = signdata.manifest(path)
    assert list(made_up.columns) == list(sidecars.COLUMNS)
    assert list(made_up["id"])[:2] == ["000001", "000002"]


def test_nothing_beside_the_data_tells_where_or_when(
    make_csv: Callable[..., Path], tmp_path: Path, contents: Callable[..., dict[str, bytes]]
) -> None:
    path = make_csv()
    for name in ("first name", "second"):
        signdata.csv_to_folders(path, tmp_path / name, workers=1)
    one, two = contents(tmp_path / "first name"), contents(tmp_path / "second")
    assert one == two
    for data in one.values():
        assert str(tmp_path).encode() not in data
        assert b"first name" not in data


@pytest.mark.parametrize(
    "row",
    [
        "5,é,train",
        '"5,5",A,train',
        '"5\n5",A,',
        "5,A,other",
        ",A,",
        "5,A",
        "5,A,train\r",
        "",
        "é\0,A,",
    ],
)
def test_rows_in_blocks_are_those_one_by_one(tmp_path: Path, row: str) -> None:
    path = tmp_path / "manifest.csv"
    plain = [f"{i + 10},é,test" for i in range(sidecars._AT_ONCE_READ + 3)]
    path.write_bytes("\n".join(["\ufeffid,label,split", *plain, row, "3,A,", ""]).encode())

    def read(rows, offsets):
        try:
            return [*rows], [*offsets]
        except FormatError as err:
            return str(err)

    found, wanted = array("q"), array("q")
    blocks = sidecars.row_blocks(path, found)
    in_blocks = (dict(zip(header, cells, strict=True)) for header, rows in blocks for cells in rows)
    one_by_one = (each for _, each in sidecars.numbered_rows(path, wanted))
    assert read(in_blocks, found) == read(one_by_one, wanted)
