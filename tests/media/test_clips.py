"""Clips cut out of videos whose frames spell their own index: the expected ones come out."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

import signdata
from signdata.errors import DecodeError
from signdata.formats.wlasl.reader import WlaslReader
from signdata.media.video import container, header
from signdata.media.video.clip import ClipOptions, ClipPixels
from signdata.media.video.frame_selection import Range, Selection, evenly
from signdata.media.video.video_file import VideoFile
from signdata.results import Result
from signdata.samples import Sample
from signdata.sidecars import read_rows
from tests.conftest import listing
from tests.media.test_frame_selection import belongs, video_frame_dataset
from tests.videos import ffmpeg, indices_in, make_index, make_video, read_index

RATES = {
    "23.976": Fraction(24000, 1001),
    "25": Fraction(25),
    "29.97": Fraction(30000, 1001),
    "30": Fraction(30),
    "50": Fraction(50),
    "60": Fraction(60),
}
SECONDS = 3
RANGES = [(1, -1), (1, 10), (11, 20), (26, 50), (38, 38), (60, -1), (66, 90)]


def extract(root: Path, instances: list[dict[str, Any]], **how: Any) -> Result:
    """Extract the frames of `instances`, whose videos are in ``root/videos``."""
    index = make_index(root / "index.json", instances)
    how = {"official_splits": False, "workers": 1, "image_format": "png", **how}
    return signdata.extract_frames(index, root / "out", **how)


def found(root: Path, gloss: str = "book") -> dict[str, list[int]]:
    """The indices that each clip came to."""
    return {folder.name: indices_in(folder) for folder in sorted((root / "out" / gloss).iterdir())}


def rows(root: Path) -> dict[str, dict[str, str]]:
    return {row["id"]: row for row in read_rows(root / "out" / "manifest.csv")}


def notes(result: Result) -> list[str]:
    return [problem.message for problem in result.problems if problem.kind == "note"]


def of_ranges(name: str, times: list[Fraction], ranges: list[tuple[int, int]]) -> dict[str, Any]:
    return {
        f"{name}-{first}-{last}": [
            i for i, time in enumerate(times) if belongs(first, last, time - times[0])
        ]
        for first, last in ranges
    }


@pytest.mark.parametrize("name", RATES)
def test_ranges_count_at_25_whatever_rate_the_file_has(tmp_path: Path, name: str) -> None:
    rate = RATES[name]
    n = SECONDS * round(rate)
    instances = []
    for first, last in RANGES:
        video_id = f"v-{first}-{last}"
        path = tmp_path / "videos" / f"{video_id}.mp4"
        if not instances:
            original = make_video(path, n, fps=rate)
        else:
            os.link(original, path)
        instances.append({"video_id": video_id, "frame_start": first, "frame_end": last})
    result = extract(tmp_path, instances)
    assert (result.written, result.exit_code) == (len(RANGES), 0)
    wanted = of_ranges("v", [i / rate for i in range(n)], RANGES)
    assert found(tmp_path) == dict(sorted(wanted.items()))
    assert [note for note in notes(result) if "range clipped" in note] == notes(result)
    assert len(notes(result)) == 1
    for row in rows(tmp_path).values():
        assert float(row["fps"]) == pytest.approx(float(rate), abs=0.01)
        indices = wanted[row["id"]]
        assert row["range"] == f"{indices[0] + 1}-{indices[-1] + 1}"
        assert (row["n_frames"], row["verdict"]) == (str(len(indices)), "ok")


VARIABLE = [0, 40, 80, 300, 310, 320, 330, 700, 1000, 1040, 1080, 1500, 1900, 1940, 1980, 2020]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("late", [0, 1480])
def test_variable_rate_and_late_start(tmp_path: Path, suffix: str, late: int) -> None:
    path = tmp_path / "videos" / f"a{suffix}"
    times = [time + late for time in VARIABLE]
    # without B-frames the first time stamp of an mp4 would be hidden by an edit list
    make_video(path, len(times), times_ms=times, options={"bf": "0"})
    ranges = [(1, 3), (1, 10), (9, 9), (15, 15), (20, 30), (26, 28), (40, -1)]
    instances = [
        {"video_id": f"v-{first}-{last}", "frame_start": first, "frame_end": last}
        | {"url": "https://youtu.be/abcdefghijk"}
        for first, last in ranges
    ]
    path.rename(path.with_stem("abcdefghijk"))
    result = extract(tmp_path, instances, ranges="apply")
    wanted = of_ranges("v", [Fraction(time, 1000) for time in VARIABLE], ranges)
    wanted["v-15-15"] = [7]  # 560 ms: 140 ms from the frame behind it, 230 ms from that before
    assert found(tmp_path) == dict(sorted(wanted.items()))
    assert notes(result) == ["the range holds no frame: the nearest is taken"]


@pytest.fixture
def thirty(tmp_path: Path) -> Path:
    """A folder with one video of two seconds at 30 a second, ``videos/a.mp4``."""
    make_video(tmp_path / "videos" / "a.mp4", 60, fps=30)
    return tmp_path


CUT = {"video_id": "a", "frame_start": 11, "frame_end": 30}  # frames 12 to 35 of the file


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        ({}, list(range(12, 36))),
        ({"frames": 5}, [12 + i for i in evenly(5, 24)]),
        ({"frames": 1}, [24]),
        ({"margin": 0.25}, list(range(18, 30))),
        ({"margin": 0.25, "frames": 4}, [18 + i for i in evenly(4, 12)]),
        ({"fps": 15}, list(range(12, 36, 2))),
        ({"fps": 60}, [i for i in range(12, 36) for _ in range(2)]),
        (
            {"segments": 4, "frames_per_segment": 3},
            [12 + i for i in video_frame_dataset(24, 4, 3)],
        ),
        ({"ranges": "ignore", "frames": 6}, evenly(6, 60)),
    ],
)
@pytest.mark.parametrize("image_format", ["jpg", "png"])
def test_selections(
    thirty: Path, how: dict[str, Any], wanted: list[int], image_format: str
) -> None:
    result = extract(thirty, [CUT], image_format=image_format, **how)
    assert found(thirty) == {"a": wanted}
    assert (result.written, notes(result)) == (1, [])
    assert rows(thirty)["a"]["n_frames"] == str(len(wanted))


def test_a_short_range_repeats_and_says_so(thirty: Path) -> None:
    result = extract(thirty, [{**CUT, "frame_end": 13}], frames=8)
    assert found(thirty) == {"a": [12 + i for i in evenly(8, 4)]}
    assert notes(result) == ["a range of 4 frames repeated to give 8"]
    assert result.exit_code == 0


def test_runs_of_a_short_range_repeat_too(thirty: Path) -> None:
    extract(thirty, [{**CUT, "frame_end": 13}], segments=2, frames_per_segment=6)
    assert found(thirty) == {"a": [12, 13, 14, 15, 15, 15] * 2}


def test_an_already_cut_file_is_taken_whole(thirty: Path) -> None:
    copy = {"video_id": "a", "frame_start": 101, "frame_end": 150}
    result = extract(thirty, [copy])
    assert found(thirty) == {"a": list(range(60))}
    assert notes(result) == ["already-cut: the file is the range"]
    result = signdata.extract_frames(
        thirty / "index.json", thirty / "applied", ranges="apply", workers=1, on_error="skip",
        overwrite=True, keep_short=True,
    )  # fmt: skip
    assert result.written == 1
    assert indices_in(thirty / "applied" / "train" / "book" / "a") == [59]
    assert result.exit_code == 0


def test_a_range_that_its_file_has_not_is_short(thirty: Path) -> None:
    make_video(thirty / "videos" / "b.mp4", 4)
    result = extract(
        thirty,
        [
            {**CUT, "frame_start": 80, "frame_end": 160},
            {"video_id": "b"},
            {"video_id": "c", "frame_start": 9, "frame_end": 3},
        ],
    )
    assert found(thirty) == {"b": [0, 1, 2, 3]}
    assert [(p.path, p.kind) for p in result.problems] == [("a.mp4", "short"), ("c", "missing")]


@pytest.fixture
def decodes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many frames each pass over a file decodes."""
    counts: list[int] = []
    decode = container.decode

    def counted(*args: Any, **kwargs: Any) -> Iterator[av.VideoFrame]:
        counts.append(0)
        for frame in decode(*args, **kwargs):
            counts[-1] += 1
            yield frame

    monkeypatch.setattr(container, "decode", counted)
    return counts


@pytest.fixture
def passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[int]]:
    """Ask how many frames each pass has decoded since it was last asked, in any process."""
    log = tmp_path / "passes.log"
    decode = container.decode

    def logged(*args: Any, **kwargs: Any) -> Iterator[av.VideoFrame]:
        n = 0
        try:
            for frame in decode(*args, **kwargs):
                n += 1
                yield frame
        finally:
            with log.open("a") as file:
                file.write(f"{n}\n")

    def asked() -> list[int]:
        counts = [int(line) for line in log.read_text().split()]
        log.unlink()
        return counts

    monkeypatch.setattr(container, "decode", logged)  # workers are forks: they see it
    return asked


def of_one_file(ranges: list[tuple[int, int]]) -> list[dict[str, Any]]:
    url = "https://www.youtube.com/watch?v=0a-b_cdefgh"
    return [
        {"video_id": f"v-{first}-{last}", "frame_start": first, "frame_end": last, "url": url}
        for first, last in ranges
    ]


def test_clips_of_one_file_are_cut_in_one_pass(tmp_path: Path, decodes: list[int]) -> None:
    make_video(tmp_path / "videos" / "0a-b_cdefgh.mkv", 100)
    ranges = [(61, 80), (1, 10), (11, 20), (31, 40), (91, -1)]
    reader = WlaslReader(make_index(tmp_path / "index.json", of_one_file(ranges)))
    assert len(list(reader.batches())) == 1
    for batch in reader.batches():
        for sample in batch:
            assert list(sample.frames())
    assert decodes == [100, 100]  # once to be sure of what there is
    extract(tmp_path, of_one_file(ranges))
    wanted = of_ranges("v", [Fraction(i, 25) for i in range(100)], ranges)
    assert found(tmp_path) == dict(sorted(wanted.items()))
    assert {row["source"] for row in rows(tmp_path).values()} == {"0a-b_cdefgh.mkv"}


def test_disjoint_clips_cost_one_pass_and_the_same_clip_twice_none(
    tmp_path: Path, passes: Callable[[], list[int]]
) -> None:
    make_video(tmp_path / "videos" / "0a-b_cdefgh.mp4", 80)
    spans = [(61, 80), (1, 10), (31, 40), (31, 40), (11, 20), (31, 40)]
    instances = of_one_file(spans)
    for number in (3, 5):
        instances[number]["video_id"] = f"again{number}"
    extract(tmp_path, instances, image_format="jpg")
    assert passes() == [80]
    made = listing(tmp_path / "out")
    for number in range(1, 11):
        name = f"img_{number:05d}.jpg"
        assert made[f"book/again3/{name}"] == made[f"book/v-31-40/{name}"]
        assert made[f"book/again5/{name}"] == made[f"book/v-31-40/{name}"]
    assert found(tmp_path)["again3"] == list(range(30, 40))
    assert len(found(tmp_path)) == 6


def test_clips_that_overlap(tmp_path: Path) -> None:
    make_video(tmp_path / "videos" / "0a-b_cdefgh.mp4", 60)
    ranges = [(1, 30), (20, 40), (20, 25), (41, 60), (1, -1)]
    extract(tmp_path, of_one_file(ranges))
    wanted = of_ranges("v", [Fraction(i, 25) for i in range(60)], ranges)
    assert found(tmp_path) == dict(sorted(wanted.items()))
    reader = WlaslReader(tmp_path / "index.json")
    (batch,) = reader.batches()
    assert [len(list(sample.frames())) for sample in batch] == [30, 60, 21, 6, 20]


OVERLAPPING = [(1, 40), (5, 12), (5, 12), (8, 30), (20, -1), (39, 39), (60, 90), (70, 60), (99, -1)]


@pytest.mark.parametrize("how", [{}, {"frames": 4}, {"fps": 10}, {"frames": 3, "montage": True}])
def test_clips_that_overlap_are_as_if_alone(tmp_path: Path, how: dict[str, Any]) -> None:
    make_video(tmp_path / "videos" / "0a-b_cdefgh.mp4", 80, options={"bf": "2"})
    instances = of_one_file(OVERLAPPING)
    instances[2]["video_id"] = "twin"
    index = make_index(tmp_path / "index.json", instances)
    (tmp_path / "index.json").rename(tmp_path / "all.json")
    made = []
    for workers in (1, 2):
        out = tmp_path / f"out{workers}"
        signdata.extract_frames(tmp_path / "all.json", out, workers=workers, **how)
        made.append(listing(out))
    assert made[0] == made[1]
    (tmp_path / "all.json").rename(index)
    pictures = {path: data for path, data in made[0].items() if path.endswith(".jpg")}
    for k, instance in enumerate(instances[:7]):
        make_index(index, [instance])
        signdata.extract_frames(index, tmp_path / f"alone{k}", workers=1, **how)
        for path, data in listing(tmp_path / f"alone{k}").items():
            if path.endswith(".jpg"):
                assert pictures.pop(path) == data
    assert not pictures


def test_overlapping_clips_of_a_damaged_file_are_as_if_alone(tmp_path: Path) -> None:
    """What decoding finds out about the file is found out for each of them."""
    path = tmp_path / "videos" / "0a-b_cdefgh.mkv"
    data = make_video(path, 60, options={"bf": "0", "g": "10"}).read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    spans = [(1, 20), (10, 55), (30, 58), (55, 58), (1, -1)]
    instances = of_one_file(spans)
    how = {"ranges": "apply", "keep_short": True, "frames": 6}
    extract(tmp_path, instances, **how)
    together, said = found(tmp_path), rows(tmp_path)
    for instance in instances:
        shutil.rmtree(tmp_path / "out")
        extract(tmp_path, [instance], **how)
        name = instance["video_id"]
        assert found(tmp_path) == {name: together[name]}
        assert rows(tmp_path)[name] == said[name]


def test_a_count_that_was_wrong_is_found_out_before_a_frame_is_given(tmp_path: Path) -> None:
    """The stamps promise frames that cannot be decoded: the file begins between key frames."""
    options = {"g": "20", "bf": "0", "sc_threshold": "0"}
    whole = make_video(tmp_path / "whole.mp4", 60, options=options)
    path = tmp_path / "a.mkv"
    with av.open(str(whole)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(video=0)):
            if packet.size and number >= 5:
                packet.stream = stream
                target.mux(packet)
    for selection, span in [(Selection(n_frames=4), Range()), (Selection(), Range(6, 15))]:
        pixels = ClipPixels(VideoFile(str(path)), span, ClipOptions(selection))
        sample = Sample("1", "book", pixels)
        first = [read_index(frame) for frame in sample.frames()]
        again = [read_index(frame) for frame in Sample("1", "book", pixels).frames()]
        assert first == again
        n = 40 if selection.n_frames else 10
        assert first == ([20 + i for i in evenly(4, n)] if n == 40 else list(range(25, 35)))


def test_reading_two_clips_of_one_file_at_once(tmp_path: Path) -> None:
    make_video(tmp_path / "videos" / "0a-b_cdefgh.mp4", 40)
    ranges = [(1, 10), (21, 30), (5, 14)]
    make_index(tmp_path / "index.json", of_one_file(ranges))
    samples = list(WlaslReader(tmp_path / "index.json"))
    together = list(zip(*(sample.frames() for sample in samples), strict=True))
    assert len(together) == 10
    for k, sample in enumerate(samples):
        alone = list(sample.frames())
        for ours, theirs in zip(together, alone, strict=True):
            assert np.array_equal(ours[k], theirs)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="nowhere to count open files")
def test_reading_many_clips_leaves_no_file_open(tmp_path: Path) -> None:
    original = make_video(tmp_path / "videos" / "0.mp4", 10)
    for i in range(1, 20):
        os.link(original, original.with_stem(str(i)))
    index = make_index(
        tmp_path / "index.json", [{"video_id": str(i), "frame_end": 3} for i in range(20)]
    )
    reader = WlaslReader(index)
    before = len(os.listdir("/proc/self/fd"))
    assert [len(list(sample.frames())) for sample in reader] == [3] * 20
    assert len(os.listdir("/proc/self/fd")) <= before + 4
    again = pickle.loads(pickle.dumps(list(reader)))
    assert [len(list(sample.frames())) for sample in again] == [3] * 20


MADE = {
    "h264.mp4": {},
    "h264-bframes.mkv": {"options": {"bf": "3"}},
    "h264.ts": {"options": {"bf": "2"}},
    "h264.avi": {"options": {"bf": "2"}},
    "raw.h264": {"options": {"bf": "2"}},
    "raw.hevc": {"codec": "libx265", "options": {"x265-params": "log-level=none"}},
    "open-gop.mp4": {"options": {"x264-params": "open-gop=1:bframes=3:keyint=8"}},
    "hevc.mp4": {"codec": "libx265", "options": {"x265-params": "log-level=none"}},
    "av1.mp4": {"codec": "libsvtav1", "options": {"preset": "12", "svtav1-params": "lp=1"}},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "auto-alt-ref": "1"}},
    "mpeg4.avi": {"codec": "mpeg4", "options": {"bf": "2", "q:v": "2"}},
    "mpeg4.mp4": {"codec": "mpeg4"},
    "mpeg2.mpg": {"codec": "mpeg2video", "options": {"bf": "2"}},
    "mjpeg.avi": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "flash.flv": {"codec": "flv"},
    "flash.swf": {"codec": "flv"},
    "h264.flv": {},
    "ten-bits.mkv": {"codec": "libx265", "pix_fmt": "yuv420p10le"}
    | {"options": {"x265-params": "log-level=none"}},
    "yuv444.mp4": {"pix_fmt": "yuv444p"},
    "two-tracks.mp4": {"n_audio": 2},
    "one-track.mkv": {"n_audio": 1},
    "odd.mp4": {"size_wh": (131, 67), "pix_fmt": "yuv444p"},
    "odd-vp9.webm": {"codec": "libvpx-vp9", "size_wh": (131, 67)},
    "with blanks.mp4": {},
    "100%03d.mp4": {},
    "http:x.mp4": {},
    "-y.mp4": {},
    "später 手.mp4": {},
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MADE)
def test_kinds_of_files_come_out_in_full(tmp_path: Path, name: str) -> None:
    stem = Path(name).stem
    path = make_video(tmp_path / "videos" / name, 24, **MADE[name])
    instances = [{"video_id": stem}]
    os.link(path, path.with_stem("cut"))
    instances.append({"video_id": "cut", "frame_start": 9, "frame_end": 16})
    result = extract(tmp_path, instances, image_format="jpg", class_names="as-is")
    bare = "a bare stream without times: 25 frames a second are assumed"
    assert result.written == 2
    assert set(notes(result)) == ({bare} if path.stem == "raw" else set())
    assert found(tmp_path) == {stem: list(range(24)), "cut": list(range(8, 16))}
    width, height = MADE[name].get("size_wh", (128, 64))  # type: ignore[misc]
    with Image.open(tmp_path / "out" / "book" / "cut" / "img_00001.jpg") as image:
        assert image.size == (width, height)


@pytest.mark.parametrize("image_format", ["jpg", "png"])
def test_metadata_that_is_not_utf8(tmp_path: Path, image_format: str) -> None:
    path = make_video(
        tmp_path / "src" / "we" / "a.mkv", 5, metadata={"title": "XXXXXXXX", "artist": "YYYYYYYY"}
    )
    data = path.read_bytes()
    assert data.count(b"XXXXXXXX") == 1
    path.write_bytes(data.replace(b"XXXXXXXX", b"\xff\xfe\xe9\xc3\x28\xa0\xa1\x80"))
    signdata.extract_frames(
        tmp_path / "src", tmp_path / "out", workers=1, image_format=image_format
    )
    assert indices_in(tmp_path / "out" / "we" / "a") == list(range(5))


@pytest.mark.parametrize("turn", [90, 180, 270])
@pytest.mark.parametrize("image_format", ["jpg", "png"])
def test_rotation_in_the_metadata_is_applied(tmp_path: Path, turn: int, image_format: str) -> None:
    plain = make_video(tmp_path / "plain.mp4", 3, size_wh=(128, 62))
    path = tmp_path / "src" / "we" / "a.mp4"
    path.parent.mkdir(parents=True)
    ffmpeg("-display_rotation", turn, "-i", plain, "-c", "copy", path)
    ffmpeg("-i", path, tmp_path / "%d.png")
    signdata.extract_frames(
        tmp_path / "src", tmp_path / "out", workers=1, image_format=image_format
    )
    for k in (1, 2, 3):
        with Image.open(tmp_path / f"{k}.png") as image:
            wanted = np.asarray(image.convert("RGB"), int)
        with Image.open(tmp_path / f"out/we/a/img_{k:05d}.{image_format}") as image:
            ours = np.asarray(image, int)
        assert ours.shape == wanted.shape
        assert np.abs(ours - wanted).mean() < 2
    signdata.extract_frames(
        tmp_path / "src", tmp_path / "small", workers=1, image_format=image_format, short_side=31
    )
    with Image.open(tmp_path / f"small/we/a/img_00001.{image_format}") as image:
        assert image.size == ((31, 64) if turn != 180 else (64, 31))


@pytest.mark.parametrize("image_format", ["jpg", "png"])
def test_pixels_that_are_not_square(tmp_path: Path, image_format: str) -> None:
    make_video(tmp_path / "src" / "we" / "wide.mp4", 3, size_wh=(120, 90), aspect=Fraction(4, 3))
    make_video(tmp_path / "src" / "we" / "tall.mkv", 3, size_wh=(120, 90), aspect=Fraction(3, 4))
    signdata.extract_frames(
        tmp_path / "src", tmp_path / "out", workers=1, image_format=image_format
    )
    sizes = {}
    for name in ("wide", "tall"):
        assert indices_in(tmp_path / "out" / "we" / name) == [0, 1, 2]
        with Image.open(tmp_path / f"out/we/{name}/img_00001.{image_format}") as image:
            sizes[name] = image.size
    assert sizes == {"wide": (160, 90), "tall": (90, 90)}


def test_pixels_of_impossible_proportions(tmp_path: Path) -> None:
    make_video(tmp_path / "wide.mkv", 1, size_wh=(4096, 160), aspect=Fraction(100))
    make_video(tmp_path / "high.mkv", 3, aspect=Fraction(1, 64))
    with pytest.raises(DecodeError, match="times as wide as high"):
        header.read_header(str(tmp_path / "wide.mkv"))
    pixels = ClipPixels(VideoFile(str(tmp_path / "high.mkv")))
    assert [frame.shape for frame in pixels.frames()] == [(64, 2, 3)] * 3


def test_a_video_cut_off_is_read_once_when_all_of_it_is_wanted(
    tmp_path: Path, decodes: list[int]
) -> None:
    data = make_video(tmp_path / "whole.mkv", 50, options={"bf": "0"}).read_bytes()
    path = tmp_path / "a.mkv"
    path.write_bytes(data[: len(data) // 2])
    pixels = ClipPixels(VideoFile(str(path)), options=ClipOptions(keep_short=True))
    found = [read_index(frame) for frame in pixels.frames()]
    assert found == list(range(len(found)))
    assert decodes == [len(found)]
    assert pixels.found()["range"] == f"1-{len(found)}"
    assert pixels.found()["verdict"] == "short"
    assert [read_index(frame) for frame in pixels.frames()] == found


@pytest.mark.parametrize("suffix", ["ts", "mkv", "mp4"])
@pytest.mark.parametrize("bframes", ["0", "2"])
def test_a_file_that_begins_between_key_frames(tmp_path: Path, suffix: str, bframes: str) -> None:
    """What lies before the first key frame cannot be decoded, and does not shift the rest."""
    options = {"g": "20", "bf": bframes, "sc_threshold": "0"}
    whole = make_video(tmp_path / "whole.mp4", 60, options=options)
    path = tmp_path / "videos" / f"a.{suffix}"
    path.parent.mkdir()
    with av.open(str(whole)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(video=0)):
            if packet.size and number >= 18:
                packet.stream = stream
                target.mux(packet)
    os.link(path, path.with_stem("b"))
    result = extract(
        tmp_path, [{"video_id": "a"}, {"video_id": "b", "frame_start": 6, "frame_end": 10}]
    )
    clips = found(tmp_path)
    assert (result.written, clips["b"]) == (2, clips["a"][5:10])
    assert clips["a"][-40:] == list(range(20, 60))
    assert len(clips["a"]) <= 42
