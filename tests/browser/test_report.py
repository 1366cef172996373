"""The report of every format, opened from disk in a browser that is offline."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from signdata.formats.registry import FORMATS
from tests.browser.conftest import Tab, violations, write_pictures
from tests.conftest import run_cli
from tests.videos import make_index, make_video


def made(*words: str | Path) -> None:
    """Run a command that must succeed."""
    done = run_cli(*words)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("film") / "signs"
    for i in range(4):
        make_video(root / ("book", "drink")[i % 2] / f"{i}.mp4", 20 + i)
    return root


@pytest.fixture(scope="session")
def datasets(
    tmp_path_factory: pytest.TempPathFactory, pictures: Path, clips: Path
) -> dict[str, Path]:
    """A small dataset in every format."""
    root = tmp_path_factory.mktemp("formats")
    made("convert", pictures, root / "signs.csv", "--split", "train", "--gray")
    made("convert", pictures, root / "signs.h5")
    made("convert", pictures, root / "signs.npz")
    for name in ("parquet", "webdataset"):
        made("convert", pictures, root / name, "--to", name, "--shards", "1")
    made("extract-frames", clips, root / "frames")
    table = pictures.parent / "signs.csv"
    rows = [
        f"{path.relative_to(pictures.parent)},{path.parent.name}"
        for path in pictures.rglob("*.png")
    ]
    table.write_text("path,label\n" + "\n".join(sorted(rows)) + "\n")
    for number in range(3):
        make_video(root / "wlasl" / "videos" / f"{number}.mp4", 12)
    index = make_index(
        root / "wlasl" / "WLASL_v0.3.json",
        [{"gloss": ("book", "drink")[n % 2], "video_id": str(n)} for n in range(3)],
    )
    return {
        "arrays": root / "signs.npz",
        "csv": root / "signs.csv",
        "folders": pictures,
        "frames": root / "frames",
        "hdf5": root / "signs.h5",
        "parquet": root / "parquet",
        "webdataset": root / "webdataset",
        "table": table,
        "videos": clips,
        "wlasl": index,
    }


def read_report(open_tab: Callable[..., Tab], path: Path, **options: object) -> Tab:
    """Open a report from disk, with no network to ask."""
    tab = open_tab(offline=True, **options)
    tab.page.goto(path.as_uri())
    tab.page.wait_for_load_state("networkidle")
    return tab


def foreign(tab: Tab, path: Path) -> list[str]:
    """What a page asked for besides itself."""
    return [one for one in tab.requests if one != path.as_uri() and not one.startswith("data:")]


@pytest.mark.parametrize("name", FORMATS)
def test_the_report_of_a_format_asks_for_nothing(
    datasets: dict[str, Path], open_tab: Callable[..., Tab], tmp_path: Path, name: str
) -> None:
    report = tmp_path / "report.html"
    made("report", datasets[name], "-o", report)
    tab = read_report(open_tab, report)
    assert foreign(tab, report) == []
    assert tab.page.locator("h2").first.inner_text() == "Verdict"
    shown = tab.page.locator("main img")
    assert shown.count() > 0
    broken = "(all) => all.filter((img) => !img.complete || !img.naturalWidth).length"
    assert shown.evaluate_all(broken) == 0
    with_names = tab.page.locator("body").inner_text()
    for label in ("book", "drink") if name in ("frames", "videos", "wlasl") else ("ant", "bee"):
        assert label in with_names


@pytest.fixture(scope="session")
def run_report(tmp_path_factory: pytest.TempPathFactory, pictures: Path, run_folder: Path) -> Path:
    """The report of a dataset and a run on it."""
    report = tmp_path_factory.mktemp("report") / "run.html"
    made("report", pictures, run_folder, "-o", report)
    return report


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(
    run_report: Path, open_tab: Callable[..., Tab], axe: str, scheme: str
) -> None:
    tab = read_report(open_tab, run_report, color_scheme=scheme)
    ground = tab.page.evaluate("() => getComputedStyle(document.documentElement).backgroundColor")
    levels = [int(part) for part in ground.removeprefix("rgb(").removesuffix(")").split(",")]
    assert max(levels) < 80 if scheme == "dark" else min(levels) > 200
    assert violations(tab, axe) == []


def test_curves_are_read_by_pointer_and_by_key(
    run_report: Path, open_tab: Callable[..., Tab]
) -> None:
    tab = read_report(open_tab, run_report)
    plot = tab.page.locator("figure.plot").first
    plot.scroll_into_view_if_needed()
    box = plot.locator("svg").first.bounding_box()
    tab.page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2)
    plot.locator("output").filter(has_text="epoch").wait_for()
    assert foreign(tab, run_report) == []
    told = plot.locator("output").inner_text()
    plot.locator(".field").focus()
    tab.page.keyboard.press("Home")
    first = plot.locator("output").inner_text()
    assert first.startswith("epoch 1: ")
    assert first != told
    lines = plot.locator("[data-part=lines] > [data-line]")
    shown = lines.evaluate_all("(all) => all.filter((one) => !one.hasAttribute('hidden')).length")
    plot.locator(".keys button").first.click()
    assert (
        lines.evaluate_all("(all) => all.filter((one) => !one.hasAttribute('hidden')).length")
        == shown - 1
    )


def test_it_prints(run_report: Path, open_tab: Callable[..., Tab]) -> None:
    tab = read_report(open_tab, run_report)
    printed = tab.page.pdf()
    assert printed.startswith(b"%PDF-")
    assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") >= 1
    assert len(printed) > 10_000


def test_names_stay_names(open_tab: Callable[..., Tab], tmp_path: Path) -> None:
    names = ("<img src=x onerror=alert(1)>", "{{ 7 * 7 }}", "<script>alert(2)<")
    report = tmp_path / "<b>report<.html"
    made("report", write_pictures(tmp_path / "<b>signs<", names), "-o", report)
    tab = open_tab(offline=True)
    tab.page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    tab.page.goto(report.as_uri())
    text = tab.page.locator("body").inner_text()
    assert all(name in text for name in names), json.dumps(text[:2000])
    assert tab.page.locator("img[src=x], main script, h1 b").count() == 0
    assert foreign(tab, report) == []
