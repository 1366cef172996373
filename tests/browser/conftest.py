"""A real browser, a running app, and the small datasets that both look at.

These tests run in a process of their own, by ``python3 tasks.py browser``: the browser's event
loop would be in the way of others. Without a browser each is skipped, and counted.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.browser import camera
from tests.browser.prepare import TOOLS, chromium_program
from tests.conftest import run_cli

if not os.environ.get("SIGNDATA_BROWSER"):
    collect_ignore_glob = ["test_*.py"]

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
FAKE = "--use-fake-device-for-media-stream"
ALLOWED = "--use-fake-ui-for-media-stream"


@pytest.fixture(scope="session")
def launch() -> Iterator[Callable[..., Any]]:
    """Start a browser with further flags; all are closed at the end."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = chromium_program()
    if program is None:
        pytest.skip("no chromium on this machine")
    with playwright.sync_playwright() as running:
        yield lambda *flags: running.chromium.launch(executable_path=program, args=[*FLAGS, *flags])


@pytest.fixture(scope="session")
def browser(launch: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser with a camera that shows one grey."""
    film = camera.write_y4m(tmp_path_factory.mktemp("camera") / "grey.y4m", level=200)
    found = launch(FAKE, ALLOWED, f"--use-file-for-fake-video-capture={film}")
    yield found
    found.close()


@dataclass
class Tab:
    """A page of a browser, and what it asked for, said and stumbled over."""

    page: Any
    requests: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Keep every request, and every error that a page or its policy reports."""
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on(
            "console",
            lambda message: (
                self.troubles.append(message.text) if message.type in ("error", "warning") else None
            ),
        )

    def wait_for_end(self, place: str, text: str) -> None:
        """Wait until the text of a place ends so."""
        self.page.locator(place).filter(has_text=re.compile(re.escape(text) + r"\s*$")).wait_for()

    def wait_for_marks(self, number: int) -> None:
        """Wait until the page counts so many marks."""
        self.page.locator("#marks").filter(has_text=re.compile(rf"^\s*{number} marks? ")).wait_for()

    def rows(self) -> int:
        """How many samples the grid is about."""
        return int(self.page.locator("#place").inner_text().split(" of ")[1].replace(",", ""))


@pytest.fixture
def open_tab(browser: Any) -> Iterator[Callable[..., Tab]]:
    """Open a page in a context of its own; at the end none may have reported an error."""
    opened: list[tuple[Any, Tab, bool]] = []

    def make(*, in_browser: Any = None, strict: bool = True, **options: Any) -> Tab:
        options.setdefault("viewport", {"width": 1280, "height": 800})
        context = (in_browser or browser).new_context(**options)
        context.set_default_timeout(20_000)
        tab = Tab(context.new_page())
        tab.watch()
        opened.append((context, tab, strict))
        return tab

    yield make
    for context, tab, strict in opened:
        context.close()
        assert not (strict and tab.troubles), tab.troubles


@dataclass
class App:
    """A running ``signdata serve``."""

    process: subprocess.Popen[str]
    link: str

    @property
    def address(self) -> str:
        """The address without its token, ending in a slash."""
        return self.link.partition("?")[0]

    @property
    def token(self) -> str:
        return self.link.partition("token=")[2]

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.communicate()

    def stop(self) -> tuple[int, str]:
        """End it by Ctrl-C; the exit code and what it printed last."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        said, _ = self.process.communicate(timeout=60)
        return self.process.returncode, said


@pytest.fixture(scope="module")
def serve() -> Iterator[Callable[..., App]]:
    """Start the app as a user does, and read the link that it prints."""
    started: list[App] = []

    def start(*words: str | Path) -> App:
        process = subprocess.Popen(
            [sys.executable, "-m", "signdata", "serve", *map(str, words), "--no-open"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        seen = ""
        for line in process.stdout:  # type: ignore[union-attr]
            seen += line
            if link := re.search(r"http://\S+\?token=\S+", line):
                started.append(App(process, link[0]))
                return started[-1]
        raise AssertionError(f"no link: {seen}")

    yield start
    for app in started:
        if app.process.poll() is None:
            app.kill()


def hand(rng: np.random.Generator, level: int, side: int = 32) -> np.ndarray:
    """A bright blob before a darker ground with grain: (side, side, 1) uint8."""
    y, x = np.mgrid[:side, :side]
    cx, cy, r = rng.uniform(side * 0.3, side * 0.7, 3)
    blob = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (0.6 * r**1.6))
    grain = rng.normal(0, 24, (side // 4, side // 4)).repeat(4, 0).repeat(4, 1)
    return np.clip(level + 140 * blob + grain, 0, 255).astype(np.uint8)[:, :, None]


def write_pictures(root: Path, names: tuple[str, ...] = ("ant", "bee", "cat")) -> Path:
    """Splits of folders, 12 train and 4 test pictures a class.

    Two of the four are pictures of train, brighter by 9, with a little noise.
    """
    from signdata.media.image import encode

    rng = np.random.default_rng(7)
    for number, name in enumerate(names):
        made = [hand(rng, 30 * number) for _ in range(14)]
        noise = rng.integers(-3, 4, (2, *made[0].shape))
        leaks = np.clip(np.stack(made[:2]).astype(int) + 9 + noise, 0, 255).astype(np.uint8)
        for split, pictures in (("train", made[:12]), ("test", [*made[12:], *leaks])):
            folder = root / split / name
            folder.mkdir(parents=True)
            for i, one in enumerate(pictures):
                (folder / f"{i}.png").write_bytes(encode.encode(one, "png", 95))
    return root


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders with leaks; see `write_pictures`."""
    return write_pictures(tmp_path_factory.mktemp("pictures") / "signs")


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Path:
    """A network that was trained for a moment."""
    out = tmp_path_factory.mktemp("runs") / "tiny"
    words = ("--model", "signnet", "--epochs", "2", "--out", out, "--device", "cpu")
    done = run_cli("baseline", pictures, *words)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30,000 pictures in an HDF5 file of another maker; the number is written into each."""
    path = tmp_path_factory.mktemp("many") / "many.h5"
    numbers = np.arange(30_000)
    bits = (numbers[:, None] >> np.arange(16) & 1).astype(np.uint8) * 255
    noise = np.random.default_rng(0).integers(0, 256, (30_000, 8, 8), np.uint8)
    images = np.concatenate([bits.reshape(-1, 2, 8), noise], axis=1)
    images = np.pad(images, ((0, 0), (0, 0), (1, 1)))
    with h5py.File(path, "w") as file:
        file["images"] = images
        file["labels"] = (numbers % 30).astype(np.int64)
    return path


@pytest.fixture(scope="session")
def axe() -> str:
    """The script that finds what is hard to use without eyes, hands or colours."""
    script = TOOLS / "node_modules" / "axe-core" / "axe.min.js"
    if not script.is_file():
        pytest.skip("axe-core is not there")
    return script.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def typescript() -> list[str]:
    """The command that checks the types of plain JavaScript."""
    program = TOOLS / "node_modules" / "typescript" / "bin" / "tsc"
    node = shutil.which("node")
    if node is None or not program.is_file():
        pytest.skip("TypeScript is not there")
    return [node, str(program)]


def violations(tab: Tab, axe: str) -> list[str]:
    """What axe-core finds serious on a page, told in short; CSP does not hold for a debugger."""
    session = tab.page.context.new_cdp_session(tab.page)
    session.send("Runtime.evaluate", {"expression": axe})
    found: list[dict[str, Any]] = tab.page.evaluate(
        "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
    )
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
