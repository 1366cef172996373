"""Pairs of twins in a browser: seen beside each other, decided by key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from signdata.formats.corrections import read_corrections
from tests.browser.conftest import App, Tab
from tests.browser.test_samples import enter


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("marks") / "pairs.csv"


@pytest.fixture(scope="module")
def app(serve: Callable[..., App], pictures: Path, marked: Path) -> App:
    return serve(pictures, "--corrections", marked)


def audited(tab: Tab, app: App) -> None:
    """Wait on the overview until the audit has ended."""
    enter(tab, app, "")
    tab.page.wait_for_function(
        "() => !document.querySelector('#audit progress')"
        " && document.querySelector('#cards section')"
    )


def test_the_overview_shows_what_the_audit_found(app: App, open_tab: Callable[..., Tab]) -> None:
    tab = open_tab()
    audited(tab, app)
    card = tab.page.locator("#cards section").filter(has_text="leak:")
    assert "leak: 6" in card.inner_text()
    card.get_by_text("Look at them").click()
    tab.page.wait_for_load_state("networkidle")
    assert tab.rows() == 6
    assert tab.page.locator(".tile.found").count() == 6
    tab.page.go_back()
    tab.page.locator("#division a").first.click()
    tab.page.wait_for_load_state("networkidle")
    assert tab.rows() in (12, 4)


def test_pairs_are_decided_by_key(app: App, open_tab: Callable[..., Tab], marked: Path) -> None:
    tab = open_tab()
    audited(tab, app)
    enter(tab, app, "pairs?kind=leak")
    place = tab.page.locator("#place")
    place.filter(has_text="1 of 6").wait_for()
    assert "correlation 0.9" in tab.page.locator("#facts").inner_text()
    left, right = [one.inner_text() for one in tab.page.locator("#sides figcaption a").all()]
    # Brighter by 9: the difference picture says so, pixel by pixel.
    darkest = tab.page.locator("canvas").evaluate(
        """(canvas) => {
          const brush = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
          brush.drawImage(canvas, 0, 0);
          const { data } = brush.getImageData(0, 0, canvas.width, canvas.height);
          const greys = Array.from(data.filter((_, i) => i % 4 === 0)).sort((a, b) => a - b);
          return greys[greys.length >> 1];
        }"""
    )
    assert darkest == 9
    tab.page.keyboard.press("a")
    place.filter(has_text="2 of 6").wait_for()
    tab.page.keyboard.press("k")
    place.filter(has_text="3 of 6").wait_for()
    tab.page.keyboard.press("g")
    place.filter(has_text="4 of 6").wait_for()
    tab.page.keyboard.press("ArrowLeft")
    place.filter(has_text="3 of 6").wait_for()
    assert tab.page.locator(".state").first.inner_text().strip().startswith("marked: group")
    rows = read_corrections(marked)
    assert rows[left].action == "exclude"
    assert right not in rows
    assert sorted(row.action for row in rows.values()) == [
        *("exclude", "group", "group", "keep", "keep")
    ]
    assert len({row.group for row in rows.values() if row.action == "group"}) == 1
    for number in (3, 1, 0):
        tab.page.keyboard.press("z")
        tab.wait_for_marks(number)
    assert read_corrections(marked) == {}
    assert "kind=leak" in tab.page.url


def test_groups_are_marked_as_a_whole(app: App, open_tab: Callable[..., Tab], marked: Path) -> None:
    tab = open_tab()
    audited(tab, app)
    enter(tab, app, "pairs?kind=groups")
    group = tab.page.locator(".group").first
    assert "2 samples" in group.inner_text()
    group.get_by_text("Same group").click()
    tab.wait_for_marks(2)
    assert [row.action for row in read_corrections(marked).values()] == ["group", "group"]
