"""Progress: a bar on a terminal, lines in a log, nothing where nobody asked."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import sys
import termios
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


def train(*, progress: Any = None) -> Result:
    """Reads ten samples, then takes ten steps in two epochs."""
    for done in (5, 10):
        progress(done, 10, "reading")
    for epoch in (1, 2):
        for step in range(1, 6):
            progress(5 * (epoch - 1) + step, 10, "learning")
        progress(5 * epoch, 10, f"epoch {epoch}/2  train 0.5000\n")
    return Result("train")


def test_a_line_that_stays_is_printed_at_once(capfd: pytest.CaptureFixture[str]) -> None:
    with display.progress_bar("step", hidden=False, units={"reading": "sample"}) as progress:
        train(progress=progress)
    assert capfd.readouterr().err == "epoch 1/2  train 0.5000\nepoch 2/2  train 0.5000\n"


@pytest.mark.usefixtures("clock")
def test_each_phase_is_counted_in_its_own_unit(capfd: pytest.CaptureFixture[str]) -> None:
    with display.progress_bar("step", hidden=False, units={"reading": "sample"}) as progress:
        train(progress=progress)
    lines = capfd.readouterr().err.splitlines()
    assert lines[0] == "10 of 10 (100%) samples, reading"
    assert lines[1] == "2 of 10 (20%) steps, learning"


SHOW = """
import sys
sys.path.insert(0, {root!r})
from signdata.cli import display
from tests.cli.test_display import train
with display.progress_bar("step", hidden=False, units={{"reading": "sample"}}) as progress:
    train(progress=progress)
"""


def test_a_terminal_keeps_the_epochs_and_the_bar_fits() -> None:
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    root = str(Path(__file__).parents[2])
    process = subprocess.Popen([sys.executable, "-c", SHOW.format(root=root)], stderr=theirs)
    os.close(theirs)
    shown = b""
    while process.poll() is None or select.select([ours], [], [], 0)[0]:
        try:
            shown += os.read(ours, 4096)
        except OSError:  # the other side is closed
            break
    os.close(ours)
    assert process.wait() == 0
    drawn = re.split(r"[\r\n]+", shown.decode())
    assert max(len(line) for line in drawn) <= 80
    assert [line for line in drawn if line.startswith("epoch")] == [
        "epoch 1/2  train 0.5000",
        "epoch 2/2  train 0.5000",
    ]
    assert any("sample" in line and "reading" in line for line in drawn)
    assert any("step" in line and "learning" in line for line in drawn)
    assert not any("step" in line and "reading" in line for line in drawn)


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
