"""Charts: round ticks, texts that can be read, the same bytes again."""

from __future__ import annotations

import io
import itertools
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from signdata import fonts
from signdata.charts import classes as class_charts
from signdata.charts import lines as line_charts
from signdata.charts.colours import COLOURS, DARK, HEAT, level, paint
from signdata.charts.drawing import Drawing
from signdata.charts.png import png
from signdata.charts.tiles import Tile, feature_maps, likeliest, mistakes
from signdata.fonts import fit, legible


def pixels(page: Drawing) -> np.ndarray:
    with Image.open(io.BytesIO(png(page))) as image:
        return np.asarray(image.convert("RGB"))


def overlapping(page: Drawing) -> list[tuple[str, str]]:
    """Pairs of texts whose boxes share more than a pixel."""
    boxes = np.array([box for _, box in page.words])
    found = []
    for number, (left, top, right, bottom) in enumerate(boxes):
        after = boxes[number + 1 :]
        wide = np.minimum(right, after[:, 2]) - np.maximum(left, after[:, 0])
        high = np.minimum(bottom, after[:, 3]) - np.maximum(top, after[:, 1])
        for other in np.flatnonzero((wide > 1) & (high > 1)):
            found.append((page.words[number][0], page.words[number + 1 + other][0]))
    return found


def outside(page: Drawing) -> list[str]:
    return [
        words
        for words, (left, top, right, bottom) in page.words
        if left < 0 or top < 0 or right > page.width + 1 or bottom > page.height + 1
    ]


def words(page: Drawing) -> list[str]:
    return [text for text, _ in page.words]


def test_texts_over_each_other_or_the_edge_are_found() -> None:
    page = Drawing(100, 50)
    page.text(10, 20, "one")
    page.text(14, 24, "two")
    page.text(70, 40, "three and four", upright=True)
    assert overlapping(page) == [("one", "two")]
    assert outside(page) == ["three and four"]


# ---------------------------------------------------------------------------- ticks


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([0.1, 2.4], False, [0, 0.5, 1, 1.5, 2, 2.5]),
        ([0.93, 0.99], True, [0.92, 0.94, 0.96, 0.98, 1]),
        ([1.0, 1.0], True, [0.98, 0.985, 0.99, 0.995, 1]),
        ([0, 975], False, [0, 200, 400, 600, 800, 1000]),
        ([np.nan, np.inf], False, [0, 0.2, 0.4, 0.6, 0.8, 1]),
    ],
)
def test_ticks_are_round(values: list[float], percent: bool, expected: list[float]) -> None:
    assert line_charts.y_ticks(np.array(values), percent) == pytest.approx(expected)


@pytest.mark.parametrize("value", [0.0, -3.0, 1e-12, 1e12, 7])
def test_a_single_value_has_ticks_around_it(value: float) -> None:
    ticks = line_charts.y_ticks(np.array([value]))
    assert ticks[0] <= value <= ticks[-1]
    assert 2 <= len(ticks) <= 9


@pytest.mark.parametrize(("first", "last"), [(1, 1), (1, 2), (1, 10), (1, 37), (0, 1000), (41, 47)])
def test_epochs_are_whole(first: int, last: int) -> None:
    ticks = line_charts.whole_ticks(first, last)
    assert ticks[0] == first
    assert ticks == sorted(set(ticks))
    assert len(ticks) <= 12
    assert ticks[-1] <= last


# ---------------------------------------------------------------------------- letters


def test_names_in_the_scripts_of_the_font_stay_as_they_are() -> None:
    names = ["A", "ñandú", "привет", "مرحبا", "שלום", "Ελλάδα", "why?"]
    assert legible(names) == names
    assert legible(["n\u0303"]) == ["ñ"]
    assert fonts.numbered_note(names) == ""


def test_names_of_other_scripts_are_numbered_and_told_once() -> None:
    names = ["A", "手", "", "a\nb", "नमस्ते", "\udc80"]
    assert legible(names) == ["A", "#1", "#2", "#3", "#4", "#5"]
    assert fonts.numbered_note(names[:2]) == (
        "the charts number classes whose script their font lacks: #1 '手'"
    )
    assert fonts.numbered_note(["手"] * 12).endswith("#9 '手' and 2 more")


def test_a_script_is_drawn_by_its_own_letters() -> None:
    """What is drawn of each name differs from every other, and from a row of boxes."""

    def drawn(words: str) -> bytes:
        page = Drawing(120, 30)
        page.text(4, 15, words, size=14)
        return png(page)

    names = ["привет", "ñandú", "مرحبا", "שלום", "????????"]
    assert len({drawn(name) for name in names}) == len(names)
    page = Drawing(120, 30)
    page.text(4, 15, "手", size=14)
    assert page.words[0][0] == "?"


def test_widths_are_those_of_the_drawn_text() -> None:
    for words in ("a gloss", "привет", "WWW", "iii", "Ñandú"):
        page = Drawing(300, 40)
        page.text(10, 20, words, size=24)
        ink = np.argwhere((pixels(page) < 128).any(axis=2))[:, 1]
        assert np.ptp(ink) == pytest.approx(fonts.width(words, 24), abs=6)


def test_long_texts_are_cut() -> None:
    assert fit("short", 11, 100) == "short"
    cut = fit("a very long name of a class", 11, 60)
    assert cut.endswith("..")
    assert fonts.width(cut, 11) <= 60
    assert fit("anything", 11, 1) == ""


def test_colour_scales_end_where_they_should() -> None:
    ends = paint(np.array([0, 1, np.nan]), HEAT).tolist()
    assert ends == [list(HEAT[0]), list(HEAT[-1]), list(HEAT[0])]
    assert [level(share) for share in (0, 1e-6, 0.25, 1)] == [0, 1, 4, 9]


def luminance(colour: str) -> float:
    bands = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [b / 12.92 if b <= 0.04045 else ((b + 0.055) / 1.055) ** 2.4 for b in bands]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [COLOURS, DARK])
def test_every_colour_can_be_read_on_its_paper(colours: dict[str, str]) -> None:
    """WCAG 2: 4.5 for text, 3 for lines."""
    assert set(colours) == set(COLOURS)
    for name in ("ink", "faint", "red", "green"):
        assert contrast(colours[name], colours["white"]) >= 4.5, name
    for name in ("blue", "orange", "purple", "brown", "teal", "pink"):
        assert contrast(colours[name], colours["white"]) >= 3, name
    for scale in ("right", "wrong"):
        for step in range(10):
            text = colours["on-strong" if step >= 7 else "on-weak"]
            assert contrast(text, colours[f"{scale}{step}"]) >= 4.5, (scale, step)


# ---------------------------------------------------------------------------- curves


def curves(lines: dict[str, list[float]], epochs: int, mark: int | None = None) -> Drawing:
    panels = [line_charts.Panel("loss", lines), line_charts.Panel("accuracy", lines, percent=True)]
    return line_charts.line_chart(
        panels, range(1, epochs + 1), x_label="epoch", title="t", mark=mark, mark_label="best"
    )


@pytest.mark.parametrize("epochs", [1, 2, 10, 41, 500])
def test_curves_of_any_length(epochs: int) -> None:
    line = list(np.linspace(0.2, 0.9, epochs))
    page = curves({"train": line, "val": line[::-1]}, epochs, mark=epochs)
    assert {"train", "val", "loss", "accuracy", "epoch", "best", "1"} <= set(words(page))
    assert not overlapping(page)
    assert not outside(page)


def test_a_gap_is_left_where_there_is_no_number() -> None:
    whole = pixels(curves({"train": [0.5] * 5}, 5))
    gap = pixels(curves({"train": [0.5, 0.5, np.nan, 0.5, 0.5]}, 5))
    assert (whole != gap).any()
    assert pixels(curves({"train": [np.nan] * 3}, 3)).shape == whole.shape
    assert pixels(curves({}, 3)).shape == whole.shape


# ---------------------------------------------------------------------------- classes


def class_names(count: int) -> list[str]:
    if count <= 29:
        return [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "del", "nothing", "space"][:count]
    return [f"a long gloss {idx}" for idx in range(count)]


@pytest.mark.parametrize("count", [1, 2, 5, 29, 100, 300])
def test_confusion_can_be_read(count: int) -> None:
    rng = np.random.default_rng(0)
    matrix = rng.integers(0, 2, (count, count)) + np.diag(rng.integers(10, 300, count))
    matrix[count // 2] = 0  # a class without samples
    names = class_names(count)
    page = class_charts.confusion_matrix(matrix, names, title="model on test", about="told")
    assert not overlapping(page)
    assert not outside(page)
    assert page.width <= 2000
    assert page.height <= 2000
    said = words(page)
    assert {"predicted", "true"} <= set(said)
    if count <= 100:
        assert all(said.count(fit(name, 9.5, 96)) >= 2 for name in names[:100:9])
        assert "none" in said
        assert str(matrix[0, 0]) in said


def test_what_is_wrong_is_red_and_what_is_right_is_blue() -> None:
    page = pixels(class_charts.confusion_matrix(np.array([[9, 1], [0, 10]]), ["A", "B"], title=""))
    red, _, blue = (page[..., band].astype(int) for band in range(3))
    assert (red - blue > 20).sum() > 64 * 64 * 0.8
    assert (blue - red > 90).sum() > 2 * 64 * 64 * 0.8


def test_all_but_one_is_not_a_hundred_percent() -> None:
    page = class_charts.confusion_matrix(np.array([[999, 1], [0, 10]]), ["A", "B"], title="")
    assert "99.9 %" in words(page)
    assert words(page).count("100 %") == 1


def test_more_classes_than_a_page_holds() -> None:
    page = class_charts.confusion_matrix(
        np.eye(2100, dtype=np.int64), class_names(2100), title="many"
    )
    assert "many (the first 2000 classes)" in words(page)
    assert page.width <= 2300


@pytest.mark.parametrize("count", [1, 5, 29, 100, 300])
def test_bars_can_be_read(count: int) -> None:
    rows = [(split, list(range(count))) for split in ("train", "val", "test")]
    page = class_charts.bar_chart(rows, class_names(count), title="Samples of each class")
    assert not overlapping(page)
    assert not outside(page)
    assert page.width <= 2000
    assert {"train", "val", "test"} <= set(words(page))


def test_no_sample_is_marked_red() -> None:
    some = pixels(class_charts.bar_chart([("train", [3, 5])], ["A", "B"], title="t")).astype(int)
    none = pixels(class_charts.bar_chart([("train", [3, 0])], ["A", "B"], title="t")).astype(int)
    red = [(page[..., 0] - page[..., 2] > 100).sum() for page in (some, none)]
    assert red[0] == 0
    assert red[1] > 50


# ---------------------------------------------------------------------------- tiles


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(28, 28), (150, 200), (500, 20)])
def test_tiles_of_any_size(channels: int, size: tuple[int, int]) -> None:
    frame = np.full((*size, channels), 90, np.uint8)
    guesses = [("a gloss of some length", 0.7), ("B", 0.2), ("C", 0.06), ("D", 0.04), ("E", 0.0)]
    tiles = [
        Tile(frame, "another one of them", guesses),
        Tile(None, "C"),
        Tile(frame, "B", guesses),
    ]
    for draw in (mistakes, likeliest):
        page = draw(tiles * 5, title="a title")
        assert not overlapping(page)
        assert not outside(page)
        assert (pixels(page) == 90).all(axis=2).any()
        assert "no sample" in words(page)


def test_a_probability_that_is_no_number_says_so() -> None:
    tile = Tile(np.zeros((8, 8, 1), np.uint8), "A", [("B", float("nan"))])
    for draw in (mistakes, likeliest):
        assert "NaN" in words(draw([tile], title=""))


def test_a_map_without_contrast_stays_dark() -> None:
    maps = np.zeros((2, 6, 6), np.float32)
    maps[1] = np.arange(36).reshape(6, 6)
    frame = np.zeros((6, 6, 1), np.uint8)
    page = feature_maps(frame, [("conv", maps), ("deep", np.full((40, 1, 1), np.nan))], title="t")
    assert not overlapping(page)
    assert not outside(page)
    assert any(text.startswith("conv, 6 x 6") for text in words(page))
    assert any(text.startswith("deep: 32 of 40 maps") for text in words(page))
    assert (pixels(page) > 200).all(axis=2).sum() < pixels(page)[..., 0].size


# ---------------------------------------------------------------------------- bytes


def test_a_page_is_the_same_bytes_again_and_tells_what_it_is() -> None:
    def make() -> bytes:
        matrix = np.array([[9, 1], [0, 10]])
        return png(
            class_charts.confusion_matrix(matrix, ["A", "B"], title="on test", about="19 of 20")
        )

    first, *others = (make() for _ in range(3))
    assert all(first == other for other in others)
    with Image.open(io.BytesIO(first)) as image:
        assert image.info == {"Title": "on test", "Description": "19 of 20"}


def test_upright_text_is_the_flat_one_turned() -> None:
    flat, upright = Drawing(60, 60), Drawing(60, 60)
    flat.text(30, 30, "Ag", size=20, anchor="mm")
    upright.text(30, 30, "Ag", size=20, anchor="mm", upright=True)
    ink = [int((255 - pixels(page).astype(int)).sum()) for page in (flat, upright)]
    assert ink[0] == pytest.approx(ink[1], rel=0.05)
    spans = [
        np.ptp(np.argwhere((pixels(page) < 128).any(axis=2)), axis=0) for page in (flat, upright)
    ]
    assert list(itertools.chain(spans[0])) == pytest.approx(list(spans[1][::-1]), abs=1)


# ---------------------------------------------------------------------------- SVG


HOSTILE = '</text></svg><script>alert(1)</script>"&\x00'


def test_names_of_strangers_stay_text() -> None:
    matrix = np.array([[9, 1], [0, 10]])
    page = class_charts.confusion_matrix(matrix, [HOSTILE, "B"], title=HOSTILE, about=HOSTILE)
    page.text(5, 5, HOSTILE)
    root = ET.fromstring(page.svg())
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {
        *("svg", "g", "rect", "text", "polyline", "image", "circle")
    }
    assert "script" in "".join(root.itertext())


def test_a_drawing_has_no_style_and_no_address() -> None:
    page = curves({"train": [0.1, 0.9]}, 2, mark=1)
    svg = page.svg()
    assert "style=" not in svg
    assert re.findall(r"https?://[^\"]*", svg) == ["http://www.w3.org/2000/svg"]
    assert page.svg() == curves({"train": [0.1, 0.9]}, 2, mark=1).svg()


def test_lines_say_where_they_are() -> None:
    """A page that draws them on another scale needs the box and both ranges."""
    root = ET.fromstring(curves({"train": [0.0, 1.0], "val": [0.5, 0.5]}, 2).svg())
    lines = next(g for g in root.iter() if g.get("data-part") == "lines")
    assert [float(n) for n in lines.get("data-x", "").split()] == [1, 2]
    assert [float(n) for n in lines.get("data-y", "").split()] == [0, 1]
    left, top, right, bottom = (float(n) for n in lines.get("data-box", "").split())
    first = next(iter(lines))
    assert first.get("data-line") == "0"
    drawn = next(e for e in first if e.tag.endswith("polyline")).get("points")
    assert drawn == f"{left:g},{bottom:g} {right:g},{top:g}"


def test_more_lines_than_colours_differ_by_their_dashes() -> None:
    panel = line_charts.Panel("loss", {})
    assert len({panel.style(number) for number in range(24)}) == 24
