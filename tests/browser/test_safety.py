"""What must not happen: a stranger's page reaches the app, or a killed app loses a mark."""

from __future__ import annotations

import functools
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from signdata.formats.corrections import read_corrections
from tests.browser.conftest import App, Tab, write_pictures
from tests.browser.test_samples import enter

STRANGER = """<!doctype html><title>A stranger</title>
<form id="form" method="post" enctype="text/plain" target="frame"
  action="ADDRESSapi/marks">
<input name='{"id":"ID","was":"ant","action":"exclude","note":"' value='"}'></form>
<iframe name="frame"></iframe>
<script>
async function attack() {
  const found = {};
  const body = JSON.stringify({ id: "ID", was: "ant", action: "exclude" });
  const tries = {
    read: ["api/samples", { credentials: "include" }],
    blind: ["api/marks", { method: "POST", mode: "no-cors", credentials: "include", body }],
    json: ["api/marks", { method: "POST", credentials: "include", body,
      headers: { "Content-Type": "application/json" } }],
    erase: ["api/marks/ID", { method: "DELETE", credentials: "include" }],
  };
  for (const [name, [path, options]] of Object.entries(tries)) {
    try {
      const answer = await fetch("ADDRESS" + path, options);
      found[name] = answer.type === "opaque" ? "opaque" : await answer.text();
    } catch { found[name] = "refused"; }
  }
  found.image = await new Promise((done) => {
    const image = new Image();
    image.onload = () => done("seen");
    image.onerror = () => done("refused");
    image.src = "ADDRESSapi/samples/0/frame/0";
  });
  document.getElementById("form").submit();
  return found;
}
</script>"""


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Publish a page on another port; returns its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

    folder = tmp_path / "elsewhere"
    folder.mkdir()
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def publish(text: str) -> str:
        (folder / "page.html").write_text(text, encoding="utf-8")
        return f"http://127.0.0.1:{server.server_port}/page.html"

    yield publish
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_strangers_page_neither_reads_nor_writes(
    serve: Callable[..., App],
    open_tab: Callable[..., Tab],
    stranger: Callable[[str], str],
    pictures: Path,
    tmp_path: Path,
) -> None:
    marks = tmp_path / "marks.csv"
    app = serve(pictures, "--corrections", marks, "--no-audit")
    tab = open_tab(strict=False)
    enter(tab, app)
    cookies = tab.page.context.cookies()
    assert [(one["httpOnly"], one["sameSite"]) for one in cookies] == [(True, "Strict")]
    text = STRANGER.replace("ADDRESS", app.address).replace("ID", "train/ant/0")
    tab.page.goto(stranger(text))
    found = tab.page.evaluate("() => attack()")
    assert found.pop("blind") in ("opaque", "refused")
    assert set(found.values()) == {"refused"}
    tab.page.wait_for_timeout(300)
    assert not marks.exists()
    enter(tab, app)  # the app itself still works for its owner
    assert tab.rows() == 48


def test_without_the_link_there_is_nothing_to_see(
    serve: Callable[..., App], open_tab: Callable[..., Tab], pictures: Path
) -> None:
    app = serve(pictures, "--no-audit")
    tab = open_tab(strict=False)
    for place in ("", "samples", "api/samples", "openapi.json", "api/samples/0/frame/0"):
        answer = tab.page.goto(app.address + place)
        assert answer.status in (401, 403), place
    assert tab.page.goto(app.link).status == 200
    assert app.token not in tab.page.url
    assert app.token not in tab.page.content()


def test_names_stay_names(
    serve: Callable[..., App], open_tab: Callable[..., Tab], tmp_path: Path
) -> None:
    names = ("<img src=x onerror=alert(1)>", "{{ 7 * 7 }}", "</script><script>alert(2)<")
    safe = tuple(name.replace("/", "") for name in names)
    root = write_pictures(tmp_path / "<b>signs<", safe)
    app = serve(root)
    tab = open_tab()
    tab.page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    for place in ("", "samples?n=0", "pairs", "api"):
        enter(tab, app, place)
        text = tab.page.locator("body").inner_text()
        if place != "pairs" and place != "api":
            assert all(name in text for name in safe), place
        assert tab.page.locator("img[src=x], main script, header b").count() == 0


@pytest.mark.parametrize("presses", [3, 14])
def test_killed_while_saving_no_mark_is_lost(
    serve: Callable[..., App],
    open_tab: Callable[..., Tab],
    pictures: Path,
    tmp_path: Path,
    presses: int,
) -> None:
    marks = tmp_path / "marks.csv"
    app = serve(pictures, "--corrections", marks, "--no-audit")
    tab = open_tab(strict=False)
    enter(tab, app)
    kept: set[str] = set()

    def answered(response: Any) -> None:
        if response.request.method == "POST" and response.status == 200:
            kept.add(json.loads(response.request.post_data)["id"])

    tab.page.on("response", answered)
    tab.page.focus("#grid")
    for _ in range(presses):
        tab.page.keyboard.press("x")
        tab.page.keyboard.press("ArrowRight")
    app.kill()
    tab.page.wait_for_timeout(300)
    tab.page.keyboard.press("x")
    tab.page.locator("#trouble").filter(has_text="does not answer").wait_for()
    rows = read_corrections(marks) if marks.exists() else {}
    assert kept <= set(rows)
    again = serve(pictures, "--corrections", marks, "--no-audit")
    enter(tab, again)
    tab.wait_for_marks(len(rows))
    code, said = again.stop()
    assert code == 130
    assert f"{len(rows)} mark" in said
