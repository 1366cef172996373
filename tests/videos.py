"""Tiny real videos whose frames carry their own index."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray
from PIL import Image

CELL = 16
BITS = 8


def paint(index: int, size_wh: tuple[int, int] = (BITS * CELL, 4 * CELL)) -> NDArray[np.uint8]:
    """A picture that spells `index` in eight wide bars, white for 1."""
    width, height = size_wh
    bars = [(index >> bit) & 1 for bit in range(BITS)]
    row = np.repeat(np.array(bars, np.uint8) * 220 + 16, width // BITS)
    row = np.pad(row, (0, width - len(row)), mode="edge")
    return np.repeat(np.tile(row, (height, 1))[:, :, None], 3, axis=2)


def read_index(frame: NDArray[np.uint8]) -> int:
    """The index that a painted picture spells, whatever its size."""
    height, width = frame.shape[:2]
    step = width / BITS
    columns = [int((bit + 0.5) * step) for bit in range(BITS)]
    values = frame[height // 2, columns].reshape(BITS, -1).mean(axis=1)
    return int(sum(1 << bit for bit, value in enumerate(values) if value > 128))


def make_video(
    path: Path,
    n_frames: int,
    *,
    fps: Fraction | int = 25,
    size_wh: tuple[int, int] = (BITS * CELL, 4 * CELL),
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    times_ms: Sequence[int] | None = None,
    aspect: Fraction | None = None,
    n_audio: int = 0,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
) -> Path:
    """Write a video of `n_frames` painted frames, shown at `times_ms` if given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(f"file:{path}", "w", options=container_options or {}) as container:
        container.metadata.update(metadata or {})
        stream = container.add_stream(codec, rate=fps, options=options or {})
        stream.width, stream.height = size_wh
        stream.pix_fmt = pix_fmt
        if aspect is not None:
            stream.sample_aspect_ratio = aspect
        if times_ms is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        sounds = [container.add_stream("aac", rate=8000, layout="mono") for _ in range(n_audio)]
        for index in range(n_frames):
            frame = av.VideoFrame.from_ndarray(paint(index, size_wh), format="rgb24")
            if times_ms is not None:
                frame.pts, frame.time_base = times_ms[index], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        for sound in sounds:
            silence = av.AudioFrame.from_ndarray(
                np.zeros((1, 8000), np.float32), format="fltp", layout="mono"
            )
            silence.sample_rate, silence.pts = 8000, 0
            container.mux(sound.encode(silence))
            container.mux(sound.encode())
    return path


def ffmpeg(*words: str | Path) -> None:
    """Run the ffmpeg program."""
    program = imageio_ffmpeg.get_ffmpeg_exe()
    base = [program, "-nostdin", "-hide_banner", "-loglevel", "error", "-y"]
    subprocess.run([*base, *map(str, words)], check=True, timeout=60)


def make_index(path: Path, instances: Sequence[dict[str, Any]]) -> Path:
    """Write a WLASL JSON; an instance's `gloss` is ``book`` if it names none."""
    glosses: dict[str, list[dict[str, Any]]] = {}
    for number, given in enumerate(instances):
        instance = {
            "video_id": f"{number:05d}",
            "split": "train",
            "signer_id": 7,
            "source": "site",
            "url": "https://example.org/x",
            "fps": 25,
            "frame_start": 1,
            "frame_end": -1,
            "bbox": [0, 0, BITS * CELL, 4 * CELL],
            "instance_id": number,
            "variation_id": 0,
            **given,
        }
        glosses.setdefault(instance.pop("gloss", "book"), []).append(instance)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([{"gloss": g, "instances": i} for g, i in glosses.items()]))
    return path


def indices_in(folder: Path) -> list[int]:
    """The index that each picture in a clip's folder spells, in the order of their names."""
    paths = sorted(path for path in folder.iterdir() if path.suffix in (".jpg", ".png"))
    found = []
    for path in paths:
        with Image.open(path) as image:
            found.append(read_index(np.asarray(image)))
    return found
