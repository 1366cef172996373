"""signdata extract-frames."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.cli import counts
from tests.videos import make_index, make_video, read_index


@pytest.fixture
def videos(tmp_path):
    """Two classes, one of them with a blank in its name."""
    make_video(tmp_path / "videos" / "book" / "one.mp4", 12)
    make_video(tmp_path / "videos" / "thank you" / "two.mkv", 5)
    return tmp_path / "videos"


@pytest.fixture
def wlasl(tmp_path):
    """A JSON of two clips with one of their videos."""
    make_video(tmp_path / "wlasl" / "videos" / "00001.mp4", 6)
    index = [
        {
            "gloss": gloss,
            "instances": [
                {
                    "video_id": video_id,
                    "split": split,
                    "signer_id": 7,
                    "source": "site",
                    "url": "https://example.org",
                    "bbox": [1, 2, 30, 40],
                    "fps": 25,
                    "frame_start": 1,
                    "frame_end": -1,
                    "instance_id": 0,
                    "variation_id": 0,
                }
            ],
        }
        for gloss, video_id, split in (("book", "00001", "train"), ("drink", "00002", "test"))
    ]
    path = tmp_path / "wlasl" / "WLASL_v0.3.json"
    path.write_text(json.dumps(index))
    return path


def seen(folder):
    """The index that each frame of a clip was painted with."""
    return [read_index(np.asarray(Image.open(path))) for path in sorted(folder.iterdir())]


def test_all_frames_of_a_folder_of_videos(cli, videos, tmp_path):
    done = cli("extract-frames", videos, tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "")
    out = tmp_path / "out"
    assert seen(out / "book" / "one") == list(range(12))
    assert seen(out / "thank_you" / "two") == list(range(5))
    assert sorted(path.name for path in (out / "thank_you" / "two").iterdir())[0] == "img_00001.jpg"
    assert (out / "classes.txt").read_text() == "book\nthank you\n"
    table = pd.read_csv(out / "manifest.csv")
    assert table["label"].tolist() == ["book", "thank you"]
    assert table["n_frames"].tolist() == [12, 5]


def test_some_frames_smaller_lossless_and_renamed(main, videos, tmp_path):
    words = ["--frames", "4", "--size", "64x32", "--image-format", "png", "-j1"]
    words += ["--name-template", "f{}", "--class-names", "as-is"]
    assert main("extract-frames", videos, tmp_path / "out", *words).returncode == 0
    clip = tmp_path / "out" / "thank you" / "two"
    assert sorted(path.name for path in clip.iterdir()) == [f"f{i}.png" for i in (1, 2, 3, 4)]
    with Image.open(clip / "f1.png") as opened:
        assert (opened.format, opened.size) == ("PNG", (64, 32))
    assert seen(tmp_path / "out" / "book" / "one") == [1, 4, 7, 10]


def test_short_side(main, videos, tmp_path):
    words = ["--short-side", "32", "--frames", "1", "-j1"]
    assert main("extract-frames", videos, tmp_path / "out", *words).returncode == 0
    with Image.open(tmp_path / "out" / "book" / "one" / "img_00001.jpg") as opened:
        assert opened.size == (64, 32)


def test_wlasl_with_a_missing_video_that_turns_up(main, wlasl, tmp_path):
    words = ["extract-frames", wlasl, tmp_path / "out", "--json", "-j1"]
    done = main(*words)
    assert done.returncode == 3
    found = counts.check(done.json, "extract-frames")
    assert (found["written"], found["skipped"]) == (1, 1)
    assert [(p["path"], p["kind"]) for p in found["problems"]] == [("00002", "missing")]
    assert seen(tmp_path / "out" / "train" / "book" / "00001") == list(range(6))
    assert (tmp_path / "out" / "problems.csv").is_file()

    make_video(wlasl.parent / "videos" / "00002.mp4", 3)
    done = main(*words)
    assert done.returncode == 0
    assert counts.check(done.json, "extract-frames")["written"] == 2
    assert seen(tmp_path / "out" / "test" / "drink" / "00002") == list(range(3))
    assert not (tmp_path / "out" / "problems.csv").exists()
    table = pd.read_csv(tmp_path / "out" / "manifest.csv", dtype=str)
    assert table["id"].tolist() == ["00001", "00002"]
    assert table["bbox"].tolist() == ["1 2 30 40"] * 2


def test_wlasl_with_other_videos_and_no_splits(main, wlasl, tmp_path):
    (wlasl.parent / "videos").rename(tmp_path / "elsewhere")
    done = main("extract-frames", wlasl, tmp_path / "out", "-j1")
    assert done.returncode == 4
    assert "--videos DIR" in done.error
    words = ["--videos", tmp_path / "elsewhere", "--no-official-splits", "-j1"]
    assert main("extract-frames", wlasl, tmp_path / "out", *words).returncode == 3
    assert seen(tmp_path / "out" / "book" / "00001") == list(range(6))


def test_a_dead_video_is_skipped_or_stops(main, videos, tmp_path):
    (videos / "book" / "bad.mp4").write_bytes(b"<html>not found</html>")
    done = main("extract-frames", videos, tmp_path / "out", "-j1")
    assert done.returncode == 3
    assert "corrupt: book/bad" in done.stderr
    done = main("extract-frames", videos, tmp_path / "stopped", "--on-error", "stop", "-j1")
    assert done.returncode == 4
    assert "bad.mp4" in done.error
    assert not (tmp_path / "stopped").exists()


def test_nothing_to_write_is_4(main, wlasl, tmp_path):
    (wlasl.parent / "videos" / "00001.mp4").unlink()
    done = main("extract-frames", wlasl, tmp_path / "out", "-j1")
    assert done.returncode == 4
    assert "nothing could be written" in done.error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "words", [["--frames", "0"], ["--frames", "few"], ["--short-side", "9", "--size", "9x9"]]
)
def test_wrong_options_are_usage(main, videos, tmp_path, words):
    done = main("extract-frames", videos, tmp_path / "out", *words)
    assert done.returncode == 2
    assert done.error


def test_a_folder_of_pictures_is_no_folder_of_videos(main, make_csv, tmp_path):
    main("csv-to-folders", make_csv(), tmp_path / "tree", "-j1")
    done = main("extract-frames", tmp_path / "tree", tmp_path / "out", "-j1")
    assert done.returncode == 4
    assert "video" in done.error


def test_the_directory_of_a_wlasl_json_is_not_read_as_a_class(main, wlasl, tmp_path):
    done = main("extract-frames", wlasl.parent, tmp_path / "out", "-j1")
    assert done.returncode == 4
    assert "WLASL_v0.3.json" in done.error
    assert not (tmp_path / "out").exists()


@pytest.fixture
def kit(tmp_path):
    """A JSON of six clips of three glosses by two signers; the video of the last is missing."""
    instances = [
        {
            "video_id": f"{i:05d}",
            "gloss": ("book", "thank you", "yes")[i % 3],
            "split": ("train", "val", "test")[i // 2],
            "signer_id": i % 2,
            "source": ("aslu", "spread")[i % 2],
            "bbox": [32, 16, 96, 48],
        }
        for i in range(6)
    ]
    for i in range(5):
        make_video(tmp_path / "kit" / "videos" / f"{i:05d}.mp4", 4 + i)
    return make_index(tmp_path / "kit" / "WLASL_v0.3.json", instances)


def ids(out):
    return pd.read_csv(out / "manifest.csv", dtype=str)["id"].tolist()


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--glosses", "1"], ["00000", "00003"]),
        (["--glosses", "2", "--limit", "3"], ["00000", "00003", "00001"]),
        (["--signers", "0"], ["00000", "00004", "00002"]),
        (["--signers", "0, 1", "--limit", "2"], ["00000", "00003"]),
    ],
)
def test_which_clips(main, kit, tmp_path, words, wanted):
    done = main("extract-frames", kit, tmp_path / "out", "-j1", *words)
    assert done.returncode == 0
    assert ids(tmp_path / "out") == wanted


def test_glosses_of_a_file(main, kit, tmp_path):
    (tmp_path / "words.txt").write_text("thank you\n")
    words = ["--glosses", tmp_path / "words.txt", "-j1"]
    assert main("extract-frames", kit, tmp_path / "out", *words).returncode == 0
    assert ids(tmp_path / "out") == ["00001", "00004"]
    (tmp_path / "words.txt").write_text("teh\n")
    done = main("extract-frames", kit, tmp_path / "other", *words)
    assert done.returncode == 4
    assert "'teh'" in done.error
    done = main("extract-frames", kit, tmp_path / "other", "--glosses", "9", "-j1")
    assert done.returncode == 2
    assert "1 to 3" in done.error


def test_an_official_subset_has_its_own_splits(main, kit, tmp_path):
    subset = {
        "00003": {"subset": "val", "action": [0, 1, 4]},
        "00001": {"subset": "train", "action": [1, 1, 4]},
        "77777": {"subset": "test", "action": [1, 1, 4]},
    }
    (tmp_path / "nslt_2.json").write_text(json.dumps(subset))
    words = ["--subset", tmp_path / "nslt_2.json", "--json", "-j1"]
    done = main("extract-frames", kit, tmp_path / "out", *words)
    assert done.returncode == 0
    table = pd.read_csv(tmp_path / "out" / "manifest.csv", dtype=str)
    assert dict(zip(table["id"], table["split"], strict=True)) == {"00003": "val", "00001": "train"}
    (problem,) = counts.check(done.json, "extract-frames")["problems"]
    assert (problem["path"], problem["kind"]) == ("nslt_2.json", "note")
    assert "77777" in problem["message"]


@pytest.mark.parametrize(
    ("style", "wanted"),
    [
        ("v2", ["train/book/00000 1 4 0", "train/thank_you/00001 1 5 1"]),
        ("v1", ["train/book/00000 4 0", "train/thank_you/00001 5 1"]),
    ],
)
def test_lists_for_loaders(main, kit, tmp_path, style, wanted):
    words = ["--annotations-style", style, "-j1"]
    assert main("extract-frames", kit, tmp_path / "out", *words).returncode == 3
    out = tmp_path / "out"
    lines = {p.name: p.read_text().splitlines() for p in out.glob("annotations*.txt")}
    assert sorted(lines) == [f"annotations_{split}.txt" for split in ("test", "train", "val")]
    assert lines["annotations_train.txt"] == wanted
    for line in itertools.chain(*lines.values()):
        folder, *numbers = line.split(" ")
        assert len(list((out / folder).iterdir())) == int(numbers[-2])
    assert (out / "classes.txt").read_text().split("\n")[1] == "thank you"


def test_coverage_and_missing(main, kit, tmp_path):
    done = main("extract-frames", kit, tmp_path / "out", "--json", "-j1")
    coverage = done.json["coverage"]
    assert coverage["split"]["test"] == {"found": 1, "missing": 1}
    assert coverage["gloss"]["yes"] == {"found": 1, "missing": 1}
    assert coverage["source"] == {
        "aslu": {"found": 3, "missing": 0},
        "spread": {"found": 2, "missing": 1},
    }
    assert (tmp_path / "out" / "missing.txt").read_text() == "00005"
    make_video(kit.parent / "videos" / "00005.mkv", 3)
    done = main("extract-frames", kit, tmp_path / "out", "--json", "-j1")
    assert (done.returncode, done.json["coverage"]["split"]["test"]["missing"]) == (0, 0)
    assert not (tmp_path / "out" / "missing.txt").exists()


def test_crop_and_montage(main, kit, tmp_path):
    words = ["--crop-bbox", "--limit", "1", "-j1"]
    for name, more in (("tight", []), ("wide", ["--bbox-scale", "1.5"])):
        assert main("extract-frames", kit, tmp_path / name, *words, *more).returncode == 0
    sizes = []
    for name in ("tight", "wide"):
        with Image.open(tmp_path / name / "train" / "book" / "00000" / "img_00001.jpg") as opened:
            sizes.append(opened.size)
    assert sizes == [(64, 32), (96, 48)]
    words = ["--montage", "--frames", "3", "--limit", "1", "-j1"]
    assert main("extract-frames", kit, tmp_path / "wall", *words).returncode == 0
    with Image.open(tmp_path / "wall" / "train" / "book" / "00000.jpg") as opened:
        wall = np.asarray(opened)
    assert [read_index(part) for part in np.hsplit(wall, 3)] == [0, 2, 3]
    done = main("extract-frames", kit, tmp_path / "other", "--montage", "-j1")
    assert done.returncode == 2
    assert "--frames N" in done.error


def test_poses_have_the_number_of_their_frame(main, kit, tmp_path):
    for i in range(1, 5):
        path = tmp_path / "poses" / "00000" / f"image_{i:05d}_keypoints.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"frame": i - 1}))
    words = ["--poses", tmp_path / "poses", "--frames", "2", "--limit", "1", "-j1"]
    assert main("extract-frames", kit, tmp_path / "out", *words).returncode == 0
    clip = tmp_path / "out" / "train" / "book" / "00000"
    assert len(list(clip.iterdir())) == 4
    for picture in sorted(clip.glob("*.jpg")):
        (index,) = [read_index(np.asarray(Image.open(picture)))]
        assert json.loads(picture.with_suffix(".json").read_text()) == {"frame": index}


def test_no_blank_in_a_path_of_a_list(main, tmp_path):
    """Loaders split lines at blanks; a name that another clip has already stays as it is."""
    for name in ("my clip", "your clip", "your_clip"):
        make_video(tmp_path / "src" / "thank you" / f"{name}.mp4", 3)
    assert main("extract-frames", tmp_path / "src", tmp_path / "out", "-j1").returncode == 0
    folders = sorted(path.name for path in (tmp_path / "out" / "thank_you").iterdir())
    assert folders == ["my_clip", "your clip", "your_clip"]
    assert "thank_you/my_clip 1 3 0" in (tmp_path / "out" / "annotations.txt").read_text()
    assert ids(tmp_path / "out")[0] == "thank you/my clip"
    assert main("verify", tmp_path / "out", "-j1").returncode == 0
    words = ["--class-names", "as-is", "-j1"]
    assert main("extract-frames", tmp_path / "src", tmp_path / "asis", *words).returncode == 0
    assert (tmp_path / "asis" / "thank you" / "my clip").is_dir()


def test_a_template_with_a_suffix(main, videos, tmp_path):
    words = ["--frames", "1", "-j1", "--name-template", "image_{:05d}.jpg"]
    assert main("extract-frames", videos, tmp_path / "out", *words).returncode == 0
    (picture,) = (tmp_path / "out" / "book" / "one").iterdir()
    assert picture.name == "image_00001.jpg"
    done = main("extract-frames", videos, tmp_path / "other", *words, "--image-format", "png")
    assert done.returncode == 2
    assert "png" in done.error


def test_videos_beside_their_index(main, kit, tmp_path):
    for path in (kit.parent / "videos").iterdir():
        path.rename(kit.parent / path.name)
    (kit.parent / "videos").rmdir()
    assert main("extract-frames", kit, tmp_path / "out", "-j1").returncode == 3
    assert len(ids(tmp_path / "out")) == 5


def test_what_is_not_there_is_named(main, kit, tmp_path):
    for words, code, said in [
        (["--signers", "9"], 4, "none of its 6 instances"),
        (["--poses", tmp_path / "nowhere"], 4, "no such folder of poses"),
        (["--bbox-scale", "1.2"], 2, "--crop-bbox"),
        (["--subset", tmp_path / "nowhere.json"], 4, "nowhere.json"),
    ]:
        done = main("extract-frames", kit, tmp_path / "out", *words, "-j1")
        assert done.returncode == code
        assert said in done.error
    done = main("extract-frames", kit, tmp_path / "out", "--signers", "0,9", "--json", "-j1")
    assert [problem["message"] for problem in done.json["problems"]] == [
        "no signer '9' is in the index"
    ]


def test_no_output_among_the_videos(main, kit):
    done = main("extract-frames", kit, kit.parent / "videos" / "out", "-j1")
    assert done.returncode == 2
    assert "inside its source" in done.error


def test_the_table_stands_above_what_else_is_said(main, kit, tmp_path):
    make_video(kit.parent / "videos" / "00005.mp4", 3)
    first = main("extract-frames", kit, tmp_path / "out", "-j1")
    again = main("extract-frames", kit, tmp_path / "out", "-j1")
    assert again.stdout.splitlines()[:-2] == first.stdout.splitlines()[:-2]
    assert "nothing to do" in again.stdout


def test_montages_say_what_is_missing_too(main, kit, tmp_path):
    words = ["--montage", "--frames", "2", "-j1"]
    assert main("extract-frames", kit, tmp_path / "out", *words).returncode == 3
    assert (tmp_path / "out" / "missing.txt").read_text() == "00005"


def test_an_index_with_splits_for_some_is_refused(main, tmp_path):
    index = make_index(tmp_path / "w.json", [{"split": "train"}, {"split": ""}])
    for number in range(2):
        make_video(tmp_path / "videos" / f"{number:05d}.mp4", 3)
    words = ["extract-frames", index, tmp_path / "out", "-j1"]
    done = main(*words)
    assert done.returncode == 4
    assert f"error: {index}: some samples have a split and others none" in done.error
    assert "--no-official-splits" in done.error
    assert not (tmp_path / "out").exists()
    assert main(*words, "--no-official-splits").returncode == 0
