"""Bundles on a node: in a child process, where crashes and hangs cost one item."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from signdata.errors import DecodeError, NodeError
from signdata.media.video.timeout import Alarm
from signdata.workers import bundles, heartbeat, node, noderunner
from signdata.workers.engines import Lost, Stopped
from signdata.workers.messages import Answer, Bundle
from signdata.workers.pool import WorkerDied


@dataclass(frozen=True)
class Job:
    """What becomes of a word, in a worker of the child."""

    def __call__(self, word: str) -> Any:
        if word == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if word == "hang":
            with Alarm(0.3):
                time.sleep(60)
        if word == "eat":
            return len(bytearray(300_000_000))
        if word == "sleep":
            time.sleep(60)
        if word == "fail":
            raise DecodeError("cannot be decoded", path="x.png")
        if word == "bug":
            raise KeyError(word)
        if word == "where":
            return os.getcwd(), os.getppid()
        return word.upper()


def one(item: str) -> list[str]:
    return [item]


@dataclass(frozen=True)
class Prepared:
    fit: bool = True

    def __call__(self) -> int:
        if not self.fit:
            raise NodeError("is not fit", path="node1")
        return os.getpid()


READY = Bundle("/", "", pickle.dumps(Prepared()), pickle.dumps((Job(), one)), workers=2)


@pytest.fixture(scope="module", autouse=True)
def _child_ends() -> Iterator[None]:
    yield
    node.end()


def run(*words: str, **other: Any) -> Answer:
    bundle = replace(READY, items=pickle.dumps(list(words)) if words else b"", **other)
    answer: Answer = pickle.loads(node.run(pickle.dumps(bundle)))
    return answer


def results(*words: str, **other: Any) -> list[list[Any]]:
    answer = run(*words, **other)
    assert answer.error is None
    found: list[list[Any]] = pickle.loads(answer.results)
    return found


def test_items_run_in_a_child_of_a_child_that_stays(tmp_path: Path) -> None:
    assert results("a", "b", "c") == [["A"], ["B"], ["C"]]
    child = run().prepared
    [[(folder, parent)]] = results("where", folder=str(tmp_path))
    assert (folder, parent) == (str(tmp_path), child)
    assert run().prepared == child != os.getpid()


def test_a_crash_and_a_hang_cost_their_item_and_not_the_child() -> None:
    child = run().prepared
    found = results("a", "die", "b", "hang", "c")
    assert [one for [one] in found if isinstance(one, str)] == ["A", "B", "C"]
    assert [one.item for [one] in found if isinstance(one, WorkerDied)] == ["die", "hang"]
    assert run().prepared == child


def test_a_node_may_limit_what_each_of_its_processes_allocates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert results("eat") == [[300_000_000]]
    node.end()
    monkeypatch.setenv(noderunner.MEMORY_LIMIT, "150000000")
    with pytest.raises(RuntimeError, match="MemoryError"):
        raise run("eat").error or AssertionError
    assert results("a") == [["A"]]
    node.end()
    monkeypatch.setenv(noderunner.MEMORY_LIMIT, "2G")
    with pytest.raises(NodeError, match="SIGNDATA_MEMORY_LIMIT is '2G'; expected bytes"):
        noderunner.memory_limit()


def test_errors_come_back() -> None:
    error = run("fail").error
    assert isinstance(error, DecodeError)
    assert str(error) == "x.png: cannot be decoded"
    with pytest.raises(RuntimeError, match=r"KeyError\('bug'\)(.|\n)*noderunner"):
        raise run("bug").error or AssertionError


def test_an_unfit_node_gets_a_new_child() -> None:
    assert isinstance(run("a", prepare=pickle.dumps(Prepared(False))).error, NodeError)
    answer = run("a")
    if isinstance(answer.error, Lost):  # it was still about to end
        answer = run("a")
    assert answer.error is None


def test_a_child_that_dies_loses_its_bundle() -> None:
    child = run().prepared
    threading.Timer(0.3, os.kill, (child, signal.SIGKILL)).start()
    assert isinstance(run("sleep").error, Lost)
    assert results("a") == [["A"]]


def test_a_run_that_is_over_is_left_within_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node, "_PAUSE", 0.05)
    file = tmp_path / "run-x"
    file.write_bytes(b"0")
    child = run().prepared
    threading.Timer(0.3, file.unlink).start()
    assert isinstance(run("sleep", run_file=str(file)).error, Stopped)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert isinstance(run("a", run_file=str(file)).error, Stopped)


def test_a_silent_run_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "_PAUSE", 0.05)
    monkeypatch.setattr(heartbeat, "SILENCE", 0.3)
    file = tmp_path / "run-x"
    file.write_bytes(b"0")
    assert isinstance(run("sleep", run_file=str(file)).error, Stopped)


def test_cores_are_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr(noderunner.pool, "n_workers", lambda wanted: wanted or 8)
    asked: list[int] = []

    def note(job: Any, items: Any, *, workers: int, **_: Any) -> Iterator[Any]:
        asked.append(workers)
        yield from ()

    monkeypatch.setattr(noderunner.pool, "run", note)
    bundle = replace(READY, items=pickle.dumps(list("abcdefghij")), workers=None)
    for made in (
        bundle,
        replace(bundle, shares={socket.gethostname(): 4}),
        replace(bundle, shares={"elsewhere": 4}),
        replace(bundle, workers=3),
        replace(bundle, items=pickle.dumps(["a"])),
    ):
        noderunner._results(made)
    assert asked == [8, 2, 8, 3, 1]


def test_a_large_job_goes_through_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "MAX_JOB", 10)
    job = pickle.dumps((Job(), one))
    name = bundles._carried(job, str(tmp_path / "run-1"))
    assert isinstance(name, str)
    assert Path(name).read_bytes() == job
    assert results("a", job=name) == [["A"]]
    other = Path(name).with_name(f"job-{64 * '0'}")
    other.write_bytes(job)
    error = run("a", job=str(other)).error
    assert isinstance(error, NodeError)
    assert str(error) == f"{other}: is not what the run has written"
