"""Files that options write: never over, around or inside what is read, nor over a stranger's."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import signdata
from signdata.errors import UsageError
from signdata.output.overlap import refuse_overlap
from tests.reliability.conftest import snapshot, write_csv, write_tree
from tests.reliability.test_output import Main, main

__all__ = ["main"]


PICTURES = [("augment", "--preview"), ("audit", "--contact-sheet")]


def words(command: str, option: str, src: Path, place: Path) -> list[str | Path]:
    more = ["--overwrite"] if command == "augment" else []
    return [command, src, option, place, *more]


@pytest.mark.parametrize(("command", "option"), PICTURES)
def test_a_picture_never_replaces_a_source(
    tmp_path: Path, main: Main, command: str, option: str
) -> None:
    src = write_tree(tmp_path / "data")
    (tmp_path / "alias").symlink_to(src)
    (tmp_path / "link.png").symlink_to(src / "A" / "000.png")
    before = snapshot(tmp_path)
    for place in (
        src / "A" / "000.png",
        src / "A" / "new.png",
        tmp_path / "alias" / "A" / "000.png",
        tmp_path / "other" / ".." / "data" / "new.png",
        tmp_path / "link.png",
        src,
    ):
        code, _, error = main(*words(command, option, src, place))
        assert code == 2, place
        assert "its source" in error
        assert snapshot(tmp_path) == before


@pytest.mark.parametrize(("command", "option"), PICTURES)
def test_a_picture_replaces_only_pictures(
    tmp_path: Path, main: Main, command: str, option: str
) -> None:
    src = write_tree(tmp_path / "data")
    shutil.copy(src / "A" / "000.png", src / "B" / "copy.png")
    notes, picture = tmp_path / "notes.txt", tmp_path / "old.png"
    notes.write_text("mine")
    shutil.copy(src / "A" / "003.png", picture)
    code, _, error = main(*words(command, option, src, notes))
    assert code == 5
    assert "not a PNG file" in error
    assert "remove it yourself" in error
    assert notes.read_text() == "mine"
    old = picture.read_bytes()
    assert main(*words(command, option, src, picture))[0] in (0, 3)
    assert picture.read_bytes() != old


def test_a_preview_spares_boxes_and_recipes(tmp_path: Path, main: Main) -> None:
    src = write_tree(tmp_path / "data")
    boxes = tmp_path / "boxes.csv"
    boxes.write_text("image,top_left_x,top_left_y,bottom_right_x,bottom_right_y\n")
    before = snapshot(tmp_path)
    code, _, _ = main("augment", src, "--boxes", boxes, "--preview", boxes, "--overwrite")
    assert code in (2, 4)
    assert snapshot(tmp_path) == before


def test_sidecars_of_an_output_are_outputs(tmp_path: Path, main: Main) -> None:
    src = write_csv(tmp_path / "out.csv.manifest.csv")
    before = snapshot(tmp_path)
    code, _, error = main("convert", src, tmp_path / "out.csv")
    assert code == 2
    assert "its source" in error
    assert snapshot(tmp_path) == before


def test_a_linked_dataset_is_not_overwritten_under_its_links(tmp_path: Path, main: Main) -> None:
    src = write_tree(tmp_path / "data")
    signdata.convert(src, tmp_path / "made")
    (tmp_path / "view").symlink_to(tmp_path / "made")
    before = snapshot(tmp_path / "made")
    assert main("convert", tmp_path / "view", tmp_path / "made", "--overwrite")[0] == 2
    assert snapshot(tmp_path / "made") == before


def test_overlap_is_told_by_where_things_are(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "file").touch()
    refuse_overlap([tmp_path / "a", tmp_path / "file"], tmp_path / "c")
    refuse_overlap([tmp_path / "nothing"], tmp_path / "a" / "b")
    for source, output, what in (
        (tmp_path / "a", tmp_path / "a", "is"),
        (tmp_path / "a", tmp_path / "a" / "b" / "new", "lies inside"),
        (tmp_path / "a" / "b", tmp_path / "a", "holds"),
        (tmp_path / "a" / "nothing", tmp_path / "a", "holds"),
        (tmp_path / "file", tmp_path / "a" / ".." / "file", "is"),
    ):
        with pytest.raises(UsageError, match=f"{what} its source"):
            refuse_overlap([tmp_path / "c", source], output)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_source_whose_links_lead_into_the_output(tmp_path: Path, main: Main, kind: str) -> None:
    """As `split --mode symlink` makes them: to replace the output would break the source."""
    signdata.convert(write_tree(tmp_path / "data"), tmp_path / "made")
    view = tmp_path / "view" / "A"
    if kind == "file":
        view.mkdir(parents=True)
        for picture in (tmp_path / "made" / "A").iterdir():
            (view / picture.name).symlink_to(picture)
    else:
        view.parent.mkdir()
        view.symlink_to(tmp_path / "made" / "A")
    before = snapshot(tmp_path / "made")
    words = ["convert", tmp_path / "view", tmp_path / "made", "--overwrite", "--follow-symlinks"]
    code, _, error = main(*words)
    assert code == 2
    assert "leads to, which is in its source" in error
    assert snapshot(tmp_path / "made") == before
    (view if kind == "folder" else view / "000.png").unlink()
    if kind == "folder":
        write_tree(view.parent, 3)
    assert main("convert", tmp_path / "view", tmp_path / "other")[0] == 0
