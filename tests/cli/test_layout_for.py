"""``--layout-for``: what is written is what each loader's own documentation asks for."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import signdata
from tests.videos import indices_in, make_index, make_video, read_index

PER_SPLIT = {"train": ["00000", "00003", "00001"], "val": ["00004"], "test": ["000002"]}


@pytest.fixture(scope="module")
def kit(tmp_path_factory) -> Path:
    """Six clips of three glosses, one cut out of its file, one not there, one with a long id."""
    folder = tmp_path_factory.mktemp("kit")
    instances = [
        {
            "video_id": "000002" if i == 2 else f"{i:05d}",
            "gloss": ("book", "thank you", "yes")[i % 3],
            "split": ("train", "train", "test", "train", "val", "test")[i],
            "frame_start": 3 if i == 1 else 1,
            "frame_end": 6 if i == 1 else -1,
            "signer_id": 7,
        }
        for i in range(6)
    ]
    for one in instances[:5]:
        make_video(folder / "videos" / f"{one['video_id']}.mp4", 12, fps=25)
    return make_index(folder / "WLASL_v0.3.json", instances)


@pytest.fixture(scope="module")
def written(kit, tmp_path_factory) -> dict[str, Path]:
    """What each layout writes of it."""
    folder = tmp_path_factory.mktemp("written")
    for name in ("videoframedataset", "mmaction2", "sign2text", "i3d"):
        made = signdata.extract_frames(
            kit, folder / name, layout_for=name, size=(64, 32), workers=0
        )
        assert (made.written, made.skipped) == (5, 1)
    made = signdata.trim(kit, folder / "clips", layout_for="i3d", workers=0)
    assert (made.written, made.skipped) == (5, 1)
    return {path.name: path for path in folder.iterdir()}


def lines(out: Path) -> dict[str, list[list[str]]]:
    """The lists of a folder, each line divided at blanks as the loaders divide it."""
    return {
        path.stem.removeprefix("annotations_"): [
            line.split() for line in path.read_text().splitlines()
        ]
        for path in out.glob("annotations*.txt")
    }


def test_videoframedataset_has_a_path_a_first_and_a_last_frame_and_a_class(written):
    """Its README: ``PATH START_FRAME END_FRAME CLASS_INDEX``, frames ``img_00001.jpg``."""
    out = written["videoframedataset"]
    found = lines(out)
    assert {name: [row[0].rpartition("/")[2] for row in rows] for name, rows in found.items()} == (
        PER_SPLIT
    )
    assert found["train"][2] == ["train/thank_you/00001", "1", "4", "1"]
    for folder, first, last, _ in (row for rows in found.values() for row in rows):
        names = [f"img_{number:05d}.jpg" for number in range(int(first), int(last) + 1)]
        assert sorted(path.name for path in (out / folder).iterdir()) == names


def test_mmaction2_has_a_folder_its_frames_and_a_class(written):
    """`RawframeDataset`: ``some/directory-1 163 1``; ``filename_tmpl='img_{:05}.jpg'`` from 1."""
    out = written["mmaction2"]
    found = lines(out)
    assert found["train"][2] == ["train/thank_you/00001", "4", "1"]
    assert found["test"] == [["test/yes/000002", "12", "2"]]
    for folder, total, _ in (row for rows in found.values() for row in rows):
        names = [f"img_{number:05}.jpg" for number in range(1, int(total) + 1)]
        assert sorted(path.name for path in (out / folder).iterdir()) == names


def test_sign2text_has_nothing_but_classes_of_clips_of_png(written):
    """Its loader lists a folder: entries are classes, entries of those clips of ``img_00001.png``.

    So the folder of a split holds nothing else: ``classes.txt`` would be a class.
    """
    root = written["sign2text"] / "train"
    assert sorted(path.name for path in root.iterdir()) == ["book", "thank_you"]
    for clip in root.glob("*/*"):
        assert clip.is_dir()
        n_frames = len(list(clip.iterdir()))
        assert all((clip / f"img_{i + 1:05d}.png").is_file() for i in range(n_frames))


def nslt(out: Path) -> dict[str, dict]:
    return json.loads((out / "nslt_3.json").read_text())


def test_i3d_finds_videos_by_id_and_their_class_in_nslt(written):
    """Its `NSLT` reads ``{id: {subset, action: [class, first, last]}}`` and ``ROOT/ID.mp4``.

    It counts classes by the numbers that occur, and reads ids of five or six characters.
    """
    out = written["clips"]
    entries = nslt(out)
    found = {
        split: [name for name, one in entries.items() if one["subset"] == split]
        for split in ("train", "val", "test")
    }
    assert found == {**PER_SPLIT, "test": ["000002", "00005"]}  # 00005.mp4 is not there: skipped
    assert {one["action"][0] for one in entries.values()} == {0, 1, 2}
    assert (out / "wlasl_class_list.txt").read_text() == "0\tbook\n1\tthank you\n2\tyes\n"
    assert entries["00001"]["action"] == [1, 1, 4]
    for name in (*PER_SPLIT["train"], *PER_SPLIT["val"], *PER_SPLIT["test"]):
        assert (out / f"{name}.mp4").is_file()


def test_i3d_finds_frames_by_id(written, main, tmp_path):
    """Its `load_rgb_frames` reads ``ROOT/ID/image_00001.jpg`` and so on."""
    out = written["i3d"]
    assert nslt(out) == nslt(written["clips"])
    for name in (*PER_SPLIT["train"], *PER_SPLIT["val"], *PER_SPLIT["test"]):
        _, first, last = nslt(out)[name]["action"]
        names = [f"image_{number:05d}.jpg" for number in range(first, last + 1)]
        assert sorted(path.name for path in (out / name).iterdir()) == names
    assert [read_index(np.asarray(Image.open(out / "00001" / "image_00001.jpg")))] == [2]
    assert set(main("info", out, "--json").json["counts"]) == {"book", "thank you", "yes"}
    assert main("verify", out, "-j1").returncode == 0
    assert main("convert", out, tmp_path / "again", "-j1").returncode == 0
    assert indices_in(tmp_path / "again" / "train" / "thank you" / "00001") == [2, 3, 4, 5]


def test_clips_of_any_name_get_six_digits_for_i3d(main, tmp_path):
    for split, name in (("train", "one"), ("test", "another one")):
        make_video(tmp_path / "videos" / split / "book" / f"{name}.mp4", 3)
    words = ["--layout-for", "i3d", "-j1"]
    assert main("extract-frames", tmp_path / "videos", tmp_path / "out", *words).returncode == 0
    table = pd.read_csv(tmp_path / "out" / "manifest.csv", dtype=str)
    assert table["id"].tolist() == ["test/book/another one", "train/book/one"]
    assert table["path"].tolist() == ["000001", "000002"]
    assert list(json.loads((tmp_path / "out" / "nslt_1.json").read_text())) == ["000001", "000002"]


@pytest.mark.parametrize("name", ["i3d", "sign2text"])
def test_what_has_no_splits_is_refused_where_a_loader_needs_some(main, tmp_path, name):
    make_video(tmp_path / "videos" / "book" / "one.mp4", 3)
    words = ["--layout-for", name, "-j1"]
    done = main("extract-frames", tmp_path / "videos", tmp_path / "out", *words)
    assert (done.returncode, (tmp_path / "out").exists()) == (4, False)
    assert re.search("clips without a split; .* Put the class folders into", done.error)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sign2text", "--image-format", "jpg"], "--image-format jpg, but sign2text reads png"),
        (["mmaction2", "--annotations-style", "v2"], "--annotations-style v2, but mmaction2"),
        (["i3d", "--name-template", "f{}"], "--name-template f{}, but i3d reads image_{:05d}"),
        (["i3d", "--montage", "--frames", "2"], "--layout-for writes folders of frames"),
    ],
)
def test_what_a_loader_would_not_read_is_refused(main, kit, tmp_path, words, said):
    done = main("extract-frames", kit, tmp_path / "out", "--layout-for", *words, "-j1")
    assert (done.returncode, (tmp_path / "out").exists()) == (2, False)
    assert said in done.error


def test_the_same_again_goes_on_and_another_layout_is_not(main, kit, written):
    words = ["--size", "64x32", "-j1"]
    out = written["mmaction2"]
    again = main("extract-frames", kit, out, "--layout-for", "mmaction2", *words)
    assert again.returncode == 3  # the missing one is tried again
    other = main("extract-frames", kit, out, "--layout-for", "videoframedataset", *words)
    assert other.returncode == 5
