"""HDF5: both layouts through h5py alone, files of others, and files that mean harm."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import signdata
from signdata.errors import UnsafeNameError, UsageError
from signdata.formats.hdf5 import texts
from signdata.formats.hdf5.reader import Hdf5Reader
from signdata.formats.hdf5.writer import Hdf5Writer
from signdata.formats.open import open_dataset
from signdata.formats.writer import Writer
from signdata.media.image import decode, encode
from signdata.samples import Sample

from .conformance import LONG, Conformance, clips, facts, stills


class Hdf5Conformance(Conformance):
    out_name = "out.h5"
    layout = "auto"

    def writer(self, out: Path) -> Writer:
        return Hdf5Writer(out.name, self.layout)

    def damage(self, out: Path) -> str:
        out.write_bytes(out.read_bytes()[: out.stat().st_size * 2 // 3])
        return "out.h5: damaged or cut short"

    def make_long(self, out: Path) -> None:
        with h5py.File(out, "w") as file:
            file["images"] = np.zeros((LONG // 1_000_000 + 1, 1000, 1000), np.uint8)
            file["labels"] = np.zeros(LONG // 1_000_000 + 1, np.int64)


class TestRawStills(Hdf5Conformance):
    def samples(self) -> list[Sample]:
        return stills()


class TestRawColourStills(Hdf5Conformance):
    def samples(self) -> list[Sample]:
        return stills(3)

    def make_long(self, out: Path) -> None:
        """In chunks: other code than for contiguous arrays."""
        with h5py.File(out, "w") as file:
            pictures = np.zeros((LONG // 3_000_000 + 1, 1000, 1000, 3), np.uint8)
            file.create_dataset("images", data=pictures, chunks=(1, 1000, 1000, 3))
            file["labels"] = np.zeros(len(pictures), np.int64)


class TestRawClips(Hdf5Conformance):
    def samples(self) -> list[Sample]:
        return clips()

    def make_long(self, out: Path) -> None:
        n_frames = LONG // 3_000_000 + 1
        with h5py.File(out, "w") as file:
            file["frames"] = np.zeros((n_frames, 1000, 1000, 3), np.uint8)
            file["offsets"] = np.array([0, n_frames])
            file["labels"] = np.zeros(1, np.int64)


class Encoded(Hdf5Conformance):
    layout = "encoded"

    def make_long(self, out: Path) -> None:
        data = encode.encode(np.zeros((1000, 1000, 3), np.uint8), "png", 95)
        n = LONG // 3_000_000 + 1
        with h5py.File(out, "w") as file:
            file["encoded"] = np.frombuffer(data * n, np.uint8)
            file["encoded_offsets"] = np.arange(n + 1) * len(data)
            file["labels"] = np.zeros(n, np.int64)


class TestEncodedStills(Encoded):
    def samples(self) -> list[Sample]:
        return stills()


class TestEncodedClips(Encoded):
    def samples(self) -> list[Sample]:
        return clips()


def strings(dataset: Any) -> list[str]:
    return [value.decode() for value in dataset[()]]


def test_texts_are_of_one_length_where_that_costs_little(tmp_path: Path) -> None:
    """So that PyTables reads them, and h5py faster; every text comes back as it was."""
    with h5py.File(tmp_path / "texts.h5", "w") as file:
        for name, n, values in (
            ("ids", 2, ["é", "abc"]),
            ("empty", 2, ["", ""]),
            ("no names", 0, []),
            ("one long", 3, ["", "x" * 65, "not UTF-8: \udce9"]),
            ("many", 1 << 15, ["x" * 65, "y"] * (1 << 14)),
        ):
            column = texts.put(file, name, n, texts.longest(values))
            for start in range(0, len(values), 1 << 13):
                column.write(start, values[start : start + (1 << 13)])
        lengths = {name: h5py.check_string_dtype(one.dtype).length for name, one in file.items()}
        assert lengths == {"ids": 3, "empty": 1, "no names": 1, "one long": 65, "many": None}
        assert strings(file["ids"]) == ["é", "abc"]
        assert strings(file["empty"]) == ["", ""]
        assert strings(file["many"])[:2] == ["x" * 65, "y"]
        assert file["one long"][2] == b"not UTF-8: \xe9"


def test_raw_stills_are_read_by_h5py_and_a_memory_map(tmp_path: Path) -> None:
    path = TestRawStills().write(tmp_path / "a.h5")
    wanted = np.stack([frame[:, :, 0] for sample in stills() for frame in sample.frames()])
    with h5py.File(path) as file:
        images = file["images"]
        assert (images.shape, images.dtype, images.chunks) == ((6, 4, 4), np.uint8, None)
        assert (images[()] == wanted).all()
        assert file["labels"].dtype == np.int64
        assert file["labels"][()].tolist() == [2, 0, 1, 0, 2, 1]
        assert strings(file["class_names"]) == ["A", "B", "C"]
        assert strings(file["ids"]) == [sample.id for sample in stills()]
        assert strings(file["splits"]) == [sample.split for sample in stills()]
        assert strings(file["groups"]) == [sample.group for sample in stills()]
        assert strings(file["meta/signer"]) == [str(i % 2) for i in range(6)]
        assert strings(file["meta/source"]) == [f"picture {i}" for i in range(6)]
        document = json.loads(file.attrs["signdata"])
        assert document["counts"]["classes"] == {"A": 2, "B": 2, "C": 2}
        offset = images.id.get_offset()
    mapped = np.memmap(path, np.uint8, "r", offset, (6, 4, 4))
    assert (mapped == wanted).all()


def test_raw_clips_are_read_by_h5py_and_a_memory_map(tmp_path: Path) -> None:
    path = TestRawClips().write(tmp_path / "a.h5")
    with h5py.File(path) as file:
        frames = file["frames"]
        assert (frames.shape, frames.chunks) == ((16, 4, 6, 3), None)
        assert file["offsets"].dtype == np.int64
        assert file["offsets"][()].tolist() == [0, 3, 15, 16]
        offset = frames.id.get_offset()
    mapped = np.memmap(path, np.uint8, "r", offset, (16, 4, 6, 3))
    assert mapped[:, 0, 0, 0].tolist() == [0, 1, 2, *range(10, 22), 20]


def test_encoded_clips_hold_the_files_end_to_end(tmp_path: Path) -> None:
    path = TestEncodedClips().write(tmp_path / "a.h5")
    with h5py.File(path) as file:
        bounds = file["encoded_offsets"][()]
        assert (bounds.dtype, len(bounds)) == (np.int64, 17)
        assert file["offsets"][()].tolist() == [0, 3, 15, 16]
        blob = file["encoded"][()]
        assert (blob.dtype, len(blob)) == (np.uint8, bounds[-1])
        third = blob[bounds[2] : bounds[3]].tobytes()
    assert (decode.decode(third, "")[0] == 2).all()


def test_jpeg_bytes_pass_untouched(
    make_tree: Callable[..., Path], tmp_path: Path, contents: Callable[..., Any]
) -> None:
    rng = np.random.default_rng(0)
    root = make_tree(
        {
            f"{split}/A/{i}.jpg": encode.encode(
                rng.integers(0, 256, (16 + i, 20, 3), np.uint8), "jpg", 71
            )
            for i, split in enumerate(["train", "train", "test"])
        }
    )
    signdata.convert(root, tmp_path / "a.h5", workers=1)
    with h5py.File(tmp_path / "a.h5") as file:
        assert "images" not in file
    signdata.convert(tmp_path / "a.h5", tmp_path / "back", workers=1)
    back = contents(tmp_path / "back")
    originals = contents(root)
    assert {name: back[name] for name in originals} == originals


@pytest.mark.parametrize(
    ("names", "options", "wanted"),
    [
        (("1.png", "2.png"), {}, "images"),
        (("1.png", "2.jpg"), {}, "encoded"),
        (("1.png", "2.jpg"), {"hdf5_layout": "raw"}, "images"),
        (("1.png", "2.png"), {"hdf5_layout": "encoded"}, "encoded"),
        (("1.png", "large.png"), {}, "encoded"),
        (("1.png", "large.png"), {"size": (3, 2)}, "images"),
    ],
)
def test_the_layout_follows_the_pictures(
    names: tuple[str, ...],
    options: dict[str, Any],
    wanted: str,
    make_tree: Callable[..., Path],
    tmp_path: Path,
) -> None:
    root = make_tree(
        {f"A/{n}": np.full((4 + (n == "large.png"), 4, 3), 9, np.uint8) for n in names}
    )
    signdata.convert(root, tmp_path / "a.h5", workers=1, **options)
    with h5py.File(tmp_path / "a.h5") as file:
        assert wanted in file
    assert len(list(Hdf5Reader(tmp_path / "a.h5"))) == 2


def test_raw_needs_one_shape(
    make_tree: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    root = make_tree({f"A/{i}.png": np.zeros((4 + i, 4, 1), np.uint8) for i in range(2)})
    out = tmp_path / "a.h5"
    ran = main("convert", root, out, "-j", 1, "--hdf5-layout", "raw")
    assert ran.returncode == 4
    assert "differ in size or colour" in ran.error
    assert [path.name for path in tmp_path.iterdir()] == ["tree"]
    with pytest.raises(UsageError, match="expected one of auto, raw, encoded"):
        Hdf5Writer("a.h5", "cooked")


@pytest.mark.parametrize("layout", ["raw", "encoded"])
def test_what_could_not_be_read_leaves_no_gap(
    layout: str, make_tree: Callable[..., Path], tmp_path: Path
) -> None:
    pictures = {f"A/{i}.png": np.full((4, 4, 1), i, np.uint8) for i in range(4)}
    root = make_tree({**pictures, "A/1.png": encode.encode(pictures["A/1.png"], "png", 95)[:-9]})
    out = tmp_path / "a.h5"
    result = signdata.convert(root, out, hdf5_layout=layout, on_error="skip", workers=1)
    assert (result.read, result.written, result.failed, result.exit_code) == (4, 3, 1, 3)
    found = {sample.id: int(next(sample.frames())[0, 0, 0]) for sample in Hdf5Reader(out)}
    assert found == {"A/0": 0, "A/2": 2, "A/3": 3}


def test_a_column_that_hdf5_cannot_name_is_refused_before_writing(tmp_path: Path) -> None:
    sample = stills()[0]
    odd = Sample("1", "A", sample.pixels, meta={"a/b": "1"})
    with pytest.raises(UnsafeNameError, match="'a/b' cannot be named in HDF5"):
        TestRawStills().write(tmp_path / "a.h5", [odd])
    assert not list(tmp_path.iterdir())


# Files that others write.

PICTURES = np.arange(3 * 4 * 4, dtype=np.uint8).reshape(3, 4, 4) * 5
LABELS = np.array([2, 0, 1])
CUT_SHORT = encode.encode(PICTURES[0][:, :, None], "png", 95)[:-9]


def written(path: Path, **values: Any) -> Path:
    with h5py.File(path, "w") as file:
        for name, value in values.items():
            file[name] = value
    return path


FOREIGN = {
    "X and y": {"X": PICTURES, "y": LABELS},
    "data and label": {"data": PICTURES, "label": LABELS},
    "x and labels": {"x": PICTURES[..., None], "labels": LABELS.astype(np.uint8)},
    "floats 0..1": {"images": PICTURES / 255, "labels": LABELS},
    "half floats 0..1": {"images": (PICTURES / 255).astype(np.float16), "labels": LABELS},
    "floats 0..255": {"images": PICTURES.astype(np.float32), "labels": LABELS},
    "wide integers": {"images": PICTURES.astype(np.int64), "labels": LABELS},
    "float labels": {"images": PICTURES, "labels": LABELS.astype(np.float64)},
    "labels in a column": {"images": PICTURES, "labels": LABELS[:, None]},
    "one-hot": {"images": PICTURES, "labels": np.eye(3)[LABELS]},
    "strings": {"images": PICTURES, "labels": np.array([b"2", b"0", b"1"])},
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_files_of_others_are_read(kind: str, tmp_path: Path) -> None:
    samples = list(Hdf5Reader(written(tmp_path / "a.h5", **FOREIGN[kind])))
    assert [sample.label for sample in samples] == ["2", "0", "1"]
    assert [sample.id for sample in samples] == ["000001", "000002", "000003"]
    frames = np.stack([frame[:, :, 0] for sample in samples for frame in sample.frames()])
    assert (frames == PICTURES).all()
    assert [sample.pixels.notes() for sample in samples] == [()] * 3


@pytest.mark.parametrize(
    "values",
    [PICTURES / 255 + 0.001, PICTURES + 0.25, PICTURES.astype(np.float32) + 0.001],
    ids=["0..1", "0..255", "nearly whole"],
)
def test_values_that_are_rounded_are_told_once(
    values: np.ndarray, tmp_path: Path, main: Callable[..., Any]
) -> None:
    path = written(tmp_path / "a.h5", images=values, labels=LABELS)
    done = main("convert", path, tmp_path / "out", "--json", "-j", 1)
    assert done.returncode == 0
    told = [(p["kind"], p["message"]) for p in done.json["problems"]]
    lost = "values between the 256 levels (rounded to 8 bits)"
    assert told == [("note", f"not preserved: {lost}")]
    assert json.loads((tmp_path / "out" / "signdata.json").read_text())["not_preserved"] == [lost]


def test_a_column_of_ones_is_no_one_hot(tmp_path: Path) -> None:
    path = written(tmp_path / "a.h5", images=PICTURES, labels=np.ones((3, 1), np.int64))
    assert [sample.label for sample in Hdf5Reader(path)] == ["1", "1", "1"]


@pytest.mark.parametrize("how", [{"compression": "gzip"}, {"compression": "lzf"}, {"chunks": True}])
def test_chunks_and_plain_filters_are_read(how: dict[str, Any], tmp_path: Path) -> None:
    path = written(tmp_path / "a.h5", y=LABELS)
    with h5py.File(path, "a") as file:
        file.create_dataset("X", data=PICTURES, shuffle=True, fletcher32=True, **how)
    found = np.stack([next(sample.frames())[:, :, 0] for sample in Hdf5Reader(path)])
    assert (found == PICTURES).all()


def test_class_names_and_columns_of_others(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.hdf5",
        images=PICTURES,
        labels=LABELS,
        classes=["book", "drink", "computer"],
        splits=["train", "test", ""],
        groups=["a", "b", "a"],
    )
    reader = open_dataset(path)
    assert reader.info.labels.classes == ("book", "drink", "computer")
    found = [(s.label, s.split, s.group) for s in reader]
    assert found == [("computer", "train", "a"), ("book", "test", "b"), ("drink", "", "a")]


SCENE = np.arange(6 * 4 * 5 * 3).reshape(6, 4, 5, 3).astype(np.uint8)
CODES = np.array([2, 0, 1, 1, 2, 0])


def matlab(path: Path, **values: Any) -> Path:
    """As MATLAB's ``save -v7.3``: its own first 512 bytes, and every array's axes reversed."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in values.items():
            stored = file.create_dataset(name, data=np.ascontiguousarray(value.T))
            kind = {"f": "double", "u": "uint8", "b": "logical"}[value.dtype.kind]
            stored.attrs["MATLAB_class"] = np.bytes_(kind)
        file.create_group("#refs#")
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512, b" "))
    return path


MATLAB = {
    "colour, samples last": SCENE.transpose(1, 2, 3, 0),
    "colour, samples first": SCENE,
    "grey, samples last": SCENE[..., 0].transpose(1, 2, 0),
    "grey, samples first": SCENE[..., 0],
}


@pytest.mark.parametrize("labels", ["a column", "a row", "one-hot"])
@pytest.mark.parametrize("kind", MATLAB)
@pytest.mark.parametrize("name", ["a.mat", "a.h5"])
def test_matlab_files_stand_upright(kind: str, labels: str, name: str, tmp_path: Path) -> None:
    column = CODES[:, None].astype(np.float64)
    y = {"a column": column, "a row": column.T, "one-hot": np.eye(3)[CODES]}[labels]
    reader = open_dataset(matlab(tmp_path / name, X=MATLAB[kind], y=y))
    wanted = SCENE if "colour" in kind else SCENE[..., :1]
    assert (np.stack([next(sample.frames()) for sample in reader]) == wanted).all()
    assert [sample.label for sample in reader] == list(map(str, CODES))
    assert reader.picture_summary().size_hw == (4, 5)
    assert reader.info.notes == ()


def test_class_names_that_matlab_has_as_text(tmp_path: Path) -> None:
    path = matlab(tmp_path / "a.mat", X=SCENE, y=CODES[:, None].astype(float))
    with h5py.File(path, "a") as file:
        rows = np.array([list(map(ord, name.ljust(5))) for name in ("book", "drink", "yes")])
        stored = file.create_dataset("classes", data=rows.T.astype(np.uint16))
        stored.attrs["MATLAB_class"] = np.bytes_("char")
    assert open_dataset(path).info.labels.classes == ("book", "drink", "yes")


def test_samples_that_matlab_may_have_in_two_axes_are_noted(tmp_path: Path) -> None:
    cube = SCENE[:4, :, :4, 0]
    path = matlab(tmp_path / "a.mat", X=cube.transpose(1, 2, 0), y=CODES[:4, None].astype(float))
    reader = open_dataset(path)
    assert (np.stack([next(sample.frames())[:, :, 0] for sample in reader]) == cube).all()
    assert "read as the last" in reader.info.notes[0].message


def test_matlab_files_of_older_versions_are_told(tmp_path: Path, main: Callable[..., Any]) -> None:
    path = tmp_path / "a.mat"
    path.write_bytes(b"MATLAB 5.0 MAT-file, Platform: PCWIN64".ljust(200))
    ran = main("info", path)
    assert ran.returncode == 4
    assert "a MATLAB file of version 5 to 7; expected version 7.3" in ran.error


LAYOUTS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "channels first": ({"data": SCENE.transpose(0, 3, 1, 2), "label": CODES}, [""] * 6),
    "shares, channels first": (
        {"data": SCENE.transpose(0, 3, 1, 2) / 255, "label": CODES.reshape(-1, 1, 1, 1)},
        [""] * 6,
    ),
    "labels in a row": ({"images": SCENE, "labels": CODES[None]}, [""] * 6),
    "one split": ({"train_set_x": SCENE, "train_set_y": CODES}, ["train"] * 6),
    "two splits": (
        {
            "train_set_x": SCENE[:4],
            "train_set_y": CODES[:4],
            "test_set_x": SCENE[4:],
            "test_set_y": CODES[4:],
        },
        ["train"] * 4 + ["test"] * 2,
    ),
    "groups": (
        {
            "test/images": SCENE[4:],
            "test/labels": CODES[4:],
            "train/images": SCENE[:4],
            "train/labels": CODES[:4],
        },
        ["train"] * 4 + ["test"] * 2,
    ),
    "a column of splits": (
        {"image": SCENE, "target": CODES, "split": ["train"] * 5 + ["validation"]},
        ["train"] * 5 + ["val"],
    ),
}


@pytest.mark.parametrize("kind", LAYOUTS)
def test_pictures_of_others_whatever_they_are_called(kind: str, tmp_path: Path) -> None:
    values, splits = LAYOUTS[kind]
    reader = open_dataset(written(tmp_path / "a.h5", **values))
    assert (np.stack([next(sample.frames()) for sample in reader]) == SCENE).all()
    assert [sample.label for sample in reader] == list(map(str, CODES))
    assert [sample.split for sample in reader] == splits


def test_nothing_that_others_store_is_dropped_in_silence(
    tmp_path: Path, main: Callable[..., Any]
) -> None:
    path = written(
        tmp_path / "a.h5",
        X=SCENE,
        y=CODES,
        list_classes=["a", "b", "c"],
        filenames=[f"{i}.jpg" for i in range(6)],
        fold=CODES.astype(float),
        boxes=np.zeros((6, 4)),
        y_val=CODES[:2],
    )
    ran = main("convert", path, tmp_path / "out", "-j1", "--json")
    assert ran.returncode == 0
    assert [problem["where"] for problem in ran.json["problems"]] == ["boxes", "y_val"]
    rows = list(signdata.manifest(tmp_path / "out")[["filenames", "fold", "label"]].itertuples())
    assert {tuple(row[1:]) for row in rows} == {
        (f"{i}.jpg", str(code), "abc"[code]) for i, code in enumerate(CODES)
    }


def test_two_arrays_of_pictures_are_a_question_that_options_answer(
    tmp_path: Path, main: Callable[..., Any]
) -> None:
    path = written(tmp_path / "a.h5", X=SCENE[:2], y=CODES[:2], X_train=SCENE, y_train=CODES)
    ran = main("info", path)
    assert ran.returncode == 4
    assert "two readings: pictures in X (2x4x5x3) or in X_train (6x4x5x3)" in ran.error
    ran = main("info", path, "--images", "X_train", "--targets", "y_train", "--json")
    assert (ran.returncode, ran.json["read"]) == (0, 6)


def test_colours_that_are_said_to_be_swapped_are_noted(tmp_path: Path) -> None:
    path = written(tmp_path / "a.h5", X=SCENE, y=CODES)
    with h5py.File(path, "a") as file:
        file["X"].attrs["colorspace"] = "BGR"
    [note] = open_dataset(path).info.notes
    assert (note.where, "BGR" in note.message) == ("X", True)


DOWNLOADS = {
    "a web page": (b"\n<!DOCTYPE html><html><title>Sign in</title>", "a web page"),
    "a pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "git lfs pull"),
    "nothing": (b"", "an empty file"),
}


@pytest.mark.parametrize("name", ["a.h5", "a.mat", "a.npz"])
@pytest.mark.parametrize("kind", DOWNLOADS)
def test_downloads_that_went_wrong_are_told(
    kind: str, name: str, tmp_path: Path, main: Callable[..., Any]
) -> None:
    data, mention = DOWNLOADS[kind]
    (tmp_path / name).write_bytes(data)
    ran = main("convert", tmp_path / name, tmp_path / "out")
    assert ran.returncode == 4
    assert mention in ran.error


# Files that are damaged, or mean harm.


def broken(path: Path, **changes: Any) -> Path:
    return written(path, **{"images": PICTURES, "labels": LABELS, **changes})


def external_storage(path: Path) -> None:
    secret = path.with_name("secret")
    secret.write_bytes(bytes(48))
    with h5py.File(path, "w") as file:
        file.create_dataset("images", (3, 4, 4), np.uint8, external=[(str(secret), 0, 48)])
        file["labels"] = LABELS


def external_link(path: Path) -> None:
    broken(path.with_name("other.h5"))
    written(path, labels=LABELS, images=h5py.ExternalLink("other.h5", "/images"))


def soft_link(path: Path) -> None:
    broken(path, X=h5py.SoftLink("/images"))


def nested_external_link(path: Path) -> None:
    broken(path.with_name("other.h5"))
    with h5py.File(broken(path), "a") as file:
        file.create_group("meta")["signer"] = h5py.ExternalLink("other.h5", "/labels")


def virtual(path: Path) -> None:
    broken(path.with_name("other.h5"))
    layout = h5py.VirtualLayout((3, 4, 4), np.uint8)
    layout[:] = h5py.VirtualSource("other.h5", "images", (3, 4, 4))
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("images", layout)
        file["labels"] = LABELS


def terabyte(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("images", (1 << 20, 1 << 10, 1 << 10), np.uint8)
        file["labels"] = LABELS


def compressed_terabyte(path: Path) -> None:
    with h5py.File(path, "w") as file:
        shape = (1 << 20, 1 << 10, 1 << 10)
        file.create_dataset("images", shape, np.uint8, chunks=(1, 1024, 1024), compression="gzip")
        file["labels"] = LABELS


def terabyte_of_labels(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["images"] = PICTURES
        file.create_dataset("labels", (1 << 37,), np.int64, chunks=(1024,))


def huge_chunk(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["labels"] = LABELS
        file.create_dataset(
            "images", (3, 4, 4), np.uint8, chunks=(3, 1 << 14, 1 << 15), maxshape=(None,) * 3
        )


def unknown_filter(path: Path) -> None:
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((3, 4, 4))
    plist.set_filter(305, h5py.h5z.FLAG_OPTIONAL)
    with h5py.File(path, "w") as file:
        space = h5py.h5s.create_simple((3, 4, 4))
        made = h5py.h5d.create(file.id, b"images", h5py.h5t.STD_U8LE, space, plist)
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, PICTURES)
        file["labels"] = LABELS


def references(path: Path) -> None:
    with h5py.File(broken(path), "a") as file:
        file.create_dataset("refs", (1,), h5py.ref_dtype)[0] = file["images"].ref


def compound(path: Path) -> None:
    broken(path, labels=np.zeros(3, [("a", "i4"), ("b", "f4")]))


def ragged(path: Path) -> None:
    with h5py.File(broken(path), "a") as file:
        file.create_dataset("lists", (3,), h5py.vlen_dtype(np.int32))


def never_written(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("images", (3, 4, 4), np.uint8)
        file["labels"] = LABELS
        file["padding"] = np.zeros(9999, np.uint8)


def partly_written(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("images", (3, 4, 4), np.uint8, chunks=(1, 4, 4))[0] = PICTURES[0]
        file["labels"] = LABELS


def damaged_chunk(path: Path) -> None:
    with h5py.File(path, "w") as file:
        made = file.create_dataset("images", data=PICTURES, chunks=(3, 4, 4), fletcher32=True)
        offset = made.id.get_chunk_info(0).byte_offset
        file["labels"] = LABELS
    data = bytearray(path.read_bytes())
    data[offset + 5] ^= 0xFF
    path.write_bytes(data)


def damaged_labels(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["images"] = PICTURES
        made = file.create_dataset("labels", data=LABELS, chunks=(3,), fletcher32=True)
        offset = made.id.get_chunk_info(0).byte_offset
    data = bytearray(path.read_bytes())
    data[offset] ^= 0xFF
    path.write_bytes(data)


def groups_for_datasets(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_group("images")
        file["labels"] = LABELS


def group_for_labels(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_group("labels")
        file["images"] = PICTURES


def empty_space(path: Path) -> None:
    broken(path, labels=h5py.Empty("i8"))


def big_picture(path: Path) -> None:
    written(path, images=np.zeros((1, 8001, 8000), np.uint8), labels=[0])


def blob(**changes: Any) -> Callable[[Path], None]:
    data = encode.encode(PICTURES[0][:, :, None], "png", 95)
    values = {
        "encoded": np.frombuffer(data, np.uint8),
        "encoded_offsets": [0, len(data)],
        "labels": [0],
    }
    return lambda path: written(path, **{**values, **changes}) and None


def raw(**changes: Any) -> Callable[[Path], None]:
    return lambda path: broken(path, **changes) and None


HOSTILE = {
    "external storage": (external_storage, "images: its bytes lie in another file"),
    "external link": (external_link, "images: a ExternalLink"),
    "soft link": (soft_link, "X: a SoftLink"),
    "external link in a group": (nested_external_link, "meta/signer: a ExternalLink"),
    "virtual": (virtual, "images: a virtual dataset"),
    "a terabyte": (terabyte, "images: declares 1,099,511,627,776 bytes"),
    "a compressed terabyte": (compressed_terabyte, "images: declares 1,099,511,627,776 bytes"),
    "a terabyte of labels": (terabyte_of_labels, "labels: declares 1,099,511,627,776 bytes"),
    "a huge chunk": (huge_chunk, "images: "),
    "unknown filter": (unknown_filter, "images: a filter other than"),
    "object references": (references, "refs: values of type object"),
    "compound": (compound, "labels: values of type"),
    "ragged": (ragged, "lists: values of type object"),
    "never written": (never_written, "images: parts of it were never written"),
    "partly written": (partly_written, "images: parts of it were never written"),
    "damaged pixels": (damaged_chunk, "images[0]: damaged"),
    "damaged labels": (damaged_labels, "labels: damaged"),
    "a group called images": (groups_for_datasets, "images: expected a dataset"),
    "a group called labels": (group_for_labels, "labels: expected a dataset"),
    "no values at all": (empty_space, "labels: expected a dataset"),
    "pictures too large": (big_picture, "images: pictures of 8000x8001"),
    "more pictures than labels": (raw(labels=[0, 1]), "shape 3x4x4; expected 2 pictures"),
    "more labels than pictures": (raw(labels=[0, 1, 2, 3]), "shape 3x4x4; expected 4 pictures"),
    "no labels": (raw(labels=np.zeros(0)), "labels: no samples"),
    "one label": (raw(labels=3), "labels: no samples"),
    "flat pictures": (raw(images=PICTURES.reshape(3, 16)), "images: shape 3x16"),
    "four colours": (raw(images=np.zeros((3, 4, 4, 4), np.uint8)), "images: shape 3x4x4x4"),
    "pictures of words": (raw(images=np.full((3, 4, 4), b"a")), "images: values of type"),
    "negative pixels": (raw(images=PICTURES - np.int16(1)), "images[0]: values -1"),
    "pixels over 255": (raw(images=PICTURES * np.int16(9)), "images[0]: values 0..675"),
    "NaN": (raw(images=np.where(PICTURES, PICTURES, np.nan)), "images[0]: values nan"),
    "fractional labels": (raw(labels=[0.5, 1, 2]), "labels: labels of type float64"),
    "NaN labels": (raw(labels=[np.nan, 1, 2]), "labels: labels of type float64"),
    "infinite labels": (raw(labels=[np.inf, 1, 2]), "labels: labels of type float64"),
    "soft one-hot": (raw(labels=np.full((3, 2), 0.5)), "labels: labels of shape (3, 2)"),
    "two labels each": (raw(labels=np.array([[2, -1]] * 3)), "labels: labels of shape (3, 2)"),
    "label beyond names": (raw(class_names=["a", "b"]), "labels: label 2; expected 0..1"),
    "negative label": (raw(labels=[0, -1, 1], class_names=["a", "b"]), "label -1; expected 0..1"),
    "a name twice": (raw(class_names=["a", "a", "b"]), "a class name that appears twice"),
    "names that are numbers": (raw(class_names=[[1, 2], [3, 4]]), "class_names: expected a list"),
    "names in Latin-1": (raw(class_names=[b"a", b"\xe9", b"c"]), "class_names: not UTF-8"),
    "ids too few": (raw(ids=["a", "b"]), "ids: 2 values; expected 3"),
    "an id twice": (raw(ids=["a", "b", "a"]), "an id that appears twice"),
    "strange split": (raw(splits=["train", "../x", ""]), "splits: split '../x'"),
    "no pictures": (lambda path: written(path, labels=LABELS), "no pictures"),
    "no labels at all": (lambda path: written(path, images=PICTURES), "no labels"),
    "offsets too few": (lambda p: written(p, frames=PICTURES, offsets=[0, 3], labels=[0, 1]),
                        "offsets: expected 3 integers"),
    "offsets that go back": (
        lambda p: written(p, frames=PICTURES, offsets=[0, 3, 2], labels=[0, 1]),
        "offsets: expected positions",
    ),
    "offsets beyond the frames": (
        lambda p: written(p, frames=PICTURES, offsets=[0, 2, 9], labels=[0, 1]),
        "frames: shape 3x4x4; expected 9",
    ),
    "blob too short": (blob(encoded_offsets=[0, 9999]), "bytes; expected 9999"),
    "blob of two bytes": (blob(encoded=np.zeros(9, np.uint16), encoded_offsets=[0, 9]), "uint8"),
    "blob that is no picture": (
        blob(encoded=np.zeros(9, np.uint8), encoded_offsets=[0, 9]), "bytes 0..9 of encoded: no pic"
    ),
    "blob cut short": (
        blob(encoded=np.frombuffer(CUT_SHORT, np.uint8), encoded_offsets=[0, len(CUT_SHORT)]),
        "of encoded: cut short",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_and_damaged_files_are_refused(
    kind: str, tmp_path: Path, main: Callable[..., Any]
) -> None:
    make, mention = HOSTILE[kind]
    path, out = tmp_path / "a.h5", tmp_path / "out"
    make(path)
    before = {place.name: place.read_bytes() for place in tmp_path.iterdir()}
    ran = main("convert", path, out, "-j", 1)
    assert ran.returncode == 4
    assert ran.error.startswith(f"error: {path}:")
    assert mention in ran.error
    assert {place.name: place.read_bytes() for place in tmp_path.iterdir()} == before


def test_hard_link_cycles_end(tmp_path: Path) -> None:
    with h5py.File(broken(tmp_path / "a.h5"), "a") as file:
        group = file.create_group("loop")
        group["again"] = group
        group["root"] = file["/"]
        group["X"] = file["images"]
    assert len(list(Hdf5Reader(tmp_path / "a.h5"))) == 3


@pytest.mark.parametrize("keep", [0.02, 0.3, 0.9, 0.999])
def test_a_file_cut_short_is_refused(keep: float, tmp_path: Path, main: Callable[..., Any]) -> None:
    path = TestRawStills().write(tmp_path / "a.h5")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    ran = main("convert", path, tmp_path / "out", "-j", 1)
    assert ran.returncode == 4
    assert f"{path}: damaged or cut short" in ran.error


def test_what_is_no_hdf5_is_refused(tmp_path: Path, main: Callable[..., Any]) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(b"label,pixel1\n")
    ran = main("convert", path, tmp_path / "out", "-j", 1)
    assert ran.returncode == 4
    assert "named like HDF5, but not such a file" in ran.error


@pytest.mark.parametrize("document", ["[]", "{", '{"origin": 5}', '{"origin": {"csv": 7}}'])
def test_a_hostile_document_inside_is_refused_or_unused(
    document: str, tmp_path: Path, main: Callable[..., Any]
) -> None:
    path, out = broken(tmp_path / "a.h5"), tmp_path / "out.csv"
    with h5py.File(path, "a") as file:
        file.attrs["signdata"] = document
    ran = main("convert", path, out, "-j", 1)
    if document == '{"origin": 5}':
        assert ran.returncode == 0, ran.stderr
    else:
        assert ran.returncode == 4
        assert "a.h5" in ran.error
        assert not out.exists()


def test_mutated_files_are_read_or_refused(tmp_path: Path) -> None:
    original = TestRawStills().write(tmp_path / "a.h5").read_bytes()
    rng = np.random.default_rng(0)
    path = tmp_path / "b.h5"
    refused = 0
    for _ in range(60):
        data = bytearray(original)
        for place in rng.integers(0, len(data), 40):
            data[place] = rng.integers(0, 256)
        path.write_bytes(data)
        try:
            for sample in Hdf5Reader(path):
                facts(sample)
        except (ValueError, OSError) as error:
            assert type(error).__module__ == "signdata.errors", error  # noqa: PT017
            refused += 1
    assert refused


def test_files_are_never_changed_by_reading(tmp_path: Path) -> None:
    path = broken(tmp_path / "a.h5")
    before = path.read_bytes()
    path.chmod(0o400)
    signdata.info(path)
    assert path.read_bytes() == before
