"""NumPy arrays: what names and shapes say, files that mean harm, and numpy reading ours."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.lib import format as npy

import signdata
from signdata.formats.arrays.writer import ArraysWriter
from signdata.formats.open import open_dataset
from signdata.formats.writer import Writer
from signdata.samples import Sample

from .conformance import LONG, Conformance, stills

RNG = np.random.default_rng(5)
GRAY = RNG.integers(0, 256, (6, 4, 5), np.uint8)
COLOUR = RNG.integers(0, 256, (6, 4, 5, 3), np.uint8)
LABELS = np.array([2, 0, 1, 1, 2, 0])


class TestConformance(Conformance):
    out_name = "out.npz"

    def writer(self, out: Path) -> Writer:
        return ArraysWriter(out.name)

    def samples(self) -> list[Sample]:
        return stills()

    def damage(self, out: Path) -> str:
        out.write_bytes(out.read_bytes()[:-30])
        return "out.npz: damaged or cut short"

    def make_long(self, out: Path) -> None:
        n = LONG // 1_000_000 + 1
        np.savez(out, X=np.zeros((n, 1000, 1000), np.uint8), y=np.zeros(n, np.int64))


class TestColour(TestConformance):
    """Written in colour; the long input is packed, and of floats."""

    def samples(self) -> list[Sample]:
        return stills(3)

    def make_long(self, out: Path) -> None:
        n = LONG // 1_000_000 + 1
        values = np.zeros((n, 1000, 1000), np.float16)
        np.savez_compressed(out, X=values, y=np.zeros(n, np.int64))


def pictures_in(source: Any, **options: Any) -> np.ndarray:
    return np.stack([next(sample.frames()) for sample in open_dataset(source, **options)])


def labels_in(source: Any, **options: Any) -> list[str]:
    return [sample.label for sample in open_dataset(source, **options)]


PICTURES = {
    "grey": (GRAY, GRAY[..., None]),
    "grey with a channel": (GRAY[..., None], GRAY[..., None]),
    "colour": (COLOUR, COLOUR),
    "0..1": (GRAY / 255, GRAY[..., None]),
    "0..1 in halves": ((GRAY / 255).astype(np.float16), GRAY[..., None]),
    "0..255 floats": (COLOUR.astype(np.float32), COLOUR),
    "integers": (GRAY.astype(np.int64), GRAY[..., None]),
    "big-endian": ((GRAY / 255).astype(">f8"), GRAY[..., None]),
    "Fortran order": (np.asfortranarray(COLOUR), COLOUR),
    "channels first": (COLOUR.transpose(0, 3, 1, 2), COLOUR),
    "one channel first": (GRAY[:, None], GRAY[..., None]),
    "booleans": (GRAY > 99, ((GRAY > 99) * 255).astype(np.uint8)[..., None]),
    "masks of 0 and 1": ((GRAY > 99).astype(np.uint8), ((GRAY > 99) * 255)[..., None]),
}


@pytest.mark.parametrize("packed", [False, True], ids=["stored", "packed"])
@pytest.mark.parametrize("kind", PICTURES)
def test_pictures_of_every_shape_and_type(kind: str, packed: bool, tmp_path: Path) -> None:
    values, wanted = PICTURES[kind]
    (np.savez_compressed if packed else np.savez)(tmp_path / "a.npz", X=values, y=LABELS)
    reader = open_dataset(tmp_path / "a.npz")
    assert (pictures_in(tmp_path / "a.npz") == wanted).all()
    summary = reader.picture_summary()
    assert (summary.size_hw, summary.channels, summary.n_frames) == ((4, 5), wanted.shape[3], 6)


@pytest.mark.parametrize("kind", ["channels first", "booleans", "masks of 0 and 1"])
def test_what_was_understood_of_them_is_a_note(
    kind: str, tmp_path: Path, main: Callable[..., Any]
) -> None:
    np.savez(tmp_path / "a.npz", X=PICTURES[kind][0], y=LABELS)
    ran = main("convert", tmp_path / "a.npz", tmp_path / "out", "-j1", "--json")
    [note] = ran.json["problems"]
    told = "channels first" if kind == "channels first" else "read as 0 and 255"
    assert (ran.returncode, note["kind"], note["where"]) == (0, "note", "X")
    assert told in note["message"]


TARGETS = {
    "integers": LABELS,
    "small integers": LABELS.astype(np.uint8),
    "floats": LABELS.astype(np.float64),
    "one-hot": np.eye(3)[LABELS],
    "text": LABELS.astype(str),
    "bytes": LABELS.astype("S"),
    "a column": LABELS[:, None],
    "a row": LABELS[None, :],
    "as Caffe has them": LABELS.reshape(-1, 1, 1, 1),
}


@pytest.mark.parametrize("kind", TARGETS)
def test_labels_of_every_spelling(kind: str, tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", GRAY)
    np.save(tmp_path / "Y.npy", TARGETS[kind])
    wanted = list(map(str, LABELS))
    assert labels_in(tmp_path) == wanted
    assert labels_in([tmp_path / "X.npy", tmp_path / "Y.npy"]) == wanted
    assert labels_in([tmp_path / "Y.npy", tmp_path / "X.npy"]) == wanted


NAMES = [("X", "Y"), ("x", "y"), ("images", "labels"), ("data", "label"), ("image", "target")]


@pytest.mark.parametrize(("images", "targets"), NAMES)
def test_names_of_pictures_and_labels(images: str, targets: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **{images: GRAY, targets: LABELS})
    assert labels_in(tmp_path / "a.npz") == list(map(str, LABELS))


SPLIT_NAMES = ["x_{}", "{}_x", "X{}", "{}X", "{}_set_x", "{}/images", "images_{}", "{}_data"]


@pytest.mark.parametrize("name", SPLIT_NAMES)
def test_names_with_a_split_are_splits(name: str, tmp_path: Path) -> None:
    arrays = {}
    for split, picked in (("train", slice(0, 4)), ("test", slice(4, 6))):
        arrays[name.format(split)] = GRAY[picked]
        words = name.replace("images", "labels").replace("x", "y").replace("X", "y")
        arrays[words.replace("data", "labels").format(split)] = LABELS[picked]
    np.savez(tmp_path / "a.npz", **arrays)
    found = [(sample.id, sample.split, sample.label) for sample in open_dataset(tmp_path / "a.npz")]
    assert found == [
        *((f"train/{i:06d}", "train", str(LABELS[i - 1])) for i in range(1, 5)),
        *((f"test/{i:06d}", "test", str(LABELS[i + 3])) for i in range(1, 3)),
    ]
    assert (pictures_in(tmp_path / "a.npz")[..., 0] == GRAY).all()


def test_further_arrays_are_columns_or_named(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "a.npz",
        X=GRAY,
        y=LABELS,
        list_classes=np.array(["A", "B", "C"]),
        split=np.array(["Train"] * 3 + ["valid", "test", "test"]),
        signer=np.arange(6) // 2,
        filenames=np.array([f"{i}.jpg" for i in range(6)]),
        boxes=np.zeros((6, 4)),
        mean=np.array(0.5),
    )
    reader = open_dataset(tmp_path / "a.npz")
    assert reader.info.labels.classes == ("A", "B", "C")
    assert [sample.label for sample in reader] == ["C", "A", "B", "B", "C", "A"]
    assert [sample.split for sample in reader] == ["train"] * 3 + ["val", "test", "test"]
    assert [sample.group for sample in reader] == ["0", "0", "1", "1", "2", "2"]
    assert [sample.meta["filenames"] for sample in reader] == [f"{i}.jpg" for i in range(6)]
    assert [note.where for note in reader.info.notes] == ["boxes", "mean"]


def test_columns_of_each_split(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "a.npz",
        x_train=GRAY[:4],
        y_train=LABELS[:4],
        signer_train=np.array([1, 1, 2, 2]),
        x_test=GRAY[4:],
        y_test=LABELS[4:],
    )
    samples = list(open_dataset(tmp_path / "a.npz"))
    assert [sample.group for sample in samples] == ["1", "1", "2", "2", "", ""]
    assert [sample.meta["signer"] for sample in samples] == ["1", "1", "2", "2", "", ""]


TWO_READINGS = {
    "two arrays of pictures": ({"X": GRAY, "data": GRAY, "y": LABELS}, "pictures in X (6x4x5) or"),
    "with and without a split": (
        {"X": GRAY[:2], "y": LABELS[:2], "X_train": GRAY, "y_train": LABELS},
        "pictures in X (2x4x5) or in X_train (6x4x5)",
    ),
    "two arrays of labels": ({"X": GRAY, "y": LABELS, "labels": LABELS}, "labels in y (6) or in"),
    "pictures without labels": (
        {"X_train": GRAY, "y_train": LABELS, "X_test": GRAY},
        "X_test: pictures of test without labels. To read X_train alone, name it",
    ),
}


@pytest.mark.parametrize("kind", TWO_READINGS)
def test_two_readings_are_a_question(kind: str, tmp_path: Path, main: Callable[..., Any]) -> None:
    arrays, mention = TWO_READINGS[kind]
    np.savez(tmp_path / "a.npz", **arrays)
    ran = main("info", tmp_path / "a.npz")
    assert ran.returncode == 4
    assert mention in ran.error
    assert "--images NAME --targets NAME" in ran.error


def test_named_arrays_are_read(tmp_path: Path, main: Callable[..., Any]) -> None:
    file = tmp_path / "a.npz"
    np.savez(file, hands=COLOUR, which=LABELS, X=GRAY[:2], y=LABELS[:2])
    ran = main("info", file, "--images", "hands", "--targets", "which", "--json")
    assert (ran.returncode, ran.json["read"]) == (0, 6)
    assert [problem["where"] for problem in ran.json["problems"]] == ["X", "y"]
    assert (pictures_in(file, images="hands", targets="which") == COLOUR).all()
    ran = main("info", file, "--images", "feet", "--targets", "which")
    assert ran.returncode == 2
    assert "--images feet; expected one of hands, which, X, y" in ran.error


def test_named_arrays_go_with_arrays_alone(
    make_csv: Callable[..., Path], main: Callable[..., Any]
) -> None:
    ran = main("info", make_csv(), "--images", "X")
    assert ran.returncode == 2
    assert "--images and --targets go with arrays, hdf5 and parquet, not with csv" in ran.error


def test_another_choice_of_arrays_is_another_output(
    tmp_path: Path, main: Callable[..., Any]
) -> None:
    file, out = tmp_path / "a.npz", tmp_path / "out"
    np.savez(file, X=GRAY, data=255 - GRAY, y=LABELS)
    assert main("convert", file, out, "--images", "X", "-j1").returncode == 0
    assert main("convert", file, out, "--images", "X", "-j1").stdout.count("complete already") == 1
    assert main("convert", file, out, "--images", "data", "-j1").returncode == 5


def test_numpy_reads_and_maps_what_is_written(tmp_path: Path) -> None:
    path = TestConformance().write(tmp_path / "a.npz")
    wanted = np.stack([frame[:, :, 0] for sample in stills() for frame in sample.frames()])
    with np.load(path, allow_pickle=False) as file:
        assert list(file) == ["images", "labels", "splits", "class_names"]
        assert (file["images"] == wanted).all()
        assert file["class_names"][file["labels"]].tolist() == [s.label for s in stills()]
        assert file["splits"].tolist() == [sample.split for sample in stills()]
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        entries = archive.infolist()
        assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}
        assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    data = path.read_bytes()
    start = data.index(b"\x93NUMPY")
    offset = start + 10 + int.from_bytes(data[start + 8 : start + 10], "little")
    assert (np.memmap(path, np.uint8, "r", offset, wanted.shape) == wanted).all()


def test_colour_is_written_in_colour(tmp_path: Path) -> None:
    path = TestColour().write(tmp_path / "a.npz")
    with np.load(path) as file:
        assert (file["images"].shape, file["images"].dtype) == ((6, 4, 4, 3), np.uint8)


def test_a_skipped_sample_leaves_no_gap(tmp_path: Path, make_tree: Callable[..., Any]) -> None:
    tree = signdata.convert(TestConformance().write(tmp_path / "a.npz"), tmp_path / "tree").output
    first = next(Path(tree).rglob("*.png"))
    first.write_bytes(first.read_bytes()[:40])
    result = signdata.convert(tree, tmp_path / "b.npz", on_error="skip", workers=1)
    assert (result.written, result.failed + result.skipped, result.exit_code) == (5, 1, 3)
    with np.load(tmp_path / "b.npz") as file:
        assert (len(file["images"]), len(file["labels"])) == (5, 5)


def test_pictures_of_two_sizes_are_refused(tmp_path: Path, main: Callable[..., Any]) -> None:
    np.savez(tmp_path / "a.npz", x_train=GRAY, y_train=LABELS, x_test=GRAY[:, :3], y_test=LABELS)
    ran = main("convert", tmp_path / "a.npz", tmp_path / "b.npz", "-j1")
    assert ran.returncode == 4
    assert "pictures differ in size; arrays hold one size. Say --size WxH." in ran.error
    done = main("convert", tmp_path / "a.npz", tmp_path / "b.npz", "--size", "5x4", "-j1")
    assert done.returncode == 0


def test_a_manifest_that_does_not_fit_is_refused(tmp_path: Path, main: Callable[..., Any]) -> None:
    path = TestConformance().write(tmp_path / "a.npz")
    np.savez(path, images=GRAY, labels=[2, 0, 2, 0, 2, 1], class_names=np.array(list("ABC")))
    ran = main("info", path)
    assert ran.returncode == 4
    assert "a.npz.manifest.csv:sample 3: label 'B'; expected 'C' as in the arrays" in ran.error
    np.savez(path, images=GRAY[:3], labels=LABELS[:3])
    assert "describes 6 samples; expected 3" in main("info", path).error


def header(shape: Any, descr: Any = "|u1") -> bytes:
    buffer = io.BytesIO()
    npy.write_array_header_1_0(buffer, {"descr": descr, "fortran_order": False, "shape": shape})
    return buffer.getvalue()


def as_bytes(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


class Trap:
    """Unpickled, it would leave a file behind."""

    def __reduce__(self) -> Any:
        return (Path.touch, (Path("sprung"),))


HOSTILE = {
    "objects": (as_bytes(np.array([Trap()] * 6)), "Python objects, which only pickle could read"),
    "a terabyte": (header((1 << 40,)), "declares 1,099,511,627,776 bytes; the file has 0"),
    "cut short": (as_bytes(LABELS)[:-3], "declares 48 bytes; the file has 45"),
    "too long": (as_bytes(LABELS) + b"more", "declares 48 bytes; the file has 52"),
    "no array": (b"label,pixel1\n", "not an array as numpy saves it"),
    "one byte": (b"\x93", "not an array as numpy saves it"),
    "records": (as_bytes(np.zeros(6, [("a", "i4"), ("b", "i4")])), "values of type"),
    "complex": (as_bytes(LABELS.astype(complex)), "values of type complex128"),
    "dates": (as_bytes(LABELS.astype("M8[s]")), "values of type datetime64[s]"),
    "code in the header": (
        b"\x93NUMPY\x01\x00\x40\x00" + b"__import__('os').mkdir('sprung')".ljust(64),
        "not an array as numpy saves it",
    ),
    "a version to come": (b"\x93NUMPY\x09\x00" + header((6,))[8:], "version (9, 0)"),
    "negative": (header((-6,)) + bytes(6), "shape (-6,)"),
}


@pytest.mark.parametrize("packed", ["npy", "npz", "packed npz"])
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_and_damaged_arrays_are_refused(
    kind: str, packed: str, tmp_path: Path, main: Callable[..., Any], monkeypatch: Any
) -> None:
    data, mention = HOSTILE[kind]
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "X.npy", GRAY)
    (tmp_path / "y.npy").write_bytes(data)
    source = tmp_path
    if packed != "npy":
        source = tmp_path / "a.npz"
        method = zipfile.ZIP_DEFLATED if "packed" in packed else zipfile.ZIP_STORED
        with zipfile.ZipFile(source, "w", method) as archive:
            archive.writestr("X.npy", as_bytes(GRAY))
            archive.writestr("y.npy", data)
    ran = main("convert", source, tmp_path / "out", "-j1")
    assert ran.returncode == 4
    assert mention in ran.error
    assert ran.error.count("\n") <= 1
    assert not (tmp_path / "sprung").exists()
    assert not (tmp_path / "out").exists()


def test_a_bomb_is_refused(tmp_path: Path, main: Callable[..., Any]) -> None:
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("X.npy", as_bytes(GRAY))
        archive.writestr("y.npy", as_bytes(LABELS))
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\x01\x02") + 24
    data[place : place + 4] = (1 << 30).to_bytes(4, "little")
    path.write_bytes(data)
    ran = main("info", path)
    assert ran.returncode == 4
    assert "declares 1,073,741,824 bytes" in ran.error


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_packings_are_refused(method: int, tmp_path: Path, main: Callable[..., Any]) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w", method) as archive:
        archive.writestr("X.npy", as_bytes(GRAY))
    ran = main("info", tmp_path / "a.npz")
    assert "packed by another method" in ran.error


def test_a_damaged_picture_is_named(tmp_path: Path, main: Callable[..., Any]) -> None:
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("X.npy", as_bytes(RNG.integers(0, 256, (900, 40, 50), np.uint8)))
        archive.writestr("y.npy", as_bytes(np.arange(900) % 3))
    data = bytearray(path.read_bytes())
    data[1_200_000] ^= 0xFF
    path.write_bytes(data)
    ran = main("convert", path, tmp_path / "out", "-j1", "--on-error", "skip", "--json")
    assert ran.returncode == 3
    assert ran.json["read"] == 900 == ran.json["written"] + ran.json["skipped"] + ran.json["failed"]
    assert ran.json["written"] > 500
    assert "X[" in ran.json["problems"][0]["where"]


def test_mutated_files_are_read_or_refused(tmp_path: Path, main: Callable[..., Any]) -> None:
    original = TestConformance().write(tmp_path / "a.npz").read_bytes()
    rng = np.random.default_rng(0)
    path = tmp_path / "b.npz"
    codes = set()
    for _ in range(150):
        data = bytearray(original)
        for place in rng.integers(0, len(data), 3):
            data[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        codes.add(main("info", path).returncode)
    assert codes <= {0, 4}
    assert 4 in codes


@pytest.mark.parametrize("name", ["out.npy", "out.mat"])
def test_no_directory_is_named_like_a_file_that_is_only_read(
    name: str, tmp_path: Path, main: Callable[..., Any]
) -> None:
    np.savez(tmp_path / "a.npz", X=GRAY, y=LABELS)
    ran = main("convert", tmp_path / "a.npz", tmp_path / name)
    assert ran.returncode == 2
    assert "which cannot be written; expected" in ran.error
    assert not (tmp_path / name).exists()


def test_one_array_alone_asks_for_the_other(tmp_path: Path, main: Callable[..., Any]) -> None:
    np.save(tmp_path / "X.npy", GRAY)
    ran = main("info", tmp_path / "X.npy")
    assert ran.returncode == 4
    assert "one array; expected pictures and labels. Name both files" in ran.error


def test_the_published_digits_are_read_audited_split_and_trained(
    tmp_path: Path, main: Callable[..., Any]
) -> None:
    """Shares of 64 x 64 and one-hot rows, as the Sign Language Digits are published."""
    source = tmp_path / "Sign-language-digits-dataset"
    source.mkdir()
    digits = np.arange(120) % 10
    levels = RNG.integers(0, 256, (120, 64, 64))
    np.save(source / "X.npy", levels / 255)
    np.save(source / "Y.npy", np.eye(10)[digits])
    ran = main("info", source, "--json")
    assert (ran.returncode, ran.json["read"], len(ran.json["classes"])) == (0, 120, 10)
    assert main("audit", source, "--json").returncode == 0
    assert main("split", source, tmp_path / "s.npz", "--ratios", "60,20,20", "-j1").returncode == 0
    assert (np.sort(pictures_in(tmp_path / "s.npz"), 0) == np.sort(levels[..., None], 0)).all()
    ran = main(
        *("baseline", tmp_path / "s.npz", "--out", tmp_path / "run", "--epochs", 1, "--quiet"),
        *("--device", "cpu"),
    )
    assert ran.returncode == 0, ran.stderr
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics
