"""Tables for programs of others: ``--metadata hf``, and ``--manifest parquet``."""

from __future__ import annotations

import csv
import gc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import signdata
from signdata.errors import UsageError
from signdata.formats.open import open_dataset
from signdata.media.image.encode import encode
from tests.conftest import picture

from .conformance import facts


@pytest.fixture
def tree(make_tree: Callable[..., Path]) -> Path:
    """Six pictures of two splits, with the signer of each."""
    names = [f"{('train', 'val')[i % 2]}/{'AB'[i // 2 % 2]}/{i}.png" for i in range(6)]
    root = make_tree({name: picture(i) for i, name in enumerate(names)})
    rows = "".join(
        f"{name[:-4]},{name},{name.split('/')[1]},s{i}\n" for i, name in enumerate(names)
    )
    (root / "manifest.csv").write_text(f"id,path,label,signer\n{rows}")
    return root


def rows_of(table: Path) -> list[dict[str, str]]:
    with table.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_in_every_split_folder(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    signdata.convert(tree, out, metadata="hf", workers=1)
    rows = rows_of(out / "train/metadata.csv") + rows_of(out / "val/metadata.csv")
    assert [(row["file_name"], row["label"], row["signer"]) for row in rows] == [
        ("A/0.png", "A", "s0"),
        ("B/2.png", "B", "s2"),
        ("A/4.png", "A", "s4"),
        ("A/1.png", "A", "s1"),
        ("B/3.png", "B", "s3"),
        ("A/5.png", "A", "s5"),
    ]


def test_a_table_at_the_root_without_splits(
    make_csv: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    out = tmp_path / "out"
    ran = main("csv-to-folders", make_csv(), out, "--metadata", "hf", "-j", 1)
    assert ran.returncode == 0
    assert [row["file_name"] for row in rows_of(out / "metadata.csv")][:2] == [
        "A/000001.png",
        "B/000002.png",
    ]
    signdata.folders_to_csv(out, tmp_path / "back.csv", workers=1)
    assert (tmp_path / "back.csv").read_bytes() == make_csv().read_bytes()


def test_it_is_read_as_folders_without_a_word(
    tree: Path, tmp_path: Path, main: Callable[..., Any]
) -> None:
    out = tmp_path / "out"
    signdata.convert(tree, out, metadata="hf", workers=1)
    reader = open_dataset(out)
    assert (reader.info.format, reader.info.notes) == ("folders", ())
    assert [facts(one) for one in reader] == [facts(one) for one in open_dataset(tree)]
    assert main("verify", out, "-j", 1).returncode == 0
    again = main("convert", tree, out, "--metadata", "hf", "-j", 1)
    assert "nothing to do" in again.stdout
    other = main("convert", tree, out, "-j", 1)
    assert other.returncode == 5


def test_split_writes_it(tree: Path, tmp_path: Path, main: Callable[..., Any]) -> None:
    words = ("--pool", "--ratios", "50,50", "--metadata", "hf", "-j", 1)
    assert main("split", tree, tmp_path / "out", *words).returncode == 0
    tables = [rows_of(tmp_path / f"out/{split}/metadata.csv") for split in ("train", "test")]
    for split, rows in zip(("train", "test"), tables, strict=True):
        for row in rows:
            assert (tmp_path / "out" / split / row["file_name"]).is_file()
    assert sum(map(len, tables)) == 6


@pytest.mark.parametrize(
    ("words", "target"),
    [(("convert",), "a.h5"), (("convert", "--to", "table"), "t"), (("split",), "s.h5")],
)
def test_it_goes_with_class_folders(
    words: tuple[str, ...], target: str, tree: Path, tmp_path: Path, main: Callable[..., Any]
) -> None:
    extra = ("--pool",) if words[0] == "split" else ()
    ran = main(words[0], tree, tmp_path / target, *words[1:], *extra, "--metadata", "hf")
    assert ran.returncode == 2
    assert "--metadata goes with folders of pictures, not with" in ran.error
    assert not (tmp_path / target).exists()


def test_hugging_face_gives_labels_and_signers(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    out = tmp_path / "out"
    signdata.convert(tree, out, metadata="hf", workers=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # of tables that the library leaves open
        loaded = datasets.load_dataset(
            "imagefolder", data_dir=str(out), cache_dir=str(tmp_path / "cache")
        )
        found = {
            (split, row["label"], row["signer"], row["image"].size)
            for split, rows in loaded.items()
            for row in rows
        }
        del loaded
        gc.collect()
    assert found == {
        ({"val": "validation"}.get(one.split, one.split), one.label, one.meta["signer"], (4, 4))
        for one in open_dataset(tree)
    }


# -- manifest.parquet


def test_a_parquet_manifest_says_what_the_manifest_says(
    tree: Path, tmp_path: Path, main: Callable[..., Any]
) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    out = tmp_path / "out"
    words = ("--metadata", "hf", "--manifest", "parquet", "-j", 1)
    assert main("convert", tree, out, *words).returncode == 0
    made = pandas.read_parquet(out / "manifest.parquet")
    told = pandas.read_csv(out / "manifest.csv", dtype=str, keep_default_na=False)
    assert made.to_dict("records") == told.to_dict("records")
    reader = open_dataset(out)
    assert (reader.info.format, reader.info.notes) == ("folders", ())
    assert [facts(one) for one in reader] == [facts(one) for one in open_dataset(tree)]
    assert main("verify", out, "-j", 1).returncode == 0
    assert "nothing to do" in main("convert", tree, out, *words).stdout


def test_ids_of_a_csv_keep_their_zeros(make_csv: Callable[..., Path], tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    signdata.csv_to_folders(make_csv(), tmp_path / "out", manifest="parquet", workers=1)
    assert pandas.read_parquet(tmp_path / "out/manifest.parquet").id[0] == "000001"


def test_frame_folders_have_one_too(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    clips = tmp_path / "clips"
    for name in ("A/c1", "B/c2"):
        for k in range(2):
            (clips / name).mkdir(parents=True, exist_ok=True)
            (clips / name / f"img_{k:05d}.png").write_bytes(encode(picture(k), "png", 95))
    signdata.split(clips, tmp_path / "out", ratios="50,50", manifest="parquet", workers=1)
    rows = pandas.read_parquet(tmp_path / "out/manifest.parquet")
    assert sorted(rows.id) == ["A/c1", "B/c2"]
    assert set(rows.split) <= {"train", "test"}


@pytest.mark.parametrize("target", ["a.h5", "b.csv"])
def test_files_have_none(tree: Path, tmp_path: Path, main: Callable[..., Any], target: str) -> None:
    ran = main("convert", tree, tmp_path / target, "--split", "train", "--manifest", "parquet")
    assert ran.returncode == 2
    assert "--manifest goes with folders of pictures and of frames, not with" in ran.error
    assert not (tmp_path / target).exists()


def test_what_it_may_be(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="manifest 'csv'; expected parquet"):
        signdata.convert(tree, tmp_path / "out", manifest="csv")
    with pytest.raises(UsageError, match="metadata 'us'; expected hf"):
        signdata.convert(tree, tmp_path / "out", metadata="us")
