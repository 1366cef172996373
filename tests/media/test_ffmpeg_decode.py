"""The ffmpeg program as a decoder: the frames of the library, and nothing a stranger asks for."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import signdata
from signdata.errors import DecodeError
from signdata.media.video import container, ffmpeg_decode, ffmpeg_encode, header
from signdata.media.video.frame_conversion import Converter, FrameShape
from tests.videos import ffmpeg as run_ffmpeg
from tests.videos import indices_in, make_video, read_index

KINDS = {
    "h264.mp4": ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "2"],
    "bt709.mp4": ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-colorspace", "bt709"],
    "444.mkv": ["-c:v", "libx264", "-pix_fmt", "yuv444p"],
    "10 bit.mkv": ["-c:v", "libx264", "-pix_fmt", "yuv420p10le"],
    "vp9.webm": ["-c:v", "libvpx-vp9", "-pix_fmt", "yuv420p", "-deadline", "realtime"],
    "mpeg4.avi": ["-c:v", "mpeg4", "-q:v", "3"],
    "mjpeg.avi": ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p"],
    "flv1.swf": ["-c:v", "flv1"],
    "screen.flv": ["-c:v", "flashsv"],
    "a:b %03d.ts": ["-c:v", "mpeg2video"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of each kind, and one that is to be turned."""
    folder = tmp_path_factory.mktemp("videos")
    for name, words in KINDS.items():
        source = ["-f", "lavfi", "-i", "testsrc2=s=162x90:r=30000/1001:d=0.4"]
        run_ffmpeg(*source, *words, f"file:{folder / name}")
    turned = ["-display_rotation", "90", "-i", folder / "h264.mp4", "-c", "copy"]
    run_ffmpeg(*turned, folder / "turned.mp4")
    return folder


def pictures(path: Path, decoder: str) -> Iterator[np.ndarray]:
    read = header.read_header(str(path))
    converter = Converter(FrameShape(), read.aspect)
    frames = (
        ffmpeg_decode.decode(str(path), read)
        if decoder == "ffmpeg"
        else container.decode(str(path))
    )
    for frame in frames:
        yield converter.rgb(frame).astype(int)


@pytest.mark.parametrize("name", [*KINDS, "turned.mp4"])
def test_both_decoders_give_the_same_pictures(folder: Path, name: str) -> None:
    n = 0
    both = zip(pictures(folder / name, "pyav"), pictures(folder / name, "ffmpeg"), strict=True)
    for library, program in both:
        assert library.shape == program.shape
        assert np.abs(library - program).mean() < 1
        n += 1
    assert n == 12


def test_a_turned_video_stands_upright(folder: Path) -> None:
    assert next(pictures(folder / "turned.mp4", "ffmpeg")).shape == (162, 90, 3)


def test_every_frame_of_a_varying_rate_once(tmp_path: Path) -> None:
    times = [0, 10, 200, 210, 1000, 1001, 1500]
    path = make_video(tmp_path / "v.mkv", 7, times_ms=times)
    read = header.read_header(str(path))
    frames = list(ffmpeg_decode.decode(str(path), read))
    assert [frame.pts * read.time_base * 1000 for frame in frames] == times
    assert [read_index(frame.to_ndarray(format="rgb24")) for frame in frames] == list(range(7))


def test_extract_frames_with_it(tmp_path: Path) -> None:
    make_video(tmp_path / "src/book/1.mp4", 30)
    for decoder in ("pyav", "ffmpeg"):
        result = signdata.extract_frames(
            tmp_path / "src", tmp_path / decoder, frames=7, decoder=decoder, workers=1
        )
        assert result.written == 1
    found = indices_in(tmp_path / "ffmpeg/book/1")
    assert found == indices_in(tmp_path / "pyav/book/1")
    assert len(found) == 7


def test_a_cut_off_video_is_short_for_both(tmp_path: Path) -> None:
    path = make_video(tmp_path / "src/book/1.mp4", 60, container_options={"movflags": "faststart"})
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    make_video(tmp_path / "src/book/2.mp4", 3)
    for decoder in ("pyav", "ffmpeg"):
        out = tmp_path / decoder
        result = signdata.extract_frames(tmp_path / "src", out, decoder=decoder, workers=1)
        assert (result.written, result.failed) == (1, 1)
        assert result.problems[0].kind == "short"
        assert str(tmp_path) not in (out / "problems.csv").read_text()


def test_leaving_early_ends_the_program(tmp_path: Path) -> None:
    path = str(make_video(tmp_path / "v.mp4", 100, size_wh=(640, 360)))
    frames = ffmpeg_decode.decode(path, header.read_header(path))
    next(frames)
    begun = time.monotonic()
    frames.close()
    assert time.monotonic() - begun < 5


def test_late_is_an_error(tmp_path: Path) -> None:
    path = str(make_video(tmp_path / "v.mp4", 100, size_wh=(640, 360)))
    read = header.read_header(path)
    with pytest.raises(DecodeError, match="too long"):
        list(ffmpeg_decode.decode(path, read, deadline=time.monotonic()))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.mp4", "ffconcat version 1.0\nfile secret.mp4\n"),
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{secret}\n#EXT-X-ENDLIST\n"),
        (
            "dash.mp4",
            '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" profiles='
            '"urn:mpeg:dash:profile:full:2011" mediaPresentationDuration="PT1S"><Period>'
            '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1">'
            "<BaseURL>{secret}</BaseURL><SegmentBase/></Representation></AdaptationSet>"
            "</Period></MPD>",
        ),
    ],
)
def test_a_playlist_reaches_no_other_file(tmp_path: Path, name: str, text: str) -> None:
    secret = make_video(tmp_path / "secret.mp4", 3)
    path = tmp_path / name
    path.write_text(text.format(secret=secret))
    with container.open_container(str(secret)) as opened:
        stream = container.video_stream(opened, str(secret))
        words = ffmpeg_decode.decoding(str(path), stream, Fraction(1, 25), joined=False)
    done = subprocess.run(words, capture_output=True, timeout=30)
    assert done.returncode
    assert not done.stdout
    with pytest.raises(DecodeError):
        list(ffmpeg_decode.decode(str(path), header.read_header(str(secret))))


def test_what_is_encoded_has_its_times_and_its_bytes_again(tmp_path: Path) -> None:
    times = [0, 10, 200, 210, 1000]
    odd: dict[str, Any] = {"size_wh": (131, 67), "codec": "libvpx-vp9"}
    path = str(make_video(tmp_path / "v.mkv", 5, times_ms=times, **odd))
    read = header.read_header(path)
    coded, stored = str(tmp_path / "o.nut"), str(tmp_path / "o.mp4")
    made = set()
    for _ in range(2):
        ffmpeg_encode.encode(container.decode(path), path, target=coded, rate=Fraction(25))
        ffmpeg_encode.store(coded, path, read.timeline, target=stored)
        made.add(Path(stored).read_bytes())
    assert len(made) == 1
    data = made.pop()
    assert data.index(b"moov") < data.index(b"mdat")
    again = header.read_header(str(tmp_path / "o.mp4"))
    assert again.timeline == read.timeline
    frames = list(container.decode(str(tmp_path / "o.mp4")))
    assert (frames[0].width, frames[0].height) == (130, 66)
    assert [read_index(frame.to_ndarray(format="rgb24")) for frame in frames] == list(range(5))


def test_as_many_frames_as_times_or_an_error(tmp_path: Path) -> None:
    path = str(make_video(tmp_path / "v.mp4", 5))
    longer = header.read_header(str(make_video(tmp_path / "longer.mp4", 6)))
    coded = str(tmp_path / "o.nut")
    ffmpeg_encode.encode(container.decode(path), path, target=coded, rate=Fraction(25))
    with pytest.raises(DecodeError, match="5 frames, not 6"):
        ffmpeg_encode.store(coded, path, longer.timeline, target=str(tmp_path / "o.mp4"))
