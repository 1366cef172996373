"""Pictures that are linked to together give what they give one by one, to the last byte."""

from __future__ import annotations

import csv
import errno
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

import signdata
from signdata.formats.tree_files import TreeFiles
from signdata.formats.trees.picture_files import PictureFiles
from tests.conversion.test_together import files, told

N = 70
"""Pictures: more than one batch of them."""


class Links:
    """Outputs of links, both ways."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
        self._monkeypatch, self._root = monkeypatch, root
        self.n_together = 0
        link_all = TreeFiles.link_all

        def counted(tree: TreeFiles, some: Iterable[str], paths: Iterable[str]) -> bool:
            names = list(some)
            made = link_all(tree, names, paths)
            self.n_together += len(names) if made else 0
            return made

        monkeypatch.setattr(TreeFiles, "link_all", counted)

    def both(self, make: Callable[[Path], Any]) -> Path:
        """Assert that a command ends in the same way, with the same links; return one output."""
        found, n = [], []
        for way in ("together", "alone"):
            out = self._root / way / "out"
            out.parent.mkdir()
            with self._monkeypatch.context() as patch:
                patch.setattr(PictureFiles, "reads_together", way == "together")
                found.append((told(make, out), files(out.parent), inodes(out)))
            n.append(self.n_together)
        assert n[0] == n[1]  # alone means alone
        assert found[0] == found[1]
        return self._root / "together/out"


def inodes(root: Path) -> dict[str, int]:
    """The file behind every picture below a directory; 0 for one that has no other name."""
    found = {path: path.stat() for path in root.rglob("*") if path.suffix != ".csv"}
    return {
        path.relative_to(root).as_posix(): one.st_ino if one.st_nlink > 1 else 0
        for path, one in found.items()
        if path.is_file()
    }


@pytest.fixture
def links(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Links:
    return Links(monkeypatch, tmp_path)


def write_tree(folder: Path, places: Iterable[str] = ()) -> Path:
    """Files that are called pictures, each of bytes of its own: nobody looks into them here."""
    for i, place in enumerate(places or (f"{'AB'[i % 2]}/{i:03d}.png" for i in range(N))):
        path = folder / "a" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + str(i).encode())
    return folder / "a"


def write_manifest(root: Path, **columns: Callable[[int], str]) -> None:
    """A manifest of all pictures, the last first, with further columns."""
    places = sorted((path.relative_to(root) for path in root.rglob("*.png")), reverse=True)
    with (root / "manifest.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "path", "label", "split", *columns])
        for i, place in enumerate(places):
            row = [place.as_posix()[:-4], place.as_posix(), place.parent.name, ""]
            table.writerow([*row, *(value(i) for value in columns.values())])


def split(made: Path, **options: Any) -> Callable[[Path], Any]:
    return lambda out: signdata.split(made, out, workers=1, look=False, **options)


WAYS: dict[str, dict[str, Any]] = {
    "three splits": {},
    "folds": {"folds": 5},
    "groups of a pattern": {"group_by": r"(\d)\.png"},
    "another seed": {"seed": 5},
    "some classes": {"classes": "A"},
}


@pytest.mark.parametrize("way", WAYS)
def test_a_split_gives_the_same_links(way: str, tmp_path: Path, links: Links) -> None:
    made = write_tree(tmp_path)
    out = links.both(split(made, **WAYS[way]))
    assert links.n_together == (35 if way == "some classes" else N)
    assert all(path.samefile(made / "A" / path.name) for path in out.rglob("A/*.png"))
    assert len(list(out.rglob("A/*.png"))) == 35


def test_columns_of_a_manifest_are_kept(tmp_path: Path, links: Links) -> None:
    made = write_tree(tmp_path)
    write_manifest(
        made,
        group=lambda i: f"g{i % 9}",
        signer=lambda i: f"s{i % 4}",
        note=lambda i: "é," * (i % 2),
    )
    out = links.both(split(made))
    assert links.n_together == N
    with (out / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows[:2]] == ["B/069", "B/067"]
    assert {(row["group"], row["signer"]) for row in rows} == {
        (f"g{i % 9}", f"s{i % 4}") for i in range(N)
    }


@pytest.mark.parametrize("options", [{"pool": True}, {"keep": ("test",), "ratios": "90,10"}])
def test_splits_that_are_there(options: dict[str, Any], tmp_path: Path, links: Links) -> None:
    places = [f"{part}/{'AB'[i % 2]}/{i:03d}.png" for part in ("train", "test") for i in range(40)]
    links.both(split(write_tree(tmp_path, places), **options))
    # Names that two splits share are only of some: rows of two kinds are made one by one.
    assert links.n_together == 80


def test_what_lies_next_to_a_picture_comes_along(tmp_path: Path, links: Links) -> None:
    made = write_tree(tmp_path)
    write_manifest(made)
    (made / "A/004.json").write_text("{}")
    out = links.both(split(made))
    assert links.n_together == 64  # all but its batch
    assert len(list(out.rglob("004.json"))) == 1


def test_a_symbolic_link_is_followed(tmp_path: Path, links: Links) -> None:
    made = write_tree(tmp_path)
    (tmp_path / "other").write_bytes(b"\x89PNG\r\n\x1a\nother")
    (made / "A/004.png").unlink()
    (made / "A/004.png").symlink_to(tmp_path / "other")
    out = links.both(split(made))
    (place,) = out.rglob("004.png")
    assert not place.is_symlink()
    assert place.samefile(tmp_path / "other")


FAULTS: dict[str, Callable[[Path], object]] = {
    "not there": lambda made: (made / "A/004.png").unlink(),
    "no regular file": lambda made: (os.unlink(made / "A/004.png"), os.mkfifo(made / "A/004.png")),
    "a name for no file": lambda made: (made / "A/004.png").rename(made / "A/con.png"),
    "empty": lambda made: (made / "A/004.png").write_bytes(b""),
    "a JPEG by another name": lambda made: (made / "A/004.png").rename(made / "A/004.jfif"),
}


@pytest.mark.parametrize("on_error", ["stop", "skip"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_among_many(fault: str, on_error: str, tmp_path: Path, links: Links) -> None:
    made = write_tree(tmp_path)
    if fault == "not there":
        write_manifest(made)
    FAULTS[fault](made)
    links.both(split(made, on_error=on_error))


def test_where_no_link_can_be_made_files_are_copied(
    tmp_path: Path, links: Links, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "link", refused)
    out = links.both(split(write_tree(tmp_path)))
    assert links.n_together == 0
    assert {path.stat().st_nlink for path in out.rglob("*.png")} == {1}


@pytest.mark.parametrize("mode", ["copy", "symlink"])
def test_other_ways_into_a_directory_go_one_by_one(mode: str, tmp_path: Path, links: Links) -> None:
    made = write_tree(tmp_path)
    if mode == "copy":
        shutil.rmtree(made)
        made = signdata.sample("asl-alphabet", tmp_path / "b", n=1, size=(8, 8)).output
    links.both(split(Path(made), mode=mode))
    assert links.n_together == 0


def test_links_that_a_killed_run_left_are_made_again(
    tmp_path: Path, links: Links, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = write_tree(tmp_path)
    whole = links.both(split(made))

    class Ended(BaseException):
        pass

    def end(*_: object) -> list[str]:
        raise Ended

    broken = tmp_path / "broken/out"
    broken.parent.mkdir()
    with monkeypatch.context() as patch:  # ended after the links, before the rows
        patch.setattr("signdata.formats.sample_columns.SampleColumns.rows", end)
        with pytest.raises(Ended):
            split(made)(broken)
    assert list(broken.rglob("*.png"))
    assert split(made)(broken).written == N
    assert files(broken) == files(whole)


def test_links_need_no_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Started(Exception):
        pass

    def start(*_: object) -> None:
        raise Started

    made = write_tree(tmp_path)
    monkeypatch.setattr("signdata.workers.pool._Pool", start)
    assert signdata.split(made, tmp_path / "out", look=False).written == N
    with pytest.raises(Started):  # as everything that is decoded does
        signdata.split(made, tmp_path / "copies", look=False, mode="copy")
    with pytest.raises(Started):
        signdata.split(made, tmp_path / "two", look=False, workers=2)
