"""Containers are known by what is in them, and the film by its pictures."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import signdata
from signdata.inference import inputs
from signdata.media.video import container
from signdata.media.video.kinds import begins_as_video, is_video
from signdata.sidecars import read_rows
from tests.videos import ffmpeg, indices_in, make_index, make_video

H264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-qp", "4"]
MPEG2 = ["-c:v", "mpeg2video", "-q:v", "2"]
KINDS: dict[str, list[str]] = {
    "f4v": [*H264, "-f", "f4v"],
    "3g2": [*H264, "-f", "3g2"],
    "3gp": ["-c:v", "h263", "-s", "176x144", "-q:v", "2"],
    "qt": [*H264, "-f", "mov"],
    "divx": ["-c:v", "mpeg4", "-q:v", "2", "-f", "avi"],
    "m1v": ["-c:v", "mpeg1video", "-q:v", "2", "-f", "mpeg1video"],
    "m2v": [*MPEG2, "-f", "mpeg2video"],
    "mpe": [*MPEG2, "-f", "mpeg"],
    "tod": [*MPEG2, "-f", "mpegts"],
    "dat": [*MPEG2, "-f", "vcd", "-s", "352x288", "-r", "25"],
    "mod": [*MPEG2, "-f", "vob"],
    "ogg": ["-c:v", "libtheora", "-q:v", "10"],
    "mxf": [*MPEG2, "-f", "mxf"],
    "dv": ["-c:v", "dvvideo", "-s", "720x576", "-pix_fmt", "yuv420p"],
    "ivf": ["-c:v", "libvpx", "-b:v", "1M"],
    "rm": ["-c:v", "rv20", "-s", "176x144", "-q:v", "2"],
}
N = 12


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("p") / "p.mkv", N, codec="ffv1", pix_fmt="yuv420p")


@pytest.mark.parametrize("suffix", KINDS)
def test_camcorder_and_download_suffixes(tmp_path: Path, plain: Path, suffix: str) -> None:
    path = tmp_path / "src" / "we" / f"a.{suffix}"
    path.parent.mkdir(parents=True)
    ffmpeg("-i", plain, *KINDS[suffix], path)
    assert begins_as_video(path.read_bytes()[:4096])
    for decoder in ("pyav", "ffmpeg"):
        how: dict[str, Any] = {"decoder": decoder, "image_format": "png", "workers": 1}
        result = signdata.extract_frames(tmp_path / "src", tmp_path / decoder, **how)
        assert (result.written, result.failed) == (1, 0), result.problems
        assert indices_in(tmp_path / decoder / "we" / "a") == list(range(N))


@pytest.mark.parametrize("name", ["a.bin", "a", "a.mp4.part2", "a.film"])
def test_a_suffix_that_says_nothing(tmp_path: Path, name: str) -> None:
    video = make_video(tmp_path / "v.mp4", 5)
    path = tmp_path / "src" / "we" / name
    path.parent.mkdir(parents=True)
    video.rename(path)
    (path.parent / "notes.xyz").write_bytes(b"nothing that anybody knows" * 9)
    result = signdata.extract_frames(tmp_path / "src", tmp_path / "out", workers=1)
    assert [p.path for p in result.problems] == ["we/notes.xyz"]
    assert result.written == 1
    (row,) = read_rows(tmp_path / "out/manifest.csv")
    assert row["n_frames"] == "5"
    assert [one.is_video for one in inputs.find([str(path)])] == [True]
    index = make_index(tmp_path / "i.json", [{"video_id": path.stem}])
    signdata.trim(index, tmp_path / "cut", videos=path.parent, workers=1)
    assert (tmp_path / "cut" / f"{path.stem}.mp4").is_file()


@pytest.mark.parametrize(
    "head",
    [
        b"\0\0\0\x1cftypM4A \0\0\0\0",
        b"\0\0\0\x1cftypheic\0\0\0\0",
        b"RIFF\x24\0\0\0WAVEfmt ",
        b"OggS\0\x02" + bytes(22) + b"\x01vorbis",
        b"ID3\x04",
        b"#EXTM3U\n",
        b"G" + bytes(900),
        b"",
    ],
)
def test_what_is_no_video(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(head)
    assert not is_video(str(path))


@pytest.mark.parametrize("suffix", ["dat", "bin", "f4v", "mxf", "dv", "rm"])
@pytest.mark.parametrize(
    "text", ["ffconcat version 1.0\nfile secret.mp4\n", "#EXTM3U\n#EXTINF:9,\nsecret.mp4\n"]
)
def test_a_playlist_is_read_under_no_suffix(tmp_path: Path, suffix: str, text: str) -> None:
    make_video(tmp_path / "src/we/good.mp4", 2)
    make_video(tmp_path / "src/we/secret.mp4", 3)
    (tmp_path / f"src/we/list.{suffix}").write_text(text)
    result = signdata.extract_frames(tmp_path / "src", tmp_path / "out", workers=1)
    assert result.written == 2
    assert [p.path for p in result.problems] == [f"we/list.{suffix}"]


def two_tracks(path: Path, *words: str) -> Path:
    """A film of 9 frames and one of 12, in this order; `words` say which is the default."""
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = []
    for n in (9, N):
        part = make_video(path.with_name(f"{n}.mkv"), n)
        parts += ["-i", str(part)]
    ffmpeg(*parts, "-map", "0", "-map", "1", "-c", "copy", *words, path)
    for n in (9, N):
        path.with_name(f"{n}.mkv").unlink()
    return path


@pytest.mark.parametrize("decoder", ["pyav", "ffmpeg"])
@pytest.mark.parametrize("default", [0, 1])
@pytest.mark.parametrize("suffix", ["mkv", "mp4", "mov"])
def test_the_default_track_is_taken(
    tmp_path: Path, decoder: str, default: int, suffix: str
) -> None:
    words = [f"-disposition:v:{default}", "default", f"-disposition:v:{1 - default}", "0"]
    path = two_tracks(tmp_path / f"src/we/a.{suffix}", *words)
    result = signdata.extract_frames(tmp_path / "src", tmp_path / "out", decoder=decoder, workers=1)
    assert indices_in(tmp_path / "out/we/a") == list(range((9, N)[default]))
    assert result.problems == []
    index = make_index(tmp_path / "i.json", [{"video_id": "a"}])
    signdata.trim(index, tmp_path / "cut", videos=path.parent, copy=True, workers=1)
    with container.open_container(str(tmp_path / "cut/a.mp4")) as opened:
        assert [s.frames for s in opened.streams.video] == [(9, N)[default]]


@pytest.mark.parametrize("decoder", ["pyav", "ffmpeg"])
@pytest.mark.parametrize("cover", [True, False])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_picture_before_the_film_is_passed_over(
    tmp_path: Path, decoder: str, cover: bool, suffix: str
) -> None:
    picture, film = tmp_path / "p.png", make_video(tmp_path / "f.mkv", N)
    Image.fromarray(np.full((40, 60, 3), 99, np.uint8)).save(picture)
    path = tmp_path / f"src/we/a.{suffix}"
    path.parent.mkdir(parents=True)
    flags = "attached_pic" if cover else "default"
    coded = ["-c:v:0", "mjpeg", "-c:v:1", "copy", "-disposition:v:1", "0"]
    how = ["-map", "0", "-map", "1", *coded, "-disposition:v:0", flags]
    ffmpeg("-i", picture, "-i", film, *how, path)
    result = signdata.extract_frames(tmp_path / "src", tmp_path / "out", decoder=decoder, workers=1)
    assert indices_in(tmp_path / "out/we/a") == list(range(N))
    note = "a picture in a track of its own stands before the film: passed over"
    in_front = not (cover and suffix == "mp4")  # that keeps covers behind the tracks
    assert [p.message for p in result.problems] == [note] * in_front


@pytest.mark.parametrize("name", ["pipe", "pipe.bin", "pipe.mp4"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, name: str) -> None:
    make_video(tmp_path / "src/we/good.mp4", 2)
    os.mkfifo(tmp_path / "src/we" / name)
    result = signdata.extract_frames(tmp_path / "src", tmp_path / "out", workers=1)
    assert result.written == 1
    assert [p.path for p in result.problems] == [f"we/{name}"]


@pytest.mark.parametrize("decoder", ["pyav", "ffmpeg"])
@pytest.mark.parametrize("offset", [2, 5])
def test_a_seam_in_a_transport_stream_is_no_damage(
    tmp_path: Path, decoder: str, offset: int
) -> None:
    parts = []
    for number, n in enumerate((10, 7)):
        plain = make_video(tmp_path / "plain.mkv", n, codec="ffv1")
        part = tmp_path / f"{number}.ts"
        shift = ["-output_ts_offset", str(offset)] if number else []
        ffmpeg("-i", plain, *H264, "-bf", "2", *shift, part)
        parts.append(part.read_bytes())
    path = tmp_path / "src/we/a.ts"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"".join(parts))
    result = signdata.extract_frames(tmp_path / "src", tmp_path / "out", decoder=decoder, workers=1)
    assert (result.written, result.failed) == (1, 0), result.problems
    assert indices_in(tmp_path / "out/we/a") == [*range(10), *range(7)]
