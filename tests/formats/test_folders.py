"""ImageFolder trees."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signdata.errors import FormatError, MissingError, UnsafeNameError
from signdata.formats.folders import FoldersOptions, FoldersReader, FoldersWriter
from signdata.formats.open import open_dataset
from signdata.formats.writer import Writer
from signdata.media.image import encode
from signdata.samples import Sample

from .conformance import LONG, Conformance, stills


class TestConformance(Conformance):
    def writer(self, out: Path) -> Writer:
        return FoldersWriter()

    def samples(self) -> list[Sample]:
        return stills(3)

    def damage(self, out: Path) -> str:
        picture = out / "val/B/7.png"
        picture.write_bytes(picture.read_bytes()[:-20])
        return "val/B/7.png"

    def make_long(self, out: Path) -> None:
        (out / "A").mkdir(parents=True)
        first = out / "A/0.png"
        first.write_bytes(encode.encode(np.zeros((1000, 1000, 3), np.uint8), "png", 95))
        for i in range(1, LONG // 3_000_000 + 1):
            os.link(first, out / f"A/{i}.png")


def ids(root: Path) -> list[str]:
    return [sample.id for sample in FoldersReader(root)]


def notes(root: Path) -> dict[str, str]:
    return {note.path: note.message for note in FoldersReader(root).info.notes}


PICTURE = np.full((4, 4, 1), 9, np.uint8)


def test_paths_become_ids_labels_and_splits(make_tree: Callable[..., Path]) -> None:
    root = make_tree(
        {"train/B/2.png": PICTURE, "train/A/1.png": PICTURE, "validation/A/x y.png": PICTURE}
    )
    found = [(s.id, s.label, s.split, s.group) for s in FoldersReader(root)]
    assert found == [
        ("train/A/1", "A", "train", ""),
        ("train/B/2", "B", "train", ""),
        ("validation/A/x y", "A", "val", ""),
    ]


def test_two_files_of_one_stem_keep_their_suffix(make_tree: Callable[..., Path]) -> None:
    root = make_tree({"A/1.png": PICTURE, "A/1.jpg": PICTURE, "A/2.png": PICTURE})
    assert ids(root) == ["A/1.jpg", "A/1.png", "A/2"]


def test_junk_is_noted_and_never_a_class(make_tree: Callable[..., Path]) -> None:
    root = make_tree(
        {
            "A/1.png": PICTURE,
            "A/Thumbs.db": b"x",
            "A/._1.png": b"x",
            "A/notes.txt": b"x",
            "A/deep/2.png": PICTURE,
            "__MACOSX/1.png": PICTURE,
            ".ipynb_checkpoints/1.png": PICTURE,
            "readme.md": b"x",
        }
    )
    (root / "empty").mkdir()
    assert FoldersReader(root).info.present == ("A",)
    assert notes(root).keys() == {
        *("A/Thumbs.db", "A/._1.png", "A/notes.txt", "A/deep", "__MACOSX"),
        *(".ipynb_checkpoints", "readme.md", "empty"),
    }


def test_order_does_not_depend_on_the_directory(make_tree: Callable[..., Path]) -> None:
    names = [f"{label}/{i}.png" for label in "CAB" for i in (10, 9, 1)]
    one = make_tree(dict.fromkeys(names, PICTURE), "one")
    two = make_tree(dict.fromkeys(reversed(names), PICTURE), "two")
    assert ids(one) == ids(two) == sorted(ids(one))


def test_by_number_orders_by_the_number_in_the_name(make_tree: Callable[..., Path]) -> None:
    root = make_tree({"B/img_2.png": PICTURE, "A/img_10.png": PICTURE, "C/img_1.png": PICTURE})
    found = [s.id for s in FoldersReader(root, FoldersOptions(by_number=True))]
    assert found == ["C/img_1", "B/img_2", "A/img_10"]


def test_linked_files_are_read_and_linked_folders_only_when_asked(
    make_tree: Callable[..., Path],
) -> None:
    root = make_tree({"A/1.png": PICTURE})
    other = make_tree({"B/2.png": PICTURE}, "other")
    (root / "A/3.png").symlink_to(other / "B/2.png")
    (root / "B").symlink_to(other / "B")
    (root / "A/up").symlink_to(root)
    assert ids(root) == ["A/1", "A/3"]
    found = [s.id for s in FoldersReader(root, FoldersOptions(follow_symlinks=True))]
    assert found == ["A/1", "A/3", "B/2"]


@pytest.mark.parametrize("kind", ["pipe", "dangling", "loop"])
def test_what_is_no_file_is_an_error_and_not_a_wait(
    make_tree: Callable[..., Path], kind: str
) -> None:
    root = make_tree({"A/1.png": PICTURE})
    place = root / "A/2.png"
    if kind == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to(place if kind == "loop" else root / "nowhere.png")
    samples = list(FoldersReader(root))
    assert [s.id for s in samples] == ["A/1", "A/2"]
    with pytest.raises(OSError, match=r"A/2\.png: (no regular file|not there|cannot be read)"):
        list(samples[1].frames())


def test_a_name_that_is_not_utf8_is_refused(
    make_tree: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    root = make_tree({"A/1.png": PICTURE})
    (root / "A" / os.fsdecode(b"caf\xe9.png")).write_bytes(b"x")
    for target in ("out", "out.h5", "out.csv"):
        ran = main("convert", root, tmp_path / target, "-j", 1)
        assert ran.returncode == 4
        assert "caf\\udce9.png: a name that is not UTF-8" in ran.error
        assert not (tmp_path / target).exists()


def test_splits_beside_classes_are_two_readings(make_tree: Callable[..., Path]) -> None:
    root = make_tree({"train/A/1.png": PICTURE, "B/1.png": PICTURE})
    with pytest.raises(FormatError, match="two readings: 'train' as a split next to 'B'"):
        FoldersReader(root)
    bare = make_tree({"train/1.png": PICTURE, "test/1.png": PICTURE}, "bare")
    with pytest.raises(FormatError, match="a split without class folders"):
        FoldersReader(bare)


def test_what_is_written_is_an_image_folder(tmp_path: Path) -> None:
    out = TestConformance().write(tmp_path / "out")
    pictures = sorted(path.relative_to(out).as_posix() for path in out.rglob("*.png"))
    assert pictures == [
        "test/A/8.png",
        "test/C/5.png",
        "train/A/6.png",
        "train/C/9.png",
        "val/B/4.png",
        "val/B/7.png",
    ]
    assert (out / "classes.txt").read_text() == "A\nB\nC\n"
    assert {path.name for path in out.iterdir() if path.is_file()} == {
        "manifest.csv",
        "classes.txt",
        "signdata.json",
    }


def test_manifest_joins_with_what_lies_there(tmp_path: Path) -> None:
    out = TestConformance().write(tmp_path / "out")
    (out / "val/B/7.png").unlink()
    (out / "val/B/new.png").write_bytes((out / "val/B/4.png").read_bytes())
    reader = FoldersReader(out)
    samples = {sample.id: sample for sample in reader}
    with pytest.raises(MissingError, match="listed in the manifest but not there"):
        list(samples["val/B/7"].frames())
    assert samples["val/B/new"].split == "val"
    assert "not in the manifest" in {n.path: n.message for n in reader.info.notes}["val/B/new.png"]


MANIFEST = """id,path,label,split,group,source,signer,stored_as
9,B/9.png,two,test,g,,s1,
é,A/é.png,one,,,film.mp4,,other
1,A/1.png,A,val,,,s2,
"""
MANIFESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "as it is": (MANIFEST, {}),
    "another order": ("\n".join([*MANIFEST.splitlines()[:1], *MANIFEST.splitlines()[:0:-1]]), {}),
    "few columns": ("id,path,label,split\n1,A/1.png,A,\n9,B/9.png,B,\né,A/é.png,A,\n", {}),
    "a picture that it lacks": (MANIFEST, {"A/2.png": PICTURE}),
    "a picture that is gone": (MANIFEST + "7,B/7.png,B,,,,,\n", {}),
    "one gone and one more": (MANIFEST + "7,B/7.png,B,,,,,\n", {"A/2.png": PICTURE}),
    "keypoints": (MANIFEST, {"A/1.json": b"{}"}),
    "a kind that is not read": (MANIFEST + "h,B/h.heic,B,,,,,\n", {"B/h.heic": b"x"}),
    "strays": (MANIFEST, {"A/note.txt": b"x", "A/.hidden": b"x", "A/b/c.png": PICTURE}),
}


@pytest.mark.parametrize("way", MANIFESTS)
def test_a_manifest_of_all_pictures_is_joined_at_once(
    way: str, make_tree: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    text, further = MANIFESTS[way]
    pictures = {f"{place}.png": PICTURE for place in ("A/1", "A/é", "B/9")}
    root = make_tree({**pictures, **further})
    (root / "manifest.csv").write_text(text, encoding="utf-8")
    (root / "classes.txt").write_text("one\ntwo\nA\nB\n")
    joined = []
    slow = FoldersReader._joined
    monkeypatch.setattr(FoldersReader, "_joined", lambda self: joined.append(1) or slow(self))
    at_once = FoldersReader(root)
    assert bool(joined) == (way not in ("as it is", "another order", "few columns", "strays"))
    monkeypatch.setattr(FoldersReader, "_listed_by_manifest", lambda self: None)
    one_by_one = FoldersReader(root)
    assert list(map(repr, at_once)) == list(map(repr, one_by_one))
    assert at_once.info == one_by_one.info
    assert list(map(repr, at_once.columns())) == list(map(repr, one_by_one.columns()))


def test_a_path_that_stands_twice_in_the_manifest_is_refused(tmp_path: Path) -> None:
    out = TestConformance().write(tmp_path / "out")
    file = out / "manifest.csv"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines, "x" + lines[1]]) + "\n")
    with pytest.raises(FormatError, match=r"train/C/9\.png' appears twice"):
        FoldersReader(out)


def test_a_manifest_of_something_else_is_noted_and_not_used(make_tree: Callable[..., Path]) -> None:
    root = make_tree({"A/1.png": PICTURE, "manifest.csv": b"id,label\n1,B\n"})
    assert [sample.label for sample in FoldersReader(root)] == ["A"]
    assert "not used" in notes(root)["manifest.csv"]


def test_original_bytes_are_copied_and_suffix_follows_content(
    make_tree: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    jpeg = encode.encode(np.zeros((8, 8, 3), np.uint8), "jpg", 50)
    png = encode.encode(PICTURE, "png", 95)
    root = make_tree({"A/1.jpg": jpeg, "A/2.jpg": png, "A/3.jpeg": jpeg})
    out = tmp_path / "out"
    assert main("convert", root, out, "-j", 1).returncode == 0
    assert (out / "A/1.jpg").read_bytes() == jpeg
    assert (out / "A/2.png").read_bytes() == png
    assert (out / "A/3.jpg").read_bytes() == jpeg


@pytest.mark.parametrize("name", ["Train", "manifest.csv", "classes.txt"])
def test_a_class_that_would_be_taken_for_something_else_is_refused(
    tmp_path: Path, name: str
) -> None:
    sample = stills()[0]
    unsafe = Sample(id="1", label=name, pixels=sample.pixels)
    with pytest.raises(UnsafeNameError, match=name):
        TestConformance().write(tmp_path / "out", [unsafe])
    assert not (tmp_path / "out").exists()


def test_empty_and_missing_directories(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no class folders"):
        open_dataset(tmp_path)
    with pytest.raises(MissingError, match="not there"):
        open_dataset(tmp_path / "nowhere")
    (tmp_path / "A").mkdir()
    with pytest.raises(FormatError, match="no pictures"):
        FoldersReader(tmp_path)
