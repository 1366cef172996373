"""Trees of videos: every frame once, N evenly spaced, dead files named."""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import signdata
from signdata.errors import FormatError, UsageError
from signdata.formats.videos import VideosReader
from signdata.media.video import container
from signdata.media.video.clip import ClipOptions, ClipPixels
from signdata.media.video.frame_selection import Selection, evenly
from signdata.samples import ReadAgain
from tests.videos import make_video, read_index


def picture(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image)


def indices(folder: Path) -> list[int]:
    return [read_index(picture(file)) for file in sorted(folder.iterdir())]


def test_all_frames_come_out_once_and_in_order(tmp_path: Path) -> None:
    make_video(tmp_path / "src/we/a.mp4", 37)
    result = signdata.extract_frames(tmp_path / "src", tmp_path / "out")
    assert (result.read, result.written, result.failed) == (1, 1, 0)
    assert indices(tmp_path / "out/we/a") == list(range(37))
    assert (tmp_path / "out/we/a/img_00001.jpg").exists()


@pytest.mark.parametrize(("n", "length"), [(1, 10), (5, 10), (10, 10), (16, 10), (7, 100)])
def test_n_frames_are_evenly_spaced(tmp_path: Path, n: int, length: int) -> None:
    make_video(tmp_path / "src/we/a.mp4", length)
    signdata.extract_frames(tmp_path / "src", tmp_path / "out", frames=n, image_format="png")
    wanted = [int((k + 0.5) * length / n) for k in range(n)]
    assert evenly(n, length) == wanted
    assert indices(tmp_path / "out/we/a") == wanted


def test_a_wrong_count_in_the_container_is_found_out(tmp_path: Path) -> None:
    path = make_video(tmp_path / "src/we/a.mp4", 20)
    options = ClipOptions(Selection(n_frames=4))
    pixels = ClipPixels(options.video(str(path)), options=options)
    pixels.video.accept_timestamps(
        [pts * 512 for pts in range(19)]
    )  # as if the time stamps named 19
    with pytest.raises(ReadAgain):
        list(pixels.frames())
    assert [read_index(frame) for frame in pixels.frames()] == evenly(4, 20)


def test_frames_are_scaled_while_decoding(tmp_path: Path) -> None:
    make_video(tmp_path / "src/we/a.mp4", 3, size_wh=(128, 64))
    signdata.extract_frames(tmp_path / "src", tmp_path / "short", short_side=32)
    signdata.extract_frames(tmp_path / "src", tmp_path / "exact", size=(50, 40))
    assert picture(tmp_path / "short/we/a/img_00001.jpg").shape == (32, 64, 3)
    assert picture(tmp_path / "exact/we/a/img_00003.jpg").shape == (40, 50, 3)


def test_dead_videos_are_named_and_leave_no_folder(tmp_path: Path) -> None:
    make_video(tmp_path / "src/we/good.mp4", 5)
    (tmp_path / "src/we/empty.mp4").write_bytes(b"")
    (tmp_path / "src/we/page.swf").write_bytes(b"<html>gone</html>")
    (tmp_path / "src/we/notes.txt").write_text("not a video")
    result = signdata.extract_frames(tmp_path / "src", tmp_path / "out")
    assert (result.read, result.written, result.failed, result.exit_code) == (3, 1, 2, 3)
    assert sorted(path.name for path in (tmp_path / "out/we").iterdir()) == ["good"]
    with (tmp_path / "out/problems.csv").open() as file:
        named = {row["path"]: row["kind"] for row in csv.DictReader(file)}
    assert named == {"we/empty.mp4": "corrupt", "we/page.swf": "corrupt", "we/notes.txt": "note"}


def test_same_bytes_for_any_number_of_workers(tmp_path: Path) -> None:
    for name in "abc":
        make_video(tmp_path / f"src/we/{name}.mp4", 9)
    for workers in (1, 2):
        signdata.extract_frames(tmp_path / "src", tmp_path / f"out{workers}", workers=workers)
    one = {p.relative_to(tmp_path / "out1"): p.read_bytes() for p in tmp_path.glob("out1/**/*.*")}
    two = {p.relative_to(tmp_path / "out2"): p.read_bytes() for p in tmp_path.glob("out2/**/*.*")}
    assert one == two
    assert len(one) == 27 + 4


def test_blanks_in_class_names_become_underscores_on_disk_only(tmp_path: Path) -> None:
    make_video(tmp_path / "src/thank you/a.mp4", 2)
    signdata.extract_frames(tmp_path / "src", tmp_path / "out")
    assert (tmp_path / "out/thank_you/a/img_00002.jpg").exists()
    assert (tmp_path / "out/classes.txt").read_text() == "thank you\n"
    assert [sample.label for sample in signdata.open_dataset(tmp_path / "out")] == ["thank you"]


def test_two_files_of_one_stem_keep_their_suffix(tmp_path: Path) -> None:
    make_video(tmp_path / "src/we/a.mp4", 2)
    make_video(tmp_path / "src/we/a.mkv", 3)
    signdata.extract_frames(tmp_path / "src", tmp_path / "out")
    counts = {path.name: len(list(path.iterdir())) for path in (tmp_path / "out/we").iterdir()}
    assert counts == {"a.mp4": 2, "a.mkv": 3}


def test_a_playlist_in_disguise_reads_no_other_file(tmp_path: Path) -> None:
    secret = make_video(tmp_path / "secret.mp4", 3)
    (tmp_path / "src/we").mkdir(parents=True)
    (tmp_path / "src/we/list.mp4").write_text(f"#EXTM3U\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n")
    (tmp_path / "src/we/cat.mp4").write_text("ffconcat version 1.0\nfile secret.mp4\n")
    make_video(tmp_path / "src/we/secret.mp4", 2)
    result = signdata.extract_frames(tmp_path / "src", tmp_path / "out")
    assert (result.written, result.failed) == (1, 2)


def test_impossible_options_are_refused(tmp_path: Path) -> None:
    make_video(tmp_path / "src/we/a.mp4", 2)
    with pytest.raises(UsageError, match="contradict"):
        signdata.extract_frames(tmp_path / "src", tmp_path / "o", short_side=8, size=(8, 8))
    with pytest.raises(UsageError, match="1 or more"):
        signdata.extract_frames(tmp_path / "src", tmp_path / "o", frames=0)
    with pytest.raises(UsageError, match="expected a number"):
        signdata.extract_frames(tmp_path / "src", tmp_path / "o", name_template="img")


def test_a_tree_without_videos_is_refused(tmp_path: Path) -> None:
    (tmp_path / "src/we").mkdir(parents=True)
    with pytest.raises(FormatError, match="no videos"):
        VideosReader(tmp_path / "src", ClipOptions())


def test_videos_go_into_hdf5_without_loss(tmp_path: Path) -> None:
    make_video(tmp_path / "src/we/a.mp4", 6)
    signdata.convert(tmp_path / "src", tmp_path / "out.h5")
    (sample,) = signdata.open_dataset(tmp_path / "out.h5")
    frames = list(sample.frames())
    assert [read_index(frame) for frame in frames] == list(range(6))
    (original,) = VideosReader(tmp_path / "src")
    for ours, theirs in zip(frames, original.frames(), strict=True):
        assert np.array_equal(ours, theirs)


def test_signdata_json_names_the_command(tmp_path: Path) -> None:
    make_video(tmp_path / "src/we/a.mp4", 2)
    signdata.extract_frames(tmp_path / "src", tmp_path / "out", frames=2)
    document = json.loads((tmp_path / "out/signdata.json").read_text())
    assert document["command"] == "extract-frames"
    assert document["options"]["frames"] == 2
    assert document["counts"]["written"] == 1


def test_a_decoder_that_hangs_costs_its_video_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("good", "stuck"):
        make_video(tmp_path / f"src/we/{name}.mp4", 3)
    decode = container.decode

    def stuck(path: str, **how: float | None) -> Iterator[av.VideoFrame]:
        if "stuck" in path:
            threading.Event().wait()
        return decode(path, **how)

    monkeypatch.setattr(container, "decode", stuck)  # workers are forks: they see it, too
    result = signdata.extract_frames(tmp_path / "src", tmp_path / "out", timeout=0.5, workers=1)
    assert (result.written, result.failed) == (1, 1)
    assert [p.kind for p in result.problems] == ["crash"]
