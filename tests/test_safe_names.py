"""Names from files become one path component, or are refused."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signdata.errors import UnsafeNameError
from signdata.safe_names import MAX_BYTES, Names, component, is_junk, key

awkward = st.text(
    st.sampled_from("aA./\\\0:~- \n\t\u202e\u200b\u00e9e\u0301\udce9CONcon1ß\ufb01\u2028"),
    max_size=8,
)


@given(name=st.one_of(st.text(), awkward))
def test_any_text_is_one_component_inside_its_folder_or_refused(name: str) -> None:
    try:
        made = component(name)
    except UnsafeNameError:
        return
    assert made == name
    root = Path("/data/out")
    path = root / made
    assert path.parent == root
    assert path.name == name
    assert len(name.encode()) <= MAX_BYTES
    assert not is_junk(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", ".", "..", "...", ".hidden", "a/b", "/etc/passwd", "a\\b", "..\\x"),
        *("a\0b", "a\nb", "a\x1bb", "a\x7fb", "a\u202eb", "a\u2066b", "a\u200fb", "a\u200bb"),
        *("a\u2028b", "\ufeffa", "caf\udce9", "con", "CON", "nul.txt", "Aux", "prn.tar.gz", "com1"),
        *("COM¹", "lpt9.png", "conin$", "con .txt", "a.", "a ", " a", "Thumbs.db", "desktop.ini"),
        *("__MACOSX", "x" * (MAX_BYTES + 1), "é" * (MAX_BYTES // 2 + 1), "手" * 67),
    ],
)
def test_these_are_refused(name: str) -> None:
    with pytest.raises(UnsafeNameError, match="class name") as caught:
        component(name, what="class name")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "name",
    [
        *(
            "A",
            "ice cream",
            "100%",
            "ab:cd",
            "-rf",
            "~",
            "it's",
            "console",
            "com",
            "com10",
            "nulls",
        ),
        *("a.b", "é", "e\u0301", "手话", "x" * MAX_BYTES, "手" * 66, "🤟", "#1", "a+b", "$HOME"),
    ],
)
def test_these_are_fine(name: str) -> None:
    assert component(name) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A/1.png", "a/1.png"),
        ("A/1.png", "A/1.PNG"),
        ("é/1.png", "e\u0301/1.png"),
        ("É/1.png", "e\u0301/1.png"),
        ("straße/1.png", "STRASSE/1.png"),
        ("ﬁg/1.png", "fig/1.png"),
        ("A/1.png", "A/1.png"),
        ("train/A/1.png", "train/a/2.png"),
        ("book/x.png", "Book/y.png"),
    ],
)
def test_names_that_meet_somewhere_are_refused(one: str, other: str) -> None:
    names = Names()
    names.add(one)
    with pytest.raises(UnsafeNameError, match="may treat as the same name"):
        names.add(other)


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("A/1.png", "a/1.png", "two classes would be stored as 'A' and 'a'"),
        ("A/1.png", "a/2.png", "two classes would be stored as 'A' and 'a'"),
        ("train/A/1.png", "train/a/2.png", "two classes would be stored as 'train/A' and "),
        ("A/1.png", "A/1.PNG", "two samples would be stored as 'A/1.png' and 'A/1.PNG'"),
        (
            "caf\u00e9/1",
            "cafe\u0301/2",
            r"two classes would be stored as 'caf\xe9' and 'cafe\u0301'",
        ),
        ("\ufb01g/1", "fig/1", r"two classes would be stored as '\ufb01g' and 'fig'"),
        ("stra\u00dfe/1", "STRASSE/1", "as 'stra\u00dfe' and 'STRASSE'"),
    ],
)
def test_what_meets_is_told_apart(one: str, other: str, said: str) -> None:
    names = Names()
    names.add(other)
    with pytest.raises(UnsafeNameError) as caught:
        names.add(one)
    assert said in str(caught.value)


def picture_file(path: Path, **values: object) -> Path:
    with h5py.File(path, "w") as file:
        for name, value in {"images": np.zeros((2, 4, 4), np.uint8), **values}.items():
            file[name] = value
    return path


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"labels": [0, 1], "class_names": ["a", "../x"]}, "class_names: class name '../x'"),
        ({"labels": [0, 1], "classes": ["a", "train"]}, "classes: class name 'train'"),
        ({"labels": [b"a", b"../x"]}, "labels: class name '../x'"),
        ({"labels": [0, 1], "class_names": ["a", "A"]}, "class_names: two classes"),
        ({"labels": [0, 0], "ids": ["a", ".x"]}, "ids: name '.x'"),
        ({"labels": [0, 0], "ids": ["a", "A"]}, "ids: two samples"),
    ],
)
@pytest.mark.parametrize("words", [[], ["--dry-run"]])
def test_names_in_hdf5_are_placed(
    values: dict[str, object], said: str, words: list[str], tmp_path: Path, main: Callable[..., Any]
) -> None:
    path = picture_file(tmp_path / "a.h5", **values)
    done = main("convert", path, tmp_path / "out", "-j", 1, *words)
    assert done.returncode == 4
    assert done.error.startswith(f"error: {path}:{said}")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("a\n../x\nc\nd\ne\nf\n", ":line 2: class name '../x' holds a path separator"),
        ("a\nb\nc\ntrain\ne\nf\n", ":line 4: class name 'train' would be read as a split"),
        ("a\nb\nc\nA\ne\nf\n", ": two classes would be stored as 'A' and 'a'"),
    ],
)
def test_names_in_a_file_of_labels_are_placed(
    lines: str, said: str, make_csv: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text(lines)
    out = tmp_path / "out"
    done = main("csv-to-folders", make_csv(), out, "--labels", labels, "-j", 1)
    assert done.returncode == 4
    assert done.error.startswith(f"error: {labels}{said}")
    assert not out.exists()


def test_a_label_in_a_manifest_is_placed(
    make_tree: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    tree = make_tree()
    (tree / "manifest.csv").write_text("id,path,label\n1,A/0.png,../x\n")
    done = main("convert", tree, tmp_path / "out", "-j", 1)
    said = f"error: {tree / 'manifest.csv'}:sample 1: class name '../x' holds"
    assert done.error.startswith(said)


def test_names_that_differ_stay() -> None:
    names = Names()
    for path in ("A/1.png", "A/2.png", "B/1.png", "train/A/1.png", "train/B/1.png", "test/A/1.png"):
        names.add(path)


@given(name=st.text())
def test_the_key_does_not_depend_on_normalisation_or_case(name: str) -> None:
    assert key(key(name)) == key(name)
    assert key(name) == key(unicodedata.normalize("NFD", name))
    assert key(name) == key(unicodedata.normalize("NFC", name))


HOSTILE = [
    *("..", "../../escaped", "/etc/escaped", "a/b", "a\\b", ".hidden", "con", "x" * 300),
    *("a\u202eb", "manifest.csv", "train", ""),
]

HARMLESS_IDS = ("../../escaped", "/etc/escaped", "a/b", "manifest.csv", "train")
"""Their last part, which names the file, is an ordinary name."""


def refused_inside(ran: Any, folder: Path, before: set[Path]) -> None:
    """One line, exit 4, and nothing new anywhere below `folder`."""
    assert ran.returncode == 4
    assert ran.error.isprintable()
    assert set(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("where", "name"),
    [
        *(("class_names", name) for name in HOSTILE),
        *(("ids", name) for name in HOSTILE if name not in HARMLESS_IDS),
    ],
)
def test_names_in_hdf5_never_leave_the_output(
    where: str, name: str, tmp_path: Path, main: Callable[..., Any]
) -> None:
    source, out = tmp_path / "in/a.h5", tmp_path / "deep/deeper/out"
    source.parent.mkdir()
    out.parent.mkdir(parents=True)
    with h5py.File(source, "w") as file:
        file["images"] = np.zeros((2, 4, 4), np.uint8)
        file["labels"] = [0, 1]
        file["class_names"] = ["A", "B"] if where == "ids" else ["A", name]
        file["ids"] = ["1", "2"] if where == "class_names" else ["1", name]
    before = set(tmp_path.rglob("*"))
    refused_inside(main("convert", source, out, "-j", 1), tmp_path, before)


@pytest.mark.parametrize("column", ["id", "label", "split"])
@pytest.mark.parametrize("name", ["..", "../../escaped", "a\0b", "a\\b"])
def test_names_in_a_manifest_never_leave_the_output(
    column: str, name: str, make_tree: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    row = {"id": "1", "path": "A/1.png", "label": "A", "split": "train", column: name}
    root = make_tree({"A/1.png": np.zeros((4, 4, 1), np.uint8)})
    (root / "manifest.csv").write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n")
    out = tmp_path / "deep/deeper/out"
    out.parent.mkdir(parents=True)
    before = set(tmp_path.rglob("*"))
    ran = main("convert", root, out, "-j", 1)
    if column == "id" and name == "../../escaped":
        assert ran.returncode == 0  # its last part is a harmless name
        assert {p.parent for p in set(tmp_path.rglob("*.png")) - before} == {out / "train/A"}
        return
    refused_inside(ran, tmp_path, before)


def test_the_path_in_a_manifest_is_not_read(
    make_tree: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    root = make_tree({"A/1.png": np.zeros((4, 4, 1), np.uint8)})
    secret = make_tree({"secret.png": np.zeros((4, 4, 1), np.uint8)}, "elsewhere")
    (root / "manifest.csv").write_text("id,path,label\n1,../elsewhere/secret.png,A\n")
    ran = main("convert", root, tmp_path / "out", "-j", 1)
    assert ran.returncode == 4
    assert "listed in the manifest but not there" in ran.error
    assert secret.exists()


@pytest.mark.parametrize(("one", "other"), [("A", "a"), ("é", "e\u0301"), ("ss", "ß")])
def test_classes_that_a_file_system_may_take_for_one_are_refused(
    one: str, other: str, tmp_path: Path, main: Callable[..., Any]
) -> None:
    source = tmp_path / "a.h5"
    with h5py.File(source, "w") as file:
        file["images"] = np.zeros((2, 4, 4), np.uint8)
        file["labels"] = [0, 1]
        file["class_names"] = [one, other]
    before = set(tmp_path.rglob("*"))
    refused_inside(main("convert", source, tmp_path / "out", "-j", 1), tmp_path, before)


def test_ids_of_one_last_part_never_overwrite_each_other(
    tmp_path: Path, main: Callable[..., Any]
) -> None:
    source = tmp_path / "a.h5"
    with h5py.File(source, "w") as file:
        file["images"] = np.zeros((2, 4, 4), np.uint8)
        file["labels"] = [0, 0]
        file["ids"] = ["one/1", "two/1"]
    before = set(tmp_path.rglob("*"))
    ran = main("convert", source, tmp_path / "out", "-j", 1)
    refused_inside(ran, tmp_path, before)
    assert "'0/1.png' and '0/1.png'" in ran.error
