"""Clips in a browser: poster, strip, player, and the original file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import App, Tab, violations
from tests.browser.test_samples import enter
from tests.videos import make_index, make_video


@pytest.fixture(scope="module")
def app(serve: Callable[..., App], tmp_path_factory: pytest.TempPathFactory) -> App:
    """The app on four clips of 70 frames that spell their numbers, and one in an old codec."""
    root = tmp_path_factory.mktemp("clips") / "signs"
    for name in ("book/1", "book/2", "drink/3", "drink/4"):
        make_video(root / f"{name}.mp4", 70)
    make_video(root / "drink" / "5.avi", 30, codec="mpeg4")
    return serve(root, "--no-audit")


def shown(tab: Tab) -> int:
    """The number that the frame in the player spells."""
    bits: list[int] = tab.page.locator("canvas.screen").evaluate(
        """(canvas) => {
          const brush = new OffscreenCanvas(canvas.width, 1).getContext("2d");
          brush.drawImage(canvas, 0, -Math.floor(canvas.height / 2));
          const { data } = brush.getImageData(0, 0, canvas.width, 1);
          return Array.from({ length: 8 }, (_, bit) =>
            Number(data[4 * Math.floor((bit + 0.5) * canvas.width / 8)] > 128) << bit);
        }"""
    )
    return sum(bits)


def opened(tab: Tab, app: App, n: int = 0) -> None:
    enter(tab, app, f"samples?n={n}")
    tab.page.wait_for_function("() => document.querySelector('canvas.screen').width > 1")


def test_the_player_steps_plays_and_mirrors(app: App, open_tab: Callable[..., Tab]) -> None:
    tab = open_tab()
    opened(tab, app)
    where = tab.page.locator(".player .where")
    assert (where.inner_text(), shown(tab)) == ("frame 1 of 70, 0.00 s", 0)
    for _ in range(5):
        tab.page.get_by_text("Step on").click()
    assert (where.inner_text(), shown(tab)) == ("frame 6 of 70, 0.20 s", 5)
    tab.page.get_by_text("Step back").click()
    assert (where.inner_text(), shown(tab)) == ("frame 5 of 70, 0.16 s", 4)
    tab.page.get_by_label("Frame", exact=True).fill("40")  # in the second sheet
    where.filter(has_text="frame 41 of 70, 1.60 s").wait_for()
    while shown(tab) == 4:
        tab.page.wait_for_timeout(50)
    assert shown(tab) == 40
    tab.page.get_by_label("mirror").check()
    assert tab.page.locator("canvas.mirrored").count() == 1
    tab.page.get_by_label("Speed").select_option("2")
    tab.page.get_by_label("loop").uncheck()
    tab.page.get_by_role("button", name="Play").click()
    where.filter(has_text="frame 70 of 70").wait_for()
    tab.page.get_by_role("button", name="Play").wait_for()
    assert shown(tab) == 69


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


def test_a_codec_that_no_browser_knows_is_played_by_its_frames(
    app: App, open_tab: Callable[..., Tab]
) -> None:
    tab = open_tab(strict=False)
    opened(tab, app, n=4)
    assert tab.page.locator("#sample small").inner_text() == "drink/5"
    tab.page.get_by_text("Step on").click()
    assert shown(tab) == 1
    tab.page.get_by_role("button", name="Original video").click()
    tab.page.get_by_text("This browser cannot play the file; its frames are above.").wait_for()
    assert shown(tab) == 1


def test_a_missing_video_is_a_tile_with_its_reason(
    serve: Callable[..., App], open_tab: Callable[..., Tab], tmp_path: Path
) -> None:
    make_video(tmp_path / "videos" / "00000.mp4", 12)
    index = make_index(tmp_path / "WLASL_v0.3.json", [{}, {"gloss": "drink"}])
    app = serve(index)
    tab = open_tab()
    enter(tab, app, "")
    card = tab.page.locator("#cards section").filter(has_text="missing: 1")
    card.get_by_text("Look at them").click()
    tab.page.wait_for_load_state("networkidle")
    assert tab.rows() == 1
    enter(tab, app)
    assert tab.rows() == 1
    facet = tab.page.locator("#facets fieldset").filter(has_text="Files")
    facet.locator(".value").filter(has_text="unreadable").click()
    tile = tab.page.locator("#tile-0")
    tile.filter(has_text="drink").wait_for()
    assert "not" in tile.locator(".picture").inner_text()
    tile.click()
    tab.page.locator("#sample p.screen").wait_for()


def test_axe_finds_nothing_serious(app: App, open_tab: Callable[..., Tab], axe: str) -> None:
    tab = open_tab()
    opened(tab, app)
    assert violations(tab, axe) == []
