"""Clips in Parquet: rows that name a video or a folder of frames, which lie next to them."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import signdata
from signdata.formats.open import open_dataset
from tests.conftest import Ran
from tests.reliability.conftest import snapshot
from tests.videos import make_video

from . import test_parquet
from .conformance import facts

OPTIONS: dict[str, Any] = {"to_format": "parquet", "shards": 2, "workers": 1}


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("source") / "videos"
    for name, length in (
        ("train/book/1.mp4", 3),
        ("train/book/2.mkv", 4),
        ("train/drink/3.mp4", 5),
        ("test/drink/4.mp4", 6),
    ):
        make_video(root / name, length)
    return root


@pytest.fixture(scope="module")
def made(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "out"
    assert signdata.convert(videos, out, **OPTIONS).exit_code == 0
    return out


@pytest.fixture
def out(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "out"))


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    return test_parquet.TestClips().write(tmp_path / "frames")


def rows_of(root: Path) -> list[dict[str, Any]]:
    return [
        row for file in sorted((root / "data").iterdir()) for row in pq.read_table(file).to_pylist()
    ]


def test_videos_stay_as_they_are(videos: Path, made: Path) -> None:
    names = {
        "test/drink/4.mp4": "clips/test-00000-of-00001/000000000.mp4",
        "train/book/1.mp4": "clips/train-00000-of-00002/000000001.mp4",
        "train/book/2.mkv": "clips/train-00001-of-00002/000000002.mkv",
        "train/drink/3.mp4": "clips/train-00001-of-00002/000000003.mp4",
    }
    for name, place in names.items():
        assert (made / place).read_bytes() == (videos / name).read_bytes()
    assert sorted(row["path"] for row in rows_of(made)) == sorted(names.values())
    assert [facts(one) for one in open_dataset(made)] == [
        facts(one) for one in open_dataset(videos)
    ]


def test_a_row_tells_all_of_a_clip(frames: Path) -> None:
    row = rows_of(frames)[0]
    listed = signdata.manifest(frames).set_index("id").loc[row["id"]]
    assert row == {
        "path": "clips/test-00000-of-00001/000000000",
        "label": 1,
        "id": "test/drink/17",
        "split": "test",
        "group": "video 0",
        "source": "17.mp4",
        "sha256": listed.sha256,
        "n_frames": "3",
        "signer": "7",
        "fps": "29.97",
    }
    names = sorted(path.name for path in (frames / row["path"]).iterdir())
    assert names == ["img_00001.png", "img_00002.png", "img_00003.png"]


def test_a_change_of_pictures_makes_frames_of_all(videos: Path, tmp_path: Path) -> None:
    signdata.convert(videos, tmp_path / "out", size=(16, 16), image_format="jpg", **OPTIONS)
    shapes = {frame.shape for one in open_dataset(tmp_path / "out") for frame in one.frames()}
    assert shapes == {(16, 16, 3)}
    assert [row["n_frames"] for row in rows_of(tmp_path / "out")] == ["6", "3", "4", "5"]


def test_hugging_face_pandas_and_polars_open_it(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    polars = pytest.importorskip("polars")
    pandas = pytest.importorskip("pandas")
    datasets.disable_progress_bars()
    loaded = datasets.load_dataset(str(made), cache_dir=str(tmp_path / "cache"), streaming=True)
    names = loaded["train"].features["label"].names
    wanted = {(one.id, one.label) for one in open_dataset(made)}
    rows = [row for split in loaded.values() for row in split]
    assert {(row["id"], names[row["label"]]) for row in rows} == wanted
    for found in (
        pandas.concat(pandas.read_parquet(one) for one in sorted((made / "data").iterdir())),
        polars.read_parquet(made / "data/*.parquet").to_pandas(),
    ):
        assert {(one.id, names[one.label]) for one in found.itertuples()} == wanted
        assert all((made / path).is_file() for path in found["path"])
        assert sorted(found["split"]) == ["test", "train", "train", "train"]


def test_verify_tells_of_clips_that_changed(out: Path, main: Callable[..., Ran]) -> None:
    assert main("verify", out, "-j", 1).returncode == 0
    (out / "clips/test-00000-of-00001/000000000.mp4").unlink()
    one = out / "clips/train-00000-of-00002/000000001.mp4"
    one.write_bytes(one.read_bytes() + b"x")
    ran = main("verify", out, "-j", 1, "--json")
    assert ran.returncode == 4
    assert {row["path"]: row["kind"] for row in ran.json["problems"]} == {
        "test/drink/4": "missing",
        "train/book/1": "differs",
    }


def test_frames_that_are_missing_are_told(frames: Path, main: Callable[..., Ran]) -> None:
    shutil.rmtree(frames / "clips/test-00000-of-00001/000000000")
    ran = main("convert", frames, frames.parent / "x", "--on-error", "skip", "-j", 1, "--json")
    assert ran.returncode == 3
    assert ran.json["problems"][0]["message"].startswith("a folder of frames that is not there")
    assert (ran.json["written"], ran.json["skipped"]) == (2, 1)


def test_a_missing_list_of_rows_costs_its_clips(out: Path, main: Callable[..., Ran]) -> None:
    (out / "data/train-00000-of-00002.parquet").unlink()
    ran = main("convert", out, out.parent / "x", "--on-error", "skip", "-j", 1, "--json")
    assert (ran.returncode, ran.json["written"], ran.json["skipped"]) == (3, 3, 1)
    assert main("info", out, "--split", "test").returncode == 0


def test_a_place_outside_of_the_dataset_is_refused(out: Path, main: Callable[..., Ran]) -> None:
    manifest = out / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("clips/test-00000-of-00001", "clips/../.."))
    ran = main("info", out)
    assert ran.returncode == 4
    assert "expected a row of a file" in ran.error


def test_what_failed_is_tried_again_and_nothing_else(videos: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(videos, tmp_path / "source"))
    whole = source / "train/book/2.mkv"
    data = whole.read_bytes()
    whole.write_bytes(data[: len(data) // 2])
    first = signdata.convert(source, tmp_path / "out", on_error="skip", **OPTIONS)
    assert (first.written, first.failed) == (3, 1)
    clips = tmp_path / "out/clips"
    kept = clips / "test-00000-of-00001/000000000.mp4"
    before = kept.stat().st_ino
    assert not (clips / "train-00001-of-00002/000000002.mkv").exists()
    whole.write_bytes(data)
    second = signdata.convert(source, tmp_path / "out", on_error="skip", **OPTIONS)
    assert (second.written, second.failed, second.exit_code) == (4, 0, 0)
    assert kept.stat().st_ino == before
    signdata.convert(videos, tmp_path / "whole", on_error="skip", **OPTIONS)
    assert snapshot(clips) == snapshot(tmp_path / "whole/clips")
    assert signdata.verify(tmp_path / "out", workers=1).exit_code == 0


def test_what_a_killed_run_left_of_clips_is_replaced(
    videos: Path, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clips without the file that names them are written again; strays do not stay."""
    from signdata.formats import shard_files

    def interrupted(self: Any, n_samples: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shard_files.ShardFile, "keep", interrupted)
    with pytest.raises(KeyboardInterrupt):
        signdata.convert(videos, tmp_path / "out", **OPTIONS)
    monkeypatch.undo()
    (tree,) = (tmp_path / "out/.signdata-partial").glob("tree*")
    left = next(tree.rglob("*.m*"))
    left.write_bytes(b"half of a video")
    (left.parent / "stray.mp4").write_bytes(b"of a clip that fails now")
    signdata.convert(videos, tmp_path / "out", **OPTIONS)
    assert snapshot(tmp_path / "out") == snapshot(made)


@pytest.mark.filterwarnings("ignore")  # of the loader and what it is built on
def test_croissant_tells_of_the_rows(made: Path, tmp_path: Path) -> None:
    out = tmp_path / "c.json"
    made = Path(shutil.copytree(made, tmp_path / "out"))
    signdata.croissant(made, out=out, license="MIT", cite="x", date="2026-05-01")
    loader = pytest.importorskip("mlcroissant")
    records = list(loader.Dataset(jsonld=str(out)).records("clips"))
    listed = csv.DictReader((made / "manifest.csv").open())
    assert {one["clips/path"].decode() for one in records} == {row["path"] for row in listed}


def test_a_store_gives_only_the_clips_of_the_split(made: Path, tmp_path: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    store = fsspec.filesystem("memory")
    store.store.clear()
    url, options = "memory://b/set", {"scratch": tmp_path / "copies", "workers": 1}
    try:
        signdata.convert(made, url, overwrite=True, **OPTIONS)
        signdata.convert(url, tmp_path / "test", split="test", **options)
        fetched = [
            one for one in (tmp_path / "copies").rglob("*") if one.suffix in (".mp4", ".mkv")
        ]
        assert [one.name for one in fetched if "fetched" in one.parts] == ["000000000.mp4"]
        signdata.convert(url, tmp_path / "all", **options)
        found = [facts(one) for one in open_dataset(tmp_path / "all")]
        assert found == [facts(one) for one in open_dataset(made)]
        fewer = {**OPTIONS, "split": "test"}
        signdata.convert(made, url, overwrite=True, scratch=tmp_path / "copies", **fewer)
        names = [name for name in store.store if "/clips/" in name]
        assert names == ["/b/set/clips/test-00000-of-00001/000000000.mp4"]
    finally:
        store.store.clear()


def test_frames_are_the_same_pixels(frames: Path, tmp_path: Path) -> None:
    signdata.convert(frames, tmp_path / "clips.h5", workers=1)
    pairs = zip(open_dataset(frames), open_dataset(tmp_path / "clips.h5"), strict=True)
    for one, other in pairs:
        assert np.array_equal(np.stack(list(one.frames())), np.stack(list(other.frames())))
