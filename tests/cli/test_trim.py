"""signdata trim."""

from __future__ import annotations

import json
from fractions import Fraction

import av
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from signdata.media.video import container as video
from tests.cli import counts
from tests.videos import ffmpeg, indices_in, make_index, make_video

YOUTUBE = "https://www.youtube.com/watch?v=abc_efgh-jk"


def part(video_id, first, last, **more):
    return {"video_id": video_id, "frame_start": first, "frame_end": last, **more}


@pytest.fixture
def raw(tmp_path):
    """Two clips of one download, a file that was cut already, one missing, one dead."""
    folder = tmp_path / "raw"
    make_video(folder / "abc_efgh-jk.mkv", 90, fps=30)
    make_video(folder / "00003.mp4", 20)
    (folder / "00005.swf").write_bytes(b"<html>not found</html>")
    return make_index(
        tmp_path / "WLASL_v0.3.json",
        [
            part("00001", 11, 30, url=YOUTUBE),
            part("00002", 26, 50, url=YOUTUBE, split="test", gloss="thank you", more=[1]),
            part("00003", 101, 120),
            part("00004", 1, -1),
            part("00005", 1, -1),
        ],
    )


def extracted(main, index, videos, out):
    """Each clip's folder, cut and decoded without loss."""
    words = ["--videos", videos, "--image-format", "png", "--no-official-splits", "-j1"]
    assert main("extract-frames", index, out, *words).returncode in (0, 3)
    return {path.name: path for path in out.glob("*/*/")}


def test_one_clip_an_instance(main, raw, tmp_path):
    out = tmp_path / "out"
    done = main("trim", raw, out, "--videos", tmp_path / "raw", "--json", "-j1")
    assert done.returncode == 3
    found = counts.check(done.json, "trim")
    assert (found["read"], found["written"], found["skipped"], found["failed"]) == (5, 3, 1, 1)
    assert [(p["path"], p["kind"]) for p in found["problems"]] == [
        ("00003.mp4", "note"),
        ("00004", "missing"),
        ("00005.swf", "corrupt"),
    ]
    assert sorted(path.name for path in out.iterdir()) == [
        *("00001.mp4", "00002.mp4", "00003.mp4"),
        *("WLASL.json", "classes.txt", "manifest.csv", "missing.txt"),
        *("problems.csv", "signdata.json"),
    ]
    table = pd.read_csv(out / "manifest.csv", dtype=str)
    assert table["path"].tolist() == ["00001.mp4", "00002.mp4", "00003.mp4"]
    assert table["n_frames"].tolist() == ["24", "30", "20"]
    assert table["source_frame_start"].tolist() == ["11", "26", "101"]
    assert (out / "classes.txt").read_text() == "book\nthank you\n"
    assert str(tmp_path) not in "".join(path.read_text() for path in out.glob("*.[cj]*[vn]"))


def test_the_index_has_what_was_written(main, raw, tmp_path):
    out = tmp_path / "out"
    main("trim", raw, out, "--videos", tmp_path / "raw", "-j1")
    old = {i["video_id"]: i for entry in json.loads(raw.read_text()) for i in entry["instances"]}
    new = json.loads((out / "WLASL.json").read_text())
    assert [entry["gloss"] for entry in new] == ["book", "thank you"]
    instances = [instance for entry in new for instance in entry["instances"]]
    assert [instance["video_id"] for instance in instances] == ["00001", "00003", "00002"]
    for instance in instances:
        before = old[instance["video_id"]]
        bounds = {"frame_start": 1, "frame_end": -1}
        bounds["source_frame_start"] = before["frame_start"]
        bounds["source_frame_end"] = before["frame_end"]
        assert instance == {**before, **bounds}


@pytest.mark.parametrize("fps", [25, Fraction(30000, 1001), 30])
def test_trim_then_extract_is_extract(main, tmp_path, fps):
    make_video(tmp_path / "raw" / "abc_efgh-jk.mp4", 120, fps=fps)
    spans = [(1, 1), (1, 25), (2, 30), (20, 45), (46, -1), (80, 300), (7, 7)]
    instances = [part(f"{i}", *span, url=YOUTUBE) for i, span in enumerate(spans)]
    index = make_index(tmp_path / "index.json", instances)
    assert main("trim", index, tmp_path / "out", "--videos", tmp_path / "raw").returncode == 0
    before = extracted(main, index, tmp_path / "raw", tmp_path / "before")
    after = extracted(main, tmp_path / "out" / "WLASL.json", tmp_path / "out", tmp_path / "after")
    assert len(before) == len(spans)
    assert before.keys() == after.keys()
    for name, folder in before.items():
        assert indices_in(folder) == indices_in(after[name])
        for one, other in zip(sorted(folder.iterdir()), sorted(after[name].iterdir()), strict=True):
            pair = [np.asarray(Image.open(path), int) for path in (one, other)]
            assert np.abs(pair[0] - pair[1]).mean() < 2
    if fps == 25:
        assert indices_in(after["3"]) == list(range(19, 45))


DOWNLOADS = {
    "24.mp4": {"fps": 24},
    "29_97.mkv": {"fps": Fraction(30000, 1001)},
    "30.webm": {"fps": 30, "codec": "libvpx-vp9", "options": {"deadline": "realtime"}},
    "60.mp4": {"fps": 60, "options": {"bf": "2"}},
    "flash.swf": {"fps": 15, "codec": "flv"},
    "odd.mkv": {"codec": "libvpx-vp9", "size_wh": (131, 67)},
    "wide.mp4": {"aspect": Fraction(4, 3)},
    "sound.mp4": {"n_audio": 1},
    "turned.mp4": {},
    "late.mkv": {"times_ms": [1480 + 40 * i for i in range(60)], "options": {"bf": "0"}},
}


@pytest.mark.parametrize("name", DOWNLOADS)
def test_kinds_of_downloads_trimmed_give_the_frames_of_the_download(main, tmp_path, name):
    path = make_video(tmp_path / "made" / name, 60, **DOWNLOADS[name])
    (tmp_path / "raw").mkdir()
    stored = tmp_path / "raw" / f"abc_efgh-jk{path.suffix}"
    if name == "turned.mp4":
        ffmpeg("-display_rotation", "90", "-i", path, "-c", "copy", stored)
    else:
        path.rename(stored)
    spans = [(1, 12), (6, 20), (6, 20), (11, 11), (15, -1), (2, 400)]
    instances = [part(f"{i}", *span, url=YOUTUBE) for i, span in enumerate(spans)]
    index = make_index(tmp_path / "index.json", instances)
    words = ["--videos", tmp_path / "raw", "-j1"]
    assert main("trim", index, tmp_path / "out", *words).returncode == 0
    before = extracted(main, index, tmp_path / "raw", tmp_path / "before")
    after = extracted(main, tmp_path / "out" / "WLASL.json", tmp_path / "out", tmp_path / "after")
    assert before.keys() == after.keys() == {str(i) for i in range(len(spans))}
    for clip, folder in before.items():
        pairs = zip(sorted(folder.iterdir()), sorted(after[clip].iterdir()), strict=True)
        for paths in pairs:
            one, other = (np.asarray(Image.open(path).convert("RGB"), int) for path in paths)
            high, wide = (min(sizes) for sizes in zip(one.shape[:2], other.shape[:2], strict=True))
            assert max(one.shape[0] - high, one.shape[1] - wide) <= 1
            assert np.abs(one[:high, :wide] - other[:high, :wide]).mean() < 3


def test_what_was_trimmed_is_a_dataset(main, raw, tmp_path):
    out = tmp_path / "out"
    main("trim", raw, out, "--videos", tmp_path / "raw", "-j1")
    done = main("verify", out, "-j1")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "3 samples match the manifest")
    again = main("verify", out / "WLASL.json", "-j1")
    assert again.stdout.splitlines()[0] == done.stdout.splitlines()[0]
    found = main("info", out, "--json").json
    assert (found["format"], found["samples"]) == ("wlasl", 3)
    assert found["splits"] == {"train": 2, "test": 1}
    assert main("extract-frames", out, tmp_path / "frames", "-j1").returncode == 0
    assert main("convert", out, tmp_path / "converted", "-j1").returncode == 0
    assert main("verify", out, tmp_path / "converted", "-j1").returncode == 0
    data = (out / "00003.mp4").read_bytes()
    (out / "00003.mp4").write_bytes(data[:-9] + bytes(9))
    (out / "00001.mp4").unlink()
    done = main("verify", out, "--json", "-j1")
    assert done.returncode == 4
    assert [(p["path"], p["kind"]) for p in done.json["problems"]] == [
        ("00001", "missing"),
        ("00003", "differs"),
    ]


def test_coverage_and_what_is_missing(main, raw, tmp_path):
    out = tmp_path / "out"
    done = main("trim", raw, out, "--videos", tmp_path / "raw", "-j1")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["split", "train", "3", "1"] in lines
    assert ["source", "site", "4", "1"] in lines
    assert (out / "missing.txt").read_text() == "00004"
    done = main("trim", raw, out, "--videos", tmp_path / "raw", "-j1", "--json")
    assert done.json["coverage"]["gloss"]["book"] == {"found": 3, "missing": 1}


def test_a_player_can_begin_at_once(main, raw, tmp_path):
    out = tmp_path / "out"
    main("trim", raw, out, "--videos", tmp_path / "raw", "-j1")
    data = (out / "00001.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_disjoint_clips_cost_one_pass_and_the_same_clip_twice_none(main, tmp_path, monkeypatch):
    passes = tmp_path / "passes"
    decode = video.decode

    def logged(path, **how):
        with passes.open("a") as file:
            file.write("x")
        yield from decode(path, **how)

    monkeypatch.setattr(video, "decode", logged)
    make_video(tmp_path / "videos" / "abc_efgh-jk.mp4", 60)
    spans = [(1, 9), (10, 40), (41, -1), (10, 40)]
    instances = [part(f"{i}", *span, url=YOUTUBE) for i, span in enumerate(spans)]
    index = make_index(tmp_path / "index.json", instances)
    assert main("trim", index, tmp_path / "out", "-j1").returncode == 0
    assert passes.read_text() == "x"
    whole = (tmp_path / "out" / "1.mp4").read_bytes()
    assert whole == (tmp_path / "out" / "3.mp4").read_bytes()
    make_index(index, [instances[1]])
    assert main("trim", index, tmp_path / "alone", "-j1").returncode == 0
    assert (tmp_path / "alone" / "1.mp4").read_bytes() == whole


def test_each_frame_keeps_its_time_and_what_is_turned_stands(main, tmp_path):
    times = [*range(0, 400, 40), *range(500, 1500, 100)]
    odd = make_video(
        tmp_path / "lying.mkv", 20, times_ms=times, size_wh=(131, 67), codec="libvpx-vp9"
    )
    (tmp_path / "raw").mkdir()
    ffmpeg("-display_rotation", "90", "-i", odd, "-c", "copy", tmp_path / "raw" / "1.mkv")
    index = make_index(tmp_path / "index.json", [part("1", 6, 25)])
    words = ["--videos", tmp_path / "raw", "--ranges", "apply", "-j1"]
    assert main("trim", index, tmp_path / "out", *words).returncode == 0
    with av.open(str(tmp_path / "out" / "1.mp4")) as container:
        (stream,) = container.streams
        frames = list(container.decode(stream))
    assert stream.codec_context.name == "h264"
    assert (frames[0].format.name, frames[0].width, frames[0].height) == ("yuv420p", 66, 130)
    assert [round((frame.time - frames[0].time) * 1000) for frame in frames] == [
        time - 200 for time in times if 200 <= time < 1000
    ]


def test_any_number_of_workers_gives_the_same_bytes_and_again_does_nothing(
    main, raw, tmp_path, contents
):
    (tmp_path / "glosses").write_text("thank you\nbook\n")
    make_video(tmp_path / "raw" / "00004.mp4", 4)
    words = ["--videos", tmp_path / "raw", "--glosses", tmp_path / "glosses", "--limit", "4"]
    assert main("trim", raw, tmp_path / "one", *words, "-j1").returncode == 0
    assert main("trim", raw, tmp_path / "two", *words, "-j2").returncode == 0
    before = contents(tmp_path / "one")
    assert before == contents(tmp_path / "two")
    done = main("trim", raw, tmp_path / "one", *words, "-j1")
    assert done.returncode == 0
    assert "nothing to do" in done.stdout
    assert contents(tmp_path / "one") == before


def test_a_video_found_since_is_added(main, raw, tmp_path, contents):
    words = ["--videos", tmp_path / "raw", "-j1"]
    main("trim", raw, tmp_path / "out", *words)
    make_video(tmp_path / "raw" / "00004.mp4", 4)
    (tmp_path / "raw" / "00005.swf").unlink()
    make_video(tmp_path / "raw" / "00005.swf", 4, codec="flv1")
    assert main("trim", raw, tmp_path / "out", *words).returncode == 0
    assert main("trim", raw, tmp_path / "anew", *words).returncode == 0
    assert contents(tmp_path / "out") == contents(tmp_path / "anew")


def test_copy_keeps_the_bytes_of_what_needs_no_change(main, raw, tmp_path):
    words = ["--videos", tmp_path / "raw", "--copy", "-j1"]
    assert main("trim", raw, tmp_path / "out", *words).returncode == 3
    original = (tmp_path / "raw" / "00003.mp4").read_bytes()
    assert (tmp_path / "out" / "00003.mp4").read_bytes() == original
    assert indices_in(
        extracted(main, tmp_path / "out/WLASL.json", tmp_path / "out", tmp_path / "f")["00001"]
    ) == list(range(12, 36))


def test_what_ends_early_is_kept_only_when_asked(main, tmp_path):
    how = {"container_options": {"movflags": "faststart"}, "options": {"g": "1"}}
    path = make_video(tmp_path / "videos" / "1.mp4", 60, **how)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    make_video(tmp_path / "videos" / "2.mp4", 3)
    index = make_index(tmp_path / "index.json", [part("1", 1, -1), part("2", 1, -1)])
    done = main("trim", index, tmp_path / "out", "-j1", "--copy")
    assert done.returncode == 3
    assert not (tmp_path / "out" / "1.mp4").exists()
    assert main("trim", index, tmp_path / "all", "--keep-short", "--copy", "-j1").returncode == 0
    clips = extracted(main, tmp_path / "all/WLASL.json", tmp_path / "all", tmp_path / "frames")
    found = indices_in(clips["1"])
    assert 20 < len(found) < 60
    assert found == list(range(len(found)))


def test_dry_run_counts_and_writes_nothing(main, raw, tmp_path):
    words = ["--videos", tmp_path / "raw", "--dry-run", "--json", "-j1"]
    done = main("trim", raw, tmp_path / "out", *words)
    assert done.returncode == 3
    assert done.json["written"] == 3
    assert not (tmp_path / "out").exists()


def test_stop_at_the_first(main, raw, tmp_path):
    words = ["--videos", tmp_path / "raw", "--on-error", "stop", "-j1"]
    done = main("trim", raw, tmp_path / "out", *words)
    assert done.returncode == 4
    assert done.error
    assert not (tmp_path / "out").exists()


def test_only_an_index_is_cut(main, tmp_path):
    make_video(tmp_path / "tree" / "book" / "1.mp4", 3)
    assert "JSON" in main("trim", tmp_path / "tree", tmp_path / "out", "-j1").error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("number", ["9" * 5000, "1e400"])
def test_numbers_in_an_index_that_nobody_reads(tmp_path, main, number):
    make_video(tmp_path / "videos" / "1.mp4", 3)
    index = make_index(tmp_path / "w.json", [{"video_id": "1", "variation_id": "NUMBER"}])
    index.write_text(index.read_text().replace('"NUMBER"', number))
    assert main("trim", tmp_path / "w.json", tmp_path / "out", "-j1").returncode == 0
    [entry] = json.loads((tmp_path / "out" / "WLASL.json").read_text())
    assert entry["instances"][0]["variation_id"] == number


def test_a_time_limit_beyond_all_clocks(main, raw, tmp_path):
    done = main("trim", raw, tmp_path / "out", "--videos", tmp_path / "raw", "--timeout", "1e308")
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert (tmp_path / "out" / "00001.mp4").is_file()
