"""Dead and hostile videos: each is named, none leaves a folder, the run goes on."""

from __future__ import annotations

import contextlib
import csv
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

import signdata
from signdata import manifest
from signdata.errors import DecodeError, SigndataError
from signdata.media.video import container as video
from signdata.results import Result
from tests.conftest import listing
from tests.videos import indices_in, make_index, make_video

N = 50


def whole(path: Path, faststart: bool = False) -> bytes:
    """A video of two seconds whose frames are not all alike."""
    options = {"movflags": "faststart"} if faststart else {}
    return make_video(
        path.with_name(f"whole{path.suffix}"),
        N,
        options={"g": "10", "bf": "0"},
        container_options=options,
    ).read_bytes()


def cut(path: Path, share: float, faststart: bool = False) -> None:
    data = whole(path, faststart)
    path.with_name(f"whole{path.suffix}").unlink()
    head = data.index(b"mdat") if faststart else 0
    path.write_bytes(data[: head + int((len(data) - head) * share)])


def damaged(path: Path) -> None:
    data = bytearray(whole(path))
    path.with_name(f"whole{path.suffix}").unlink()
    rng = np.random.default_rng(0)
    for place in rng.integers(len(data) // 10, len(data), len(data) // 8):
        data[place] = rng.integers(256)
    path.write_bytes(data)


def audio_only(path: Path) -> None:
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), "fltp", "mono")
        frame.sample_rate = 8000
        container.mux(sound.encode(frame))
        container.mux(sound.encode())


def subtitles_only(path: Path) -> None:
    text = b"1\n00:00:00,000 --> 00:00:01,000\nno picture\n"
    path.with_suffix(".srt").write_bytes(text)
    with av.open(str(path.with_suffix(".srt"))) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams[0])
        for packet in source.demux():
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    path.with_suffix(".srt").unlink()


def gif(path: Path) -> None:
    frames = [Image.new("P", (16, 16), i) for i in range(4)]
    frames[0].save(path, "GIF", save_all=True, append_images=frames[1:])


def bomb(path: Path) -> None:
    make_video(path, 1, size_wh=(8190, 8000), codec="mpeg4")


HTML = b"<!DOCTYPE html><html><head><title>Video unavailable</title></head></html>\n" * 20

DEAD = {
    "empty.mp4": lambda path: path.write_bytes(b""),
    "page.mp4": lambda path: path.write_bytes(HTML),
    "page.swf": lambda path: path.write_bytes(HTML),
    "noise.mp4": lambda path: path.write_bytes(np.random.default_rng(1).bytes(5000)),
    "subtitles.mkv": subtitles_only,
    "audio.mp4": audio_only,
    "animation.gif": gif,
    "animation.mp4": lambda path: gif(path),
    "bomb.mkv": bomb,
    "moov-at-end.mp4": lambda path: cut(path, 0.6),
    "moov-only.mp4": lambda path: cut(path, 0.01, faststart=True),
}
SHORT = {
    "faststart.mp4": lambda path: cut(path, 0.6, faststart=True),
    "cut.mkv": lambda path: cut(path, 0.6),
}
KINDS = ("corrupt", "short")


def run(src: Path, out: Path, **how: Any) -> Result:
    return signdata.extract_frames(src, out, **{"workers": 1, **how})


def problems(out: Path) -> dict[str, tuple[str, str]]:
    """Kind and message of each problem by the path that it is about."""
    with (out / "problems.csv").open() as file:
        return {row["path"]: (row["kind"], row["message"]) for row in csv.DictReader(file)}


def closes(result: Result, written: int, failed: int) -> None:
    assert (result.written, result.skipped, result.failed) == (written, 0, failed)
    assert result.read == written + failed
    assert result.exit_code == (3 if failed else 0)


@pytest.fixture
def src(tmp_path: Path) -> Path:
    """A tree with one good video of four frames, ``we/good.mp4``."""
    make_video(tmp_path / "src" / "we" / "good.mp4", 4)
    return tmp_path / "src"


def only_good(out: Path) -> bool:
    clips = [path.name for path in (out / "we").iterdir()]
    return clips == ["good"] and indices_in(out / "we" / "good") == [0, 1, 2, 3]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [*DEAD, *SHORT])
def test_each_kind_is_named_and_leaves_no_folder(src: Path, tmp_path: Path, name: str) -> None:
    {**DEAD, **SHORT}[name](src / "we" / name)
    result = run(src, tmp_path / "out")
    closes(result, 1, 1)
    assert only_good(tmp_path / "out")
    ((path, (kind, message)),) = problems(tmp_path / "out").items()
    assert path == f"we/{name}"
    assert kind == ("short" if name in SHORT or name == "moov-only.mp4" else "corrupt")
    assert message
    assert str(tmp_path) not in message


def test_a_damaged_one_is_not_kept(src: Path, tmp_path: Path) -> None:
    damaged(src / "we" / "hurt.mp4")
    closes(run(src, tmp_path / "out"), 1, 1)
    assert only_good(tmp_path / "out")
    assert problems(tmp_path / "out")["we/hurt.mp4"][0] in KINDS


@pytest.mark.parametrize("name", SHORT)
def test_keep_short_keeps_what_there_is(src: Path, tmp_path: Path, name: str) -> None:
    SHORT[name](src / "we" / name)
    result = run(src, tmp_path / "out", keep_short=True, image_format="png")
    closes(result, 2, 0)
    table = manifest(tmp_path / "out")
    row = table[table["path"] == f"we/{Path(name).stem}"].iloc[0]
    kept = indices_in(tmp_path / "out" / row["path"])
    assert kept == list(range(len(kept)))
    assert N // 5 < len(kept) < N
    assert (int(row["n_frames"]), row["verdict"]) == (len(kept), "short")
    (note,) = [p.message for p in result.problems]
    assert "ends early" in note
    assert "what there is was kept" in note
    few = run(src, tmp_path / "few", keep_short=True, frames=5, image_format="png")
    closes(few, 2, 0)
    wanted = [(2 * k + 1) * len(kept) // 10 for k in range(5)]
    assert indices_in(tmp_path / "few" / row["path"]) == wanted


def test_a_range_before_the_damage_is_whole(tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    cut(tmp_path / "videos" / "a.mkv", 0.6)
    cut(tmp_path / "videos" / "b.mkv", 0.6)
    instances = [
        {"video_id": "a", "frame_start": 3, "frame_end": 12},
        {"video_id": "b", "frame_start": 3, "frame_end": 45},
    ]
    index = make_index(tmp_path / "index.json", instances)
    result = run(index, tmp_path / "out", ranges="apply")
    closes(result, 1, 1)
    assert indices_in(tmp_path / "out/train/book/a") == list(range(2, 12))
    assert problems(tmp_path / "out")["b.mkv"][0] == "short"


@pytest.mark.filterwarnings("ignore")
def test_all_of_them_at_once_for_any_number_of_workers(src: Path, tmp_path: Path) -> None:
    for name, make in {**DEAD, **SHORT}.items():
        make(src / "we" / name)
    n_dead = len(DEAD) + len(SHORT)
    for workers in (1, 2):
        closes(run(src, tmp_path / f"out{workers}", workers=workers), 1, n_dead)
    assert listing(tmp_path / "out1") == listing(tmp_path / "out2")
    assert len(problems(tmp_path / "out1")) == n_dead


DISGUISES = {
    "list.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{secret}\n#EXT-X-ENDLIST\n",
    "near.mp4": "#EXTM3U\n#EXTINF:9,\nsecret.mkv\n#EXT-X-ENDLIST\n",
    "net.mp4": "#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n",
    "concat.mp4": "ffconcat version 1.0\nfile secret.mkv\n",
    "concat2.mkv": "ffconcat version 1.0\nfile '{secret}'\n",
    "dash.mp4": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT2S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011">'
    '<Period><AdaptationSet mimeType="video/webm"><Representation id="1" bandwidth="1">'
    "<BaseURL>{secret}</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "sdp.mp4": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
    "list%03d.mp4": "#EXTM3U\n#EXTINF:9,\nfile:{secret}\n#EXT-X-ENDLIST\n",
}


@pytest.mark.parametrize("name", DISGUISES)
def test_a_playlist_in_disguise_reads_no_other_file(src: Path, tmp_path: Path, name: str) -> None:
    secret = make_video(tmp_path / "secret" / "secret.mkv", 3)
    (src / "we" / name).write_text(DISGUISES[name].format(secret=secret))
    os.link(secret, src / "we" / "secret.mkv")  # so that a way by a relative name would work, too
    closes(run(src, tmp_path / "out"), 2, 1)
    assert sorted(os.listdir(tmp_path / "out" / "we")) == ["good", "secret"]
    assert problems(tmp_path / "out")[f"we/{name}"][0] == "corrupt"


@pytest.mark.parametrize("name", DISGUISES)
def test_nothing_but_the_named_file_is_opened(tmp_path: Path, name: str) -> None:
    """A pipe as the secret: whoever opened it for reading would be noticed by its writer."""
    secret = tmp_path / "secret.mkv"
    os.mkfifo(secret)
    path = tmp_path / name
    path.write_text(DISGUISES[name].format(secret=secret))
    with contextlib.suppress(DecodeError):
        for _ in video.decode(str(path)):
            pytest.fail("a playlist was played")
    with pytest.raises(OSError, match="No such device"):
        os.close(os.open(secret, os.O_WRONLY | os.O_NONBLOCK))


def test_what_is_no_regular_file(src: Path, tmp_path: Path) -> None:
    os.mkfifo(src / "we" / "pipe.mp4")
    (src / "we" / "folder.mp4").mkdir()
    (src / "we" / "gone.mp4").symlink_to(tmp_path / "nowhere.mp4")
    result = run(src, tmp_path / "out")
    assert result.written == 1
    assert only_good(tmp_path / "out")
    named = problems(tmp_path / "out")
    assert set(named) == {"we/pipe.mp4", "we/folder.mp4", "we/gone.mp4"}


def test_a_link_to_a_video_is_followed(src: Path, tmp_path: Path) -> None:
    elsewhere = make_video(tmp_path / "elsewhere.mp4", 6)
    (src / "we" / "link.mp4").symlink_to(elsewhere)
    closes(run(src, tmp_path / "out"), 2, 0)
    assert indices_in(tmp_path / "out" / "we" / "link") == list(range(6))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_decoder_that_takes_its_process_down(
    src: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    for name in ("a", "bad", "z"):
        make_video(src / "we" / f"{name}.mp4", 5)
    decode = video.decode

    def deadly(path: str, **how: Any) -> Iterator[av.VideoFrame]:
        for n, frame in enumerate(decode(path, **how)):
            if n == 2 and os.path.basename(path) == "bad.mp4":
                os.kill(os.getpid(), signal.SIGKILL)
            yield frame

    monkeypatch.setattr(video, "decode", deadly)  # workers are forks: they see it
    closes(run(src, tmp_path / "out", workers=workers), 3, 1)
    assert sorted(os.listdir(tmp_path / "out" / "we")) == ["a", "good", "z"]
    named = problems(tmp_path / "out")
    assert {path: kind for path, (kind, _) in named.items()} == {"we/bad.mp4": "crash"}


def test_no_time_at_all_is_said(src: Path, tmp_path: Path) -> None:
    make_video(src / "we" / "z.mp4", 5)
    with pytest.raises(SigndataError, match=r"nothing could be written.*(time|long|died)"):
        run(src, tmp_path / "out", timeout=1e-5)
    assert not (tmp_path / "out").exists()


def test_one_that_takes_too_long_is_given_up_and_not_kept(
    src: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_video(src / "we" / "long.mp4", 30)
    decode = video.decode

    def slow(path: str, **how: Any) -> Iterator[av.VideoFrame]:
        for frame in decode(path, **how):
            if os.path.basename(path) == "long.mp4":
                time.sleep(0.1)
            yield frame

    monkeypatch.setattr(video, "decode", slow)
    result = run(src, tmp_path / "out", timeout=1.0, keep_short=True)
    assert [(p.kind, "too long" in p.message) for p in result.problems] == [("crash", True)]
    assert [path.name for path in (tmp_path / "out" / "we").iterdir()] == ["good"]


def test_one_with_damage_in_the_middle_ends_there(src: Path, tmp_path: Path) -> None:
    """Time stamps promise frames that the decoder does not give: it is read twice."""
    path = src / "we" / "lossy.mkv"
    options = {"g": "10", "bf": "0", "sc_threshold": "0"}
    plain = make_video(tmp_path / "plain.mkv", N, options=options)
    with av.open(str(plain)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(video=0)):
            if not packet.size:
                continue
            if number in (20, 21):  # bytes that are no picture
                empty = av.Packet(b"\0\0\0\4\6\0\0\0")
                empty.pts, empty.dts, empty.time_base = packet.pts, packet.dts, packet.time_base
                packet = empty
            packet.stream = stream
            target.mux(packet)
    result = run(src, tmp_path / "out", frames=8, image_format="png", keep_short=True)
    closes(result, 2, 0)
    assert indices_in(tmp_path / "out" / "we" / "lossy") == [
        (2 * k + 1) * 20 // 16 for k in range(8)
    ]
    closes(run(src, tmp_path / "strict", frames=8), 1, 1)
    assert problems(tmp_path / "strict")["we/lossy.mkv"][0] == "corrupt"
    table = manifest(tmp_path / "out").set_index("path")
    assert table.loc["we/lossy", "verdict"] == "corrupt"
