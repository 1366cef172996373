"""A disk that is really full: one line, the same command goes on when there is space."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.reliability.conftest import snapshot, write_csv, write_tree


@cache
def may_mount() -> bool:
    """Whether this user may have mounts of his own."""
    command = ["unshare", "-m", "sh", "-c", "mount -t tmpfs -o size=64k tmpfs /mnt"]
    try:
        return subprocess.run(command, capture_output=True, timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


needs_mounts = pytest.mark.skipif(
    "not __import__('tests.reliability.test_disk_full', fromlist=['_']).may_mount()",
    reason="unshare and mount are not permitted here",
)

SCRIPT = """
set -u
mount -t tmpfs -o size=$SIZE tmpfs "$DISK"
"$@" 2>"$LOGS/err1" >"$LOGS/out1"; echo $? >"$LOGS/code1"
ls -A "$DISK" >"$LOGS/ls1"
mount -o remount,size=64m "$DISK"
"$@" 2>"$LOGS/err2" >"$LOGS/out2"; echo $? >"$LOGS/code2"
cp -a "$DISK/." "$LOGS/disk/"
"""


def on_small_disk(tmp_path: Path, words: list[str], kilobytes: int) -> tuple[int, str, int, str]:
    """Run a command twice on a small disk that is then enlarged: codes and errors of both."""
    logs = tmp_path / f"logs-{kilobytes}"
    (logs / "disk").mkdir(parents=True)
    (tmp_path / "disk").mkdir(exist_ok=True)
    environment = {
        **os.environ,
        "DISK": str(tmp_path / "disk"),
        "LOGS": str(logs),
        "SIZE": f"{kilobytes}k",
    }
    command = [sys.executable, "-m", "signdata", *words]
    subprocess.run(
        ["unshare", "-m", "sh", "-c", SCRIPT, "sh", *command],
        env=environment,
        check=True,
        timeout=120,
    )
    first, second = (int((logs / f"code{i}").read_text()) for i in (1, 2))
    return first, (logs / "err1").read_text(), second, (logs / "err2").read_text()


@needs_mounts
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("out", (24, 300, 1500)),
        ("out.csv", (24, 64, 96, 460)),
        ("out.h5", (24, 120, 150, 180, 220)),
    ],
)
def test_a_full_disk_is_said_and_the_command_goes_on(
    tmp_path: Path, name: str, sizes: tuple[int, ...]
) -> None:
    if name == "out.csv":
        src = write_tree(tmp_path / "src", 400)
    else:
        src = write_csv(tmp_path / "src.csv", 400, 16)
    (tmp_path / "whole").mkdir()
    words = ["convert", str(src)]
    subprocess.run(
        [sys.executable, "-m", "signdata", *words, str(tmp_path / "whole" / name)], check=True
    )
    whole = snapshot(tmp_path / "whole")
    codes = []
    for size in sizes:
        place = tmp_path / "disk" / name
        first, error, second, later = on_small_disk(tmp_path, [*words, str(place), "-j", "2"], size)
        codes.append(first)
        if first:
            assert first == 5, error
            assert error.count("\n") == 1, error
            assert error.startswith("error: ")
            assert str(place) in error
            assert "the disk is full" in error
            assert "Free some space" in error
        assert (second, later) == (0, ""), (size, later)
        assert snapshot(tmp_path / f"logs-{size}" / "disk") == whole, size
    assert codes.count(5) >= len(sizes) - 2


@needs_mounts
@pytest.mark.parametrize("name", ["out", "out.h5"])
def test_a_disk_that_may_not_be_written(tmp_path: Path, name: str) -> None:
    src = write_csv(tmp_path / "src.csv")
    disk = tmp_path / "disk"
    disk.mkdir()
    script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
    command = [sys.executable, "-m", "signdata", "convert", str(src), str(disk / name)]
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, str(disk), *command],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 5
    assert done.stderr.count("\n") == 1
    assert "Read-only file system" in done.stderr
    assert snapshot(disk) == {}


@needs_mounts
def test_a_complete_output_on_a_disk_that_may_not_be_written(tmp_path: Path) -> None:
    """The same command has nothing to do there, and says so."""
    src = write_csv(tmp_path / "src.csv")
    disk = tmp_path / "disk"
    disk.mkdir()
    command = [sys.executable, "-m", "signdata", "convert", str(src), str(disk / "out")]
    subprocess.run(command, check=True, capture_output=True)
    script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, str(disk), *command], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing to do" in done.stdout


def test_a_result_that_cannot_be_printed(tmp_path: Path) -> None:
    """stdout on a full disk is an output that is full; a closed one is nobody's fault."""
    src = write_csv(tmp_path / "src.csv")
    command = [sys.executable, "-m", "signdata", "info", str(src), "--json"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 5
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: ")


@pytest.mark.parametrize("json", [True, False])
def test_exit_codes_stay_true_when_nobody_reads(tmp_path: Path, json: bool) -> None:
    """As behind `2>&1 | head -1`, which ends before the command does."""
    src, out = write_tree(tmp_path / "src"), tmp_path / "out"
    csv = write_csv(tmp_path / "src.csv")
    run = [sys.executable, "-m", "signdata"]
    subprocess.run([*run, "convert", src, out], check=True, capture_output=True)
    (out / "A" / "000.png").write_bytes((out / "A" / "003.png").read_bytes())
    for words, code in (
        (["info", csv], 0),
        (["verify", out], 4),
        (["info", tmp_path / "nothing"], 4),
        (["convert", src, csv], 5),
        (["verify", "--nonsense"], 2),
    ):
        command = [*run, *map(str, words), *(["--json"] if json else [])]
        for stderr in (subprocess.STDOUT, subprocess.PIPE):
            reading, writing = os.pipe()
            os.close(reading)
            done = subprocess.run(command, stdout=writing, stderr=stderr, text=True)
            os.close(writing)
            assert done.returncode == code, words
            assert "Broken" not in (done.stderr or "")


def test_a_command_that_prints_as_it_goes_ends_like_any_other(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "signdata", "demo", str(tmp_path / "demo")]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")
