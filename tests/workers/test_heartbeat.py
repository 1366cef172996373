"""The run file: there and changing while a run is alive, gone when it ends."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from signdata.workers import heartbeat
from signdata.workers.heartbeat import Heartbeat, Watch, beats_within, run_files


def test_it_beats_while_the_run_is_alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "INTERVAL", 0.02)
    with Heartbeat(tmp_path) as alive:
        assert list(run_files(tmp_path)) == [alive.file]
        watch = Watch(alive.file)
        assert watch.beats
        assert beats_within(alive.file, 20)
        assert watch.beats
        assert not watch.is_over
    assert watch.is_over
    assert list(tmp_path.iterdir()) == []


def test_two_runs_have_two_files(tmp_path: Path) -> None:
    with Heartbeat(tmp_path) as a, Heartbeat(tmp_path) as b:
        assert {a.file, b.file} == set(run_files(tmp_path))


def test_silence_is_death_by_the_own_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    file = tmp_path / "run-x"
    file.write_bytes(b"7")
    watch = Watch(file)
    assert not watch.is_over
    clock[0] += heartbeat.SILENCE - 1
    assert not watch.is_over
    file.write_bytes(b"8")
    assert not watch.is_over
    clock[0] += heartbeat.SILENCE - 1
    assert not watch.is_over
    clock[0] += 2
    assert watch.is_over


def test_listening_to_a_dead_run_ends(tmp_path: Path) -> None:
    file = tmp_path / "run-x"
    assert not beats_within(file, 20)
    file.write_bytes(b"7")
    assert not beats_within(file, 0.2)
    threading.Timer(0.2, file.unlink).start()
    assert not beats_within(file, 20)
