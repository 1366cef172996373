"""Pictures in Parquet and Arrow files: ours, and those of others."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

import signdata
from signdata.formats.open import open_dataset
from signdata.formats.parquet.writer import ParquetWriter
from signdata.formats.picture_options import PictureOptions
from signdata.formats.shard_files import read_sums, write_sums
from signdata.formats.sharding import ShardOptions
from signdata.formats.writer import Writer
from signdata.media.image import encode
from signdata.samples import Sample
from tests.conftest import picture

from .conformance import LONG, Conformance, clips, facts, stills


class TestConformance(Conformance):
    def writer(self, out: Path) -> Writer:
        return ParquetWriter()

    def samples(self) -> list[Sample]:
        return stills(3)

    def damage(self, out: Path) -> str:
        shard = out / "data/train-00001-of-00002.parquet"
        shard.write_bytes(shard.read_bytes()[:-20])
        return "train-00001-of-00002.parquet"

    def make_long(self, out: Path) -> None:
        data = encode.encode(picture(0, 1000, 1000, 3), "png", 95)
        n = LONG // 3_000_000 + 1
        cells = [{"bytes": data, "path": "a.png"}] * n
        table = pa.table({"image": cells, "label": ["A"] * n})
        (out / "data").mkdir(parents=True)
        pq.write_table(table, out / "data/train-00000-of-00001.parquet")


class TestClips(TestConformance):
    test_a_long_input_does_not_fill_the_memory = None  # each frame is a file

    def samples(self) -> list[Sample]:
        return clips()

    def damage(self, out: Path) -> str:
        frame = out / "clips/train-00001-of-00002/000000002/img_00001.png"
        frame.write_bytes(frame.read_bytes().replace(b"IDAT", b"XDAT"))
        return "000000002/img_00001.png"


def coded(number: int, kind: Any = "png") -> bytes:
    return encode.encode(picture(number, 4, 5, 3), kind, 95)


def columns(numbers: Sequence[int], **more: Sequence[object]) -> pa.Table:
    """A table of pictures that are told apart by their numbers."""
    pictures = [{"bytes": coded(i), "path": f"{i}.png"} for i in numbers]
    return pa.table({"image": pictures, "label": [i % 3 for i in numbers], **more})


def declared(table: pa.Table, **features: object) -> pa.Table:
    """The table as Hugging Face's library writes it."""
    known = {"image": {"_type": "Image"}, **features}
    said = json.dumps({"info": {"features": known}}).encode()
    return table.replace_schema_metadata({b"huggingface": said})


LETTERS = {"_type": "ClassLabel", "names": ["C", "A", "B"]}


def write(path: Path, table: pa.Table, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, **options)
    return path


def write_arrow(folder: Path, table: pa.Table, n_files: int = 1, split: str = "train") -> Path:
    """What `save_to_disk` leaves."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"data-{i:05d}-of-{n_files:05d}.arrow" for i in range(n_files)]
    for i, name in enumerate(names):
        part = table.slice(i * len(table) // n_files, len(table) // n_files)
        with pa.ipc.new_stream(folder / name, table.schema) as stream:
            stream.write_table(part, max_chunksize=2)
    state = {"_data_files": [{"filename": name} for name in names], "_split": split}
    (folder / "state.json").write_text(json.dumps(state))
    (folder / "dataset_info.json").write_text("{}")
    return folder


def seen(source: Path, **options: Any) -> list[tuple[str, str, str, int]]:
    """Id, label, split and the number of the picture of each sample."""
    numbers = {picture(i, 4, 5, 3).tobytes(): i for i in range(300)}
    return [
        (one.id, one.label, one.split, numbers[next(one.frames()).tobytes()])
        for one in open_dataset(source, **options)
    ]


# -- Files of others


def test_declared_pictures_and_classes_are_read(tmp_path: Path) -> None:
    table = declared(columns([0, 1, 2, 3], signer=["s1", "s2", "s1", "s2"]), label=LETTERS)
    reader = open_dataset(write(tmp_path / "a.parquet", table))
    assert seen(tmp_path / "a.parquet") == [
        ("000001", "C", "", 0),
        ("000002", "A", "", 1),
        ("000003", "B", "", 2),
        ("000004", "C", "", 3),
    ]
    assert reader.info.labels.classes == ("C", "A", "B")
    assert [(one.group, one.meta["signer"]) for one in reader][:2] == [("s1", "s1"), ("s2", "s2")]


def test_rows_are_read_in_any_order(tmp_path: Path) -> None:
    table = columns(range(250))
    samples = list(open_dataset(write(tmp_path / "a.parquet", table, row_group_size=150)))
    numbers = [249, 3, 2, 151, 70, 0, 149, 150, 64, 63]
    for i in numbers:
        assert next(samples[i].frames()).tobytes() == picture(i, 4, 5, 3).tobytes()


def test_a_folder_of_the_hub(tmp_path: Path) -> None:
    table = declared(columns(range(6)), label=LETTERS)
    for i in (0, 1):
        write(tmp_path / f"data/train-{i:05d}-of-00002.parquet", table.slice(2 * i, 2))
    write(tmp_path / "data/validation-00000-of-00001-0a1b2c.parquet", table.slice(4))
    (tmp_path / "README.md").write_text("a card")
    assert seen(tmp_path) == [
        ("train/000001", "C", "train", 0),
        ("train/000002", "A", "train", 1),
        ("train/000003", "B", "train", 2),
        ("train/000004", "C", "train", 3),
        ("val/000001", "A", "val", 4),
        ("val/000002", "B", "val", 5),
    ]


@pytest.mark.parametrize("place", ["default/train/0000.parquet", "train/a.parquet"])
def test_splits_that_are_folders(tmp_path: Path, place: str) -> None:
    write(tmp_path / place, columns([0, 1]))
    write(tmp_path / place.replace("train", "test"), columns([2]))
    assert [one[1:] for one in seen(tmp_path)] == [
        ("0", "train", 0),
        ("1", "train", 1),
        ("2", "test", 2),
    ]


def test_two_configurations_are_a_question(tmp_path: Path, main: Callable[..., Any]) -> None:
    for name in ("large", "small"):
        write(tmp_path / f"d/{name}/train-00000-of-00001.parquet", columns([0]))
    ran = main("info", tmp_path / "d")
    assert ran.returncode == 4
    assert "2 folders of Parquet files: large, small; expected one dataset" in ran.error
    assert seen(tmp_path / "d/large") == [("train/000001", "0", "train", 0)]


def test_a_missing_file_is_named(tmp_path: Path, main: Callable[..., Any]) -> None:
    write(tmp_path / "d/data/train-00002-of-00003.parquet", columns([0]))
    write(tmp_path / "d/data/train-00000-of-00003.parquet", columns([1]))
    ran = main("info", tmp_path / "d")
    assert ran.returncode == 4
    assert "data/train-00001-of-00003.parquet: not there; expected 3 files" in ran.error


def test_names_of_which_one_says_no_split(tmp_path: Path, main: Callable[..., Any]) -> None:
    for name in ("train", "test", "a", "b"):
        write(tmp_path / f"d/{name}.parquet", columns([0]))
    ran = main("info", tmp_path / "d")
    assert ran.returncode == 4
    assert "a.parquet: no split in its name, and others have one" in ran.error


def test_plain_bytes_and_texts(tmp_path: Path) -> None:
    table = pa.table(
        {
            "img": [coded(0), coded(1, "png")],
            "gloss": ["book", "drink"],
            "split": ["Training", "dev"],
            "id": ["x", "y"],
            "age": [1.0, None],
        }
    )
    assert seen(write(tmp_path / "a.parquet", table)) == [
        ("x", "book", "train", 0),
        ("y", "drink", "val", 1),
    ]
    assert [one.meta["age"] for one in open_dataset(tmp_path / "a.parquet")] == ["1", ""]


def test_two_columns_of_pictures_are_a_question(tmp_path: Path, main: Callable[..., Any]) -> None:
    table = columns([0, 1]).append_column("left", [[{"bytes": coded(2), "path": ""}] * 2])
    path = write(tmp_path / "a.parquet", table)
    ran = main("info", path)
    assert ran.returncode == 4
    assert "2 readings: pictures in column image or left. Say which with --images image." in (
        ran.error
    )
    assert [one[3] for one in seen(path, images="left")] == [2, 2]


def test_columns_that_the_user_names(tmp_path: Path, main: Callable[..., Any]) -> None:
    table = pa.table({"pixels": [coded(0)], "what": ["A"]})
    path = write(tmp_path / "a.parquet", table)
    options = {"images": "pixels", "targets": "what", "format": "parquet"}
    assert seen(path, **options) == [("000001", "A", "", 0)]
    ran = main("info", path, "--from", "parquet", "--images", "nose")
    assert ran.returncode == 2
    assert "--images nose; expected one of pixels, what" in ran.error
    ran = main("info", path, "--from", "parquet", "--images", "what")
    assert "column what: a column of string; expected pictures as bytes" in ran.error


def test_a_table_of_paths_stays_one(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(coded(0))
    write(tmp_path / "t.parquet", pa.table({"image": ["a.png"], "label": ["A"]}))
    assert open_dataset(tmp_path / "t.parquet").info.format == "table"
    assert seen(tmp_path / "t.parquet") == [("a", "A", "", 0)]


def test_pictures_next_to_the_file(tmp_path: Path, main: Callable[..., Any]) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/0.png").write_bytes(coded(0))
    cells = [
        {"bytes": None, "path": path} for path in ("0.png", "lost.png", "../d/0.png", "/etc/passwd")
    ]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table({"image": pa.array([*cells, None], kind), "label": list("ABCDE")})
    ran = main(
        *("convert", write(tmp_path / "d/a.parquet", table), tmp_path / "out", "-j", 1),
        *("--on-error", "skip", "--json"),
    )
    assert ran.returncode == 3
    assert (ran.json["written"], ran.json["skipped"], ran.json["failed"]) == (1, 1, 3)
    assert [one["message"] for one in ran.json["problems"]] == [
        "'lost.png' is not there",
        "path '../d/0.png' leads out of the dataset",
        "path '/etc/passwd' leads out of the dataset",
        "no picture",
    ]


def test_labels_that_are_none(tmp_path: Path, main: Callable[..., Any]) -> None:
    table = pa.table({"image": [coded(i) for i in range(3)], "label": [1, -1, None]})
    write(tmp_path / "a.parquet", declared(table, label=LETTERS))
    ran = main(
        *("convert", tmp_path / "a.parquet", tmp_path / "out", "-j", 1),
        *("--on-error", "skip", "--json"),
    )
    assert ran.returncode == 3
    assert ran.json["written"] == 1
    assert [(one["where"], one["message"]) for one in ran.json["problems"]] == [
        ("a.parquet:row 2, column label", "label -1; expected 0 to 2"),
        ("a.parquet:row 3, column label", "no label"),
    ]


def test_several_labels_a_picture_are_refused(tmp_path: Path, main: Callable[..., Any]) -> None:
    table = pa.table({"image": [coded(0)], "label": [[1, 2]]})
    ran = main("info", write(tmp_path / "a.parquet", table))
    assert ran.returncode == 4
    assert "expected one label a picture" in ran.error


def test_files_of_other_columns_are_refused(tmp_path: Path, main: Callable[..., Any]) -> None:
    table = columns([0])
    write(tmp_path / "d/train.parquet", declared(table, label=LETTERS))
    others = {"_type": "ClassLabel", "names": ["X"]}
    write(tmp_path / "d/test.parquet", declared(table, label=others))
    ran = main("info", tmp_path / "d")
    assert ran.returncode == 4
    assert "test.parquet: classes ('X',); expected ('C', 'A', 'B') as in train.parquet" in ran.error


def test_nested_columns_are_named(tmp_path: Path, main: Callable[..., Any]) -> None:
    path = write(tmp_path / "a.parquet", columns([0, 1], boxes=[[1, 2], [3]]))
    ran = main("info", path, "--json")
    assert [one["message"] for one in ran.json["problems"]] == [
        "a column of neither text nor numbers: not read"
    ]
    assert ran.json["problems"][0]["where"] == "boxes"


# -- What save_to_disk leaves


def test_saved_splits_are_read(tmp_path: Path) -> None:
    table = declared(columns(range(6)), label=LETTERS)
    write_arrow(tmp_path / "s/train", table.slice(0, 4), 2)
    write_arrow(tmp_path / "s/validation", table.slice(4))
    (tmp_path / "s/dataset_dict.json").write_text('{"splits": ["train", "validation"]}')
    expected = [
        ("train/000001", "C", "train", 0),
        ("train/000002", "A", "train", 1),
        ("train/000003", "B", "train", 2),
        ("train/000004", "C", "train", 3),
        ("val/000001", "A", "val", 4),
        ("val/000002", "B", "val", 5),
    ]
    assert seen(tmp_path / "s") == expected
    assert [one[1:] for one in seen(tmp_path / "s/train")] == [one[1:] for one in expected[:4]]
    signdata.convert(tmp_path / "s", tmp_path / "out", workers=1)
    assert seen(tmp_path / "out") == expected


def test_an_arrow_file_with_a_footer(tmp_path: Path) -> None:
    table = columns([0, 1, 2])
    with pa.ipc.new_file(tmp_path / "a.arrow", table.schema) as file:
        file.write_table(table)
    assert seen(tmp_path / "a.arrow") == [(f"00000{i + 1}", str(i), "", i) for i in range(3)]


def test_saved_files_that_are_lost_or_cut(tmp_path: Path, main: Callable[..., Any]) -> None:
    saved = write_arrow(tmp_path / "s", columns(range(8)), 2)
    file = saved / "data-00001-of-00002.arrow"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    ran = main("info", saved)
    assert ran.returncode == 4
    assert "data-00001-of-00002.arrow: not Arrow, or damaged" in ran.error
    file.unlink()
    ran = main("info", saved)
    assert ran.returncode == 4
    assert "state.json: 'data-00001-of-00002.arrow' is not there" in ran.error


def test_saved_rows_in_another_order_are_refused(tmp_path: Path, main: Callable[..., Any]) -> None:
    saved = write_arrow(tmp_path / "s", columns([0]))
    state = {
        "_data_files": [{"filename": "data-00000-of-00001.arrow"}],
        "_indices_data_files": [{"filename": "indices.arrow"}],
    }
    (saved / "state.json").write_text(json.dumps(state))
    ran = main("info", saved)
    assert ran.returncode == 4
    assert "rows in an order that is a file of its own" in ran.error


# -- What is written


def written(tmp_path: Path, n: int = 7, *, shards: int = 2) -> Path:
    """A dataset of stills of two splits in shards."""
    files = {
        f"{'train' if i % 3 else 'val'}/{'AB'[i % 2]}/{i}.png": picture(i, 4, 5, 3)
        for i in range(n)
    }
    for place, frame in files.items():
        path = tmp_path / "tree" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode.encode(frame, "png", 95))
    signdata.convert(
        tmp_path / "tree", tmp_path / "out", to_format="parquet", shards=shards, workers=1
    )
    return tmp_path / "out"


def test_shards_as_the_hub_has_them(tmp_path: Path) -> None:
    out = written(tmp_path)
    assert sorted(one.relative_to(out).as_posix() for one in out.rglob("*.*")) == [
        "classes.txt",
        "data/train-00000-of-00002.parquet",
        "data/train-00001-of-00002.parquet",
        "data/validation-00000-of-00002.parquet",
        "data/validation-00001-of-00002.parquet",
        "manifest.csv",
        "shards.csv",
        "signdata.json",
    ]
    sums = list(read_sums(out / "shards.csv"))
    assert [one.samples for one in sums] == [2, 2, 1, 2]
    with pq.ParquetFile(out / sums[0].shard) as file:
        schema, values = file.schema_arrow, file.read().to_pylist()
    features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert features["image"] == {"_type": "Image"}
    assert features["label"] == {"_type": "ClassLabel", "names": ["A", "B"]}
    tree = {one.id: one for one in open_dataset(tmp_path / "tree")}
    for row in values:
        sample = tree[row["id"]]
        assert row["label"] == "AB".index(sample.label)
        assert row["image"]["bytes"] == (tmp_path / "tree" / sample.source).read_bytes()


def test_groups_of_a_hundred_rows_with_an_index_of_pages(tmp_path: Path) -> None:
    files = [
        Sample(f"{i:03d}", "A", one.pixels)
        for i, one in enumerate(open_dataset(write(tmp_path / "a.parquet", columns(range(250)))))
    ]
    out = tmp_path / "out"
    case = TestConformance()
    case.writer = lambda out: ParquetWriter(PictureOptions(shards=ShardOptions(1)))  # type: ignore[method-assign]
    case.write(out, files)
    with pq.ParquetFile(out / "data/train-00000-of-00001.parquet") as file:
        groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
        assert [one.num_rows for one in groups] == [100, 100, 50]
        assert groups[0].column(2).has_offset_index
    assert [one[3] for one in seen(out)] == list(range(250))
    assert {one[2] for one in seen(out)} == {""}


def test_a_lost_shard_costs_its_samples_alone(tmp_path: Path, main: Callable[..., Any]) -> None:
    out = written(tmp_path)
    lost = out / "data/train-00001-of-00002.parquet"
    lost.rename(tmp_path / "away")
    ran = main("convert", out, tmp_path / "a", "-j", 1)
    assert ran.returncode == 4
    assert "train-00001-of-00002.parquet: a shard that is not there" in ran.error
    result = signdata.convert(out, tmp_path / "b", workers=1, on_error="skip")
    assert (result.written, result.skipped) == (5, 2)
    assert len(seen(out, split="val")) == 3
    assert main("verify", out, "-j", 1).returncode == 4


def test_a_shard_too_many_is_named(tmp_path: Path, main: Callable[..., Any]) -> None:
    out = written(tmp_path)
    shutil.copy(
        out / "data/train-00001-of-00002.parquet", out / "data/train-00002-of-00003.parquet"
    )
    ran = main("verify", out, "-j", 1, "--json")
    assert ran.returncode == 4
    assert [(one["path"], one["kind"]) for one in ran.json["problems"]][-1] == (
        "data/train-00002-of-00003.parquet",
        "extra",
    )


def test_changed_and_swapped_shards_are_named(tmp_path: Path, main: Callable[..., Any]) -> None:
    out = written(tmp_path, 8)
    assert main("verify", out, "-j", 1).returncode == 0
    one, other = (out / f"data/train-0000{i}-of-00002.parquet" for i in (0, 1))
    data = one.read_bytes()
    place = data.index(b"IDAT") + 12
    one.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    ran = main("verify", out, "-j", 1, "--json")
    assert ran.returncode == 4
    assert [(p["path"], p["kind"]) for p in ran.json["problems"]] == [
        ("data/train-00000-of-00002.parquet", "differs"),
        ("train/A/2", "corrupt"),
    ]
    one.write_bytes(other.read_bytes())
    other.write_bytes(data)
    sums = [
        replace(each, bytes=(out / each.shard).stat().st_size)  # as if both were of one length
        for each in read_sums(out / "shards.csv")
    ]
    write_sums(out / "shards.csv", sums)
    ran = main("convert", out, tmp_path / "out2", "-j", 1)
    assert ran.returncode == 4
    assert "as the manifest says" in ran.error


def test_a_picture_that_cannot_be_read_leaves_its_shard_shorter(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    written(tmp_path).rename(tmp_path / "whole")
    spoiled = tree / "train/B/1.png"
    spoiled.write_bytes(spoiled.read_bytes()[:30])
    options: dict[str, Any] = {"to_format": "parquet", "shards": 2, "workers": 1}
    result = signdata.convert(tree, tmp_path / "out", on_error="skip", **options)
    assert (result.exit_code, result.written, result.failed) == (3, 6, 1)
    before = {one.shard: one for one in read_sums(tmp_path / "whole/shards.csv")}
    after = {one.shard: one for one in read_sums(tmp_path / "out/shards.csv")}
    changed = {name for name in before if before[name] != after[name]}
    assert len(changed) == 1
    assert [before[name].samples - after[name].samples for name in changed] == [1]
    spoiled.unlink()
    assert len(seen(tmp_path / "out")) == 6


def test_it_comes_back_as_it_was(tmp_path: Path, contents: Callable[..., Any]) -> None:
    out = written(tmp_path)
    signdata.convert(out, tmp_path / "back", to_format="folders", workers=1)
    pictures = {
        name: data for name, data in contents(tmp_path / "back").items() if name.endswith(".png")
    }
    assert pictures == contents(tmp_path / "tree")
    assert [facts(one) for one in open_dataset(tmp_path / "back")] == [
        facts(one) for one in open_dataset(tmp_path / "tree")
    ]


def test_hugging_face_reads_every_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    out = written(tmp_path)
    loaded = datasets.load_dataset(str(out), cache_dir=str(tmp_path / "cache"), streaming=True)
    found = {
        (split, row["id"]): (np.asarray(row["image"]), row["label"])
        for split, rows in loaded.items()
        for row in rows
    }
    names = loaded["train"].features["label"].names
    samples = list(open_dataset(tmp_path / "tree"))
    assert len(found) == len(samples) == 7
    for sample in samples:
        frame, label = found[{"val": "validation"}.get(sample.split, sample.split), sample.id]
        assert np.array_equal(frame, next(sample.frames()))
        assert names[label] == sample.label
