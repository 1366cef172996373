"""Tables of picture files: which columns, which paths, and what is asked."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import signdata
from signdata.formats.open import open_dataset
from signdata.formats.table.writer import TableWriter
from signdata.formats.writer import Writer
from signdata.media.image import encode
from signdata.samples import Sample

from .conformance import LONG, Conformance, stills


class TestConformance(Conformance):
    def writer(self, out: Path) -> Writer:
        return TableWriter()

    def samples(self) -> list[Sample]:
        return stills(3)

    def damage(self, out: Path) -> str:
        picture = out / "val/B-7.png"
        picture.write_bytes(picture.read_bytes()[:-20])
        return "val/B-7.png"

    def make_long(self, out: Path) -> None:
        out.mkdir()
        data = encode.encode(np.zeros((1000, 1000, 3), np.uint8), "png", 95)
        names = [f"{i}.png" for i in range(LONG // 3_000_000 + 1)]
        (out / names[0]).write_bytes(data)
        for name in names[1:]:
            os.link(out / names[0], out / name)
        lines = "".join(f"{name},A\n" for name in names)
        (out / "metadata.csv").write_text(f"file_name,label\n{lines}")


def pictures(folder: Path, *names: str) -> Path:
    """Pictures that are painted with their place in the list."""
    for i, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode.encode(np.full((4, 5, 1), i + 1, np.uint8), "png", 95))
    return folder


def read(source: Path, **options: Any) -> list[tuple[str, str, int]]:
    return [
        (sample.id, sample.label, int(next(sample.frames())[0, 0, 0]))
        for sample in open_dataset(source, **options)
    ]


TABLES = {
    "as Hugging Face": ("metadata.csv", "file_name,label\na.png,A\nb.png,B\n"),
    "paths": ("labels.csv", "path,class\na.png,A\nb.png,B\n"),
    "labels first": ("labels.csv", "gloss,image\nA,a.png\nB,b.png\n"),
    "spaces and a byte order mark": ("x.csv", "\ufefffilename, target\na.png,A\nb.png,B\n"),
    "capitals": ("x.csv", "Filename,Label\r\na.png,A\r\nb.png,B\r\n"),
    "tabs": ("x.tsv", "filename\tlabel\na.png\tA\nb.png\tB\n"),
    "ids": ("train.csv", "id,label\na,A\nb,B\n"),
    "one-hot": ("_classes.csv", "filename, A, B\na.png, 1, 0\nb.png, 0, 1\n"),
    "JSON lines": (
        "x.jsonl", '{"path": "a.png", "label": "A"}\n{"path": "b.png", "label": "B"}\n'
    ),
    "quoted": ("x.csv", 'note,file,label\n"a, b",a.png,A\n"two\nlines",b.png,B\n'),
}  # fmt: skip


@pytest.mark.parametrize("kind", TABLES)
def test_tables_of_every_spelling(kind: str, tmp_path: Path, main: Callable[..., Any]) -> None:
    name, text = TABLES[kind]
    pictures(tmp_path, "a.png", "b.png")
    (tmp_path / name).write_text(text, newline="")
    assert read(tmp_path / name) == [("a", "A", 1), ("b", "B", 2)]
    ran = main("convert", tmp_path / name, tmp_path / "out" / "tree", "-j1", "--json")
    assert (ran.returncode, ran.json["written"]) == (0, 2)
    assert (tmp_path / "out/tree/A/a.png").read_bytes() == (tmp_path / "a.png").read_bytes()


PACKED: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
    ".zip": lambda data: zipped(data),
}


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("labels.csv", data)
    return file.getvalue()


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("kind", ["paths", "tabs", "one-hot"])
def test_compressed_tables(
    kind: str, packed: str, tmp_path: Path, main: Callable[..., Any]
) -> None:
    name, text = TABLES[kind]
    pictures(tmp_path, "a.png", "b.png")
    table = tmp_path / f"{name}{packed}"
    table.write_bytes(PACKED[packed](text.encode()))
    assert read(table) == [("a", "A", 1), ("b", "B", 2)]
    assert main("info", table, "--json").json["format"] == "table"
    assert read(tmp_path) == [("a", "A", 1), ("b", "B", 2)]
    table.write_bytes(table.read_bytes()[:-12])
    ran = main("info", table)
    assert ran.returncode == 4
    assert "cannot be read (" in ran.error


ONE_HOT = {
    "two classes": ("1,1", "2 classes (A, B); expected a single 1 among 0s"),
    "no class": ("0,0", "no class; expected a single 1 among 0s"),
    "a number": ("0,2", "'2' in column B; expected a single 1 among 0s"),
}


@pytest.mark.parametrize("kind", ONE_HOT)
@pytest.mark.parametrize("row", [0, 1])
def test_a_bad_row_of_a_one_hot_table_costs_that_row(
    kind: str, row: int, tmp_path: Path, main: Callable[..., Any]
) -> None:
    cells, said = ONE_HOT[kind]
    rows = ["0,1", "1,0", "1,0"]
    rows[row] = cells
    pictures(tmp_path, "0.png", "1.png", "2.png")
    table = tmp_path / "_classes.csv"
    table.write_text("filename,A,B\n" + "".join(f"{i}.png,{c}\n" for i, c in enumerate(rows)))
    ran = main("convert", table, tmp_path / "out" / "tree", "--on-error", "skip", "--json", "-j1")
    assert ran.returncode == 3
    assert (ran.json["read"], ran.json["written"], ran.json["failed"]) == (3, 2, 1)
    [problem] = [one for one in ran.json["problems"] if one["kind"] != "note"]
    assert (problem["path"], f"line {row + 2}" in problem["where"]) == (f"{row}.png", True)
    assert problem["message"] == said


def test_a_table_of_several_classes_a_row_is_said_to_be_one(
    tmp_path: Path, main: Callable[..., Any]
) -> None:
    pictures(tmp_path, "0.png", "1.png")
    (tmp_path / "_classes.csv").write_text("filename,A,B\n0.png,1,1\n1.png,1,1\n")
    said = main("info", tmp_path / "_classes.csv").error
    assert "none of its 2 pictures can be read; the first: 2 classes (A, B)" in said
    assert "--" not in said  # no option makes it a table of one class a picture


def test_further_columns_are_kept(tmp_path: Path) -> None:
    pictures(tmp_path, "x/1.png", "x/2.png")
    (tmp_path / "t.jsonl").write_text(
        '{"path": "x/1.png", "label": 3, "signer": "7", "box": [1, 2], "split": "Train"}\n'
        '{"path": "x/2.png", "label": 4, "signer": "8", "split": "valid"}\n'
    )
    first, second = open_dataset(tmp_path / "t.jsonl")
    assert (first.id, first.label, first.split, first.group) == ("x/1", "3", "train", "7")
    assert (second.label, second.split, second.group) == ("4", "val", "8")
    assert [dict(one.meta) for one in (first, second)] == [
        {"signer": "7", "box": "[1,2]"},
        {"signer": "8", "box": ""},
    ]


def test_paths_relative_to_a_root(tmp_path: Path, main: Callable[..., Any]) -> None:
    pictures(tmp_path / "pictures", "a.png", "b.png")
    table = tmp_path / "lists" / "t.csv"
    table.parent.mkdir()
    table.write_text("path,label\na.png,A\nb.png,B\n")
    ran = main("info", table)
    assert ran.returncode == 4
    assert "none of its 2 pictures can be read; the first: 'a.png' is not there" in ran.error
    assert "--root DIR" in ran.error
    assert read(table, root=tmp_path / "pictures") == [("a", "A", 1), ("b", "B", 2)]
    ran = main("info", table, "--root", tmp_path / "pictures", "--json")
    assert (ran.returncode, ran.json["format"], ran.json["read"]) == (0, "table", 2)
    inside = main("convert", table, tmp_path / "pictures/out", "--root", tmp_path / "pictures")
    assert inside.returncode == 2


@pytest.mark.parametrize("name", ["metadata.csv", "_classes.csv", "metadata.jsonl"])
def test_a_table_in_each_split_folder(name: str, tmp_path: Path, main: Callable[..., Any]) -> None:
    for split, label in (("train", "A"), ("valid", "B")):
        pictures(tmp_path / "d" / split, "1.png")
        text = {
            "metadata.csv": f"file_name,label\n1.png,{label}\n",
            "metadata.jsonl": json.dumps({"file_name": "1.png", "label": label}),
            "_classes.csv": f"filename,A,B\n1.png,{int(label == 'A')},{int(label == 'B')}\n",
        }[name]
        (tmp_path / "d" / split / name).write_text(text)
    found = [(sample.id, sample.label, sample.split) for sample in open_dataset(tmp_path / "d")]
    assert found == [("train/1", "A", "train"), ("val/1", "B", "val")]
    ran = main("convert", tmp_path / "d", tmp_path / "out", "-j1")
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "out/val/B/1.png").is_file()


def test_a_flat_folder_with_its_own_manifest(tmp_path: Path) -> None:
    pictures(tmp_path, "a.png", "b.png")
    (tmp_path / "manifest.csv").write_text(
        "id,path,label,split,group,source,light\n7,a.png,A,test,g,s,dim\n8,b.png,B,,,,\n"
    )
    first, second = open_dataset(tmp_path)
    assert (first.id, first.label, first.split, first.group) == ("7", "A", "test", "g")
    assert (first.source, first.meta["light"], second.id) == ("s", "dim", "8")


def test_a_csv_of_pixels_stays_one(make_csv: Callable[..., Path], tmp_path: Path) -> None:
    assert open_dataset(make_csv()).info.format == "csv"


def test_a_table_beside_class_folders_is_a_question(
    tmp_path: Path, main: Callable[..., Any]
) -> None:
    pictures(tmp_path / "d", "A/1.png", "B/1.png")
    (tmp_path / "d/metadata.csv").write_text("file_name,label\nA/1.png,x\nB/1.png,y\n")
    ran = main("info", tmp_path / "d")
    assert ran.returncode == 4
    assert "2 readings: folders (A/1.png), table (metadata.csv)" in ran.error
    assert main("info", tmp_path / "d", "--from", "table").returncode == 0


QUESTIONS = {
    "paths": (
        "filename,path,label\na.png,b.png,A\n",
        "paths in column filename or in column path. Say --path-column filename or",
        ["--path-column", "filename"],
    ),
    "labels": (
        "path,label,class\na.png,A,B\n",
        "labels in column label or in column class. Say --label-column label or",
        ["--label-column", "label"],
    ),
}


@pytest.mark.parametrize("kind", QUESTIONS)
def test_two_columns_are_a_question(kind: str, tmp_path: Path, main: Callable[..., Any]) -> None:
    text, mention, answer = QUESTIONS[kind]
    pictures(tmp_path, "a.png", "b.png")
    (tmp_path / "t.csv").write_text(text)
    ran = main("info", tmp_path / "t.csv")
    assert ran.returncode == 4
    assert mention in ran.error
    ran = main("info", tmp_path / "t.csv", *answer, "--json")
    assert (ran.returncode, list(ran.json["classes"])) == (0, ["A"])


def test_columns_of_other_names(tmp_path: Path, main: Callable[..., Any]) -> None:
    pictures(tmp_path, "a.png")
    (tmp_path / "t.csv").write_text("photo,what\na.png,A\n")
    words = ["--path-column", "photo", "--label-column", "what"]
    ran = main("info", tmp_path / "t.csv", *words, "--json")
    assert (ran.returncode, ran.json["read"]) == (0, 1)
    ran = main("info", tmp_path / "t.csv", "--from", "table")
    assert "no table of files; expected a column of paths and one of labels" in ran.error
    ran = main("info", tmp_path / "t.csv", "--from", "table", "--path-column", "x")
    assert (ran.returncode, "expected one of photo, what" in ran.error) == (2, True)


def test_missing_files_are_named_and_left_out(tmp_path: Path, main: Callable[..., Any]) -> None:
    pictures(tmp_path, "a.png", "c.png")
    (tmp_path / "t.csv").write_text("path,label\na.png,A\nb.png,B\nc.png,\n")
    ran = main("convert", tmp_path / "t.csv", tmp_path / "out", "-j1", "--json")
    assert ran.returncode == 4  # the empty label stops it
    ran = main(
        *("convert", tmp_path / "t.csv", tmp_path / "out", "-j1", "--json", "--on-error", "skip")
    )
    assert ran.returncode == 3
    assert (ran.json["written"], ran.json["skipped"], ran.json["failed"]) == (1, 1, 1)
    told = {(one["kind"], one["where"], one["message"]) for one in ran.json["problems"]}
    assert ("missing", "t.csv:line 3, column path", "'b.png' is not there") in told
    assert ("corrupt", "t.csv:line 4, column label", "an empty label") in told
    (tmp_path / "t.csv").write_text("path,label\na.png,A\nb.png,B\n")
    ran = main("convert", tmp_path / "t.csv", tmp_path / "other", "-j1", "--json")
    assert (ran.returncode, ran.json["written"], ran.json["skipped"]) == (3, 1, 1)


@pytest.mark.parametrize("path", ["../secret.png", "{root}/secret.png", "x/../../secret.png"])
def test_no_path_leads_out(path: str, tmp_path: Path, main: Callable[..., Any]) -> None:
    pictures(tmp_path, "secret.png", "d/a.png")
    table = tmp_path / "d" / "t.csv"
    table.write_text(f"path,label\na.png,A\n{path.format(root=tmp_path)},B\n")
    ran = main("convert", table, tmp_path / "out", "-j1")
    assert ran.returncode == 4
    assert f"{table}:line 3, column path: path" in ran.error
    assert "leads out of d" in ran.error


HOSTILE = {
    "fields": ("t.csv", "path,label\na.png\n", "line 2: 1 fields; expected 2"),
    "a column twice": ("t.csv", "path,label,path\na.png,A,b.png\n", "a column that appears twice"),
    "a picture twice": ("t.csv", "path,label\na.png,A\na.png,B\n", "line 3: 'a.png' appears twice"),
    "no rows": ("t.csv", "path,label\n", "no rows"),
    "no JSON": ("t.jsonl", "{", "line 1: no JSON object"),
    "a JSON list": ("t.jsonl", "[1]", "line 1: no JSON object"),
    "a strange split": (
        "t.csv", "path,label,split\na.png,A,train\nb.png,A,../x\n", "line 3: split '../x'"
    ),
    "a page": ("t.csv", "<!DOCTYPE html>", ""),
    "not UTF-8": ("t.tsv", "path\tlabel\na.png\t\udce9\n", "line 1: not a table"),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_damaged_tables_are_refused(kind: str, tmp_path: Path, main: Callable[..., Any]) -> None:
    name, text, mention = HOSTILE[kind]
    pictures(tmp_path, "a.png", "b.png")
    (tmp_path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    ran = main("convert", tmp_path / name, tmp_path / "out", "-j1", "--from", "table")
    assert ran.returncode == 4
    assert mention in ran.error
    assert not (tmp_path / "out").exists()


def test_two_files_of_one_id_are_a_question(tmp_path: Path, main: Callable[..., Any]) -> None:
    pictures(tmp_path, "a.png", "a.jpg", "b.png")
    (tmp_path / "t.csv").write_text("id,label\na,A\nb,B\n")
    ran = main("convert", tmp_path / "t.csv", tmp_path / "out", "-j1")
    assert ran.returncode == 4
    assert "line 2, column id: two readings: a.jpg or a.png" in ran.error


def test_parquet_needs_its_extra(
    tmp_path: Path, main: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    ran = main("info", tmp_path / "t.parquet")
    assert ran.returncode == 2
    assert (
        "pyarrow is not installed; Parquet needs it. pip install 'signdata[parquet]'" in ran.error
    )


def test_parquet_is_read(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    pictures(tmp_path, "a.png", "b.png")
    table = arrow.table({"file_name": ["a.png", "b.png"], "label": [3, 4]})
    parquet.write_table(table, tmp_path / "metadata.parquet")
    assert read(tmp_path) == [("a", "3", 1), ("b", "4", 2)]


def test_what_is_written_is_flat_with_a_table_in_each_split(tmp_path: Path) -> None:
    out = TestConformance().write(tmp_path / "out")
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.*")) == [
        "classes.txt",
        "manifest.csv",
        "signdata.json",
        "test/A-8.png",
        "test/C-5.png",
        "test/metadata.csv",
        "train/A-6.png",
        "train/C-9.png",
        "train/metadata.csv",
        "val/B-4.png",
        "val/B-7.png",
        "val/metadata.csv",
    ]
    with (out / "train/metadata.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["file_name"], row["label"], row["id"], row["signer"]) for row in rows] == [
        ("C-9.png", "C", "train/C/9", "0"),
        ("A-6.png", "A", "train/A/6", "1"),
    ]


def test_a_written_table_is_read_without_its_manifest(tmp_path: Path) -> None:
    out = TestConformance().write(tmp_path / "out")
    before = sorted((one.id, one.label, one.split) for one in open_dataset(out))
    for name in ("manifest.csv", "classes.txt", "signdata.json"):
        (out / name).unlink()
    assert sorted((one.id, one.label, one.split) for one in open_dataset(out)) == before


def parquet_table(path: Path, names: list[str], labels: list[object]) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(arrow.table({"file_name": names, "label": labels}), path)


def test_tables_in_parquet_are_splits(tmp_path: Path, main: Callable[..., Any]) -> None:
    pictures(tmp_path, "all/a.png", "all/b.png", "all/c.png")
    parquet_table(tmp_path / "train.parquet", ["all/a.png", "all/b.png"], ["A", "B"])
    parquet_table(tmp_path / "test.parquet", ["all/c.png"], ["A"])
    ran = main("info", tmp_path / "train.parquet", tmp_path / "test.parquet", "--json")
    assert ran.json["splits"] == {"train": 2, "test": 1}
    assert ran.json["counts"] == {"A": {"train": 1, "test": 1}, "B": {"train": 1, "test": 0}}


def test_parquet_in_split_folders_there_and_back(tmp_path: Path) -> None:
    for split in ("train", "test"):
        pictures(tmp_path / "src" / split, "a.png", "b.png")
        parquet_table(tmp_path / "src" / split / "metadata.parquet", ["a.png", "b.png"], [3, 4])
    found = read(tmp_path / "src")
    assert [one[:2] for one in found] == [
        ("test/a", "3"),
        ("test/b", "4"),
        ("train/a", "3"),
        ("train/b", "4"),
    ]
    signdata.convert(tmp_path / "src", tmp_path / "out", to_format="table", workers=1)
    assert (tmp_path / "out/train/metadata.csv").read_text().startswith("file_name,label,")
    assert sorted(read(tmp_path / "out")) == sorted(found)


def test_damaged_parquet_is_refused(tmp_path: Path, main: Callable[..., Any]) -> None:
    pictures(tmp_path, "a.png")
    parquet_table(tmp_path / "t.parquet", ["a.png"], ["A"])
    data = (tmp_path / "t.parquet").read_bytes()
    (tmp_path / "t.parquet").write_bytes(data[:40] + bytes(20) + data[60:-8])
    ran = main("info", tmp_path / "t.parquet")
    assert ran.returncode == 4
    assert "t.parquet: not Parquet, or damaged" in ran.error


def test_a_table_beside_its_folder_of_pictures(tmp_path: Path, main: Callable[..., Any]) -> None:
    pictures(tmp_path, "images/a.png", "images/b.png")
    (tmp_path / "labels.csv").write_text("image,label\na.png,A\nb.png,B\n")
    ran = main("info", tmp_path / "labels.csv", "--json")
    assert (ran.returncode, ran.json["splits"]) == (0, {"": 2})
    assert [one["message"] for one in ran.json["problems"]] == ["its paths are relative to images/"]
    ran = main("info", tmp_path)
    assert ran.returncode == 4
    assert "2 readings: folders (images/a.png), table (labels.csv)" in ran.error
    assert main("info", tmp_path, "--from", "table", "--json").json["samples"] == 2


def test_tables_beside_a_folder_of_pictures_are_splits(
    tmp_path: Path, main: Callable[..., Any]
) -> None:
    pictures(tmp_path, "images/a.png", "images/b.png")
    (tmp_path / "train.csv").write_text("image,label\na.png,A\n")
    (tmp_path / "test.csv").write_text("image,label\nb.png,B\n")
    ran = main("info", tmp_path, "--from", "table", "--json")
    assert ran.json["splits"] == {"train": 1, "test": 1}


def test_class_folders_with_a_list_beside_them_stay_class_folders(
    tmp_path: Path, main: Callable[..., Any]
) -> None:
    pictures(tmp_path, "A/a.png", "B/b.png")
    (tmp_path / "list.csv").write_text("path,label\nA/a.png,x\nB/b.png,y\n")
    ran = main("info", tmp_path, "--json")
    assert (ran.json["format"], ran.json["classes"]) == ("folders", ["A", "B"])


def test_absolute_paths_below_the_root_and_other_words_for_splits(tmp_path: Path) -> None:
    root = pictures(tmp_path / "data", "a.png", "b.png", "c.png")
    splits = ("Training", "Validation", "Testing")
    rows = [f"{root / name}.png,A,{split}" for name, split in zip("abc", splits, strict=True)]
    (root / "labels.csv").write_text("\n".join(["path,label,split", *rows]) + "\n")
    signdata.convert(root / "labels.csv", tmp_path / "out")
    assert {path.parent.parent.name for path in (tmp_path / "out").rglob("*.png")} == {
        "train",
        "val",
        "test",
    }
    assert str(tmp_path) not in (tmp_path / "out" / "manifest.csv").read_text()


def test_named_columns_make_a_csv_a_table(tmp_path: Path, main: Callable[..., Any]) -> None:
    root = pictures(tmp_path / "data", "a.png", "b.png")
    (root / "list.csv").write_text("path,sign\na.png,A\nb.png,B\n")
    refused = main("info", root / "list.csv")
    assert (refused.returncode, "--label-column" in refused.stderr) == (4, True)
    assert read(root / "list.csv", label_column="sign") == [("a", "A", 1), ("b", "B", 2)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_stands_between_the_cells(tmp_path: Path, delimiter: str) -> None:
    for name in ("0.png", "1.png"):
        frame = np.full((4, 4, 3), 9, np.uint8)
        (tmp_path / name).write_bytes(encode.encode(frame, "png", 95))
    rows = [["path", "label", "said, then"], ["0.png", "a", "x"], ["1.png", "b", "y"]]
    with (tmp_path / "t.csv").open("w", newline="") as file:
        csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    with open_dataset(tmp_path / "t.csv") as reader:
        assert reader.info.format == "table"
        assert [(sample.source, sample.label) for sample in reader] == [
            ("0.png", "a"),
            ("1.png", "b"),
        ]
