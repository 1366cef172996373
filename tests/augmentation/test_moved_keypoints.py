"""A dot is painted into pictures; in every variant its keypoint is on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import signdata
from signdata.augmentation.moved_keypoints import moved
from signdata.magick import operations, profiles
from signdata.magick.operations import Chain, Operation, Place
from signdata.media.image import encode
from signdata.samples import Frame

HEIGHT, WIDTH = 60, 81
DOT = 50.0, 24.0

CHAINS: dict[str, Chain] = {
    "colours": (operations.BrightnessContrast(brightness=5.0), operations.Modulate(percent=90.0)),
    "crop": (operations.Crop(),),
    "resize": (operations.Resize(size="40x50!"),),
    "larger": (operations.Scale(size="200x200"),),
    "nearest": (operations.Sample(size="41x30!"),),
    "padded": (operations.Extent(size="101x71", background="#000000"),),
    "cut": (operations.Extent(size="70x50", gravity="SouthEast", background="#000000"),),
    "turned within": (operations.Srt(degrees=12.0),),
    "turned": (operations.Rotate(degrees=-17.0),),
    "quarter": (operations.Rotate(degrees=90.0),),
    "three quarters": (operations.Rotate(degrees=-90.0),),
    "upside down": (operations.Rotate(degrees=180.0),),
    "all": (
        operations.Crop(),
        operations.Gray(),
        operations.Resize(size="64x64!"),
        operations.Rotate(degrees=30.0),
        operations.Extent(size="60x60"),
        operations.Srt(degrees=-8.0),
    ),
}


def dotted(dot: tuple[float, float] = DOT) -> Frame:
    """A picture, black but for a round white dot."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    bright = np.exp(-((x - dot[0]) ** 2 + (y - dot[1]) ** 2) / 8)
    frame: Frame = np.repeat((255 * bright).round().astype(np.uint8)[..., None], 3, axis=2)
    return frame


def centre(frame: Frame) -> tuple[float, float]:
    """Where the dot is."""
    bright = frame.astype(float).mean(axis=2)
    y, x = np.mgrid[: bright.shape[0], : bright.shape[1]]
    bright[bright < 60] = 0
    total = bright.sum()
    return float((x * bright).sum() / total), float((y * bright).sum() / total)


def keypoints(dot: tuple[float, float] = DOT) -> bytes:
    return json.dumps({"people": [{"hand_left_keypoints_2d": [*dot, 0.9]}]}).encode()


def point(data: bytes) -> tuple[float, float, float]:
    x, y, confidence = json.loads(data)["people"][0]["hand_left_keypoints_2d"]
    return x, y, confidence


@pytest.mark.parametrize("profile", ["im7-2017", "im6-q16", "im7-current"])
@pytest.mark.parametrize("name", CHAINS)
def test_the_point_is_on_the_dot(name: str, profile: str) -> None:
    chain = CHAINS[name]
    place = Place(profiles.profile_of(profile), (20, 10, 50, 40))
    dark_on_light = any(isinstance(operation, operations.Rotate) for operation in chain)
    picture = 255 - dotted() if dark_on_light else dotted()
    quanta = profiles.load(np.ascontiguousarray(picture.transpose(2, 0, 1))[None])
    [made] = operations.run([chain], quanta, [place])
    frame = profiles.to_bytes(made, place.profile).transpose(0, 2, 3, 1)[0]
    found = moved((".json", keypoints()), chain, (HEIGHT, WIDTH), place)
    assert found is not None
    document = json.loads(found[1])
    assert (document["canvas_width"], document["canvas_height"]) == frame.shape[1::-1]
    x, y, confidence = point(found[1])
    assert (x, y) == pytest.approx(centre(255 - frame if dark_on_light else frame), abs=0.7)
    assert confidence == 0.9


def test_every_operation_is_tried_that_moves_pixels() -> None:
    tried = {type(operation) for chain in CHAINS.values() for operation in chain}
    moving = {
        kind
        for kind in operations.AnyOperation.__args__
        if kind.matrix is not Operation.matrix or kind.size_after is not Operation.size_after
    }
    assert moving <= tried


RECIPE = """
steps = [
    { op = "gray" },
    { op = "resize", size = "48x40!" },
    { op = "distort-srt", degrees = [-15.0, 15.0] },
]
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    (tmp_path / "turned.toml").write_text(RECIPE)
    return tmp_path / "turned.toml"


def check(root: Path, n_samples: int, n_frames: int) -> None:
    """Every keypoint of a dataset lies on the dot of its picture."""
    samples = list(signdata.open_dataset(root))
    assert len(samples) == n_samples
    for sample in samples:
        frames = list(sample.frames())
        assert len(frames) == n_frames
        for number, frame in enumerate(frames):
            found = sample.pixels.companion(number)
            assert found is not None, sample.id
            assert point(found[1])[:2] == pytest.approx(centre(frame), abs=0.7)


def test_frames_of_clips(main: Any, tmp_path: Path, recipe: Path) -> None:
    """Each frame has its own; also by way of HDF5, and the original next to the variants."""
    folder = tmp_path / "frames/book/1"
    folder.mkdir(parents=True)
    for number in range(1, 4):
        dot = (40.0 + 2 * number, 24.0)
        (folder / f"img_{number:05d}.png").write_bytes(encode.encode(dotted(dot), "png", 95))
        (folder / f"img_{number:05d}.json").write_bytes(keypoints(dot))
    signdata.convert(tmp_path / "frames", tmp_path / "read", workers=1)
    for source, out in (("read", "out"), ("read", "out.h5"), ("out.h5", "back")):
        if out == "back":
            words: list[Any] = ["convert", tmp_path / source, tmp_path / out]
        else:
            words = ["augment", tmp_path / source, tmp_path / out, "--recipe", recipe]
            words.append("--keep-original")
        done = main(*words, "--json", "-j", 1)
        assert done.returncode == 0
        assert done.json["problems"] == []
        check(tmp_path / out, 3, 3)


def test_stills(main: Any, tmp_path: Path, recipe: Path, make_tree: Any) -> None:
    folder = make_tree({"A/1.png": dotted(), "B/1.png": dotted((30.0, 30.0))})
    signdata.convert(folder, tmp_path / "read", workers=1)
    (tmp_path / "read/A/1.json").write_bytes(keypoints())
    (tmp_path / "read/B/1.json").write_bytes(keypoints((30.0, 30.0)))
    words = ["augment", tmp_path / "read", tmp_path / "out", "--recipe", recipe, "-j", 1]
    assert main(*words).returncode == 0
    check(tmp_path / "out", 4, 1)
