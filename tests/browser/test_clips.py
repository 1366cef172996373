"""Clips in a browser: poster, strip, player, and the original file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import App, Tab, violations
from tests.browser.test_samples import enter
from tests.conftest import run_cli


@pytest.fixture(scope="module")
def app(serve: Callable[..., App], tmp_path_factory: pytest.TempPathFactory) -> App:
    """The app on a small WLASL."""
    root = tmp_path_factory.mktemp("clips") / "wlasl"
    done = run_cli("sample", "wlasl", root, "--n", "6")
    assert done.returncode == 0, done.stderr
    [index] = root.glob("*.json")
    return serve(index)


def shown(tab: Tab) -> list[int]:
    """Some of the pixels of the player."""
    pixels: list[int] = tab.page.locator("canvas.screen").evaluate(
        """(canvas) => Array.from(canvas.getContext("2d")
          .getImageData(0, 0, canvas.width, canvas.height).data.filter((_, i) => i % 97 === 0))"""
    )
    return pixels


def opened(tab: Tab, app: App) -> None:
    enter(tab, app, "samples?n=0")
    tab.page.wait_for_function("() => document.querySelector('canvas.screen').width > 1")


def test_the_player_steps_plays_and_mirrors(app: App, open_tab: Callable[..., Tab]) -> None:
    tab = open_tab()
    opened(tab, app)
    where = tab.page.locator(".player .where")
    assert where.inner_text().startswith("frame 1 of ")
    assert where.inner_text().endswith(" 0.00 s") or "of the source" in where.inner_text()
    before = shown(tab)
    tab.page.get_by_text("Step on").click()
    where.filter(has_text="frame 2 of").wait_for()
    for _ in range(4):
        tab.page.get_by_text("Step on").click()
    assert shown(tab) != before
    for _ in range(9):
        tab.page.get_by_text("Step back").click()
    where.filter(has_text="frame 1 of").wait_for()
    assert shown(tab) == before
    tab.page.get_by_label("mirror").check()
    assert tab.page.locator("canvas.mirrored").count() == 1
    tab.page.get_by_label("Speed").select_option("2")
    tab.page.get_by_label("loop").uncheck()
    tab.page.get_by_role("button", name="Play").click()
    n = where.inner_text().split(" of ")[1].split(",")[0]
    where.filter(has_text=f"frame {n} of {n}").wait_for()
    tab.page.get_by_role("button", name="Play").wait_for()


def test_a_strip_runs_under_the_pointer(app: App, open_tab: Callable[..., Tab]) -> None:
    tab = open_tab()
    enter(tab, app)
    tile = tab.page.locator("#tile-0 .picture.clip")
    tile.wait_for()
    box = tile.bounding_box()
    assert not [one for one in tab.requests if "/strip" in one]
    with tab.page.expect_response("**/strip**") as answer:
        tab.page.mouse.move(box["x"] + 5, box["y"] + 20)
    assert answer.value.status == 200
    first = tile.locator(".strip").evaluate("(it) => it.style.backgroundPosition")
    tab.page.mouse.move(box["x"] + 80, box["y"] + 20)
    assert tile.locator(".strip").evaluate("(it) => it.style.backgroundPosition") != first
    tab.page.mouse.move(5, 5)
    assert tile.locator(".strip").count() == 0


def test_the_original_is_fetched_in_parts(app: App, open_tab: Callable[..., Tab]) -> None:
    tab = open_tab()
    opened(tab, app)
    answers: list[Any] = []
    tab.page.on("response", lambda one: answers.append(one) if "/file" in one.url else None)
    tab.page.get_by_role("button", name="Original video").click()
    tab.page.wait_for_function("() => document.querySelector('video').readyState >= 1")
    assert {one.status for one in answers} == {206}
    assert answers[0].headers["content-type"] == "video/mp4"


def test_axe_finds_nothing_serious(app: App, open_tab: Callable[..., Tab], axe: str) -> None:
    tab = open_tab()
    opened(tab, app)
    assert violations(tab, axe) == []
