"""Every reader and every writer over one small set: what both can say stays as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import signdata
from signdata.formats import registry
from signdata.formats.open import open_dataset
from tests.videos import make_video

from . import (
    test_arrays,
    test_csv,
    test_folders,
    test_frames,
    test_hdf5,
    test_parquet,
    test_table,
    test_webdataset,
)
from .conformance import clips, facts, stills


def write_csv(folder: Path) -> Path:
    return test_csv.TestConformance().write(folder / "a.csv")


def write_folders(folder: Path) -> Path:
    return test_folders.TestConformance().write(folder / "a", stills())


def write_colour_folders(folder: Path) -> Path:
    return test_folders.TestConformance().write(folder / "a", stills(3))


def write_raw_stills(folder: Path) -> Path:
    return test_hdf5.TestRawStills().write(folder / "a.h5")


def write_encoded_stills(folder: Path) -> Path:
    return test_hdf5.TestEncodedStills().write(folder / "a.h5")


def write_arrays(folder: Path) -> Path:
    return test_arrays.TestConformance().write(folder / "a.npz")


def write_table(folder: Path) -> Path:
    return test_table.TestConformance().write(folder / "a", stills())


def write_parquet(folder: Path) -> Path:
    return test_parquet.TestConformance().write(folder / "a", stills())


def write_parquet_of_clips(folder: Path) -> Path:
    return test_parquet.TestClips().write(folder / "a")


def write_frames(folder: Path) -> Path:
    return test_frames.TestConformance().write(folder / "a")


def write_raw_clips(folder: Path) -> Path:
    return test_hdf5.TestRawClips().write(folder / "a.h5", clips())


def write_encoded_clips(folder: Path) -> Path:
    return test_hdf5.TestEncodedClips().write(folder / "a.h5", clips())


def write_tars(folder: Path) -> Path:
    return test_webdataset.TestConformance().write(folder / "a", stills())


def write_tars_of_clips(folder: Path) -> Path:
    return test_webdataset.TestClips().write(folder / "a")


def write_videos(folder: Path) -> Path:
    make_video(folder / "a/train/book/1.mp4", 3)
    make_video(folder / "a/test/drink/2.mp4", 5)
    return folder / "a"


def write_wlasl(folder: Path) -> Path:
    instances = {}
    for gloss, video_id, split in (("book", "00001", "train"), ("thank you", "00002", "test")):
        make_video(folder / f"videos/{video_id}.mp4", 3)
        instances[gloss] = {
            "video_id": video_id,
            "split": split,
            "signer_id": 7,
            "source": "aslpro",
            "url": "https://example.org/x",
            "fps": 25,
            "frame_start": 1,
            "frame_end": -1,
            "bbox": [0, 0, 9, 9],
            "instance_id": 0,
            "variation_id": 0,
        }
    index = folder / "WLASL_v0.3.json"
    index.write_text(json.dumps([{"gloss": g, "instances": [i]} for g, i in instances.items()]))
    return index


def write_clip_table(folder: Path) -> Path:
    make_video(folder / "clips/1.mp4", 8)
    table = folder / "clips/t.csv"
    table.write_text(
        "video,label,split,start_frame,end_frame\n1.mp4,book,train,1,3\n1.mp4,drink,test,4,8\n"
    )
    return table


SOURCES = {
    "csv": write_csv,
    "folders": write_folders,
    "colour folders": write_colour_folders,
    "hdf5 raw stills": write_raw_stills,
    "hdf5 encoded stills": write_encoded_stills,
    "arrays": write_arrays,
    "table": write_table,
    "parquet": write_parquet,
    "parquet of clips": write_parquet_of_clips,
    "table of clips": write_clip_table,
    "frames": write_frames,
    "hdf5 raw clips": write_raw_clips,
    "hdf5 encoded clips": write_encoded_clips,
    "webdataset": write_tars,
    "webdataset of clips": write_tars_of_clips,
    "videos": write_videos,
    "wlasl": write_wlasl,
}
TARGETS: dict[str, tuple[str, dict[str, Any]]] = {
    "csv": ("out.csv", {}),
    "folders": ("out", {"to_format": "folders"}),
    "frames": ("out", {"to_format": "frames"}),
    "arrays": ("out.npz", {}),
    "table": ("out", {"to_format": "table"}),
    "webdataset": ("out", {"to_format": "webdataset"}),
    "parquet": ("out", {"to_format": "parquet", "shards": 2}),
    "hdf5 raw": ("out.h5", {"hdf5_layout": "raw"}),
    "hdf5 encoded": ("out.h5", {"hdf5_layout": "encoded"}),
}
DECODED = ("videos", "wlasl", "table of clips")
CLIPS = (
    "frames",
    "webdataset of clips",
    "parquet of clips",
    "hdf5 raw clips",
    "hdf5 encoded clips",
    *DECODED,
)


def refusal(source: str, target: str) -> str:
    """What the error says where a target cannot hold a source; '' where it can."""
    if target == "arrays" and source in DECODED:
        return "arrays hold one size. Say --size WxH."
    if target == "arrays" and source in CLIPS:
        return "arrays hold one number. Say --frames N."
    if source in CLIPS and target in ("csv", "folders", "table"):
        return f"{target} holds only stills"
    if source == "colour folders" and target == "csv":
        return "csv holds grey ones"
    if source in DECODED and target == "hdf5 raw":
        return "the raw layout holds one shape"
    return ""


def test_the_matrix_is_whole() -> None:
    assert {name.split()[-1] if "colour" in name else name.split()[0] for name in SOURCES} == set(
        registry.readable()
    )
    assert {name.split()[0] for name in TARGETS} == set(registry.writable())


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("source", SOURCES)
def test_what_both_can_say_stays(
    source: str, target: str, tmp_path: Path, main: Callable[..., Any]
) -> None:
    made = SOURCES[source](tmp_path)
    name, options = TARGETS[target]
    out = tmp_path / "target" / name
    out.parent.mkdir()
    refused = refusal(source, target)
    if refused:
        flags = [text for key, value in options.items() for text in (FLAGS[key], value)]
        ran = main("convert", made, out, "-j", 1, *flags)
        assert ran.returncode == 4
        assert refused in ran.error
        assert list(out.parent.iterdir()) == []
        return
    result = signdata.convert(made, out, workers=1, **options)
    before, after = open_dataset(made), open_dataset(out)
    assert result.read == result.written == len(list(before))
    assert [facts(sample) for sample in after] == [facts(sample) for sample in before]
    labels = {sample.label for sample in before}
    assert after.info.labels.order(labels) == before.info.labels.order(labels)
    for sample, wanted in zip(after, before, strict=True):
        assert wanted.meta.items() - sample.meta.items() <= {("sha256", wanted.meta.get("sha256"))}
    assert signdata.verify(made, out, workers=1).exit_code == 0
    assert signdata.verify(out, workers=1).exit_code == 0


FLAGS = {"to_format": "--to", "hdf5_layout": "--hdf5-layout", "shards": "--shards"}


@pytest.mark.parametrize("target", TARGETS)
def test_all_ways_and_back_give_the_same_csv(target: str, tmp_path: Path) -> None:
    """However a CSV travels, its bytes come back from where its stills do."""
    made = write_csv(tmp_path)
    name, options = TARGETS[target]
    middle, back = tmp_path / f"middle{Path(name).suffix}", tmp_path / "back.csv"
    signdata.convert(made, middle, workers=1, **options)
    if target == "frames":
        assert np.array_equal(
            [next(s.frames()) for s in open_dataset(middle)],
            [next(s.frames()) for s in open_dataset(made)],
        )
        return
    signdata.convert(middle, back, workers=1)
    assert back.read_bytes() == made.read_bytes()
