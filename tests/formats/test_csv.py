"""Pixel CSVs: what is refused, what is read, and the way back byte for byte."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import signdata
from signdata.errors import FormatError, MissingError, UsageError
from signdata.formats.csv import parser
from signdata.formats.csv.dialect import standard_header
from signdata.formats.csv.reader import CsvReader
from signdata.formats.csv.rows_as_samples import CsvOptions
from signdata.formats.csv.scan import scan
from signdata.formats.csv.writer import CsvWriter
from signdata.formats.open import open_dataset
from signdata.formats.writer import Writer
from signdata.samples import ArrayPixels, Sample

from .conformance import LONG, Conformance, facts, stills


class TestConformance(Conformance):
    out_name = "out.csv"

    def writer(self, out: Path) -> Writer:
        return CsvWriter(out.name)

    def samples(self) -> list[Sample]:
        return stills()

    def damage(self, out: Path) -> str:
        out.write_bytes(out.read_bytes()[:-30])
        return "out.csv:row 6 (line 7)"

    def make_long(self, out: Path) -> None:
        row = b"1," + b",".join([b"0"] * 10_000) + b"\n"
        out.write_bytes(standard_header(10_000).encode() + b"\n" + row * (LONG // 10_000 + 1))


GOOD = [3, *range(100, 116)]
HEADER = ["label", *(f"pixel{i}" for i in range(1, 17))]


def changed(column: int, cell: object) -> list[object]:
    """A good row with one other cell."""
    return [*GOOD[:column], cell, *GOOD[column + 1 :]]


def row_fault(*place: str) -> tuple[str, ...]:
    return ("row 2 (line 3)", *place)


# A second row that is at fault, and what the error must mention.
BAD_ROWS = {
    "short": (GOOD[:-1], row_fault("16 fields; expected 17")),
    "long": ([*GOOD, 1], row_fault("18 fields; expected 17")),
    "trailing comma": ([*GOOD, ""], row_fault("18 fields; expected 17")),
    "index column": ([0, *GOOD], row_fault("18 fields; expected 17")),
    "empty field": (changed(5, ""), row_fault("column pixel5", "an empty field")),
    "only blanks in a field": (changed(5, "  "), row_fault("column pixel5", "an empty field")),
    "empty label": (changed(0, ""), row_fault("column label", "an empty field")),
    "negative": (changed(7, -1), row_fault("column pixel7", "-1; expected 0..255")),
    "over 255": (changed(16, 256), row_fault("column pixel16", "256; expected 0..255")),
    "far over 255": (changed(1, "9" * 5000), row_fault("column pixel1")),
    "fraction": (changed(2, "107.5"), row_fault("column pixel2", "107.5; expected an integer")),
    "tiny fraction": (
        changed(2, "107.00000000000000000000001"),
        row_fault("column pixel2", "107.00000000000000000000001; expected an integer"),
    ),
    "vanishing fraction": (changed(2, "1e-5000"), row_fault("column pixel2", "1e-5000")),
    "endless exponent": (changed(2, "1e" + "9" * 50), row_fault("column pixel2", "1e99")),
    "vertical tab": (changed(2, "10\v"), row_fault("column pixel2", r"'10\x0b'")),
    "form feed": (changed(2, "\f10"), row_fault("column pixel2", r"'\x0c10'")),
    "CR in a row": (changed(2, "10\r"), row_fault("column pixel2", r"'10\r'")),
    "two CRs at its end": ([*GOOD[:-1], "10\r\r"], row_fault("column pixel16", r"'10\r'")),
    "form feed in quotes": (changed(2, '"10\f"'), row_fault("column pixel2", r"'10\x0c'")),
    "NaN": (changed(2, "nan"), row_fault("column pixel2", "nan")),
    "infinity": (changed(2, "inf"), row_fault("column pixel2", "inf")),
    "overflow": (changed(2, "1e999"), row_fault("column pixel2", "1e999")),
    "hexadecimal": (changed(2, "0x1f"), row_fault("column pixel2", "0x1f")),
    "underscore": (changed(2, "1_0"), row_fault("column pixel2", "1_0")),
    "word": (changed(3, "dark"), row_fault("column pixel3", "dark")),
    "letter as label": (changed(0, "A"), row_fault("column label", "'A'")),
    "label of J": (changed(0, 9), row_fault("column label", "label 9 (J)", "need motion")),
    "label of Z": (changed(0, 25), row_fault("column label", "label 25 (Z)", "need motion")),
    "label 26": (changed(0, 26), row_fault("column label", "label 26", "--labels codes")),
    "label -1": (changed(0, -1), row_fault("column label", "label -1")),
    "label 9.5": (changed(0, 9.5), row_fault("column label", "9.5; expected an integer")),
    "endless label": (changed(0, "1" * 5000), row_fault("column label")),
    "endless float label": (changed(0, "1e300"), row_fault("column label")),
    "NUL": (changed(4, "1\0"), row_fault("column 5", "NUL")),
    "letters beyond ASCII": (changed(4, "\u0661"), row_fault("column 5", "byte 0xd9")),
    "semicolons": (";".join(map(str, GOOD)), row_fault("';'")),
    "blank line": ("", row_fault("a blank line")),
    "line of blanks": ("   ", row_fault("a blank line")),
    "second header": (HEADER, row_fault("a second header")),
    "quoted second header": ('"label",' + ",".join(HEADER[1:]), row_fault("a second header")),
    "quote left open": (changed(3, '"12'), row_fault("column pixel3")),
}


def refused(ran: Any, out: Path, *mentions: str) -> None:
    """The command failed in one line that says all of `mentions`, and left nothing behind."""
    assert ran.returncode == 4, ran
    for mention in mentions:
        assert mention in ran.error
    assert ran.stdout == ""
    assert not out.exists()
    assert not list(out.parent.glob("*partial*"))


@pytest.mark.parametrize("fault", BAD_ROWS)
def test_a_faulty_row_is_named(
    fault: str, make_csv: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    row, mentions = BAD_ROWS[fault]
    path = make_csv([GOOD, row, GOOD])
    out = tmp_path / "out"
    refused(main("csv-to-folders", path, out, "-j", 1), out, f"{path}:", *mentions)


BAD_HEADERS = {
    "none": (",".join(map(str, GOOD)), ("line 1", "no header", "--no-header")),
    "duplicate": (["label", "pixel1", "pixel1"], ("line 1, column 3", "appears twice")),
    "wrong name": (["label", "pixel1", "px2"], ("line 1, column 3", "'px2'; expected 'pixel2'")),
    "no label": (HEADER[1:], ("line 1", "16 columns of pixels and no label", "--labels none")),
    "order": (["label", "pixel2", "pixel1"], ("line 1, column 2", "expected 'pixel1'")),
    "from two": (["label", "pixel2", "pixel3"], ("column 2", "'pixel2'; expected 'pixel1'")),
    "from zero, then wrong": (
        ["label", "pixel0", "pixel1", "pixel3"],
        ("column 4", "'pixel3'; expected 'pixel2'", "are read as label to pixel1"),
    ),
    "one column a class": (
        ["c0", "c1", *HEADER[1:]],
        ("16 columns of pixels (pixel1 to pixel16) and 2 others (c0, c1)", "called label"),
    ),
    "two labels": (
        [*HEADER, "class"],
        ("16 columns of pixels (pixel1 to pixel16) and 2 others (label, class)",),
    ),
    "numbers without a label": (
        [str(i) for i in range(16)],
        ("line 1: no header", "--no-header"),
    ),
    "colour that nothing tells": (
        ["label", *(f"pixel{i}" for i in range(1, 28))],
        ("27 pixel columns", "--csv-size 3x3x3 if they are in colour", "planes"),
    ),
    "index column": (["", *HEADER], ("line 1, column 1", "an index column", "index=False")),
    "named index": (["Unnamed: 0", *HEADER], ("line 1, column 1", "an index column")),
    "semicolons": (";".join(HEADER), ("line 1", "separated by ';'")),
    "tabs": ("\t".join(HEADER), ("line 1", "separated by tabs")),
    "not square": (HEADER[:-1], ("line 1", "15 pixel columns", "--csv-size")),
    "no pixels": (["label"], ("line 1", "no pixel CSV")),
    "something else": (["name", "price"], ("line 1, column 1", "'name'; expected 'label'")),
    "a web page": ("<!DOCTYPE html>", ("a web page", "fetch it again")),
    "a pointer": ("version https://git-lfs.github.com/spec/v1", ("Git LFS pointer",)),
}


@pytest.mark.parametrize("fault", BAD_HEADERS)
def test_a_faulty_header_is_named(
    fault: str, make_csv: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    header, mentions = BAD_HEADERS[fault]
    text = header if isinstance(header, str) else ",".join(header)
    path = make_csv([GOOD], header=text)
    out = tmp_path / "out"
    refused(main("csv-to-folders", path, out, "-j", 1), out, f"{path}:", *mentions)


PLAIN = (",".join(HEADER) + "\n" + ",".join(map(str, GOOD)) + "\n").encode()
BAD_FILES = {
    "empty": (b"", "an empty file"),
    "blanks": (b"  \n \n", "a blank line"),
    "header only": (PLAIN.split(b"\n")[0] + b"\n", "a header without rows"),
    "header only, cut": (PLAIN.split(b"\n")[0], "a header without rows"),
    "UTF-16": (PLAIN.decode().encode("utf-16"), "UTF-16"),
    "UTF-16 without mark": (PLAIN.decode().encode("utf-16-le"), "UTF-16"),
    "PNG": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "no CSV"),
    "zip": (b"PK\x03\x04\x14\0\0\0\x08\0", "binary"),
    "one endless line": (b"label," + b"1" * (2 << 20), "a line of over"),
    "an endless row": (PLAIN + b"1" * (2 << 20), "row 2: a line of over"),
    "old Mac line ends": (PLAIN.replace(b"\n", b"\r"), "CR"),
    "cut inside the last row": (PLAIN + PLAIN.split(b"\n")[1][:20], "the file ends inside"),
    "blank line at the end": (PLAIN + b"\n", "row 2 (line 3): a blank line"),
    "half of it NUL": (PLAIN + bytes(5000), "row 2 (line 3), column 1: a NUL byte"),
}


@pytest.mark.parametrize("fault", BAD_FILES)
def test_what_is_no_pixel_csv_is_refused(
    fault: str, tmp_path: Path, main: Callable[..., Any]
) -> None:
    data, mention = BAD_FILES[fault]
    path, out = tmp_path / "pixels.csv", tmp_path / "out"
    path.write_bytes(data)
    refused(main("csv-to-folders", path, out, "-j", 1), out, f"{path}:", mention)


def test_a_fault_far_down_is_named_by_its_own_row(
    make_csv: Callable[..., Path], tmp_path: Path, cli: Callable[..., Any]
) -> None:
    rows = [GOOD] * 12_000
    rows[11_000] = changed(3, 256)  # type: ignore[assignment]
    path, out = make_csv(rows), tmp_path / "out"
    ran = cli("csv-to-folders", path, out, "-j", 2)
    refused(ran, out, f"{path}:row 11001 (line 11002), column pixel3")


def test_skip_leaves_out_the_faulty_rows_and_says_so(
    make_csv: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    path, out = make_csv([GOOD, changed(0, 9), GOOD[:-1], GOOD]), tmp_path / "out"
    ran = main("csv-to-folders", path, out, "-j", 1, "--on-error", "skip", "--json")
    assert ran.returncode == 3
    counts = {name: ran.json[name] for name in ("read", "written", "skipped", "failed")}
    assert counts == {"read": 4, "written": 2, "skipped": 0, "failed": 2}
    assert [problem["where"] for problem in ran.json["problems"]] == [
        "row 2 (line 3), column label",
        "row 3 (line 4)",
    ]
    assert sorted(p.name for p in out.rglob("*.png")) == ["000001.png", "000004.png"]


GOOD_SPELLINGS = {
    "plain": {},
    "BOM": {"bom": True},
    "CRLF": {"newline": "\r\n"},
    "BOM and CRLF": {"bom": True, "newline": "\r\n"},
    "no final newline": {"final_newline": False},
    "CRLF without the last": {"newline": "\r\n", "final_newline": False},
    "no header": {"header": ""},
    "no header but a BOM": {"header": "", "bom": True},
    "quoted header": {"header": ",".join(f'"{name}"' for name in HEADER)},
}


@pytest.mark.parametrize("through", ["folders", "hdf5"])
@pytest.mark.parametrize("spelling", GOOD_SPELLINGS)
def test_plain_integers_come_back_byte_for_byte(
    spelling: str, through: str, make_csv: Callable[..., Path], tmp_path: Path
) -> None:
    how = GOOD_SPELLINGS[spelling]
    path = make_csv(**how)
    header = how.get("header") != ""
    if through == "folders":
        middle = tmp_path / "middle"
        signdata.csv_to_folders(path, middle, header=header, workers=1)
    else:
        middle = tmp_path / "middle.h5"
        signdata.convert(path, middle, header=header, workers=1)
    back = tmp_path / "back.csv"
    result = signdata.folders_to_csv(middle, back, workers=1)
    assert back.read_bytes() == path.read_bytes()
    assert (result.read, result.written) == (6, 6)
    assert not [problem for problem in result.problems if "not preserved" in problem.message]
    assert signdata.verify(path, back, header=header, workers=1).exit_code == 0


def test_two_files_come_back_byte_for_byte(make_csv: Callable[..., Path], tmp_path: Path) -> None:
    train = make_csv([GOOD, changed(0, 0)], "sign_mnist_train.csv", newline="\r\n")
    test = make_csv([changed(0, 24)], "sign_mnist_test.csv", bom=True)
    folders = tmp_path / "asl"
    signdata.csv_to_folders([train, test], folders, workers=1)
    assert (folders / "train/D/000001.png").is_file()
    assert (folders / "test/Y/000001.png").is_file()
    for split, path in (("train", train), ("test", test)):
        back = tmp_path / f"{split}.csv"
        signdata.folders_to_csv(folders, back, split=split, workers=1)
        assert back.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    "cell", ["107.0", "107.", "1.07e2", "+107", "0107", " 107 ", '"107"', "107.000"]
)
def test_another_spelling_of_an_integer_is_read_and_said_to_be_lost(
    cell: str, make_csv: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    path, out = make_csv([changed(5, cell), GOOD]), tmp_path / "out"
    ran = main("csv-to-folders", path, out, "-j", 1, "--json")
    assert ran.returncode == 0
    (note,) = ran.json["problems"]
    assert note["kind"] == "note"
    assert "not preserved" in note["message"]
    assert note["path"] == "pixels.csv"
    recorded = json.loads((out / "signdata.json").read_text())["not_preserved"]
    assert recorded == [note["message"].removeprefix("not preserved: ")]
    first = next(iter(CsvReader(path)))
    assert next(iter(first.frames())).ravel().tolist() == [*GOOD[1:5], 107, *GOOD[6:]]


@pytest.mark.parametrize("data", ["mixed line ends", "CR without LF at the end"])
def test_line_ends_that_cannot_come_back_are_said_to_be_lost(data: str, tmp_path: Path) -> None:
    path = tmp_path / "pixels.csv"
    row = ",".join(map(str, GOOD)).encode()
    end = b"\n" if data == "mixed line ends" else b"\r"
    path.write_bytes(",".join(HEADER).encode() + b"\r\n" + row + b"\r\n" + row + end)
    result = signdata.csv_to_folders(path, tmp_path / "out", workers=1)
    assert result.written == 2
    assert ["not preserved" in problem.message for problem in result.problems] == [True]


def test_a_header_of_other_pictures_is_not_repeated(
    make_csv: Callable[..., Path], tmp_path: Path
) -> None:
    path = make_csv(header=GOOD_SPELLINGS["quoted header"]["header"])
    signdata.csv_to_folders(path, tmp_path / "out", workers=1)
    back = tmp_path / "back.csv"
    signdata.folders_to_csv(tmp_path / "out", back, size=(2, 2), workers=1)
    assert back.read_text().splitlines()[0] == "label,pixel1,pixel2,pixel3,pixel4"
    assert CsvReader(back).picture_summary().size_hw == (2, 2)


pictures = st.integers(1, 4).flatmap(
    lambda side: st.lists(
        st.tuples(
            st.sampled_from([code for code in range(25) if code != 9]),
            st.lists(st.integers(0, 255), min_size=side * side, max_size=side * side),
        ),
        min_size=1,
        max_size=5,
    )
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=pictures, bom=st.booleans(), crlf=st.booleans(), final=st.booleans())
def test_any_plain_csv_comes_back_byte_for_byte(
    rows: list[tuple[int, list[int]]],
    bom: bool,
    crlf: bool,
    final: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("csv")
    newline = "\r\n" if crlf else "\n"
    lines = [standard_header(len(rows[0][1]))]
    lines += [",".join(map(str, (label, *values))) for label, values in rows]
    text = newline.join(lines) + newline * final
    path = folder / "a.csv"
    path.write_bytes(b"\xef\xbb\xbf" * bom + text.encode())
    found = [next(iter(sample.frames())).ravel().tolist() for sample in CsvReader(path)]
    assert found == [values for _, values in rows]
    signdata.convert(path, folder / "b.h5", workers=1)
    signdata.convert(folder / "b.h5", folder / "c.csv", workers=1)
    assert (folder / "c.csv").read_bytes() == path.read_bytes()


@settings(max_examples=150)
@given(text=st.binary(max_size=60))
def test_any_bytes_are_rows_or_faults(
    text: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_bytes(b"label,pixel1\n" + text)
    try:
        layout = scan(path, header=True)
    except FormatError:
        return
    n_rows = 0
    for block in layout.blocks:
        rows = parser.read_rows(layout, block)
        n_rows += len(rows.labels)
        assert len(rows.pixels) == len(rows.labels)
    assert n_rows == layout.n_rows == text.count(b"\n") + (not text.endswith(b"\n"))


def test_size_need_not_be_square(make_csv: Callable[..., Path], tmp_path: Path) -> None:
    path = make_csv()
    sample = next(iter(CsvReader(path, CsvOptions(size_wh=(8, 2)))))
    assert next(iter(sample.frames())).shape == (2, 8, 1)
    with pytest.raises(FormatError, match="16 pixel columns; expected 15 for 5x3"):
        CsvReader(path, CsvOptions(size_wh=(5, 3)))
    out = tmp_path / "out"
    signdata.csv_to_folders(path, out, csv_size=(8, 2), workers=1)
    signdata.folders_to_csv(out, tmp_path / "back.csv", workers=1)
    assert (tmp_path / "back.csv").read_bytes() == path.read_bytes()
    assert CsvReader(tmp_path / "back.csv").picture_summary().size_hw == (2, 8)


@pytest.mark.parametrize(
    "origin",
    ['{"size_wh": [8, 2]}', '{"size_wh": [4, 4], "files": {"": {"size_wh": [8, 2]}}}'],
    ids=["one for all files", "of the file"],
)
def test_the_size_that_stands_beside_it(
    origin: str, make_csv: Callable[..., Path], tmp_path: Path
) -> None:
    path = make_csv()
    (tmp_path / "pixels.csv.signdata.json").write_text(f'{{"origin": {{"csv": {origin}}}}}')
    assert CsvReader(path).picture_summary().size_hw == (2, 8)


def test_ids_count_rows_and_carry_the_split_of_several_files(
    make_csv: Callable[..., Path],
) -> None:
    one = make_csv(name="my_test.csv")
    assert [(s.id, s.split) for s in CsvReader(one)][:2] == [("000001", ""), ("000002", "")]
    other = make_csv([GOOD], name="validation-set.csv")
    found = [(s.id, s.split, s.label, s.source) for s in CsvReader([one, other])]
    assert found[0] == ("test/000001", "test", "A", "my_test.csv")
    assert found[-1] == ("val/000001", "val", "D", "validation-set.csv")


@pytest.mark.parametrize("names", [("train.csv", "pixels.csv"), ("train.csv", "my.train.csv")])
def test_several_files_need_a_split_each(
    names: tuple[str, str], make_csv: Callable[..., Path]
) -> None:
    with pytest.raises(UsageError, match=r"expected (train, val or test|one a split)"):
        CsvReader([make_csv(name=name) for name in names])


def test_files_with_the_same_stored_ids_are_told_apart(
    make_csv: Callable[..., Path], tmp_path: Path
) -> None:
    for name in ("train", "test"):
        signdata.csv_to_folders(make_csv(), tmp_path / f"{name}-folders", workers=1)
        signdata.folders_to_csv(tmp_path / f"{name}-folders", tmp_path / f"{name}.csv", workers=1)
    out = tmp_path / "out"
    signdata.csv_to_folders([tmp_path / "train.csv", tmp_path / "test.csv"], out, workers=1)
    samples = list(open_dataset(out))
    assert len({sample.id for sample in samples}) == 12
    assert next(s.id for s in samples if s.split == "test") == "test/000001"


LABELS = {
    "letters that are not codes alone": (["A", "0", "B", "1"], True),
    "lower and upper case": (["a", "A"], True),
    "lower case": (["a", "b", "j"], False),
    "motion letters": (["A", "J", "Z"], False),
    "numbers": (["7", "9", "25", "130"], False),
    "numbers that are spelled twice": (["7", "07"], True),
    "words": (["book", "drink"], True),
    "Sign-MNIST": (["A", "I", "K", "Y"], False),
}


@pytest.mark.parametrize("labels", LABELS)
def test_no_two_classes_share_a_code_and_all_are_read_back(labels: str, tmp_path: Path) -> None:
    names, renumbers = LABELS[labels]
    samples = [
        Sample(f"{i}", name, ArrayPixels(np.full((2, 2, 1), i, np.uint8)))
        for i, name in enumerate(names)
    ]
    out = TestConformance().write(tmp_path / "out.csv", samples)
    assert [facts(s)["label"] for s in CsvReader(out)] == names
    codes = [line.split(",")[0] for line in out.read_text().splitlines()[1:]]
    assert len(set(codes)) == len(names)
    document = json.loads((tmp_path / "out.csv.signdata.json").read_text())
    assert bool(document["not_preserved"]) == renumbers
    signdata.convert(out, tmp_path / "again.h5", workers=1)
    assert [s.label for s in open_dataset(tmp_path / "again.h5")] == names


def test_labels_are_codes_or_the_lines_of_a_file(
    make_csv: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    path = make_csv([changed(0, code) for code in (9, 25, 1000, -4)])
    assert [s.label for s in CsvReader(path, CsvOptions("codes"))] == ["9", "25", "1000", "-4"]
    names = tmp_path / "names.txt"
    names.write_text("zero\none\ntwo\n")
    path = make_csv([changed(0, code) for code in (2, 0, 1)])
    assert [s.label for s in CsvReader(path, CsvOptions(str(names)))] == ["two", "zero", "one"]
    out = tmp_path / "out"
    path = make_csv([changed(0, 3)])
    ran = main("csv-to-folders", path, out, "-j", 1, "--labels", names)
    refused(ran, out, "row 1 (line 2), column label", "label 3", "3 named classes")
    names.write_text("zero\n\none\n")
    ran = main("csv-to-folders", path, out, "-j", 1, "--labels", names)
    refused(ran, out, f"{names}:line 2: an empty line")
    ran = main("csv-to-folders", path, out, "-j", 1, "--labels", tmp_path / "nowhere")
    refused(ran, out, "nowhere: not there")


def test_codes_of_a_file_of_names_come_back(make_csv: Callable[..., Path], tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("zero\none\ntwo\n")
    path = make_csv([changed(0, code) for code in (2, 0, 1, 2)])
    out, back = tmp_path / "out", tmp_path / "back.csv"
    signdata.csv_to_folders(path, out, labels=str(names), workers=1)
    signdata.folders_to_csv(out, back, workers=1)
    assert back.read_bytes() == path.read_bytes()
    assert [sample.label for sample in CsvReader(back)] == ["two", "zero", "one", "two"]
    assert (out / "classes.txt").read_text() == names.read_text()
    assert CsvReader(back).info.labels.classes == ("zero", "one", "two")


def test_a_manifest_that_contradicts_its_csv_is_refused(
    tmp_path: Path, main: Callable[..., Any]
) -> None:
    out = TestConformance().write(tmp_path / "out.csv")
    lines = out.read_text().splitlines(keepends=True)
    out.write_text("".join([lines[0], "0" + lines[1][1:], *lines[2:]]))
    refused(
        main("convert", out, tmp_path / "x", "-j", 1),
        tmp_path / "x",
        "row 1 (line 2), column label: label 'A'; expected 'C' as in its manifest",
    )
    out.write_text("".join(lines[:-1]))
    refused(
        main("convert", out, tmp_path / "x", "-j", 1),
        tmp_path / "x",
        "describes 6 rows; expected 5",
    )


@pytest.mark.parametrize(
    "origin",
    [
        '{"csv": {"size_wh": [-4, -4]}}',
        '{"csv": {"size_wh": "44"}}',
        '{"csv": {"files": {"": {"size_wh": [0, 4]}}}}',
        '{"csv": {"files": {"": {"newline": "x"}}}}',
        '{"csv": {"codes": {"A": "B"}}}',
        '{"csv": []}',
    ],
)
def test_a_hostile_document_beside_it_is_refused(
    origin: str, make_csv: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    path, out = make_csv(), tmp_path / "out"
    beside = tmp_path / "pixels.csv.signdata.json"
    beside.write_text(f'{{"origin": {origin}}}')
    refused(main("csv-to-folders", path, out, "-j", 1), out, str(beside))


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ("[]", ": not a JSON object"),
        ("{", ": not a JSON object"),
        ('{"a": "\\ud800"}', ": not a JSON object"),
        ("[" * 9999, ": not a JSON object"),
        ("\xff", ":line 1: not UTF-8: byte 0xff"),
    ],
)
def test_a_document_that_is_none_is_refused(
    document: str,
    fault: str,
    make_csv: Callable[..., Path],
    tmp_path: Path,
    main: Callable[..., Any],
) -> None:
    path, out = make_csv(), tmp_path / "out"
    beside = tmp_path / "pixels.csv.signdata.json"
    beside.write_bytes(document.encode("latin-1"))
    refused(main("csv-to-folders", path, out, "-j", 1), out, f"{beside}{fault}")


def test_csv_holds_only_grey_pictures_of_one_size(
    make_tree: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    grey, colour = np.zeros((4, 4, 1), np.uint8), np.zeros((4, 4, 3), np.uint8)
    larger = np.zeros((5, 5, 1), np.uint8)
    out = tmp_path / "out.csv"
    colours = make_tree({"A/1.png": colour, "A/2.png": grey}, "colours")
    refused(
        main("convert", colours, out, "-j", 1),
        out,
        f"{colours}: pictures are both grey and colour",
        "--gray",
    )
    sizes = make_tree({"A/1.png": grey, "A/2.png": larger}, "sizes")
    refused(
        main("convert", sizes, out, "-j", 1), out, f"{sizes}: pictures differ in size", "--size WxH"
    )
    assert main("convert", colours, out, "-j", 1, "--gray").returncode == 0
    assert out.read_text().splitlines()[1] == "0," + ",".join(["0"] * 16)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="not there"):
        CsvReader(tmp_path / "nowhere.csv")
