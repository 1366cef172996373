"""Every kind of odd video through every command that reads videos, with both decoders.

Whatever frames a command gives are read off their bars and held against what the film shows;
what is lost is held against its reason. Streams are made by the encoders that come with the
ffmpeg program, or bit by bit. Nothing here can make VC-1, so that it is not in the matrix.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from signdata.media.video.frame_selection import evenly
from tests import streams
from tests.conftest import Ran, run_cli
from tests.inference import models
from tests.videos import BITS, ffmpeg, make_index, make_video, paint, read_index

H264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-qp", "4", "-g", "10", "-c:a", "aac"]
HLG = (
    "zscale=pin=709:tin=bt709:min=gbr:rin=full:p=2020:t=arib-std-b67:m=2020_ncl:r=limited:npl=203,"
    "format=yuv420p10le"
)
WHITE = 215
"""What the white of bars is at least, after any encoder; HDR as it lies stays below."""


@dataclass(frozen=True)
class Film:
    """A film: how it is made, and what is to come of it.

    Attributes
    ----------
    suffix : str
        The suffix that such files have.
    make : callable
        Writes it to a path.
    shows : iterable of int
        The index of each frame.
    note : str
        What is to be said of it.
    fault : str
        Why there is nothing of it.
    """

    suffix: str
    make: Callable[[Path], None]
    shows: Iterable[int] = ()
    note: str = ""
    fault: str = ""


def mirrored(path: Path) -> None:
    plain = make_video(path.with_name("plain.mp4"), 20, options={"qp": "4"})
    ffmpeg("-display_hflip", "-i", plain, "-c", "copy", path)
    plain.unlink()


def from_the_other_side(index: int) -> int:
    return int(f"{index:0{BITS}b}"[::-1], 2)


def hdr(path: Path) -> None:
    plain = make_video(path.with_name("plain.mkv"), 8, codec="ffv1", pix_fmt="bgr0")
    tags = "colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc"
    coded = ["-c:v", "libx265", "-x265-params", f"log-level=none:qp=4:{tags}"]
    ffmpeg("-i", plain, "-vf", HLG, *coded, path)
    plain.unlink()


def cut_off(*words: str) -> Callable[[Path], None]:
    """Two seconds with sound, of which the first 60 % arrived."""

    def make(path: Path) -> None:
        plain = make_video(path.with_name("plain.mkv"), 50, codec="ffv1", pix_fmt="yuv420p")
        sound = ["-f", "lavfi", "-i", "sine=r=44100", "-t", "2"]
        ffmpeg("-i", plain, *sound, *H264, *words, path)
        plain.unlink()
        data = path.read_bytes()
        path.write_bytes(data[: len(data) * 6 // 10])

    return make


FILMS = {
    "H.264 in fields": Film("mts", streams.fields, range(30)),
    "MPEG-2 in fields": Film("ts", streams.mpeg2_fields, range(30)),
    "VP8 with hidden pictures": Film("webm", streams.hidden, range(30)),
    "MPEG-4 with gaps": Film("avi", streams.dropped, range(30)),
    "packed MPEG-4": Film("avi", streams.packed, range(31)),
    "HEVC behind a cut": Film("mkv", streams.open_gop, range(32, 60)),
    "FLV cut off": Film("flv", cut_off(), fault="ends early"),
    "fragments cut off": Film(
        "mp4", cut_off("-movflags", "frag_keyframe+empty_moov"), fault="ends early"
    ),
    "mirrored": Film("mov", mirrored, [from_the_other_side(i) for i in range(20)]),
    "HDR": Film("mov", hdr, range(8), "HDR (hlg) was tone-mapped to BT.709"),
    "joined": Film(
        "ts", lambda path: streams.joined(path, 200), range(100), "1 jump in its times was closed"
    ),
    "of two sizes": Film(
        "ts",
        lambda path: streams.parts_of(path, [(128, 64), (256, 128)]),
        [*range(20), *range(20)],
        "the size changes: frames were brought to 128x64 as the first one",
    ),
}
Frames = dict[str, list[NDArray[np.uint8]]]
"""The frames of each clip that a command made."""

NAMES = {name: re.sub(r"\W+", "-", name) for name in FILMS}


def reading_network(path: Path) -> Path:
    """A network that reads a frame's index off its bars; what is not quite white is none."""
    bits = np.array([[index >> bit & 1 for index in range(1 << BITS)] for bit in range(BITS)])
    weights = (bits * 2.0 - 1) * 100
    return models.write(
        path,
        models.linear(weights, -weights.sum(axis=0) * WHITE / 255, size_hw=(1, BITS)),
    )


@dataclass
class Told:
    """What a command said and gave, film by film."""

    frames: Frames
    indices: dict[str, list[int]]
    notes: dict[str, list[str]]
    faults: dict[str, tuple[str, str]]


def films(root: Path) -> None:
    """All films, as a tree of classes, and flat with an index."""
    (root / "flat").mkdir()
    for name, film in FILMS.items():
        path = root / "tree" / NAMES[name] / f"{NAMES[name]}.{film.suffix}"
        path.parent.mkdir(parents=True)
        film.make(path)
        os.link(path, root / "flat" / path.name)
    make_index(root / "index.json", [{"video_id": name, "gloss": name} for name in NAMES.values()])
    reading_network(root / "network.onnx")


def pictures_in(folder: Path) -> list[NDArray[np.uint8]]:
    found = []
    for path in sorted(folder.glob("*.png")):
        with Image.open(path) as image:
            found.append(np.asarray(image))
    return found


def frames_of(path: Path) -> list[NDArray[np.uint8]]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def extracted(root: Path, decoder: str) -> tuple[Ran, Frames]:
    out = root / f"extracted-{decoder}"
    ran = run_cli("extract-frames", root / "tree", out, "--decoder", decoder, *PNG)
    return ran, {folder.name: pictures_in(folder) for folder in out.glob("*/*") if folder.is_dir()}


def trimmed(root: Path) -> tuple[Ran, Frames]:
    out = root / "trimmed"
    ran = run_cli("trim", root / "index.json", out, "--videos", root / "flat", "--json")
    return ran, {path.stem: frames_of(path) for path in out.glob("*.mp4")}


def converted(root: Path) -> tuple[Ran, Frames]:
    out = root / "converted"
    ran = run_cli("convert", root / "tree", out, "--to", "frames", "--on-error", "skip", *PNG)
    return ran, {folder.name: pictures_in(folder) for folder in out.glob("*/*") if folder.is_dir()}


PNG = ("--image-format", "png", "--json")
COMMANDS: dict[str, Callable[[Path], tuple[Ran, Frames]]] = {
    "extract-frames": lambda root: extracted(root, "pyav"),
    "extract-frames --decoder ffmpeg": lambda root: extracted(root, "ffmpeg"),
    "trim": trimmed,
    "convert": converted,
    "audit": lambda root: (run_cli("audit", root / "tree", "--json"), {}),
    "predict": lambda root: (
        run_cli("predict", root / "network.onnx", root / "tree", "-k", "1", "--json"),
        {},
    ),
}


def told(ran: Ran, frames: Frames) -> Told:
    assert ran.returncode == 3, ran.stderr
    found = Told(frames, {}, {}, {})
    for name, pictures in frames.items():
        found.indices[name] = [read_index(picture) for picture in pictures]
    for one in ran.json.get("predictions", ()):
        found.indices[Path(one["path"]).stem] = [int(frame["label"]) for frame in one["frames"]]
    changed = [one for one in ran.json.get("findings", ()) if one["kind"] == "changed"]
    for one in (*ran.json["problems"], *changed):
        name = Path(one["path"]).stem
        if one["kind"] in ("note", "changed"):
            message = re.sub(r": \d+ frames", ": frames", one["message"])
            found.notes.setdefault(name, []).append(message)
        else:
            found.faults[name] = (one["kind"], one["message"])
    return found


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Told]:
    """What a command made of the films; each command runs once."""
    root = tmp_path_factory.mktemp("films")
    films(root)
    done: dict[str, Told] = {}

    def once(command: str) -> Told:
        if command not in done:
            done[command] = told(*COMMANDS[command](root))
        return done[command]

    return once


@pytest.mark.parametrize("kind", FILMS)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_reads_every_kind(
    run: Callable[[str], Told], command: str, kind: str
) -> None:
    found, film, name = run(command), FILMS[kind], NAMES[kind]
    if film.fault:
        fault, message = found.faults[name]
        assert (fault, name in found.indices, name in found.notes) == ("short", False, False)
        assert message.startswith(film.fault)
        return
    assert name not in found.faults
    assert found.notes.get(name, []) == [film.note] * bool(film.note)
    shows = list(film.shows)
    if command == "predict":
        assert found.indices[name] == [shows[i] for i in evenly(16, len(shows))]
    elif command != "audit":
        assert found.indices[name] == shows
        assert max(int(picture.max()) for picture in found.frames[name]) > WHITE
        assert len({picture.shape for picture in found.frames[name]}) == 1


def test_predict_reads_hdr_as_it_lies_when_told_so(
    tmp_path: Path, main: Callable[..., Ran]
) -> None:
    hdr(tmp_path / "a.mov")
    network = reading_network(tmp_path / "network.onnx")
    ran = main("predict", network, tmp_path / "a.mov", "--no-tone-map", "--json")
    assert (ran.returncode, ran.json["problems"]) == (0, [])
    assert {frame["label"] for frame in ran.json["predictions"][0]["frames"]} == {"0"}


# ---------------------------------------------------------------------------- what an index says

READERS: dict[str, tuple[str, ...]] = {
    "extract-frames": (),
    "extract-frames --decoder ffmpeg": (),
    "trim": (),
    "convert": ("--to", "frames", "--on-error", "skip"),
    "audit": (),
}


@dataclass(frozen=True)
class Index:
    """What an index may be like.

    Attributes
    ----------
    instances : list
        Its instances, of the videos ``a`` (30 frames), ``b`` (20 frames), ``other.mkv`` (5
        frames) and of what is no video.
    clips : dict
        Range of the frames of each clip that comes out.
    notes : dict
        What is noted, of the index or of a clip.
    faults : dict
        Why a clip is lost, and of which kind that is.
    encoding : str
        How it is written.
    """

    instances: list[dict[str, Any]]
    clips: dict[str, range]
    notes: tuple[str, ...] = ()
    faults: dict[str, tuple[str, str]] | None = None
    encoding: str = "utf-8"


TWO = [{"video_id": "a", "gloss": "né"}, {"video_id": "b", "gloss": "go"}]
BOTH = {"a": range(30), "b": range(20)}
SEVERAL = "further clips are of a video that has one already: samples of their own, called ID-2"

INDICES = {
    "UTF-8 with a mark": Index(TWO, BOTH, encoding="utf-8-sig"),
    "UTF-16": Index(TWO, BOTH, encoding="utf-16"),
    "null": Index(
        [
            {"video_id": "a", "url": None, "source": None, "split": "dev", "fps": None},
            {"video_id": "b", "bbox": None, "split": "Train", "frame_start": 1.0},
        ],
        BOTH,
        (
            *(
                f"{field} null is read as not given (1 instance)"
                for field in ("bbox", "fps", "source", "url")
            ),
            "frame_start with a decimal point (1.0) is read as a whole number (1 instance)",
            "split 'Train' is read as train (1 instance)",
            "split 'dev' is read as val (1 instance)",
        ),
    ),
    "one video in several clips": Index(
        [
            {"video_id": "a", "frame_start": 1, "frame_end": 10},
            {"video_id": "a", "frame_start": 11, "frame_end": 20},
            {"video_id": "a", "gloss": "go"},
            {"video_id": "b", "gloss": "go"},
        ],
        {"a": range(10), "a-2": range(10, 20), "a-3": range(30), "b": range(20)},
        (f"2 {SEVERAL} and so on",),
    ),
    "what cannot be read": Index(
        [
            {"video_id": "a", "frame_start": 500, "frame_end": 600},
            {"video_id": "picture"},
            {"video_id": "page"},
            {"video_id": "nowhere"},
            {"video_id": "other"},
            {"video_id": "b", "gloss": "go"},
        ],
        {"b": range(20), "other": range(5)},
        faults={
            "a": ("short", "frame_start 500 lies behind the end of the file (1.20 s)"),
            "picture": ("corrupt", "not a video; found a GIF of one picture"),
            "page": ("corrupt", "not a video; found a web page"),
            "nowhere": ("missing", "the video is not there"),
        },
    ),
}


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The videos that the indices are of."""
    root = tmp_path_factory.mktemp("videos")
    make_video(root / "a.mp4", 30)
    make_video(root / "b.mp4", 20)
    make_video(root / "other.mkv", 5)
    Image.fromarray(paint(3)).save(root / "picture.mp4", "GIF")
    (root / "page.mp4").write_text("<!DOCTYPE html><html>Sign in</html>")
    return root


def clips_in(out: Path) -> dict[str, list[int]]:
    """The index of each frame of the clips that a command made."""
    frames = {path.stem: frames_of(path) for path in out.glob("*.mp4")}
    for path in out.rglob("*.png"):
        frames.setdefault(path.parent.name, pictures_in(path.parent))
    return {name: [read_index(one) for one in found] for name, found in frames.items()}


@pytest.mark.parametrize("kind", INDICES)
@pytest.mark.parametrize("command", READERS)
def test_every_command_reads_every_index(
    tmp_path: Path, main: Callable[..., Ran], videos: Path, command: str, kind: str
) -> None:
    index = INDICES[kind]
    path = make_index(tmp_path / "index.json", index.instances)
    path.write_bytes(path.read_text().encode(index.encoding))
    word, *more = command.split()
    words = [*more, *READERS[command], "--videos", videos, "-j1", "--json"]
    if word != "audit":
        words = [tmp_path / "out", *words]
    if word in ("extract-frames", "convert"):
        words += ["--image-format", "png"]
    ran = main(word, path, *words)
    faults = index.faults or {}
    assert ran.returncode == (3 if faults else 0), ran.stderr
    findings = [one for one in ran.json.get("findings", ()) if one["kind"] == "changed"]
    problems = [*ran.json["problems"], *findings]
    notes = [one["message"] for one in problems if one["kind"] in ("note", "changed")]
    assert sorted(notes) == sorted(index.notes)
    lost = {
        Path(one["path"]).stem: one for one in problems if one["kind"] not in ("note", "changed")
    }
    assert {name: one["kind"] for name, one in lost.items()} == {
        name: fault for name, (fault, _) in faults.items()
    }
    for name, (_, message) in faults.items():
        assert lost[name]["message"].startswith(message)
    if word == "audit":
        assert ran.json["read"] == len(index.clips) + len(faults)
        strange = {"pose-mismatch", "stray"} & {one["kind"] for one in ran.json["findings"]}
        assert not strange
    else:
        assert clips_in(tmp_path / "out") == {
            name: list(shows) for name, shows in index.clips.items()
        }


@pytest.mark.parametrize("command", READERS)
def test_no_command_reads_an_index_of_no_unicode(
    tmp_path: Path, main: Callable[..., Ran], videos: Path, command: str
) -> None:
    path = make_index(tmp_path / "index.json", [{"video_id": "a"}])
    path.write_bytes(path.read_text().replace("book", "n\xe9").encode("latin-1"))
    word, *more = command.split()
    out = [] if word == "audit" else [tmp_path / "out"]
    ran = main(word, path, *out, *more, *READERS[command], "--videos", videos)
    assert ran.returncode == 4
    assert "not UTF-8: byte 0xe9 at position 13" in ran.error
    assert not (tmp_path / "out").exists()


BOXES: dict[str, tuple[Any, tuple[int, int] | None]] = {
    "zero": ([0, 0, 0, 0], None),
    "reversed": ([100, 50, 20, 10], None),
    "short": ([1, 2, 3], None),
    "shares": ([0.25, 0.25, 0.75, 0.75], (64, 32)),
    "pixels": ([16, 8, 112, 56], (96, 48)),
    "none": (None, (128, 64)),
}


@pytest.mark.parametrize("decoder", ["pyav", "ffmpeg"])
def test_boxes_cut_or_cost_their_clip(
    tmp_path: Path, main: Callable[..., Ran], videos: Path, decoder: str
) -> None:
    (tmp_path / "videos").mkdir()
    for name in BOXES:
        os.link(videos / "other.mkv", tmp_path / "videos" / f"{name}.mkv")
    instances = [{"video_id": name, "bbox": box} for name, (box, _) in BOXES.items()]
    path = make_index(tmp_path / "index.json", instances)
    out = tmp_path / "out"
    words = ["--crop-bbox", "--videos", tmp_path / "videos", "--decoder", decoder, "-j1", *PNG]
    ran = main("extract-frames", path, out, *words)
    assert (ran.returncode, ran.json["failed"]) == (3, 3)
    sizes = {}
    for name in BOXES:
        for picture in pictures_in(out / "train" / "book" / name):
            sizes[name] = (picture.shape[1], picture.shape[0])
    assert sizes == {name: size for name, (_, size) in BOXES.items() if size}
    said = {Path(one["path"]).stem: one["message"] for one in ran.json["problems"]}
    assert said["shares"] == "a bbox within 0..1 is taken as shares of the frame"
    assert said["none"] == "has no bbox: its whole pictures are kept"
    for name in ("zero", "reversed", "short"):
        numbers = " ".join(map(str, BOXES[name][0]))
        assert said[name].startswith(f"bbox {numbers}; expected x0, y0, x1, y1")
