"""Tables of boxes."""

from __future__ import annotations

from pathlib import Path

import pytest

from signdata.augmentation import boxes
from signdata.errors import FormatError, MissingError

HEADER = ",".join(boxes.COLUMNS)


def table(folder: Path, *lines: str, name: str = "user_1_loc.csv") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    return path


def test_paths_of_either_kind_and_bounds(tmp_path: Path) -> None:
    found = boxes.read(
        [table(tmp_path / "user_1", "user_1/A0.jpg,1,2,30,40", "user_1\\B0.jpg,0,0,5.0,6")],
        tmp_path,
    )
    assert {path: box.bounds for path, box in found.items()} == {
        "user_1/A0.jpg": (1, 2, 30, 40),
        "user_1/B0.jpg": (0, 0, 5, 6),
    }
    assert found["user_1/B0.jpg"].line == 3


def test_an_image_may_be_named_from_the_tables_own_folder(tmp_path: Path) -> None:
    path = table(tmp_path / "user_1", "A0.jpg,1,2,3,4")
    (tmp_path / "user_1" / "A0.jpg").touch()
    assert list(boxes.read([path], tmp_path)) == ["user_1/A0.jpg"]


def test_tables_lie_at_the_root_and_in_its_folders(tmp_path: Path) -> None:
    expected = [table(tmp_path, name="all_loc.csv"), table(tmp_path / "user_2")]
    table(tmp_path / "user_2" / "deeper")
    assert boxes.tables_in(tmp_path) == expected


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a.jpg,1,2,3", "4 fields; expected 5"),
        ("a.jpg,1,2,3,x", "'x'; expected whole pixels"),
        ("a.jpg,1,2,3.5,4", "'3.5'; expected whole pixels"),
        ("a.jpg,5,2,5,9", "is empty"),
        ("a.jpg,5,9,8,2", "is empty"),
        ("a.jpg,nan,2,8,9", "expected whole pixels"),
    ],
)
def test_what_is_no_box_is_named_with_its_line(tmp_path: Path, line: str, words: str) -> None:
    path = table(tmp_path, "b.jpg,1,1,2,2", line)
    with pytest.raises(FormatError, match="line 3") as caught:
        boxes.read([path], tmp_path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_two_boxes_of_one_picture_are_refused(tmp_path: Path) -> None:
    path = table(tmp_path, "a.jpg,1,1,2,2", "./a.jpg,1,1,2,2")
    with pytest.raises(FormatError, match="a second box"):
        boxes.read([path], tmp_path)


def test_another_header_and_no_file(tmp_path: Path) -> None:
    (tmp_path / "x_loc.csv").write_text("image,x,y,w,h\n")
    with pytest.raises(FormatError, match="line 1: header"):
        boxes.read([tmp_path / "x_loc.csv"], tmp_path)
    with pytest.raises(MissingError, match="no such box table"):
        boxes.read([tmp_path / "none.csv"], tmp_path)


def test_bounds_in_a_manifest() -> None:
    assert boxes.parse("1 2 30.4 40") == (1, 2, 30, 40)
    assert boxes.parse("") is None
    assert boxes.parse("1 2 3") is None
    assert boxes.parse("1 2 3 nan") is None
