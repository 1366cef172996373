"""Formats are recognised by what is there, and never guessed."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from signdata.errors import DatasetError, FormatError, MissingError, UsageError
from signdata.formats.detect import recognise
from signdata.formats.open import open_dataset

PICTURE = np.zeros((4, 4, 1), np.uint8)


def test_each_format_is_recognised(
    make_csv: Callable[..., Path],
    make_tree: Callable[..., Path],
    make_frames: Callable[..., Path],
    tmp_path: Path,
) -> None:
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file["images"] = np.zeros((1, 4, 4), np.uint8)
        file["labels"] = [0]
    (tmp_path / "WLASL_v0.3.json").write_text(json.dumps([{"gloss": "book", "instances": []}]))
    videos = make_tree({"book/1.mp4": b"x", "book/2.WEBM": b"x", "book/3.gif": b"x"}, "videos")
    paths = {
        "csv": make_csv(),
        "folders": make_tree({"train/A/1.png": PICTURE, "test/A/2.JPG": PICTURE}),
        "frames": make_frames(),
        "videos": videos,
        "hdf5": tmp_path / "a.hdf5",
        "wlasl": tmp_path / "WLASL_v0.3.json",
    }
    assert {name: recognise([path]) for name, path in paths.items()} == {n: n for n in paths}


def test_several_csvs_and_a_folder_of_them(
    make_csv: Callable[..., Path], make_tree: Callable[..., Path], tmp_path: Path
) -> None:
    one, two = make_csv(name="a_train.csv"), make_csv(name="a_test.CSV")
    assert recognise([one, two]) == "csv"
    assert recognise([tmp_path]) == "csv"
    assert {sample.split for sample in open_dataset(tmp_path)} == {"train", "test"}
    with pytest.raises(FormatError, match="several sources; expected only CSV files"):
        recognise([one, make_tree()])


def test_two_readings_list_both(make_tree: Callable[..., Path], tmp_path: Path) -> None:
    root = make_tree({"A/1.png": PICTURE, "B/2.mp4": b"x", "C/clip/img_1.png": PICTURE})
    with pytest.raises(FormatError, match="3 readings") as caught:
        recognise([root])
    for reading in ("folders (A/1.png)", "videos (B/2.mp4)", "frames (C/clip)"):
        assert reading in str(caught.value)
    assert [sample.id for sample in open_dataset(root, format="folders")] == ["A/1"]


def test_junk_decides_nothing(make_tree: Callable[..., Path]) -> None:
    root = make_tree(
        {"A/1.png": PICTURE, "A/._2.mp4": b"x", "__MACOSX/A/1.mp4": b"x", "A/notes.txt": b"x"}
    )
    assert recognise([root]) == "folders"


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("a.h5", b"label", "named like HDF5, but not such a file"),
        ("a.txt", b"label", "not a dataset; expected"),
        ("a.bin", b"\x89HDF\r\n\x1a\n", "an HDF5 file with another suffix"),
    ],
)
def test_files_that_are_none_are_refused(name: str, data: bytes, what: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(FormatError, match=what):
        recognise([tmp_path / name])


def test_directories_that_are_none_are_refused(
    make_tree: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(FormatError, match="no class folders"):
        recognise([make_tree({"1.png": PICTURE}, "flat")])
    with pytest.raises(FormatError, match="no pictures and no videos"):
        recognise([make_tree({"A/readme.txt": b"x"}, "text")])
    with pytest.raises(MissingError, match="not there"):
        recognise([tmp_path / "nowhere"])


def test_unfinished_outputs_are_refused(make_tree: Callable[..., Path], tmp_path: Path) -> None:
    root = make_tree()
    (root / ".signdata-partial").mkdir()
    partial = tmp_path / "a.h5.partial"
    partial.mkdir()
    for path in (root, partial):
        with pytest.raises(FormatError, match="an unfinished output"):
            recognise([path])
        with pytest.raises(FormatError, match="an unfinished output"):
            open_dataset(path, format="folders")


def test_a_folder_with_a_wlasl_json_is_named(make_tree: Callable[..., Path]) -> None:
    root = make_tree({"A/1.png": PICTURE, "w.json": b'[{"gloss": "book"}]', "b.json": b"{}"})
    with pytest.raises(FormatError, match=r"2 readings: folders \(A/1.png\), wlasl \(w.json\)"):
        recognise([root])


def test_one_split_of_a_dataset(make_tree: Callable[..., Path]) -> None:
    root = make_tree({"train/A/1.png": PICTURE, "train/B/2.png": PICTURE, "test/A/3.png": PICTURE})
    part = open_dataset(root, split="test")
    assert [sample.id for sample in part] == ["test/A/3"]
    assert (part.info.n_samples, part.info.present) == (1, ("A",))
    assert part.picture_summary().n_frames == 1
    with pytest.raises(DatasetError, match="no sample in split 'val'"):
        _ = open_dataset(root, split="val").info
    with pytest.raises(UsageError, match="expected one of train, val, test"):
        open_dataset(root, split="holdout")


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"format": "folder"}, "format 'folder' cannot be read"),
        ({"videos": "x"}, "--videos goes with a WLASL JSON"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    options: dict[str, Any], what: str, make_tree: Callable[..., Path]
) -> None:
    with pytest.raises(UsageError, match=what):
        open_dataset(make_tree(), **options)


def test_no_source_and_too_many(make_tree: Callable[..., Path]) -> None:
    with pytest.raises(UsageError, match="no dataset named"):
        open_dataset([])
    root = make_tree()
    with pytest.raises(UsageError, match="named twice; expected different sources"):
        open_dataset([root, root], format="folders")


@pytest.mark.parametrize("kind", ["npy", "npz", "csv"])
def test_split_folders_of_other_datasets_are_named_one_by_one(
    kind: str, tmp_path: Path, main: Callable[..., Any], make_csv: Callable[..., Path]
) -> None:
    for split, n in (("train", 6), ("valid", 2), ("test", 4)):
        folder = tmp_path / "my data" / split
        folder.mkdir(parents=True)
        images, labels = np.full((n, 4, 4), n, np.uint8), np.arange(n) % 2
        if kind == "npy":
            np.save(folder / "X.npy", images)
            np.save(folder / "Y.npy", labels)
        elif kind == "npz":
            np.savez(folder / "all.npz", X=images, y=labels)
        else:
            rows = [[label, *([n] * 16)] for label in labels]
            make_csv(rows).rename(folder / "pixels.csv")
    said = main("info", tmp_path / "my data")
    assert said.returncode == 4
    words = shlex.split(said.error.rpartition("Say ")[2].removesuffix("."))
    assert [word.partition("=")[0] for word in words] == ["train", "val", "test"]
    found = main("info", *words, "--json").json
    assert found["splits"] == {"train": 6, "val": 2, "test": 4}
