"""Downloads that broke off are short, whatever their container, with sound or without."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import signdata
from signdata.media.video import completeness, header, timestamps
from signdata.sidecars import read_rows
from tests.videos import ffmpeg, make_video

H264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-qp", "10", "-g", "25"]
KINDS: dict[str, tuple[str, list[str], str]] = {
    "flv": ("flv", H264, "aac"),
    "swf": ("swf", ["-c:v", "flv", "-q:v", "2"], "libmp3lame"),
    "wmv": ("wmv", ["-c:v", "wmv2", "-q:v", "2"], "wmav2"),
    "avi": ("avi", H264, "libmp3lame"),
    "ogg": ("ogv", ["-c:v", "libtheora", "-q:v", "8"], "libvorbis"),
    "webm": ("webm", ["-c:v", "libvpx", "-b:v", "1M"], "libopus"),
    "mp4": ("mp4", [*H264, "-movflags", "+faststart"], "aac"),
    "fragments": ("mp4", [*H264, "-movflags", "frag_keyframe+empty_moov"], "aac"),
    "segments": (
        "mp4",
        [*H264, "-movflags", "dash+global_sidx+delay_moov", "-frag_duration", "1000000"],
        "aac",
    ),
}
N = 75


@pytest.fixture(scope="module", params=[(kind, sound) for kind in KINDS for sound in (False, True)])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of video of one kind, with or without sound."""
    kind, sound = request.param
    suffix, words, codec = KINDS[kind]
    path = tmp_path_factory.mktemp("whole") / f"a.{suffix}"
    source = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=25"]
    audible = ["-f", "lavfi", "-i", "sine=r=44100", "-c:a", codec] if sound else []
    ffmpeg(*source, *audible, *words, "-t", "3", path)
    return path


@pytest.mark.parametrize("decoder", ["pyav", "ffmpeg"])
@pytest.mark.parametrize("share", [55, 80])
def test_a_file_that_breaks_off_is_short(
    whole: Path, tmp_path: Path, share: int, decoder: str
) -> None:
    data = whole.read_bytes()
    path = tmp_path / "src" / "we" / whole.name
    path.parent.mkdir(parents=True)
    path.write_bytes(data[: len(data) * share // 100])
    make_video(path.with_name("good.mp4"), 2)
    result = signdata.extract_frames(tmp_path / "src", tmp_path / "out", decoder=decoder, workers=1)
    assert (result.written, result.failed, result.exit_code) == (1, 1, 3)
    assert [p.kind for p in result.problems] == ["short"], result.problems
    kept = signdata.extract_frames(
        tmp_path / "src", tmp_path / "kept", decoder=decoder, workers=1, keep_short=True
    )
    row, _ = read_rows(tmp_path / "kept" / "manifest.csv")
    assert (kept.exit_code, row["verdict"]) == (0, "short")
    assert N * 0.3 < int(row["n_frames"]) <= N


def test_a_whole_file_is_whole(whole: Path) -> None:
    read = header.read_header(str(whole))
    assert (len(read.timeline), read.ends_early) == (N, "")


def test_what_follows_the_end_of_a_container_is_let_be(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / whole.name
    if path.suffix == ".ogv":
        pytest.skip("the last page is looked for at the end")
    path.write_bytes(whole.read_bytes() + bytes(3000))
    assert completeness.cut_off(str(path)) == ""


@pytest.mark.parametrize("suffix", ["mkv", "webm", "flv"])
def test_the_last_hundredth_is_missed(suffix: str, tmp_path: Path) -> None:
    """However little is missing: the container says how long it is."""
    codec = "libvpx" if suffix == "webm" else "libx264"
    whole = tmp_path / f"whole.{suffix}"
    source = "testsrc=s=64x48:r=25:d=8"
    ffmpeg("-f", "lavfi", "-i", source, "-c:v", codec, "-pix_fmt", "yuv420p", whole)
    assert completeness.cut_off(str(whole)) == ""
    data = whole.read_bytes()
    for missing in (1, 3, 5, len(data) // 100, len(data) // 30):
        (tmp_path / "cut").write_bytes(data[:-missing])
        assert "of its" in completeness.cut_off(str(tmp_path / "cut")), missing


def test_sound_that_outlasts_the_film_is_no_cut(tmp_path: Path, main: Callable[..., Any]) -> None:
    folder = tmp_path / "videos" / "A"
    folder.mkdir(parents=True)
    film = ("-f", "lavfi", "-i", "testsrc=s=64x48:r=25:d=1")
    sound = ("-f", "lavfi", "-i", "sine=d=3")
    ffmpeg(*film, *sound, "-c:v", "wmv2", "-c:a", "wmav2", folder / "a.wmv")
    done = main("extract-frames", tmp_path / "videos", tmp_path / "out", "-j1", "--json")
    assert done.json["problems"] == []
    assert len(list((tmp_path / "out" / "A" / "a").iterdir())) == 25


def run(root: Path, decoder: str, **options: Any) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """Kinds and messages of the problems, and the row of ``a``, if there is one."""
    make_video(root / "src" / "we" / "good.mp4", 2)
    out = root / f"out-{decoder}-{len(options)}"
    result = signdata.extract_frames(root / "src", out, decoder=decoder, workers=1, **options)
    rows = {row["id"]: row for row in read_rows(out / "manifest.csv")}
    return [(p.kind, p.message) for p in result.problems], rows.get("we/a", {})


@pytest.mark.parametrize("decoder", ["pyav", "ffmpeg"])
@pytest.mark.parametrize("kept", [0, 20])
@pytest.mark.parametrize("sound", [False, True])
def test_an_avi_that_lacks_only_its_index_is_whole(
    tmp_path: Path, sound: bool, kept: int, decoder: str
) -> None:
    path = tmp_path / "src" / "we" / "a.avi"
    path.parent.mkdir(parents=True)
    audible = ["-f", "lavfi", "-i", "sine=r=44100", "-c:a", "libmp3lame"] if sound else []
    ffmpeg("-f", "lavfi", "-i", "testsrc=size=64x48:rate=25", *audible, *H264, "-t", "2", path)
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"idx1") + kept])
    problems, row = run(tmp_path, decoder)
    assert problems == [("note", "the index at its end is missing; all pictures are there")]
    assert (row["n_frames"], row["verdict"]) == ("50", "ok")
    path.write_bytes(data[: data.rindex(b"idx1") - 1000])
    problems, _ = run(tmp_path, decoder, short_side=32)
    assert [kind for kind, _ in problems] == ["short"]


@pytest.mark.parametrize("decoder", ["pyav", "ffmpeg"])
def test_packets_that_are_lost_in_the_middle_are_damage(tmp_path: Path, decoder: str) -> None:
    path = tmp_path / "src" / "we" / "a.ts"
    path.parent.mkdir(parents=True)
    source = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=25,noise=alls=20:allf=t"]
    ffmpeg(*source, "-frames:v", "200", "-c:v", "libx264", "-g", "50", "-bf", "0", path)
    data = path.read_bytes()
    n = len(data) // 188
    path.write_bytes(data[: 188 * (n * 42 // 100)] + data[188 * (n * 62 // 100) + 188 * 3 :])
    problems, row = run(tmp_path, decoder)
    ((kind, message),) = problems
    assert (kind, row) == ("corrupt", {})
    assert re.match(r"damaged \(picture \d+ of \d+ is not all there\)", message)
    problems, row = run(tmp_path, decoder, keep_short=True)
    assert row["verdict"] == "corrupt"
    assert [kind for kind, _ in problems] == ["note", "note"]
    assert re.match(r"its times leave out 1\.[4-9] s behind frame 8\d$", problems[1][1])


def test_a_pause_in_a_constant_rate() -> None:
    even = [Fraction(i, 25) for i in range(100)]
    late = [when + 3 * (when >= 2) for when in even]
    assert timestamps.longest_pause(even) is None
    assert timestamps.longest_pause(late) == (50, 3)
    assert timestamps.longest_pause(late[45:54]) is None  # too few to say
    halting = [when + 3 * (i // 5) for i, when in enumerate(even)]
    assert timestamps.longest_pause(halting) is None  # what a screen recording has
    slow = [Fraction(i) for i in range(50)] + [Fraction(58)]
    assert timestamps.longest_pause(slow) is None
