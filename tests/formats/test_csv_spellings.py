"""CSVs of pixels as others spell them: read by their header, written back byte for byte."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import signdata
from signdata.formats.csv.columns import columns_of
from signdata.formats.csv.reader import CsvReader
from signdata.formats.csv.rows_as_samples import CsvOptions
from signdata.formats.open import open_dataset
from signdata.samples import Sample

N = 12
PIXELS = [[(7 * row + 3 * i) % 256 for i in range(N)] for row in range(4)]
CODES = [3, 0, 24, 3]


def numbered(prefix: str, start: int, n: int = N) -> list[str]:
    return [f"{prefix}{i}" for i in range(start, start + n)]


def grid(start: int) -> list[str]:
    return [f"{y}x{x}" for y in range(start, start + 3) for x in range(start, start + 4)]


def text(header: list[str], rows: list[list[Any]], newline: str = "\n", final: bool = True) -> str:
    lines = [header, *rows]
    made = newline.join(",".join(map(str, line)) for line in lines)
    return made + newline * final


def first(header: list[str], labels: list[Any] = CODES) -> str:
    return text(header, [[label, *row] for label, row in zip(labels, PIXELS, strict=True)])


def last(header: list[str]) -> str:
    return text(header, [[*row, label] for label, row in zip(CODES, PIXELS, strict=True)])


FER = [" ".join(map(str, row)) for row in PIXELS]

SPELLINGS: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "capital label": (first(["Label", *numbered("pixel", 1)]), {"csv_size": (4, 3)}, list("DAYD")),
    "class": (first(["class", *numbered("pixel", 1)]), {"csv_size": (4, 3)}, list("DAYD")),
    "y": (first(["y", *numbered("px_", 0)]), {"csv_size": (4, 3)}, list("DAYD")),
    "from zero": (
        first(["label", *numbered("pixel", 0)]),
        {"csv_size": (4, 3), "labels": "codes"},
        ["3", "0", "24", "3"],
    ),
    "numbers": (first(["label", *numbered("", 0)]), {"csv_size": (4, 3)}, list("DAYD")),
    "grid": (first(["label", *grid(1)]), {}, list("DAYD")),
    "grid from zero": (first(["label", *grid(0)]), {}, list("DAYD")),
    "label last": (last([*numbered("pixel", 1), "label"]), {"csv_size": (4, 3)}, list("DAYD")),
    "class last": (last([*numbered("pixel", 0), "class"]), {"csv_size": (4, 3)}, list("DAYD")),
    "a picture as header": (
        first(["0", *numbered("0.", 1)]),
        {"csv_size": (4, 3), "labels": "codes"},
        ["3", "0", "24", "3"],
    ),
    "names": (
        first(["label", *numbered("pixel", 1)], ["book", "7", "ä b", "book"]),
        {"csv_size": (4, 3)},
        ["book", "7", "ä b", "book"],
    ),
    "names after numbers": (
        first(["label", *numbered("pixel", 1)], ["7", "book", "07", "A"]),
        {"csv_size": (4, 3), "labels": "text"},
        ["7", "book", "07", "A"],
    ),
    "no label": (
        text(numbered("pixel", 0), PIXELS),
        {"csv_size": (4, 3), "labels": "none"},
        ["unlabelled"] * 4,
    ),
    "FER": (
        text(
            ["emotion", "pixels", "Usage"],
            [
                [code, cell, use]
                for code, cell, use in zip(
                    CODES,
                    FER,
                    ["Training", "PrivateTest", "PublicTest", "Training"],
                    strict=True,
                )
            ],
        ),
        {"csv_size": (4, 3)},
        ["3", "0", "24", "3"],
    ),
    "FER in another order": (
        text(
            ["emotion", " Usage", " pixels"],
            [["3", "Training", FER[0]], ["1", "Training", FER[1]]],
            "\r\n",
            False,
        ),
        {"csv_size": (4, 3)},
        ["3", "1"],
    ),
    "FER without splits": (
        text(["label", "pixels"], [["3", FER[0]], ["1", FER[1]]]),
        {"csv_size": (4, 3)},
        ["D", "B"],
    ),
    "planes": (
        first(["label", *numbered("r", 1, 4), *numbered("g", 1, 4), *numbered("b", 1, 4)]),
        {},
        list("DAYD"),
    ),
    "pixel by pixel": (
        first(["label", *(f"{c}{i}" for i in range(4) for c in ("R_", "G_", "B_"))]),
        {},
        list("DAYD"),
    ),
    "colour by option": (
        first(["label", *numbered("pixel", 1)]),
        {"csv_size": (2, 2, 3)},
        list("DAYD"),
    ),
    "planes by option": (
        first(["label", *numbered("pixel", 1)]),
        {"csv_size": (3, 2, 2)},
        list("DAYD"),
    ),
}


def pictures(values: list[int], name: str) -> Any:
    """A picture of the values as the spelling means it."""
    row = np.array(values, np.uint8)
    if name in ("planes", "planes by option"):
        return row.reshape(3, 2, 2).transpose(1, 2, 0)
    if name in ("pixel by pixel", "colour by option"):
        return row.reshape(2, 2, 3)
    return row.reshape(3, 4, 1)


@pytest.mark.parametrize("name", SPELLINGS)
def test_values_labels_and_the_way_back(name: str, tmp_path: Path) -> None:
    written, options, labels = SPELLINGS[name]
    path = tmp_path / "pixels.csv"
    path.write_bytes(written.encode())
    samples = list(open_dataset(path, **options))
    assert [sample.label for sample in samples] == labels
    for sample, values in zip(samples, PIXELS, strict=False):
        assert np.array_equal(next(iter(sample.frames())), pictures(values, name))
    for middle in ("folders", "pictures.h5"):
        signdata.convert(path, tmp_path / middle, workers=1, **options)
        back = tmp_path / f"{middle}-back.csv"
        result = signdata.folders_to_csv(tmp_path / middle, back, workers=1)
        assert back.read_bytes() == path.read_bytes()
        assert not [one for one in result.problems if "not preserved" in one.message]
        again = list(open_dataset(back))
        assert [sample.label for sample in again] == labels
        assert signdata.verify(tmp_path / middle, back, workers=1).exit_code == 0


def test_splits_of_fer_are_told_before_rows_are_read(tmp_path: Path) -> None:
    path = tmp_path / "fer.csv"
    path.write_text(SPELLINGS["FER"][0])
    reader = CsvReader(path, CsvOptions(size_wh=(4, 3)))
    assert reader.info.splits == ("train", "val", "test")
    assert reader.info.columns == ("Usage",)
    found = [(sample.id, sample.split, sample.meta["Usage"]) for sample in reader]
    assert found[1] == ("000002", "test", "PrivateTest")
    out = tmp_path / "out"
    signdata.csv_to_folders(path, out, csv_size=(4, 3), workers=1)
    assert (out / "val/24/000003.png").is_file()
    signdata.folders_to_csv(out, tmp_path / "test.csv", split="test", workers=1)
    assert (tmp_path / "test.csv").read_text().splitlines()[1:] == [f"0,{FER[1]},PrivateTest"]


def zipped(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [
        (".gz", gzip.compress),
        (".xz", lzma.compress),
        (".bz2", bz2.compress),
        (".zip", lambda data: zipped({"__MACOSX/x": b"", "train.csv": data})),
    ],
)
def test_compressed_files_are_read_by_several_workers(
    suffix: str, compress: Callable[[bytes], bytes], tmp_path: Path, main: Callable[..., Any]
) -> None:
    rows = [[i % 9, *([i % 256] * 784)] for i in range(900)]
    plain = text(["label", *numbered("pixel", 1, 784)], rows).encode()
    path = tmp_path / f"sign_mnist_train.csv{suffix}"
    path.write_bytes(compress(plain))
    assert len(CsvReader(path)._files[0].layout.blocks) > 3
    ran = main("convert", path, tmp_path / "out.h5", "-j", 2)
    assert ran.returncode == 0, ran.stderr
    assert main("convert", tmp_path / "out.h5", tmp_path / "back.csv", "-j", 2).returncode == 0
    assert (tmp_path / "back.csv").read_bytes() == plain


def test_a_compressed_file_that_is_cut_short_is_named(
    tmp_path: Path, main: Callable[..., Any]
) -> None:
    data = gzip.compress(SPELLINGS["grid"][0].encode() * 50)
    path = tmp_path / "a.csv.gz"
    path.write_bytes(data[:-20])
    ran = main("info", path)
    assert ran.returncode == 4
    assert f"{path}: cannot be read" in ran.error
    path.write_bytes(b"label,1x1\n3,4\n")
    assert "cannot be read (Not a gzipped file" in main("info", path).error


def test_an_archive_of_several_files_is_to_be_unpacked(
    tmp_path: Path, main: Callable[..., Any]
) -> None:
    path = tmp_path / "a.csv.zip"
    path.write_bytes(zipped({"a.csv": b"label,1x1\n1,1\n", "b.csv": b""}))
    ran = main("info", path)
    assert ran.returncode == 4
    assert "an archive of 2 files; expected one CSV. Unpack it: unzip a.csv.zip" in ran.error
    path.write_bytes(b"label,1x1\n1,1\n")
    assert "cannot be read (File is not a zip file)" in main("info", path).error


def test_shares_of_255_are_grey_levels_again(tmp_path: Path, main: Callable[..., Any]) -> None:
    path = tmp_path / "a.csv"
    shares = [[3, *(round(value / 255, 4) for value in row)] for row in PIXELS]
    path.write_text(text(["label", *grid(1)], shares))
    assert [next(iter(s.frames())).ravel().tolist() for s in CsvReader(path)] == PIXELS
    ran = main("info", path, "--json")
    assert [one["message"] for one in ran.json["problems"]] == [
        "pixels written as shares of 255: read as 0..255"
    ]
    path.write_text(text(["label", *grid(1)], [*shares, [3, *([2] * N)]]))
    ran = main("convert", path, tmp_path / "out.h5")
    assert "column 1x1: pixel value '2'; expected 0..1 as in the first row" in ran.error


FAULTS = {
    "label last": (last([*grid(1), "y"]).replace("\n0,", "\n7,0,", 1), "row 1 (line 2): 14 fields"),
    "no number": (last([*grid(1), "y"]).replace("3,6,", "3,x,", 1), "column 1x3: value 'x'"),
    "a name among numbers": (
        first(["label", *grid(1)], [3, "A", 0, 0]),
        "column label: value 'A'; expected an integer. Say --labels text",
    ),
    "no name": (
        first(["label", *grid(1)], ["A", "", "B", "C"]),
        "an empty field; expected a class",
    ),
    "values in a cell": (
        text(["label", "pixels"], [["3", FER[0]], ["3", "1 2 3"]]),
        "3 values in column pixels; expected 12",
    ),
    "cells": (text(["label", "pixels"], [["3", FER[0]], [FER[1]]]), "1 fields; expected 2"),
    "a second header": (
        first(["label", *grid(1)], ["A", "label", "B", "C"]),
        "a second header",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_named_in_the_words_of_the_file(
    fault: str, tmp_path: Path, main: Callable[..., Any]
) -> None:
    written, message = FAULTS[fault]
    path = tmp_path / "a.csv"
    path.write_text(written)
    ran = main("convert", path, tmp_path / "out.h5", "--csv-size", "4x3", "-j", 1)
    assert ran.returncode == 4
    assert message in ran.error
    assert not (tmp_path / "out.h5").exists()


def test_what_reads_another_spelling_is_said(tmp_path: Path, main: Callable[..., Any]) -> None:
    path = tmp_path / "test.csv"
    path.write_text(text(numbered("pixel", 0, 9), [list(range(9))]))
    ran = main("info", path)
    assert "9 columns of pixels and no label" in ran.error
    assert "Say --labels none" in ran.error
    assert main("info", path, "--labels", "none", "--json").json["classes"] == ["unlabelled"]
    path.write_text(text(["label", *numbered("pixel", 0, 9)], [[4, *range(9)]]))
    ran = main("info", path, "--labels", "none")
    assert "--labels none, but column label has labels" in ran.error
    ran = main("info", path, "--csv-size", "2x2x2")
    assert (ran.returncode, "colour in planes" in ran.error) == (2, True)


def test_pictures_that_became_grey_or_smaller_get_the_usual_header(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(SPELLINGS["planes"][0])
    signdata.convert(path, tmp_path / "out", workers=1)
    signdata.folders_to_csv(tmp_path / "out", tmp_path / "grey.csv", gray=True, workers=1)
    assert (tmp_path / "grey.csv").read_text().startswith("label,pixel1,pixel2,pixel3,pixel4\n3,")
    signdata.folders_to_csv(tmp_path / "out", tmp_path / "large.csv", size=(3, 3), workers=1)
    assert (tmp_path / "large.csv").read_text().startswith("label,pixel1,")
    [large, *_] = open_dataset(tmp_path / "large.csv")
    assert next(iter(large.frames())).shape == (3, 3, 3)


def test_classes_sorted_out_of_an_unlabelled_csv_get_their_labels(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(SPELLINGS["no label"][0])
    out = tmp_path / "out"
    signdata.convert(path, out, labels="none", csv_size=(4, 3), workers=1)
    for name in ("manifest.csv", "classes.txt"):
        (out / name).unlink()
    for label in "AB":
        (out / label).mkdir()
    for number, label in enumerate("ABBA", 1):
        (out / f"unlabelled/{number:06d}.png").rename(out / f"{label}/{number:06d}.png")
    (out / "unlabelled").rmdir()
    signdata.folders_to_csv(out, tmp_path / "back.csv", workers=1)
    rows = (tmp_path / "back.csv").read_text().splitlines()
    assert rows[0] == ",".join(["label", *numbered("pixel", 1)])
    assert [row.split(",")[0] for row in rows[1:]] == ["0", "1", "1", "0"]


@pytest.mark.parametrize(
    "header",
    [
        "label,pixel1,pixel3",
        "label,pixel2",
        "label,1x1,1x2,2x1",
        "label,1x2,1x1",
        "name,pixel1",
        "pixel1,label,pixel2",
        "label,r1,g1,r2,g2",
        "0,0.1,0.3",
        "1,0.1,0.2",
        "pixels,price",
        "a,b",
        "0,1,2",
        "label",
    ],
)
def test_nothing_else_is_a_spelling(header: str) -> None:
    assert columns_of(header) is None


def test_a_digit_recogniser_is_read_as_the_recipe_says(
    tmp_path: Path, main: Callable[..., Any]
) -> None:
    train, test = tmp_path / "train.csv", tmp_path / "test.csv"
    names = numbered("pixel", 0, 784)
    train.write_text(text(["label", *names], [[i, *([i] * 784)] for i in range(10)]))
    test.write_text(text(names, [[i] * 784 for i in range(3)]))
    ran = main("csv-to-folders", train, tmp_path / "digits", "--labels", "codes", "-j", 1)
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "digits/9/000010.png").is_file()
    ran = main("csv-to-folders", test, tmp_path / "unknown", "--labels", "none", "-j", 1)
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "unknown/unlabelled/000003.png").is_file()
    assert main("folders-to-csv", tmp_path / "digits", tmp_path / "back.csv").returncode == 0
    assert (tmp_path / "back.csv").read_bytes() == train.read_bytes()
    document = json.loads((tmp_path / "digits/signdata.json").read_text())
    assert document["options"]["labels"] == "codes"
    samples: list[Sample] = list(open_dataset(tmp_path / "unknown"))
    assert [next(iter(one.frames())).max() for one in samples] == [0, 1, 2]


ONE_BASED = {
    "all letters": range(1, 27),
    "without J": [*range(1, 10), *range(11, 26)],
    "without A": range(2, 27),
    "only A and I": [1, 9],
}


@pytest.mark.parametrize("kind", ONE_BASED)
@pytest.mark.parametrize("last", [False, True])
def test_letters_counted_from_1_are_asked_about_and_read_when_said(
    kind: str, last: bool, tmp_path: Path, main: Callable[..., Any]
) -> None:
    codes, path = list(ONE_BASED[kind]), tmp_path / "a.csv"
    names = [f"pixel{i}" for i in range(1, 5)]
    rows = [[*names, "label"] if last else ["label", *names]]
    rows += [[*[code] * 4, code] if last else [code, *[code] * 4] for code in codes]
    path.write_text("".join(",".join(map(str, row)) + "\n" for row in rows))
    ran = main("csv-to-folders", path, tmp_path / "tree", "--on-error", "skip", "-j1")
    assert ran.returncode == 4
    assert "without 0" in ran.error
    assert not (tmp_path / "tree").exists()
    words = ran.error.partition("Say ")[2].split()[:2]
    assert words == ["--labels", "one-based"]
    assert main("csv-to-folders", path, tmp_path / "tree", *words, "-j1").returncode == 0
    found = {one.label: int(next(one.frames()).max()) for one in open_dataset(tmp_path / "tree")}
    assert found == {chr(ord("A") + code - 1): code for code in codes}
    assert main("folders-to-csv", tmp_path / "tree", tmp_path / "b.csv", "-j1").returncode == 0
    assert (tmp_path / "b.csv").read_bytes() == path.read_bytes()
    assert [one.label for one in open_dataset(tmp_path / "b.csv")] == [
        chr(ord("A") + code - 1) for code in codes
    ]


@pytest.mark.parametrize(
    ("codes", "note"), [([1, 2, 24], True), ([0, 1, 2], False), ([2, 24], False)]
)
def test_a_part_without_a_is_read_with_a_note(
    codes: list[int], note: bool, make_csv: Callable[..., Path], main: Callable[..., Any]
) -> None:
    path = make_csv([[code, *[7] * 16] for code in codes])
    found = main("info", path, "--json").json
    assert found["classes"] == [chr(ord("A") + code) for code in codes]
    said = [one["message"] for one in found["problems"]]
    assert [one for one in said if "--labels one-based" in one] == said
    assert bool(said) == note
