"""Frames out of videos against PyAV alone, the ffmpeg program and OpenCV; workers, memory."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.data import Place, clear
from benchmarks.measure import Cost, Figure, call, cpu, rotate, signdata, wall

SHORT_SIDE = 256
QUALITY = 95
N_FRAMES = 16
FRAMES = ((60, 12), (75, 250), (88, 12), (100, 250))
"""Frames and key frame distance of the clips; the fifth clip is a copy of the first, and so on."""

SEEK_EVERY = 4
"""How many frames of a clip the way of seeking to each frame leaves out for one that it takes."""

TINY_SIZE, TINY_FRAMES = (160, 120), 8
LONG_FRAMES = 4000

ALONE = "PyAV, decoding alone"
FFMPEG = "ffmpeg of imageio-ffmpeg"
SYSTEM = "ffmpeg on PATH"
SEQUENTIAL = "cv2.VideoCapture, imwrite"
SEEKING = "cv2 POS_FRAMES for each"


@dataclass(frozen=True)
class Videos:
    """A tree ``CLASS/NAME.mp4``.

    Attributes
    ----------
    folder : Path
        Where it is.
    size : tuple of int
        Width and height of the pictures that are to come out.
    n_frames : int
        Frames of all clips together.
    """

    folder: Path
    size: tuple[int, int]
    n_frames: int


def encode(path: Path, size: tuple[int, int], n_frames: int, distance: int) -> None:
    """Write an H.264 video of a moving test picture with grain; `distance` of key frames."""
    width, height = size
    picture = f"testsrc2=size={width}x{height}:rate=25,noise=alls=4:allf=t"
    source = ["-f", "lavfi", "-i", picture, "-frames:v", str(n_frames)]
    codec = ["-c:v", "libx264", "-preset", "medium", "-crf", "23", "-pix_fmt", "yuv420p"]
    path.parent.mkdir(parents=True, exist_ok=True)
    ffmpeg(_wheel(), *source, *codec, "-g", str(distance), str(path))


def ffmpeg(program: str, *words: str) -> None:
    """Run the ffmpeg program."""
    quiet = ["-nostdin", "-y", "-hide_banner", "-loglevel", "error"]
    subprocess.run([program, *quiet, *words], check=True)


def _wheel() -> str:
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())


def clips_of(place: Place, size: tuple[int, int]) -> Videos:
    """Clips of 60 to 100 frames, four different ones and copies of them."""
    folder = place.memory / f"videos-{size[1]}"
    n_clips = max(4, place.clips // 40)
    made = not folder.exists()
    n_frames = 0
    for i in range(n_clips):
        n, distance = FRAMES[i % len(FRAMES)]
        n_frames += n
        path = folder / "ABCD"[i % 4] / f"{i:05d}.mp4"
        if made and i < len(FRAMES):
            encode(path, size, n, distance)
        elif made:
            shutil.copy(folder / "ABCD"[i % 4] / f"{i % 4:05d}.mp4", path)
    return Videos(folder, _scaled(size), n_frames)


def _scaled(size: tuple[int, int]) -> tuple[int, int]:
    low = min(size)
    width, height = (round(side * SHORT_SIDE / low) for side in size)
    return width, height


def decode_alone(folder: str, n_frames: str) -> None:
    """The limit: PyAV decodes every frame, nothing is made of them."""
    import av

    n = 0
    for path in sorted(Path(folder).glob("*/*.mp4")):
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "NONE"
            for _ in container.decode(stream):
                n += 1
    if n != int(n_frames):
        raise AssertionError(f"{n} frames, not {n_frames}")


def with_ffmpeg(folder: str, out: str, program: str, size: str) -> None:
    """The usual way: the ffmpeg program, started for each clip."""
    for path, target in _pairs(folder, out):
        scale = ["-vf", f"scale={size},format=yuvj420p", "-fps_mode", "passthrough"]
        one = ["-threads", "1", "-filter_threads", "1"]
        ffmpeg(program, *one, "-i", str(path), *scale, "-q:v", "2", f"{target}/img_%05d.jpg")


def with_capture(folder: str, out: str, width: str, height: str) -> None:
    """The usual way: OpenCV from the first frame to the last."""
    import cv2

    size, how = (int(width), int(height)), [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    for path, target in _pairs(folder, out):
        capture = cv2.VideoCapture(str(path))
        number = 0
        while True:
            good, frame = capture.read()
            if not good:
                break
            number += 1
            small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
            cv2.imwrite(f"{target}/img_{number:05d}.jpg", small, how)
        capture.release()


def with_seeking(folder: str, out: str, width: str, height: str) -> None:
    """The usual way: OpenCV, told the number of each frame; few frames of four clips."""
    import cv2

    size, how = (int(width), int(height)), [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    for path, target in sorted(_pairs(folder, out), key=lambda pair: pair[0].name)[: len(FRAMES)]:
        capture = cv2.VideoCapture(str(path))
        for index in range(0, int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), SEEK_EVERY):
            capture.set(cv2.CAP_PROP_POS_FRAMES, index)
            good, frame = capture.read()
            if not good:
                raise AssertionError(f"{path}: no frame {index}")
            small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
            cv2.imwrite(f"{target}/img_{index + 1:05d}.jpg", small, how)
        capture.release()


def _pairs(folder: str, out: str) -> Iterator[tuple[Path, str]]:
    """Each video with the folder of its pictures, which is made."""
    for path in sorted(Path(folder).glob("*/*.mp4")):
        target = f"{out}/{path.parent.name}/{path.stem}"
        os.makedirs(target)
        yield path, target


def check(out: Path, n_frames: int, size: tuple[int, int]) -> None:
    """Raise unless a tree holds so many whole pictures of that width and height."""
    from PIL import Image

    paths = list(out.glob("*/*/*.jpg"))
    if len(paths) != n_frames:
        raise AssertionError(f"{len(paths)} pictures in {out}, not {n_frames}")
    for path in paths:
        with Image.open(path) as picture:
            if picture.size != size:
                raise AssertionError(f"{path} has {picture.size}, not {size}")
            picture.load()


def extract(videos: Videos, out: Path, *options: str) -> Cost:
    """Run signdata."""
    side = str(SHORT_SIDE)
    return signdata("extract-frames", videos.folder, clear(out), "--short-side", side, *options)


def frames(place: Place, size: tuple[int, int]) -> Iterator[Figure]:
    """All frames, against every other way of having them."""
    videos, out = clips_of(place, size), place.memory / "frames"
    width, height = map(str, videos.size)
    folder = videos.folder
    ways: dict[str, Callable[[], Cost]] = {
        "": lambda: extract(videos, out),
        ALONE: lambda: call(decode_alone, folder, str(videos.n_frames)),
        FFMPEG: lambda: call(with_ffmpeg, folder, clear(out), _wheel(), f"{width}:{height}"),
        SEQUENTIAL: lambda: call(with_capture, folder, clear(out), width, height),
        SEEKING: lambda: call(with_seeking, folder, clear(out), width, height),
    }
    asked = {ALONE: "<= 1.6x", FFMPEG: ">= 1.0x less", SYSTEM: ">= 1.2x less"}
    asked |= {SEQUENTIAL: ">= 1.9x less", SEEKING: ">= 8x less"}
    program = shutil.which("ffmpeg")
    if program:
        to = f"{width}:{height}"
        ways[SYSTEM] = lambda: call(with_ffmpeg, folder, clear(out), program, to)
    sought = sum(-(-n // SEEK_EVERY) for n, _ in FRAMES)
    counts = {name: sought if name == SEEKING else videos.n_frames for name in ways}

    def look(name: str) -> None:
        if name != ALONE:
            check(out, counts[name], videos.size)

    costs = rotate(place.rounds, ways, look)
    clear(out)
    per_frame = {name: [s / counts[name] * 1e3 for s in cpu(costs[name])] for name in ways}
    for name in [name for name in ways if name]:
        job = f"every frame, {size[1]}p"
        yield Figure(job, name, "ms CPU/frame", per_frame[""], per_frame[name], asked[name])


def frames_16(place: Place) -> Iterator[Figure]:
    """Sixteen frames of each clip, which has to be decoded for them."""
    out = place.memory / "frames"
    for size in SIZES:
        videos = clips_of(place, size)
        n_clips = len(list(videos.folder.glob("*/*.mp4")))
        ways: dict[str, Callable[[], Cost]] = {
            "": partial(extract, videos, out, "--frames", str(N_FRAMES)),
            ALONE: partial(call, decode_alone, videos.folder, str(videos.n_frames)),
        }
        look = _look_at_ours(out, n_clips * N_FRAMES, videos.size)
        costs = rotate(place.rounds, ways, look)
        clear(out)
        per_clip = {name: [s / n_clips * 1e3 for s in cpu(costs[name])] for name in ways}
        job = f"{N_FRAMES} frames of a clip, {size[1]}p"
        yield Figure(job, ALONE, "ms CPU/clip", per_clip[""], per_clip[ALONE], "<= 1.4x")


def _look_at_ours(out: Path, n_frames: int, size: tuple[int, int]) -> Callable[[str], None]:
    def look(name: str) -> None:
        if name != ALONE:
            check(out, n_frames, size)

    return look


def short_clips(place: Place) -> Iterator[Figure]:
    """Very many very short clips, and as many frames in a hundredth of the videos."""
    n_frames = place.clips * TINY_FRAMES
    tiny = Videos(place.memory / "videos-tiny", _scaled(TINY_SIZE), n_frames)
    one = place.memory / "tiny.mp4"
    encode(one, TINY_SIZE, TINY_FRAMES, TINY_FRAMES)
    for i in range(place.clips):
        path = tiny.folder / f"gloss{i // 100}" / f"{i:05d}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(one, path)
    n_long = max(1, place.clips // 100)
    each = n_frames // n_long
    long = Videos(place.memory / "videos-long", _scaled(TINY_SIZE), each * n_long)
    encode(one, TINY_SIZE, each, TINY_FRAMES)
    for i in range(n_long):
        path = long.folder / f"gloss{i}" / f"{i:05d}.mp4"
        path.parent.mkdir(parents=True)
        shutil.copy(one, path)
    out = place.memory / "frames"
    ways: dict[str, Callable[[], Cost]] = {
        "": lambda: signdata("extract-frames", tiny.folder, clear(out)),
        "long": lambda: signdata("extract-frames", long.folder, clear(out)),
        ALONE: lambda: call(decode_alone, tiny.folder, str(n_frames)),
    }

    def look(name: str) -> None:
        if name != ALONE:
            check(out, long.n_frames if name == "long" else n_frames, TINY_SIZE)

    costs = rotate(place.rounds, ways, look)
    for path in (out, one, tiny.folder, long.folder):
        clear(path)
    whole, alone = ([s / place.clips * 1e3 for s in cpu(costs[name])] for name in ("", ALONE))
    more = zip(cpu(costs[""]), cpu(costs["long"]), strict=True)
    over = [(a - b) / (place.clips - n_long) * 1e3 for a, b in more]
    job, unit = f"{place.clips:,} clips of {TINY_FRAMES} frames", "ms CPU/clip"
    yield Figure(job, ALONE, unit, whole, alone)
    yield Figure(f"{job}, what a clip costs next to its frames", "", unit, over, [], "<= 15")


def workers(place: Place) -> Iterator[Figure]:
    """Two workers against one."""
    out = place.memory / "frames"
    for size in SIZES:
        videos = clips_of(place, size)
        one, two = (partial(extract, videos, out, "--workers", n) for n in "12")
        look = _look_at_ours(out, videos.n_frames, videos.size)
        costs = rotate(place.rounds, {"two": two, "one": one}, look)
        clear(out)
        ours, usual = wall(costs["two"]), wall(costs["one"])
        job = f"every frame, {size[1]}p, two workers"
        yield Figure(job, "one worker", "s wall", ours, usual, ">= 1.4x less")


def memory(place: Place) -> Iterator[Figure]:
    """Peak memory of a short clip and of a long source."""
    out = place.memory / "frames"
    n_rounds = min(2, place.rounds)
    short = Videos(place.memory / "video-short", _scaled(SIZES[0]), FRAMES[0][0])
    long = Videos(place.memory / "video-long", _scaled(SIZES[0]), LONG_FRAMES)
    for videos in (short, long):
        encode(videos.folder / "A" / "1.mp4", SIZES[0], videos.n_frames, 250)
    ways = {"long": partial(extract, long, out), "short": partial(extract, short, out)}

    def look(name: str) -> None:
        videos = long if name == "long" else short
        check(out, videos.n_frames, videos.size)

    costs = rotate(n_rounds, ways, look)
    for path in (out, short.folder, long.folder):
        clear(path)
    peaks = {name: [cost.peak for cost in costs[name]] for name in ways}
    job, other = f"{LONG_FRAMES:,} frames of a video", f"itself, {short.n_frames} frames"
    yield Figure(job, other, "MB peak", peaks["long"], peaks["short"], "<= 1.1x")


SIZES = ((640, 480), (1280, 720))

JOBS: dict[str, Callable[[Place], Iterator[Figure]]] = {
    "frames-480p": partial(frames, size=SIZES[0]),
    "frames-720p": partial(frames, size=SIZES[1]),
    "frames-16": frames_16,
    "frames-short-clips": short_clips,
    "frames-workers": workers,
    "frames-memory": memory,
}
