"""Made-up datasets: what is written is reopened, and looks like the real thing."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

import signdata
from signdata.errors import UsageError
from signdata.synthetic.clips import GLOSSES
from signdata.synthetic.datasets import (
    write_asl_alphabet,
    write_photos,
    write_sign_mnist,
    write_wlasl,
)
from signdata.synthetic.hands import draw_hand
from signdata.synthetic.poses import ALPHABET_CLASSES, LETTERS, POSES
from signdata.synthetic.signers import film, generator, make_signer

TINY: dict[str, tuple[Callable[..., dict[str, int]], dict[str, object]]] = {
    "sign-mnist": (write_sign_mnist, {"n_train": 60, "n_test": 30, "signers": 3}),
    "asl-alphabet": (write_asl_alphabet, {"n": 2, "size": (32, 32), "signers": 2}),
    "photos": (write_photos, {"n": 2, "size": (48, 36), "signers": 2}),
    "wlasl": (write_wlasl, {"n": 2, "glosses": 5, "size": (48, 36), "signers": 3}),
}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One small dataset of each kind, with seed 0."""
    roots = {kind: tmp_path_factory.mktemp(kind) for kind in TINY}
    for kind, root in roots.items():
        write, options = TINY[kind]
        write(root, seed=0, **options)
    return roots


def digests(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def rows(path: Path) -> np.ndarray:
    return np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.int64, ndmin=2)


@pytest.mark.parametrize("kind", TINY)
def test_same_seed_same_bytes(kind: str, tiny: dict[str, Path], tmp_path: Path) -> None:
    write, options = TINY[kind]
    write(tmp_path, seed=0, **options)
    assert digests(tmp_path) == digests(tiny[kind])


@pytest.mark.parametrize("kind", TINY)
def test_another_seed_other_pictures(kind: str, tiny: dict[str, Path], tmp_path: Path) -> None:
    write, options = TINY[kind]
    write(tmp_path, seed=1, **options)
    ours, theirs = digests(tmp_path), digests(tiny[kind])
    assert not {name for name in ours.keys() & theirs.keys() if ours[name] == theirs[name]}


def test_no_global_random_state_is_touched(tmp_path: Path) -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - that it stays is the point
    write_sign_mnist(tmp_path, n_train=4, n_test=4, signers=2)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


class TestHands:
    @pytest.mark.parametrize("pose", [*ALPHABET_CLASSES, "open"])
    def test_every_pose_can_be_drawn(self, pose: str) -> None:
        picture, box = draw_hand(pose, make_signer(0, 0), (40, 60), generator(0, pose))
        assert picture.shape == (40, 60, 3)
        assert picture.dtype == np.uint8
        x0, y0, x1, y1 = box
        if pose == "nothing":
            assert box == (0, 0, 0, 0)
        else:
            assert 0 <= x0 < x1 <= 60
            assert 0 <= y0 < y1 <= 40
            assert (x1 - x0) * (y1 - y0) > 40 * 60 // 10

    def test_the_box_holds_what_differs_from_the_empty_room(self) -> None:
        signer = make_signer(0, 1)
        hand, (x0, y0, x1, y1) = draw_hand("B", signer, (96, 96), generator(0, "same"))
        room, _ = draw_hand("nothing", signer, (96, 96), generator(0, "same"))
        differs = np.abs(hand.astype(int) - room).mean(axis=2)
        assert differs[y0:y1, x0:x1].mean() > 5 * max(differs[:y0].mean() if y0 else 0, 0.5)

    def test_letters_and_signers_look_different(self) -> None:
        drawn = {
            draw_hand(pose, make_signer(0, number), (28, 28), generator(0, "same"))[0].tobytes()
            for pose in POSES
            for number in range(3)
        }
        assert len(drawn) == 3 * len(POSES)

    def test_a_film_moves_little_from_frame_to_frame(self) -> None:
        moments = film(generator(0, "film"), 60)
        yaw = np.array([moment.yaw for moment in moments])
        assert 0 < np.abs(np.diff(yaw)).max() < 0.4 * np.ptp(yaw)


class TestSignMnist:
    def test_looks_like_the_real_csv(self, tiny: dict[str, Path]) -> None:
        for name, n in (("train", 60), ("test", 30)):
            path = tiny["sign-mnist"] / f"sign_mnist_{name}.csv"
            text = path.read_bytes()
            assert text.startswith(b"label,pixel1,pixel2,")
            assert text.count(b"\r\n") == text.count(b"\n") == n + 1
            assert text.endswith(b"\r\n")
            table = rows(path)
            assert table.shape == (n, 785)
            assert table.min() >= 0
            assert table.max() <= 255
            assert set(table[:, 0]) == {ord(letter) - 65 for letter in LETTERS}

    def test_a_photograph_comes_back_in_scattered_rows(self, tmp_path: Path) -> None:
        write_sign_mnist(tmp_path, n_train=192, n_test=24, signers=2)
        table = rows(tmp_path / "sign_mnist_train.csv").astype(float)
        pictures = table[:, 1:] - table[:, 1:].mean(axis=1, keepdims=True)
        pictures /= np.linalg.norm(pictures, axis=1, keepdims=True)
        alike = pictures @ pictures.T
        np.fill_diagonal(alike, 0)
        assert np.mean(alike.max(axis=1) > 0.95) > 0.9
        twins = np.abs(alike.argmax(axis=1) - np.arange(len(table)))
        assert np.median(twins) > 10
        assert np.mean(table[alike.argmax(axis=1), 0] == table[:, 0]) > 0.9

    def test_nobody_signs_in_both_files(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        from signdata.synthetic import sign_mnist
        from signdata.workers import pool

        seen: list[int] = []
        draw = sign_mnist.draw_hand

        def watched(pose, signer, *rest):  # type: ignore[no-untyped-def]
            seen.append(signer.number)
            return draw(pose, signer, *rest)

        monkeypatch.setattr(sign_mnist, "draw_hand", watched)
        monkeypatch.setattr(pool, "n_workers", lambda wanted: 1)  # all in this process
        counts = write_sign_mnist(tmp_path, n_train=480, n_test=240, signers=8)
        n_train = 480 * counts["photographs"] // 720
        train, test = set(seen[:n_train]), set(seen[n_train:])
        assert train
        assert test
        assert not train & test

    def test_any_square(self, tmp_path: Path) -> None:
        counts = write_sign_mnist(tmp_path, n_train=3, n_test=1, size=12, signers=2)
        assert rows(tmp_path / "sign_mnist_train.csv").shape == (3, 145)
        assert counts["samples"] == 4

    def test_one_signer_cannot_be_in_two_files(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="signers 1; expected at least 2"):
            write_sign_mnist(tmp_path, signers=1)
        assert not list(tmp_path.iterdir())


class TestAslAlphabet:
    def test_29_classes_of_jpegs(self, tiny: dict[str, Path]) -> None:
        root = tiny["asl-alphabet"]
        assert {path.name for path in root.iterdir()} == set(ALPHABET_CLASSES)
        for name in ALPHABET_CLASSES:
            paths = sorted((root / name).iterdir())
            assert [path.name for path in paths] == [f"{name}1.jpg", f"{name}2.jpg"]
            for path in paths:
                with Image.open(path) as picture:
                    assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (32, 32))

    def test_neighbours_are_moments_of_one_film(self, tmp_path: Path) -> None:
        write_asl_alphabet(tmp_path, n=12, size=(32, 32), signers=2)
        pictures = [
            cv2.imread(str(tmp_path / "L" / f"L{number}.jpg")).astype(float)
            for number in range(1, 13)
        ]
        steps = [np.abs(a - b).mean() for a, b in pairwise(pictures)]
        # The sixth step is the one from the first signer to the second.
        assert int(np.argmax(steps)) == 5
        assert steps[5] > 2 * np.median(steps)


class TestPhotos:
    def test_every_picture_has_its_box(self, tiny: dict[str, Path]) -> None:
        root = tiny["photos"]
        for user in ("user_1", "user_2"):
            with (root / user / f"{user}_loc.csv").open(newline="") as file:
                lines = list(csv.DictReader(file))
            pictures = {path.relative_to(root).as_posix() for path in (root / user).glob("*.jpg")}
            assert {line["image"] for line in lines} == pictures
            assert len(lines) == 2 * len(LETTERS)
            for line in lines:
                with Image.open(root / line.pop("image")) as picture:
                    assert picture.size == (48, 36)
                x0, y0, x1, y1 = map(int, line.values())
                assert 0 <= x0 < x1 <= 48
                assert 0 <= y0 < y1 <= 36

    def test_names(self, tiny: dict[str, Path]) -> None:
        names = {path.name for path in (tiny["photos"] / "user_1").glob("*.jpg")}
        assert names == {f"{letter}{index}.jpg" for letter in LETTERS for index in range(2)}


class TestWlasl:
    def index(self, root: Path) -> list[dict[str, object]]:
        loaded: list[dict[str, object]] = json.loads((root / "WLASL_v0.3.json").read_text())
        return loaded

    def test_index_has_the_real_shape(self, tiny: dict[str, Path]) -> None:
        index = self.index(tiny["wlasl"])
        assert [entry["gloss"] for entry in index] == [gloss.name for gloss in GLOSSES[:5]]
        for entry in index:
            assert set(entry) == {"gloss", "instances"}
            for number, instance in enumerate(entry["instances"]):  # type: ignore[arg-type]
                assert list(instance) == [
                    "bbox", "fps", "frame_end", "frame_start", "instance_id", "signer_id",
                    "source", "split", "url", "variation_id", "video_id",
                ]  # fmt: skip
                assert instance["instance_id"] == number
                assert instance["fps"] == 25
                x0, y0, x1, y1 = instance["bbox"]
                assert 0 <= x0 < x1 <= 48
                assert 0 <= y0 < y1 <= 36

    def test_some_videos_are_missing_and_the_others_open(self, tiny: dict[str, Path]) -> None:
        root = tiny["wlasl"]
        instances = {
            instance["video_id"]: instance
            for entry in self.index(root)
            for instance in entry["instances"]  # type: ignore[attr-defined]
        }
        videos = {path.stem: path for path in (root / "videos").iterdir()}
        assert len(instances) == 10
        assert len(videos) == 9
        assert videos.keys() < instances.keys()
        for name, path in videos.items():
            with av.open(str(path)) as container:
                frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
                assert 24 <= float(container.streams.video[0].average_rate or 0) <= 30
            assert frames[0].shape == (36, 48, 3)
            first, last = instances[name]["frame_start"], instances[name]["frame_end"]
            signing = frames[first - 1 : None if last == -1 else last]
            assert 24 <= len(signing) <= 60
            assert (first, last) == (1, -1) or len(signing) < len(frames)
            assert np.abs(signing[0].astype(int) - signing[len(signing) // 2]).max() > 40

    def test_splits_are_by_signer(self, tmp_path: Path) -> None:
        write_wlasl(tmp_path, n=6, glosses=1, size=(16, 16), signers=4)
        splits: dict[object, set[object]] = {}
        for instance in self.index(tmp_path)[0]["instances"]:  # type: ignore[attr-defined]
            splits.setdefault(instance["signer_id"], set()).add(instance["split"])
        assert all(len(of_signer) == 1 for of_signer in splits.values())
        assert set.union(*splits.values()) == {"train", "val", "test"}

    def test_a_default_gloss_has_two_words(self) -> None:
        assert any(" " in gloss.name for gloss in GLOSSES[:8])
        assert len({gloss.name for gloss in GLOSSES}) == len(GLOSSES)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"size": (33, 32)}, "size 33x32; expected even numbers"),
            ({"size": (4, 4)}, "size 4x4; expected at least 8x8"),
            ({"glosses": len(GLOSSES) + 1}, "expected at most"),
            ({"n": 0}, "n 0; expected at least 1"),
        ],
    )
    def test_refusals_write_nothing(
        self, options: dict[str, object], message: str, tmp_path: Path
    ) -> None:
        with pytest.raises(UsageError, match=message):
            write_wlasl(tmp_path, **options)  # type: ignore[arg-type]
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["sign-mnist", "wlasl", "photos", "autsl"])
def test_progress_counts_up_to_the_end(kind: str, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    signdata.sample(kind, tmp_path / "out", n=4, progress=lambda *counts: seen.append(counts))
    assert seen
    assert all(done <= total for done, total in seen)
    assert seen[-1][0] == seen[-1][1]


def test_the_same_bytes_for_any_number_of_workers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from signdata.workers import pool

    signdata.sample("sign-mnist", tmp_path / "many", n=240)
    monkeypatch.setattr(pool, "n_workers", lambda wanted: 1)
    signdata.sample("sign-mnist", tmp_path / "one", n=240)
    for name in ("sign_mnist_train.csv", "sign_mnist_test.csv"):
        assert (tmp_path / "many" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()
