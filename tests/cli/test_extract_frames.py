"""signdata extract-frames."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.cli import books
from tests.videos import make_video, read_index


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
    found = books.check(done.json, "extract-frames")
    assert (found["written"], found["skipped"]) == (1, 1)
    assert [(p["path"], p["kind"]) for p in found["problems"]] == [("00002", "missing")]
    assert seen(tmp_path / "out" / "train" / "book" / "00001") == list(range(6))
    assert (tmp_path / "out" / "problems.csv").is_file()

    make_video(wlasl.parent / "videos" / "00002.mp4", 3)
    done = main(*words)
    assert done.returncode == 0
    assert books.check(done.json, "extract-frames")["written"] == 2
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
