"""Trying a network, in a browser: a file, the clipboard, a camera, and why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import camera
from tests.browser.conftest import ALLOWED, FAKE, App, Tab, violations
from tests.browser.test_samples import enter
from tests.conftest import run_cli


@pytest.fixture(scope="module")
def other_run(run_folder: Path) -> Path:
    """The same run under another name, to be compared with."""
    import shutil

    return Path(shutil.copytree(run_folder, run_folder.parent / "other"))


@pytest.fixture(scope="module")
def app(serve: Callable[..., App], pictures: Path, run_folder: Path, other_run: Path) -> App:
    return serve(pictures, run_folder, other_run, "--model", run_folder, "--no-audit")


def test_an_uploaded_picture_is_read(
    app: App, open_tab: Callable[..., Tab], pictures: Path, run_folder: Path, axe: str
) -> None:
    tab = open_tab()
    enter(tab, app, "try")
    picture = pictures / "train" / "bee" / "0.png"
    tab.page.set_input_files("#file", picture)
    tab.page.locator("#answer li").nth(2).wait_for()
    shown = [one.inner_text() for one in tab.page.locator("#answer li span").all()]
    done = run_cli("predict", run_folder, picture, "--json")
    [told] = done.json["predictions"]
    assert shown == [one["label"] for one in told["top"]]
    assert sorted(shown) == ["ant", "bee", "cat"]
    assert violations(tab, axe) == []
    size = "async (img) => { await img.decode(); return [img.naturalWidth, img.naturalHeight]; }"
    assert tab.page.locator("#saw").evaluate(size) == [28, 28]


def test_a_video_and_what_is_none(app: App, open_tab: Callable[..., Tab], tmp_path: Path) -> None:
    tab = open_tab(strict=False)
    enter(tab, app, "try")
    film = camera.write_y4m(tmp_path / "film.y4m", level=120)
    tab.page.set_input_files("#file", film)
    tab.page.locator("#answer li").nth(2).wait_for()
    junk = tmp_path / "junk.png"
    junk.write_bytes(b"no picture at all")
    tab.page.set_input_files("#file", junk)
    tab.page.locator("#trouble").filter(has_text="cannot be decoded").wait_for()
    assert tab.page.locator("#answer li").count() == 0


def test_a_picture_is_pasted(app: App, open_tab: Callable[..., Tab]) -> None:
    tab = open_tab()
    enter(tab, app, "try")
    tab.page.evaluate(
        """async () => {
          const canvas = new OffscreenCanvas(40, 40);
          canvas.getContext("2d").fillRect(5, 5, 20, 20);
          const file = new File([await canvas.convertToBlob()], "x.png", { type: "image/png" });
          const data = new DataTransfer();
          data.items.add(file);
          document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data }));
        }"""
    )
    tab.page.locator("#answer li").nth(2).wait_for()


def test_the_camera_is_read_live_one_frame_at_a_time(
    app: App, open_tab: Callable[..., Tab]
) -> None:
    tab = open_tab()
    enter(tab, app, "try")
    under_way, most, answered = 0, 0, 0

    def begin(request: Any) -> None:
        nonlocal under_way, most
        if "/api/predict" in request.url:
            under_way += 1
            most = max(most, under_way)

    def end(request: Any) -> None:
        nonlocal under_way, answered
        if "/api/predict" in request.url:
            under_way -= 1
            answered += 1

    tab.page.on("request", begin)
    tab.page.on("requestfinished", end)
    tab.page.click("#camera")
    tab.page.locator("#answer li").nth(2).wait_for()
    while answered < 4:
        tab.page.wait_for_timeout(50)
    grey = tab.page.locator("#saw").evaluate(
        """async (img) => {
          const canvas = new OffscreenCanvas(img.naturalWidth, img.naturalHeight);
          const brush = canvas.getContext("2d");
          brush.drawImage(img, 0, 0);
          const { data } = brush.getImageData(0, 0, canvas.width, canvas.height);
          return Math.round(data.filter((_, i) => i % 4 === 0).reduce((a, b) => a + b)
            / (data.length / 4));
        }"""
    )
    assert abs(grey - camera.seen_grey(200)) <= 3
    assert most == 1
    tab.page.click("#camera")
    assert tab.page.locator("#camera").inner_text() == "Start the camera"
    tab.page.wait_for_load_state("networkidle")


@pytest.fixture(scope="module")
def without_permission(launch: Callable[..., Any]) -> Iterator[Any]:
    found = launch(FAKE)
    yield found
    found.close()


@pytest.fixture(scope="module")
def without_camera(launch: Callable[..., Any]) -> Iterator[Any]:
    found = launch(ALLOWED)
    yield found
    found.close()


def test_it_says_why_there_is_no_camera(
    app: App, open_tab: Callable[..., Tab], without_permission: Any, without_camera: Any
) -> None:
    for browser, text in (
        (without_permission, "may not be used"),
        (without_camera, "no camera on"),
    ):
        tab = open_tab(in_browser=browser)
        enter(tab, app, "try")
        tab.page.click("#camera")
        tab.page.locator("#camera-says").filter(has_text=text).wait_for()
        assert tab.page.locator("#camera").inner_text() == "Start the camera"


def test_a_page_without_https_says_so(
    serve: Callable[..., App],
    launch: Callable[..., Any],
    run_folder: Path,
    open_tab: Callable[..., Tab],
) -> None:
    app = serve(run_folder, "--model", run_folder, "--allow-host", "signs.example")
    browser = launch("--host-resolver-rules=MAP signs.example 127.0.0.1", FAKE, ALLOWED)
    tab = open_tab(in_browser=browser, strict=False)  # it warns that this is not https
    tab.page.goto(app.link.replace("127.0.0.1", "signs.example"))
    tab.page.goto(app.address.replace("127.0.0.1", "signs.example") + "try")
    tab.page.click("#camera")
    tab.page.locator("#camera-says").filter(has_text="https or localhost").wait_for()
    browser.close()


def test_a_cell_of_the_confusion_matrix_opens_its_samples(
    app: App, open_tab: Callable[..., Tab]
) -> None:
    tab = open_tab()
    enter(tab, app, "runs/0")
    cell = tab.page.locator(".matrix td a").first
    n = int(cell.inner_text())
    name = cell.get_attribute("aria-label")
    cell.click()
    tab.page.wait_for_load_state("networkidle")
    assert tab.rows() == n
    true, said = name.partition(":")[0].split(" taken for ")
    shown = tab.page.locator(".tile .caption").first.inner_text()
    assert shown == (true if true == said else f"{true} (said {said})")


def test_curves_are_read_out_hidden_and_compared(
    app: App, open_tab: Callable[..., Tab], axe: str
) -> None:
    tab = open_tab()
    enter(tab, app, "runs/0")
    chart = tab.page.locator(".chart").first
    alone = chart.locator("polyline").count()
    box = chart.get_by_role("img").bounding_box()
    tab.page.mouse.move(box["x"] + box["width"] - 14, box["y"] + box["height"] / 2)
    chart.locator(".where").filter(has_text="epoch").wait_for()
    last = chart.locator(".where").inner_text()
    chart.locator("summary").click()
    table = chart.locator("tbody tr").last
    assert last.startswith(f"epoch {table.locator('th').inner_text()}: ")
    for number in table.locator("td").all_inner_texts():
        assert number in last
    chart.locator(".legend input").first.uncheck()
    assert chart.locator("polyline.off").count() == 1
    assert violations(tab, axe) == []
    tab.page.select_option("#with", label="other")
    tab.page.locator("#against a").first.wait_for()
    assert tab.page.locator(".chart").first.locator("polyline").count() == 2 * alone
    assert "with=1" in tab.page.url
    tab.page.get_by_text("right in tiny, wrong in other").click()
    tab.page.wait_for_load_state("networkidle")
    # The same network was copied: nothing is right in one and wrong in the other.
    assert tab.page.locator("#place").inner_text() == "none"
