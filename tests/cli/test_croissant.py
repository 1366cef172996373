"""``signdata croissant``: what it says of each format, and that a loader reads every record."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import signdata
from signdata.formats.open import open_dataset
from tests.conftest import picture


def fields_of(made: dict[str, Any], name: str) -> dict[str, dict[str, Any]]:
    """The fields of a record set, by name."""
    [found] = [one for one in made["recordSet"] if one["@id"] == name]
    return {one["name"]: one for one in found["field"]}


def test_only_what_is_known_or_given_is_said(
    make_tree: Callable[..., Path], main: Callable[..., Any]
) -> None:
    tree = make_tree()
    made = json.loads(main("croissant", tree).stdout)
    assert made["@type"] == "sc:Dataset"
    assert made["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    assert (made["name"], made["description"]) == ("tree", "6 pictures of 2 classes.")
    assert not made.keys() & {"license", "citeAs", "datePublished", "version", "url", "creator"}
    given = {
        "--name": "Signs",
        "--description": "Hands.",
        "--license": "CC-BY-4.0",
        "--cite": "Doe 2026",
        "--date": "2026-05-01",
        "--dataset-version": "1.2.0",
        "--url": "https://example.org/signs",
    }
    people = ("--creator", "Doe", "--creator", "Roe")
    words = [word for pair in given.items() for word in pair]
    made = main("croissant", tree, *words, *people, "--json").json["croissant"]
    assert [
        made[name]
        for name in ("name", "description", "license", "citeAs", "datePublished", "version", "url")
    ] == list(given.values())
    assert [one["name"] for one in made["creator"]] == ["Doe", "Roe"]


@pytest.mark.parametrize("date", ["May 2026", "20260501", "2026-W18-5", "2026-5-1"])
def test_a_date_that_is_none(
    date: str, make_tree: Callable[..., Path], main: Callable[..., Any]
) -> None:
    ran = main("croissant", make_tree(), "--date", date)
    assert ran.returncode == 2
    assert f"--date {date!r}; expected YYYY-MM-DD" in ran.error


def test_files_that_are_no_samples_are_in_no_pattern(make_tree: Callable[..., Path]) -> None:
    names = ("A/1.png", "[B]/2.png", "B/3.png", "B/.4.png", ".cache/5.png", "[B]/deeper/6.png")
    tree = make_tree({name: picture(i) for i, name in enumerate(names)})
    made = signdata.croissant(tree, from_format="folders").details["croissant"]
    assert made["distribution"][0]["includes"] == ["A/*.png", "B/3.png", "[[]B]/2.png"]


def test_a_folder_whose_name_is_a_pattern(
    make_tree: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    (tmp_path / "[a] b").mkdir()
    make_tree(name="[a] b/tree")
    ran = main("croissant", tmp_path / "[a] b/tree", "-o", tmp_path / "c.json")
    assert ran.returncode == 0
    made = json.loads((tmp_path / "c.json").read_text())
    assert made["distribution"][0]["includes"] == "[[]a] b/tree/*/*.png"


def test_class_folders(tmp_path: Path, make_tree: Callable[..., Path]) -> None:
    names = ("train/A/1.png", "train/B/2.jpg", "val/A/3.png")
    tree = make_tree({name: picture(i) for i, name in enumerate(names)})
    made = signdata.croissant(tree).details["croissant"]
    [files] = made["distribution"]
    assert files["includes"] == ["*/*/*.jpg", "*/*/*.png"]
    assert files["encodingFormat"] == ["image/jpeg", "image/png"]
    assert list(fields_of(made, "pictures")) == ["path", "label", "split", "image"]
    assert made["description"] == "3 pictures of 2 classes (train 2, val 1)."


def test_a_folder_that_is_not_called_as_its_class(
    tmp_path: Path, make_tree: Callable[..., Path]
) -> None:
    tree = make_tree({"thank_you/1.png": picture(1)})
    (tree / "manifest.csv").write_text("id,path,label\n1,thank_you/1.png,thank you\n")
    made = signdata.croissant(tree).details["croissant"]
    assert list(fields_of(made, "pictures")) == ["path", "folder", "image"]
    assert list(fields_of(made, "manifest")) == ["id", "path", "label"]


def test_frames(make_frames: Callable[..., Path]) -> None:
    made = signdata.croissant(make_frames()).details["croissant"]
    assert list(fields_of(made, "frames")) == ["path", "label", "clip", "image"]
    assert made["distribution"][0]["includes"] == "*/*/*.png"


def test_a_csv(make_csv: Callable[..., Path]) -> None:
    made = signdata.croissant(make_csv()).details["croissant"]
    fields = fields_of(made, "pixels")
    assert list(fields) == ["label", *(f"pixel{i}" for i in range(1, 17))]
    assert {one["dataType"] for one in fields.values()} == {"sc:Integer"}
    [file] = made["distribution"]
    assert (file["contentUrl"], len(file["sha256"])) == ("pixels.csv", 64)


def test_numbers_with_points_in_a_later_row_of_a_csv(make_csv: Callable[..., Path]) -> None:
    cells = list(range(16))
    made = signdata.croissant(make_csv([(0, *cells), (1, "1.0", *cells[1:])])).details["croissant"]
    types = [one["dataType"] for one in fields_of(made, "pixels").values()]
    assert types == ["sc:Integer", "sc:Float", *["sc:Integer"] * 15]


@pytest.mark.filterwarnings("ignore")  # of the loader and what it is built on
def test_names_that_can_be_no_ids(
    make_csv: Callable[..., Path], make_tree: Callable[..., Path], tmp_path: Path
) -> None:
    loader = pytest.importorskip("mlcroissant")
    made = signdata.croissant(make_csv(name="my signs.csv"), out=tmp_path / "c.json")
    assert made.details["croissant"]["recordSet"][0]["@id"] == "my_signs"
    assert len(list(loader.Dataset(jsonld=str(tmp_path / "c.json")).records("my_signs"))) == 6
    tree = make_tree({"A/1.png": picture(1)})
    header = "id,path,label,Signer ID,Signer_ID,sc:x"
    (tree / "manifest.csv").write_text(f"{header}\n1,A/1.png,A,a,b,c\n")
    signdata.croissant(tree, out=tmp_path / "d.json")
    [found] = loader.Dataset(jsonld=str(tmp_path / "d.json")).records("manifest")
    further = ("Signer_ID", "Signer_ID_2", "sc_x")
    assert [found[f"manifest/{name}"] for name in further] == [b"a", b"b", b"c"]


def test_a_format_that_it_cannot_describe(
    make_csv: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    signdata.convert(make_csv(), tmp_path / "a.h5", workers=1)
    ran = main("croissant", tmp_path / "a.h5")
    assert ran.returncode == 2
    assert "hdf5 cannot be described by Croissant; expected csv, folders, frames" in ran.error
    assert ran.error.endswith("Convert it first.")


def test_a_file_above_the_dataset(
    make_tree: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    tree, out = make_tree(), tmp_path / "c.json"
    assert main("croissant", tree, "-o", out).returncode == 0
    assert json.loads(out.read_text())["distribution"][0]["includes"] == "tree/*/*.png"
    data = out.read_bytes()
    ran = main("croissant", tree, "-o", out)
    assert ran.returncode == 0
    assert "nothing to do" in ran.stdout
    ran = main("croissant", tree, "-o", out, "--name", "other")
    assert ran.returncode == 5
    assert "exists. Replace it with --overwrite." in ran.error
    assert out.read_bytes() == data
    assert main("croissant", tree, "-o", out, "--name", "other", "--overwrite").returncode == 0
    out.write_text('{"mine": 1}')
    ran = main("croissant", tree, "-o", out, "--overwrite")
    assert ran.returncode == 5
    assert out.read_text() == '{"mine": 1}'
    ran = main("croissant", tree, "-o", tree / "c.json")
    assert ran.returncode == 2
    assert "lies inside its source" in ran.error


def test_a_file_elsewhere_is_for_the_datasets_folder(
    make_tree: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    (tmp_path / "else").mkdir()
    ran = main("croissant", make_tree(), "-o", tmp_path / "else/c.json", "--json")
    assert "loaders look for files below it, put it there" in ran.json["problems"][0]["message"]
    made = json.loads((tmp_path / "else/c.json").read_text())
    assert made["distribution"][0]["includes"] == "*/*.png"


def test_it_may_lie_in_the_dataset(
    make_tree: Callable[..., Path], main: Callable[..., Any]
) -> None:
    tree = make_tree()
    (tree / "croissant.json").write_bytes(b"")  # as a shell does before the command begins
    ran = main("croissant", tree)
    assert (ran.returncode, ran.stderr) == (0, "")
    (tree / "croissant.json").write_text(ran.stdout)
    ran = main("info", tree, "--json")
    assert (ran.json["samples"], ran.json["problems"]) == (6, [])


@pytest.mark.parametrize("kind", ["folders", "parquet"])
@pytest.mark.filterwarnings("ignore")  # of the loader and what it is built on
def test_a_loader_reads_every_picture(
    kind: str, tmp_path: Path, make_tree: Callable[..., Path]
) -> None:
    loader = pytest.importorskip("mlcroissant")
    names = [f"{('train', 'val')[i % 2]}/{'AB'[i // 2 % 2]}/{i}.png" for i in range(6)]
    tree = make_tree({name: picture(i, 5, 4, 3) for i, name in enumerate(names)})
    shards = 1 if kind == "parquet" else None
    signdata.convert(tree, tmp_path / "out", to_format=kind, shards=shards)
    out = tmp_path / "c.json"
    signdata.croissant(tmp_path / "out", out=out, license="MIT", cite="x", date="2026-05-01")
    dataset = loader.Dataset(jsonld=str(out))
    assert not dataset.metadata.ctx.issues.errors
    found = list(dataset.records("pictures"))
    samples = list(open_dataset(tmp_path / "out"))
    frames = sorted(next(sample.frames()).tobytes() for sample in samples)
    assert sorted(np.asarray(one["pictures/image"]).tobytes() for one in found) == frames
    labels = [one["pictures/label"] for one in found]
    if kind == "parquet":
        classes = {one["classes/index"]: one["classes/name"] for one in dataset.records("classes")}
        assert sorted(classes[label] for label in labels) == sorted(s.label for s in samples)
        assert {one["pictures/id"].decode() for one in found} == {s.id for s in samples}
    else:
        assert sorted(one.decode() for one in labels) == sorted(s.label for s in samples)
        assert {one["pictures/split"] for one in found} == {b"train", b"val"}
        listed = {one["manifest/path"] for one in dataset.records("manifest")}
        assert {one["pictures/path"] for one in found} == listed
