"""Progress: a bar on a terminal, lines in a log, nothing where nobody asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from signdata.cli import display
from signdata.results import Result


def count(*, progress: Any = None) -> Result:
    for done in (1, 2, 3):
        progress(done, 3, "loss 0.5")
    return Result("count")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty seconds pass between any two looks at the clock."""
    ticks = iter(range(0, 10_000, 20))
    monkeypatch.setattr(display.time, "monotonic", lambda: float(next(ticks)))


@pytest.mark.usefixtures("clock")
def test_a_log_gets_a_line_every_half_minute(capfd: pytest.CaptureFixture[str]) -> None:
    with display.progress_bar("step", hidden=False) as progress:
        count(progress=progress)
    out, err = capfd.readouterr()
    assert out == ""
    assert err == "2 of 3 (67%) steps, loss 0.5\n"


@pytest.mark.usefixtures("clock")
def test_quiet_is_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    with display.progress_bar("step", hidden=True) as progress:
        assert progress is None
    assert capfd.readouterr() == ("", "")


def test_a_command_that_tells_no_progress_runs_on_a_terminal(
    main: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(display.sys.stderr, "isatty", lambda: True, raising=False)
    ran = main("predict", tmp_path / "nothing", tmp_path / "picture.png")
    assert ran.returncode == 4, ran.stderr
    assert "Traceback" not in ran.stderr
    assert "bug" not in ran.stderr
