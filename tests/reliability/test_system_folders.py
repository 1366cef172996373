"""No command leaves anything in the system's folders, also when it is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import signdata
from tests.reliability.conftest import write_csv, write_tree

ROOT = Path(signdata.__file__).parents[1]


def environment(home: Path) -> dict[str, str]:
    """One in which everything that is not named lands in `home`."""
    home.mkdir()
    places = ("HOME", "TMPDIR", "TEMP", "TMP", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")
    kept = {name: text for name, text in os.environ.items() if not name.startswith("ORT_")}
    return kept | dict.fromkeys(places, str(home)) | {"PYTHONPATH": str(ROOT)}


@pytest.mark.slow
def test_commands_that_end(tmp_path: Path) -> None:
    around = environment(tmp_path / "home")
    tree, data = write_tree(tmp_path / "tree"), write_csv(tmp_path / "data.csv", 30)
    run = tmp_path / "run"
    for words in (
        ["audit", tree, "--contact-sheet", tmp_path / "sheet.png"],
        ["convert", tree, tmp_path / "tree.h5"],
        ["split", tree, tmp_path / "split", "--ratios", "60,40"],
        ["augment", tree, tmp_path / "variants", "--recipe", "observed-20"],
        ["baseline", data, "--epochs", "1", "--out", run],
        ["predict", run, tree, "--annotate", tmp_path / "shown"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "signdata", *map(str, words)],
            env=around,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, (words, done.stderr)
        assert os.listdir(tmp_path / "home") == [], words
    assert not list(tmp_path.rglob("scratch"))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_training_in_two_processes_that_are_killed(tmp_path: Path) -> None:
    """The helper's folder is the output's; the same command sweeps what a kill left of it."""
    around = environment(tmp_path / "home")
    data, run = write_csv(tmp_path / "data.csv", 60), tmp_path / "run"
    words = ["-m", "signdata", "baseline", str(data), "--out", str(run), "--device", "cpu"]
    together = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    running = subprocess.Popen(
        [sys.executable, *together, *words, "--epochs", "500"],
        env=around,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    scratch = run / ".signdata-partial" / "scratch"
    latest = time.monotonic() + 100
    while not (scratch / "rank-1").exists():
        assert time.monotonic() < latest
        assert running.poll() is None
        time.sleep(0.05)
    ranks = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    assert len(ranks) == 2
    for pid in (running.pid, *map(int, ranks)):
        os.kill(pid, signal.SIGKILL)
    running.wait()
    assert [name for name in os.listdir(tmp_path / "home") if "signdata" in name] == []
    done = subprocess.run(
        [sys.executable, *together, *words, "--epochs", "1", "--overwrite"],
        env=around,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    assert (run / "best.pt").exists()
    assert not scratch.exists()
    assert not list(run.glob(".signdata*"))
