"""A dot is painted into a video; wherever its pixels go, its keypoint is on it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import signdata
from signdata.errors import FormatError
from signdata.media.keypoints import Keypoints, Placement, put, side_by_side
from signdata.media.video.keypoints import Poses, common_base
from signdata.media.video.orientation import Orientation
from signdata.samples import Sample
from signdata.training.data import load
from tests.videos import ffmpeg, make_index

WIDTH, HEIGHT, RADIUS = 192, 128, 6
DOTS = [(70 + 9 * k, 44 + 5 * k) for k in range(5)]
"""Where the centre of the dot is in each frame of the file, as it is stored."""

HAND = 21


def dotted(path: Path, dots: list[tuple[int, int]] = DOTS, aspect: Fraction | None = None) -> Path:
    """A video with a white dot on black."""
    path.parent.mkdir(parents=True, exist_ok=True)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        if aspect is not None:
            stream.sample_aspect_ratio = aspect
        for left, top in dots:
            inside = np.hypot(x - left, y - top) <= RADIUS
            array = np.repeat((inside * 255).astype(np.uint8)[:, :, None], 3, axis=2)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(array, format="rgb24")))
        container.mux(stream.encode())
    return path


def person(points: list[tuple[float, float]]) -> dict[str, list[float]]:
    """A person whose left hand has these points, and nothing else that was found."""
    left = [value for x, y in points for value in (x, y, 0.9)]
    return {
        "person_id": [-1],
        "hand_left_keypoints_2d": [*left, *[0] * (3 * (HAND - len(points)))],
        "hand_right_keypoints_2d": [0] * 3 * HAND,
    }


def write_poses(
    folder: Path, points: list[tuple[float, float]] = DOTS, first: int = 0, **more: Any
) -> Path:
    """The keypoint file of each frame, numbered as OpenPose numbers them."""
    folder.mkdir(parents=True)
    for number, (x, y) in enumerate(points, first):
        document = {"version": 1.3, "people": [person([(float(x), float(y))])], **more}
        (folder / f"v_{number:012d}_keypoints.json").write_text(json.dumps(document))
    return folder.parent


def centre(frame: np.ndarray, left: int = 0, right: int | None = None) -> tuple[float, float]:
    """The centre of what is bright."""
    bright = frame[:, left:right].astype(float).mean(axis=2)
    bright[bright < 64] = 0
    y, x = np.mgrid[: bright.shape[0], : bright.shape[1]]
    return float((x * bright).sum() / bright.sum()) + left, float((y * bright).sum() / bright.sum())


def stored(sample: Sample, number: int = 0) -> dict[str, Any]:
    found = sample.pixels.companion(number)
    assert found is not None
    assert found[0] == ".json"
    document: dict[str, Any] = json.loads(found[1])
    return document


def left_points(document: dict[str, Any]) -> Iterator[tuple[float, float]]:
    for someone in document["people"]:
        values = someone["hand_left_keypoints_2d"]
        for i in range(0, len(values), 3):
            if values[i + 2]:
                yield values[i], values[i + 1]


def on_the_dot(root: Path) -> None:
    """Every keypoint of a dataset of one clip lies on the dot of its picture."""
    [sample] = signdata.open_dataset(root)
    frames = list(sample.frames())
    assert len(frames) == len(DOTS)
    for number, frame in enumerate(frames):
        document = stored(sample, number)
        assert (document["canvas_width"], document["canvas_height"]) == frame.shape[1::-1]
        [point] = left_points(document)
        assert np.allclose(point, centre(frame), atol=0.7), (number, point, centre(frame))


GEOMETRY: dict[str, dict[str, Any]] = {
    "as it is": {},
    "short side": {"short_side": 80},
    "larger": {"short_side": 200},
    "size": {"size": (90, 100)},
    "box": {"crop_bbox": True},
    "grown box": {"crop_bbox": True, "bbox_scale": 1.2, "short_side": 70},
    "box and size": {"crop_bbox": True, "size": (64, 112)},
    "png": {"image_format": "png", "short_side": 64},
    "ffmpeg": {"decoder": "ffmpeg", "short_side": 64},
}
BOX = [40, 20, 160, 100]


@pytest.mark.parametrize("name", GEOMETRY)
def test_a_keypoint_is_on_its_dot(tmp_path: Path, name: str) -> None:
    dotted(tmp_path / "videos/v.mp4")
    poses = write_poses(tmp_path / "poses/v")
    index = make_index(tmp_path / "w.json", [{"video_id": "v", "bbox": BOX}])
    done = signdata.extract_frames(
        index, tmp_path / "out", poses=poses, workers=1, **GEOMETRY[name]
    )
    assert done.exit_code == 0
    on_the_dot(tmp_path / "out")


@pytest.mark.parametrize("decoder", ["pyav", "ffmpeg"])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("more", [{}, {"size": (70, 90)}, {"crop_bbox": True, "short_side": 60}])
def test_a_keypoint_turns_with_its_picture(
    tmp_path: Path, turn: int, mirrored: bool, decoder: str, more: dict[str, Any]
) -> None:
    path = tmp_path / "videos/v.mp4"
    path.parent.mkdir()
    words = ["-display_rotation", turn, *(["-display_hflip"] if mirrored else [])]
    ffmpeg(*words, "-i", dotted(tmp_path / "plain.mp4"), "-c", "copy", path)
    index = make_index(tmp_path / "w.json", [{"video_id": "v", "bbox": [18, 30, 128, 128]}])
    poses = write_poses(tmp_path / "poses/v")
    signdata.extract_frames(
        index, tmp_path / "out", poses=poses, workers=1, decoder=decoder, **more
    )
    on_the_dot(tmp_path / "out")


@pytest.mark.parametrize("told", [True, False])
def test_points_of_a_turned_file_may_be_those_of_the_upright_picture(
    tmp_path: Path, told: bool
) -> None:
    """As a file says, or as a point tells that lies where the stored picture has no pixel."""
    path = tmp_path / "videos/v.mp4"
    path.parent.mkdir()
    dots = [*DOTS[:4], (180, 90)]
    ffmpeg("-display_rotation", 90, "-i", dotted(tmp_path / "plain.mp4", dots), "-c", "copy", path)
    upright = [(y, WIDTH - 1 - x) for x, y in dots]
    upright[4:] = [] if told else [(90, WIDTH - 1 - 7)]
    more = {"canvas_width": HEIGHT, "canvas_height": WIDTH} if told else {}
    poses = write_poses(tmp_path / "poses/v", upright, **more)
    index = make_index(tmp_path / "w.json", [{"video_id": "v"}])
    signdata.extract_frames(index, tmp_path / "out", poses=poses, workers=1)
    [sample] = signdata.open_dataset(tmp_path / "out")
    for number, frame in enumerate(list(sample.frames())[:4]):
        [point] = left_points(stored(sample, number))
        assert np.allclose(point, centre(frame), atol=0.7)


def test_pixels_that_are_not_square(tmp_path: Path) -> None:
    dotted(tmp_path / "videos/v.mp4", aspect=Fraction(4, 3))
    index = make_index(tmp_path / "w.json", [{"video_id": "v"}])
    poses = write_poses(tmp_path / "poses/v")
    signdata.extract_frames(index, tmp_path / "out", poses=poses, workers=1)
    [sample] = signdata.open_dataset(tmp_path / "out")
    assert next(sample.frames()).shape[:2] == (128, 256)
    on_the_dot(tmp_path / "out")


def test_shares_of_the_picture_and_of_another_size(tmp_path: Path) -> None:
    for name in ("shares", "half"):
        dotted(tmp_path / f"{name}/videos/v.mp4")
        index = make_index(tmp_path / name / "w.json", [{"video_id": "v"}])
        if name == "shares":
            points = [((x + 0.5) / WIDTH, (y + 0.5) / HEIGHT) for x, y in DOTS]
            poses = write_poses(tmp_path / name / "poses/v", points)
        else:
            points = [((x + 0.5) / 2 - 0.5, (y + 0.5) / 2 - 0.5) for x, y in DOTS]
            size = {"canvas_width": WIDTH // 2, "canvas_height": HEIGHT // 2}
            poses = write_poses(tmp_path / name / "poses/v", points, **size)
        out = tmp_path / name / "out"
        signdata.extract_frames(index, out, poses=poses, short_side=96, workers=1)
        on_the_dot(out)


def test_side_by_side(tmp_path: Path) -> None:
    dotted(tmp_path / "videos/v.mp4")
    index = make_index(tmp_path / "w.json", [{"video_id": "v"}])
    poses = write_poses(tmp_path / "poses/v")
    signdata.extract_frames(
        index, tmp_path / "out", poses=poses, frames=5, montage=True, short_side=64, workers=1
    )
    assert (tmp_path / "out/train/book/v.json").is_file()
    for place in ("out", "again", "again.h5"):
        if place != "out":
            signdata.convert(tmp_path / "out", tmp_path / place, workers=1)
        [sample] = signdata.open_dataset(tmp_path / place)
        assert sample.kind == "still"
        [frame] = sample.frames()
        assert frame.shape[:2] == (64, 5 * 96)
        points = list(left_points(stored(sample)))
        dots = [centre(frame, 96 * k, 96 * (k + 1)) for k in range(5)]
        assert np.allclose(points, dots, atol=0.7)
    assert signdata.verify(tmp_path / "out", workers=1).exit_code == 0


WAYS = {
    "raw": ("h5", {"hdf5_layout": "raw", "image_format": "png"}),
    "encoded": ("h5", {"hdf5_layout": "encoded"}),
    "raw, smaller": ("h5", {"hdf5_layout": "raw", "size": (60, 50)}),
    "encoded, smaller": ("h5", {"hdf5_layout": "encoded", "size": (60, 50)}),
    "frames": ("frames", {}),
    "frames, larger": ("frames", {"size": (300, 300)}),
}


@pytest.mark.parametrize("name", WAYS)
def test_keypoints_travel_with_their_frames(tmp_path: Path, name: str) -> None:
    dotted(tmp_path / "videos/v.mp4")
    index = make_index(tmp_path / "w.json", [{"video_id": "v", "bbox": BOX}])
    poses = write_poses(tmp_path / "poses/v")
    signdata.extract_frames(
        index, tmp_path / "out", poses=poses, crop_bbox=True, short_side=96, workers=1
    )
    suffix, options = WAYS[name]
    target = tmp_path / f"middle.{suffix}"
    signdata.convert(tmp_path / "out", target, workers=1, **options)
    on_the_dot(target)
    signdata.convert(target, tmp_path / "back", workers=1)
    on_the_dot(tmp_path / "back")
    signdata.convert(tmp_path / "back", tmp_path / "small.h5", size=(48, 48), workers=1)
    on_the_dot(tmp_path / "small.h5")


def test_one_clip_without_keypoints_beside_one_with(tmp_path: Path) -> None:
    for name in "abc":
        dotted(tmp_path / f"videos/{name}.mp4")
    write_poses(tmp_path / "poses/b")
    (tmp_path / "poses/b/v_000000000002_keypoints.json").unlink()
    index = make_index(tmp_path / "w.json", [{"video_id": name} for name in "abc"])
    signdata.extract_frames(index, tmp_path / "out", poses=tmp_path / "poses", workers=1)
    signdata.convert(tmp_path / "out", tmp_path / "out.h5", workers=2)
    for place in ("out", "out.h5"):
        for sample in signdata.open_dataset(tmp_path / place):
            found = [sample.pixels.companion(k) is not None for k in range(5)]
            assert found == ([k != 2 for k in range(5)] if sample.id == "b" else [False] * 5)
    assert [path.name for path in tmp_path.glob("out.h5*")] == ["out.h5"]


def test_shares_that_a_network_learns_are_those_of_the_picture(tmp_path: Path) -> None:
    for name in ("v", "w"):
        dotted(tmp_path / f"videos/{name}.mp4")
        write_poses(tmp_path / f"poses/{name}")
    index = make_index(
        tmp_path / "w.json",
        [
            {"video_id": "v", "gloss": "a", "bbox": BOX},
            {"video_id": "w", "gloss": "b", "bbox": BOX},
        ],
    )
    signdata.extract_frames(
        index, tmp_path / "out", poses=tmp_path / "poses", crop_bbox=True, workers=1
    )
    data = load(
        signdata.open_dataset(tmp_path / "out"),
        size_hw=(112, 112),
        channels=3,
        frames=5,
        poses=5 * 2 * HAND * 2,
    )
    assert data.poses is not None
    points = data.poses.reshape(2, 5, 2, HAND, 2)[:, :, 0, 0]
    for number, frame in enumerate(data.images[0].transpose(0, 2, 3, 1)):
        x, y = centre(frame)
        assert np.allclose(points[0, number], ((x + 0.5) / 112, (y + 0.5) / 112), atol=0.01)


def test_files_that_are_not_openposes_are_copied_and_that_is_said(tmp_path: Path) -> None:
    dotted(tmp_path / "videos/v.mp4")
    folder = tmp_path / "poses/v"
    folder.mkdir(parents=True)
    for number in range(5):
        (folder / f"{number:012d}.json").write_text(f"[{number}]")
    index = make_index(tmp_path / "w.json", [{"video_id": "v"}])
    done = signdata.extract_frames(
        index, tmp_path / "out", poses=tmp_path / "poses", short_side=64, workers=1
    )
    assert [problem.message for problem in done.problems] == [
        "5 files of poses are not OpenPose's: copied as they are, in the pixels of the video"
    ]
    copied = [path.read_text() for path in sorted(tmp_path.glob("out/*/*/v/*.json"))]
    assert copied == [f"[{number}]" for number in range(5)]


# -- Numbers of files


def numbered(folder: Path, names: list[str]) -> Poses:
    folder.mkdir(parents=True)
    for name in names:
        (folder / f"{name}.json").write_text(name)
    return Poses(str(folder))


@pytest.mark.parametrize(
    ("names", "n_frames", "first"),
    [
        ([f"image_{i:05d}_keypoints" for i in range(1, 6)], 5, "image_00001_keypoints"),
        ([f"image_{i:05d}_keypoints" for i in range(5)], 5, "image_00000_keypoints"),
        (["f3", "f5"], 5, None),
        ([f"v_{i:012d}_keypoints" for i in range(1, 5)], 5, None),
        ([f"v_{i:012d}_keypoints" for i in range(5)], 5, "v_000000000000_keypoints"),
        ([], 5, None),
    ],
)
def test_the_file_of_the_first_frame(
    tmp_path: Path, names: list[str], n_frames: int, first: str | None
) -> None:
    found = numbered(tmp_path / "v", names).of(0, n_frames)
    assert found == (first and first.encode())


def test_later_files_count_from_the_same_number(tmp_path: Path) -> None:
    poses = numbered(tmp_path / "v", [f"v_{i:012d}_keypoints" for i in range(1, 5)])
    assert [poses.of(k, 5) for k in range(5)] == [
        None,
        *(f"v_{i:012d}_keypoints".encode() for i in range(1, 5)),
    ]


def test_numbers_that_may_mean_either_are_asked_about(tmp_path: Path) -> None:
    names = [f"image_{i:05d}_keypoints" for i in range(1, 5)]
    with pytest.raises(FormatError, match=r"numbered 1 to 4 for 5 frames .* --pose-base 0"):
        numbered(tmp_path / "v", names).of(0, 5)
    assert Poses(str(tmp_path / "v"), 0).of(1, 5) == b"image_00001_keypoints"
    assert Poses(str(tmp_path / "v"), 1).of(1, 5) == b"image_00002_keypoints"


def test_other_videos_tell_what_one_cannot(tmp_path: Path) -> None:
    numbered(tmp_path / "a", ["f_1", "f_2"])
    assert common_base([tmp_path / "a", tmp_path / "nowhere"]) is None
    numbered(tmp_path / "b", ["f_0", "f_1"])
    assert common_base([tmp_path / "a", tmp_path / "b"]) == 0


def test_the_option_decides(tmp_path: Path, main: Callable[..., Any]) -> None:
    dotted(tmp_path / "videos/v.mp4")
    folder = tmp_path / "poses/v"
    folder.mkdir(parents=True)
    for number in range(1, 5):
        (folder / f"image_{number:05d}.json").write_text(json.dumps({"people": [], "n": number}))
    index = make_index(tmp_path / "w.json", [{"video_id": "v"}])
    words = ["extract-frames", index, tmp_path / "out", "--poses", tmp_path / "poses", "-j1"]
    done = main(*words, "--json")
    assert done.returncode == 4
    assert "Say extract-frames --pose-base 0, or --pose-base 1." in done.error
    for base, first in ((0, 2), (1, 1)):
        out = tmp_path / str(base)
        assert main(*words[:2], out, *words[3:], "--pose-base", base).returncode == 0
        numbers = {
            int(path.stem[-5:]): json.loads(path.read_text())["n"]
            for path in out.glob("*/*/v/*.json")
        }
        assert numbers == {k: k - first + 1 for k in range(first, first + 4)}
    assert main("extract-frames", index, tmp_path / "x", "--pose-base", "1").returncode == 2


# -- The map itself


def test_a_placement_is_what_numpy_does() -> None:
    picture = np.zeros((6, 9), int)
    picture[1, 7] = 1
    for transposed, from_right, from_below in itertools.product((False, True), repeat=3):
        place = Placement.of(9, 6).oriented(transposed, from_right, from_below)
        turned = Orientation(transposed, from_right, from_below).upright(picture)
        assert place.size == turned.shape[::-1]
        x, y = place.point(7, 1)
        assert turned[int(y), int(x)] == 1
        x, y = place.cut(0, 0, *place.size).moved(3, 2).point(7, 1)
        assert np.pad(turned, ((2, 0), (3, 0)))[int(y), int(x)] == 1
    assert Placement.of(9, 6).scaled(18, 18).point(0, 0) == (0.5, 1.0)


def test_points_outside_of_what_is_left_are_not_found() -> None:
    document = {"people": [person([(5, 5), (50, 5)])]}
    done = put(json.dumps(document).encode(), Placement.of(100, 100).cut(0, 0, 20, 20))
    assert done is not None
    found = Keypoints.parse(done)
    assert found is not None
    assert list(found.points()) == [(5, 5)]
    assert found.canvas == (20, 20)
    assert found.document["people"][0]["hand_left_keypoints_2d"][3:6] == [0, 0, 0]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"5",
        b"[" * 100_000,
        b"\xff",
        b'{"people": 5}',
        b'{"people": [5]}',
        b'{"people": [{"a_keypoints_2d": 5}]}',
        b'{"people": [{"a_keypoints_2d": [1, 2]}]}',
        b'{"people": [{"a_keypoints_2d": [1, 2, "x"]}]}',
        b'{"people": [{"a_keypoints_2d": [NaN, 2, 1]}]}',
        b'{"people": [{"a_keypoints_2d": [1e308, 2, 1]}]}',
    ],
)
def test_what_is_no_keypoint_file_is_left_alone(data: bytes) -> None:
    assert put(data, Placement.of(9, 9)) is None
    assert side_by_side([(data, (9, 9)), (None, (9, 9))]) is None


# ---------------------------------------------------------------------------- trimmed clips

LYING: dict[str, list[str]] = {
    "as it is": [],
    "turned": ["-display_rotation", "90"],
    "turned back": ["-display_rotation", "270"],
    "upside down": ["-display_rotation", "180"],
    "mirrored": ["-display_hflip"],
    "turned and mirrored": ["-display_rotation", "90", "-display_hflip"],
}


def lying(path: Path, words: list[str], *, odd: bool) -> Path:
    """The dotted video as a camera may store it, less its last row and column where `odd`."""
    plain, cropped = dotted(path.with_name("plain.mp4")), path.with_name("cropped.mov")
    size = f"crop={WIDTH - odd}:{HEIGHT - odd}:0:0:exact=1"
    ffmpeg("-i", plain, "-vf", f"format=yuv444p,{size}", "-c:v", "ffv1", cropped)
    ffmpeg(*words, "-i", cropped, "-c", "copy", path)
    plain.unlink()
    cropped.unlink()
    return path


@pytest.mark.parametrize("odd", [False, True])
@pytest.mark.parametrize("name", LYING)
def test_trim_cuts_the_keypoints_along(
    tmp_path: Path, main: Callable[..., Any], name: str, odd: bool
) -> None:
    lying(tmp_path / "raw/v.mov", LYING[name], odd=odd)
    write_poses(tmp_path / "given/v", first=0)
    instance = {"video_id": "v", "frame_start": 2, "frame_end": 4}
    index = make_index(tmp_path / "w.json", [instance])
    out, frames = tmp_path / "out", tmp_path / "frames"
    words = ["--ranges", "apply", "--poses", tmp_path / "given", "-j1", "--json"]
    ran = main("trim", index, out, "--videos", tmp_path / "raw", *words)
    assert (ran.returncode, ran.json["problems"]) == (0, [])
    with av.open(str(out / "v.mp4")) as container:
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    files = sorted((out / "poses/v").iterdir())
    assert [file.name for file in files] == [f"{k:012d}_keypoints.json" for k in range(3)]
    for picture, file in zip(shown, files, strict=True):
        document = json.loads(file.read_bytes())
        assert (document["canvas_width"], document["canvas_height"]) == picture.shape[1::-1]
        [point] = left_points(document)
        assert np.allclose(point, centre(picture), atol=0.7), (point, centre(picture))
    ran = main("extract-frames", out, frames, "--poses", out / "poses", "-j1", "--json")
    assert (ran.returncode, ran.json["problems"]) == (0, [])
    [sample] = signdata.open_dataset(frames)
    for number, picture in enumerate(sample.frames()):
        [point] = left_points(stored(sample, number))
        assert np.allclose(point, centre(picture), atol=0.7)
    assert main("verify", out, "--json").returncode == 0


def test_keypoints_of_pixels_that_are_not_square_are_those_of_the_clip(tmp_path: Path) -> None:
    dotted(tmp_path / "raw/v.mp4", aspect=Fraction(16, 15))
    index = make_index(tmp_path / "w.json", [{"video_id": "v"}])
    out = tmp_path / "out"
    poses = write_poses(tmp_path / "given/v")
    signdata.trim(index, out, videos=tmp_path / "raw", poses=poses, workers=1)
    signdata.extract_frames(out, tmp_path / "frames", poses=out / "poses", workers=1)
    on_the_dot(tmp_path / "frames")


def test_trimmed_clips_of_one_video_have_keypoints_of_their_own(
    tmp_path: Path, main: Callable[..., Any]
) -> None:
    """Two of the same range, and one that is copied; a frame without any is noted."""
    dotted(tmp_path / "raw/v.mp4")
    dotted(tmp_path / "raw/bare.mp4")
    poses = write_poses(tmp_path / "given/v", first=1)
    (poses / "v/v_000000000003_keypoints.json").unlink()
    part = {"video_id": "v", "frame_start": 3, "frame_end": 5}
    index = make_index(tmp_path / "w.json", [part, {**part, "gloss": "go"}, {"video_id": "bare"}])
    words = [index, tmp_path / "out", "--videos", tmp_path / "raw", "--ranges", "apply", "--copy"]
    options = ["--poses", poses, "--pose-base", "1", "-j1", "--json"]
    ran = main("trim", *words, *options)
    assert (ran.returncode, ran.json["written"]) == (0, 3)
    notes = [one["message"] for one in ran.json["problems"] if one["path"] != "w.json"]
    assert set(notes) == {"1 of 3 frames have no pose", "5 of 5 frames have no pose"}
    kept = sorted(path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*.json"))
    assert [str(path) for path in kept if path.parts[0] == "poses"] == [
        f"poses/{name}/{number:012d}_keypoints.json" for name in ("v", "v-2") for number in (1, 2)
    ]
    again = main("trim", *words, *options)
    assert again.json["already_done"] is True
    assert main("trim", *words, "-j1").returncode == 5  # without keypoints it is another output
    inside = main("trim", *words[:1], poses / "out", *words[2:], *options)
    assert inside.returncode == 2


def test_clips_of_a_table_are_trimmed_with_their_keypoints(
    tmp_path: Path, main: Callable[..., Any]
) -> None:
    dotted(tmp_path / "v.mp4")
    poses = write_poses(tmp_path / "given/v")
    table, out = tmp_path / "t.csv", tmp_path / "out"
    table.write_text("video,label,start_frame,end_frame\nv.mp4,we,1,5\n")
    words = ["--poses", poses, "-j1", "--json"]
    dry = main("trim", table, out, *words, "--dry-run")
    assert (dry.returncode, dry.json["written"], out.exists()) == (0, 1, False)
    assert main("trim", table, out, *words).returncode == 0
    for command in ("info", "audit", "verify"):
        ran = main(command, out, "--json")
        assert (ran.returncode, ran.json["read"]) == (0, 1), ran.stderr
    ran = main("extract-frames", out, tmp_path / "frames", "--poses", out / "poses", "-j1")
    assert ran.returncode == 0
    on_the_dot(tmp_path / "frames")


def test_poses_of_a_longer_cut_are_told(tmp_path: Path, main: Callable[..., Any]) -> None:
    """As where a video was trimmed, and its keypoints are those of the raw file."""
    dotted(tmp_path / "raw/1.mp4", DOTS)
    instance = {"video_id": "1", "frame_start": 2, "frame_end": 3}
    index, trimmed = make_index(tmp_path / "w.json", [instance]), tmp_path / "trimmed"
    assert main("trim", index, trimmed, "--videos", tmp_path / "raw", "-j1").returncode == 0
    poses = write_poses(tmp_path / "poses" / "1")
    for source, videos in ((index, tmp_path / "raw"), (trimmed / "WLASL.json", trimmed)):
        words = ["--videos", videos, "--poses", poses, "--no-official-splits", "--json", "-j1"]
        done = main("extract-frames", source, tmp_path / f"out-{videos.name}", *words)
        told = "3 files of poses are numbered beyond its last frame" in done.stdout
        assert told == (videos == trimmed)
