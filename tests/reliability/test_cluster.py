"""Processes of a cluster are killed: the same command, here or there, ends with the same bytes."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import signdata
from signdata.errors import OutputLockedError
from signdata.output import lock
from signdata.output.lock import Lock
from signdata.workers.heartbeat import Heartbeat
from tests.conftest import listing
from tests.reliability.conftest import write_tree
from tests.reliability.tally import TIMES, attack
from tests.workers.farm import Farm

ON_DEMAND = pytest.mark.skipif(TIMES < 2, reason="on demand: SIGNDATA_ATTACKS=20")
N_PICTURES = 3000

SMALL_BUNDLES = "import signdata.workers.bundles as b; b.SECONDS = 0.2; "
"""What a driver does first, so that there are many bundles."""

MAIN = "from signdata.cli.errors import main; main()"


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    pytest.importorskip("distributed")
    (tmp_path / "farm").mkdir()
    with Farm(tmp_path / "farm") as farm:
        yield farm


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "tree", N_PICTURES)


def start(tree: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    """The driver, in a process of its own."""
    words = ["convert", str(tree), str(out), "--image-format", "jpg", "--json", *more]
    return subprocess.Popen(
        [sys.executable, "-c", SMALL_BUNDLES + MAIN, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_work(out: Path, driver: subprocess.Popen[str]) -> None:
    """Until some bundles are in the journal."""
    journal = out / ".signdata-partial" / "journal"
    while driver.poll() is None and not (journal.exists() and journal.stat().st_size):
        time.sleep(0.01)


def kill_worker(farm: Farm, driver: subprocess.Popen[str]) -> None:
    farm.kill(farm.workers[0])
    farm.start_worker()


def kill_child(farm: Farm, driver: subprocess.Popen[str]) -> None:
    """The process in which a worker's bundles run."""
    found = subprocess.run(
        ["pgrep", "-f", "signdata.workers.noderunner"], capture_output=True, text=True
    )
    ours = [int(pid) for pid in found.stdout.split() if _belongs(int(pid), farm)]
    if ours:
        os.kill(ours[0], signal.SIGKILL)


def _belongs(pid: int, farm: Farm) -> bool:
    try:
        return str(farm.file) in Path(f"/proc/{os.getpgid(pid)}/cmdline").read_text()
    except OSError:
        return False


def kill_all_workers(farm: Farm, driver: subprocess.Popen[str]) -> None:
    for worker in list(farm.workers):
        farm.kill(worker)
    time.sleep(1)
    farm.start_worker()
    farm.start_worker()


def kill_nanny(farm: Farm, driver: subprocess.Popen[str]) -> None:
    """The process that starts a worker again; the worker goes with it. Another node comes."""
    os.kill(nanny_of(farm), signal.SIGKILL)
    farm.start_worker()


def kill_under_nanny(farm: Farm, driver: subprocess.Popen[str]) -> None:
    """A worker alone: its nanny starts it again."""
    nanny = nanny_of(farm)
    children = (file.read_text() for file in Path(f"/proc/{nanny}/task").glob("*/children"))
    workers = [int(pid) for text in children for pid in text.split()]
    spawned = [one for one in workers if "spawn_main" in command_of(one)]
    for pid in spawned:
        os.kill(pid, signal.SIGKILL)


def nanny_of(farm: Farm) -> int:
    """A process of the group of the youngest worker that has the words of the command line."""
    group = farm.workers[-1].pid
    for entry in Path("/proc").glob("[0-9]*"):
        pid = int(entry.name)
        with contextlib.suppress(OSError):
            words = command_of(pid)
            if os.getpgid(pid) == group and words.startswith(f"{sys.executable}\0-m"):
                return pid
    raise AssertionError("no worker")


def command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def kill_scheduler(farm: Farm, driver: subprocess.Popen[str]) -> None:
    assert farm.scheduler is not None
    farm.kill(farm.scheduler)


def kill_driver(farm: Farm, driver: subprocess.Popen[str]) -> None:
    driver.kill()


def interrupt_driver(farm: Farm, driver: subprocess.Popen[str]) -> None:
    driver.send_signal(signal.SIGINT)


KILLS: dict[str, tuple[Callable[[Farm, subprocess.Popen[str]], None], set[int]]] = {
    "worker": (kill_worker, {0}),
    "nanny": (kill_nanny, {0}),
    "worker-under-nanny": (kill_under_nanny, {0}),
    "child": (kill_child, {0}),
    "all-workers": (kill_all_workers, {0}),
    "scheduler": (kill_scheduler, {0, 5}),
    "driver": (kill_driver, {0, -signal.SIGKILL}),
    "interrupt": (interrupt_driver, {0, 130}),
}


@ON_DEMAND
@pytest.mark.slow
@pytest.mark.parametrize("name", KILLS)
def test_killed_at_any_moment_of_a_run_on_a_cluster(
    name: str, tree: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pytest.importorskip("distributed")
    kill, codes = KILLS[name]
    whole = tmp_path / "whole"
    signdata.convert(tree, whole, image_format="jpg", workers=1)
    moments = random.Random(name)
    farm: Farm | None = None
    try:
        for number in range(TIMES):
            if farm is None or name == "scheduler":
                if farm is not None:
                    farm.__exit__()
                farm = Farm(tmp_path_factory.mktemp("farm"), nannies="nanny" in name)
            out = tmp_path / f"out{number}"
            with attack(f"cluster: {name} killed"):
                driver = start(tree, out, "--cluster", farm.address)
                wait_for_work(out, driver)
                time.sleep(moments.random() * 2)
                kill(farm, driver)
                told, complaint = driver.communicate(timeout=120)
                assert driver.returncode in codes, complaint
                if driver.returncode == 0:
                    assert json.loads(told)["written"] == N_PICTURES
                elif number % 2 and name != "scheduler":
                    again = start(tree, out, "--cluster", farm.address)
                    _, complaint = again.communicate(timeout=120)
                    assert again.returncode == 0, complaint
                else:
                    signdata.convert(tree, out, image_format="jpg", workers=1)
                assert listing(out) == listing(whole)
    finally:
        if farm is not None:
            farm.__exit__()


def lock_of(folder: Path) -> Lock:
    return Lock(folder, folder.parent, "convert")


def write_owner(folder: Path, host: str) -> None:
    (folder / "owner.json").write_text(json.dumps({"pid": 1, "host": host, "command": "convert"}))


def test_a_run_on_another_machine_is_seen_by_its_heartbeat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a file system whose locks hold on one machine alone."""
    from signdata.workers import heartbeat

    monkeypatch.setattr(heartbeat, "INTERVAL", 0.05)
    folder = tmp_path / "out" / ".signdata-partial"
    folder.mkdir(parents=True)
    write_owner(folder, "node9")
    with Heartbeat(folder) as alive:
        with pytest.raises(OutputLockedError, match=r"is being written by process 1 on node9"):
            lock_of(folder).acquire()
        assert alive.file.exists()
        write_owner(folder, os.uname().nodename)  # then the lock itself is to be trusted
        second = lock_of(folder)
        second.acquire()
        assert not alive.file.exists()  # so that its nodes stop
        second.release()


def test_a_dead_run_on_another_machine_is_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "LISTEN", 0.1)
    folder = tmp_path / "out" / ".signdata-partial"
    folder.mkdir(parents=True)
    write_owner(folder, "node9")
    (folder / "run-1").write_bytes(b"7")
    second = lock_of(folder)
    second.acquire()
    assert not (folder / "run-1").exists()
    second.release()
