"""The grid of samples, in a browser: to its end, by filter, by keyboard, into a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from signdata.formats.corrections import Correction, read_corrections
from tests.browser.conftest import App, Tab, violations
from tests.conftest import run_cli


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("marks") / "fixes.csv"


@pytest.fixture(scope="module")
def app(serve: Callable[..., App], pictures: Path, marked: Path) -> App:
    """The app on folders with leaks, its marks in a file."""
    return serve(pictures, "--corrections", marked)


@pytest.fixture(scope="module")
def large(serve: Callable[..., App], many: Path) -> App:
    """The app on 30,000 samples."""
    return serve(many, "--no-audit")


def enter(tab: Tab, app: App, place: str = "samples") -> None:
    """Log in by the link, and go to a page."""
    tab.page.goto(app.link)
    tab.page.goto(app.address + place)
    tab.page.wait_for_load_state("networkidle")


def selected(tab: Tab) -> str:
    """The name that a screen reader reads out for the chosen tile."""
    name: str = tab.page.locator("[role=option][aria-selected=true]").get_attribute("aria-label")
    return name


def test_the_first_tiles_need_few_requests(large: App, open_tab: Callable[..., Tab]) -> None:
    tab = open_tab()
    tab.page.goto(large.link)
    tab.page.wait_for_load_state("networkidle")
    tab.requests.clear()
    sizes: list[int] = []
    tab.page.on("response", lambda one: sizes.append(int(one.headers.get("content-length", 0))))
    tab.page.goto(large.address + "samples")
    tab.page.locator(".picture[data-sheet]").first.wait_for()
    tab.page.wait_for_load_state("networkidle")
    asked = [one for one in tab.requests if not one.startswith("data:")]
    assert len(asked) <= 12, asked
    assert 0 < sum(sizes) <= 300_000
    assert all(one.startswith(large.address) for one in asked)


def test_the_grid_reaches_the_last_of_30_000(large: App, open_tab: Callable[..., Tab]) -> None:
    tab = open_tab()
    enter(tab, large)
    assert tab.rows() == 30_000
    tab.page.focus("#grid")
    tab.page.keyboard.press("End")
    tile = tab.page.locator("#tile-29999")
    tile.locator(".picture[data-sheet]").wait_for()
    assert tile.is_visible()
    assert tile.get_attribute("aria-posinset") == "30000"
    assert tab.page.locator("[role=option]").count() < 400
    tab.page.keyboard.press("Enter")
    tab.page.locator("#sample h2").wait_for()
    assert "n=29999" in tab.page.url
    # The picture of the sample itself: its number stands in its first two rows, bit by bit.
    image = tab.page.locator("#sample img.screen")
    bits = image.evaluate(
        """async (img) => {
          await img.decode();
          const canvas = document.createElement("canvas");
          [canvas.width, canvas.height] = [img.naturalWidth, img.naturalHeight];
          const brush = canvas.getContext("2d");
          brush.drawImage(img, 0, 0);
          const { data } = brush.getImageData(0, 0, 10, 2);
          return Array.from({ length: 16 },
            (_, k) => data[4 * (Math.floor(k / 8) * 10 + 1 + (k % 8))]);
        }"""
    )
    assert sum((bit > 127) << k for k, bit in enumerate(bits)) == 29_999


def test_a_sheet_is_cut_into_the_right_tiles(large: App, open_tab: Callable[..., Tab]) -> None:
    tab = open_tab()
    enter(tab, large, "samples?at=12345")
    tile = tab.page.locator("#tile-12345 .picture[data-sheet]")
    tile.wait_for()
    bits = tile.evaluate(
        """async (tile) => {
          const style = getComputedStyle(tile);
          const sheet = new Image();
          sheet.src = style.backgroundImage.slice(5, -2);
          await sheet.decode();
          const [wide, high] = style.backgroundSize.split(" ").map((v) => parseFloat(v) / 100);
          const [x, y] = style.backgroundPosition.split(" ").map((v) => parseFloat(v) / 100);
          const [w, h] = [sheet.naturalWidth / wide, sheet.naturalHeight / high];
          const canvas = document.createElement("canvas");
          [canvas.width, canvas.height] = [10, 10];
          const brush = canvas.getContext("2d");
          brush.drawImage(sheet, x * (sheet.naturalWidth - w), y * (sheet.naturalHeight - h), w, h,
            0, 0, 10, 10);
          const { data } = brush.getImageData(0, 0, 10, 2);
          return Array.from({ length: 16 },
            (_, k) => data[4 * (Math.floor(k / 8) * 10 + 1 + (k % 8))]);
        }"""
    )
    assert sum((bit > 127) << k for k, bit in enumerate(bits)) == 12_345


def test_a_filter_counts_and_stays_in_the_address(large: App, open_tab: Callable[..., Tab]) -> None:
    tab = open_tab()
    enter(tab, large)
    facet = tab.page.locator("#facets fieldset").filter(has_text="Class").locator(".value").nth(3)
    told = facet.locator("b").inner_text()
    assert told == "1,000"
    facet.click()
    tab.page.locator(".value[aria-pressed=true]").wait_for()
    tab.wait_for_end("#place", " of 1,000")
    assert tab.rows() == 1000
    filtered = tab.page.url
    assert "label=" in filtered
    tab.page.go_back()
    tab.wait_for_end("#place", " of 30,000")
    other = open_tab()
    enter(other, large, filtered.removeprefix(large.address))
    assert other.rows() == 1000
    assert len(other.page.locator(".value[aria-pressed=true]").all()) == 1


def test_jump_and_sort(large: App, open_tab: Callable[..., Tab]) -> None:
    tab = open_tab()
    enter(tab, large)
    tab.page.fill("#jump", "20001")
    tab.page.keyboard.press("Enter")
    tab.page.locator("#tile-20000[aria-selected=true]").wait_for()
    tab.page.wait_for_url("**at=20000**")
    tab.page.select_option("#sort", "class")
    tab.page.wait_for_url("**sort=class**")
    tab.page.locator("#tile-0[aria-selected=true] .picture[data-sheet]").wait_for()
    tab.page.locator("#tile-1").click()
    tab.page.wait_for_url("**n=30")
    # Numbers are those of the dataset: the second sample of the first class is the thirty-first.


def test_marks_by_keyboard_are_on_disk_and_honoured(
    app: App, open_tab: Callable[..., Tab], pictures: Path, marked: Path, tmp_path: Path
) -> None:
    tab = open_tab()
    enter(tab, app, "samples?split=train")
    tab.page.focus("#grid")
    said = tab.page.locator("#said")
    tab.page.keyboard.press("Home")
    first = selected(tab).split(", ")[1]
    tab.page.keyboard.press("x")
    said.filter(has_text="exclude").wait_for()
    tab.page.keyboard.press("ArrowRight")
    second = selected(tab).split(", ")[1]
    tab.page.keyboard.press("r")
    tab.page.keyboard.type("ca")
    tab.page.keyboard.press("Enter")
    said.filter(has_text="relabel").wait_for()
    tab.page.keyboard.press("ArrowRight")
    third = selected(tab).split(", ")[1]
    tab.page.keyboard.press("g")
    tab.page.keyboard.type("signer 9")
    tab.page.keyboard.press("Enter")
    said.filter(has_text="group").wait_for()
    tab.page.keyboard.press("n")
    tab.page.keyboard.type("blurred, but fine")
    tab.page.keyboard.press("Enter")
    said.filter(has_text=third).wait_for()
    tab.wait_for_marks(3)
    tab.page.keyboard.press("ArrowRight")
    tab.page.keyboard.press("k")
    tab.wait_for_marks(4)
    tab.page.keyboard.press("z")
    said.filter(has_text="Undone").wait_for()
    assert tab.page.locator("#marks").inner_text().startswith("3 marks in fixes.csv")

    rows = read_corrections(marked)
    assert rows == {
        first: Correction(first, "ant", "exclude", "", "", ""),
        second: Correction(second, "ant", "relabel", "cat", "", ""),
        third: Correction(third, "ant", "group", "", "signer 9", "blurred, but fine"),
    }
    tab.page.reload()
    tab.page.locator(".tile[data-mark=exclude]").wait_for()
    assert tab.page.locator(".tile[data-mark]:not([data-mark=''])").count() == 3

    done = run_cli("convert", pictures, tmp_path / "fixed", "--corrections", marked, "--json")
    assert done.returncode == 0, done.stderr
    names = sorted(path.name for path in (tmp_path / "fixed" / "train" / "ant").iterdir())
    assert len(names) == 10
    assert len(list((tmp_path / "fixed" / "train" / "cat").iterdir())) == 13


def test_the_keys_are_listed(app: App, open_tab: Callable[..., Tab]) -> None:
    tab = open_tab()
    enter(tab, app)
    tab.page.keyboard.press("?")
    assert "exclude" in tab.page.locator("dialog[open]").inner_text()
    tab.page.keyboard.press("Escape")
    assert not tab.page.locator("dialog[open]").count()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", ["", "samples?n=0", "pairs", "pairs?kind=groups", "api"])
def test_axe_finds_nothing_serious(
    app: App, open_tab: Callable[..., Tab], axe: str, place: str, scheme: str
) -> None:
    tab = open_tab(color_scheme=scheme)
    enter(tab, app, place)
    assert violations(tab, axe) == []


def test_a_narrow_screen_shows_filters_grid_and_sample(
    app: App, open_tab: Callable[..., Tab]
) -> None:
    tab = open_tab(viewport={"width": 390, "height": 800})
    enter(tab, app, "samples?n=0")
    assert tab.page.evaluate("() => document.documentElement.scrollWidth") <= 390
    for place in ("#facets", "#grid", "#sample"):
        assert tab.page.locator(place).bounding_box()["width"] > 300
