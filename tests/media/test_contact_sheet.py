"""Pages of small pictures."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from signdata.media.contact_sheet import PAGE, Group, Picture, _place, sheet
from signdata.samples import Frame


def grey(height: int = 28, width: int = 28) -> Frame:
    return np.full((height, width, 1), 100, np.uint8)


def opened(png: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("n", [1, 40])
def test_a_sheet_is_as_wide_as_a_page(n: int) -> None:
    groups = [Group("heading", [Picture(grey(), ["A", "train/000001"])] * n)]
    plain = opened(sheet(groups, "title"))
    assert plain.shape[1] == PAGE
    assert opened(sheet(groups, "title", "7 are not shown")).shape[0] > plain.shape[0]
    assert sheet(groups, "title") == sheet(groups, "title")


def test_pictures_that_belong_together_are_not_parted() -> None:
    for together in (1, 2, 3):
        placed = _place(Group("", [Picture(grey(), ["A"])] * 24, together))
        tops = [top for _, top in placed.at]
        assert len(set(tops)) > 1
        for first in range(0, 24, together):
            assert len(set(tops[first : first + together])) == 1
        rights = [
            left + tile.width for (left, _), tile in zip(placed.at, placed.tiles, strict=True)
        ]
        assert max(rights) <= PAGE


def test_lines_are_as_high_as_their_pictures() -> None:
    placed = _place(Group("", [Picture(grey(168, 168)), *[Picture(grey())] * 12]))
    tops = sorted({top for _, top in placed.at})
    assert tops == [0, 178]
    assert placed.height == 178 + 84 + 10


def test_a_box_is_drawn_where_it_is() -> None:
    page = opened(sheet([Group("", [Picture(grey(), ["x"], (7, 14, 14, 7))])], "title"))
    red = np.argwhere((page == (255, 0, 0)).all(axis=2))
    left_upper, right_lower = red.min(axis=0), red.max(axis=0)
    assert (right_lower - left_upper).tolist() == [21, 42]  # three times as large
