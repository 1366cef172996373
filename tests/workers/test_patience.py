"""Short work is done in this process; workers are started where the first items say it pays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import signdata
from signdata.formats import batch_jobs
from signdata.workers import pool


def pid(number: int) -> int:
    return os.getpid()


def test_what_is_soon_done_starts_no_workers() -> None:
    found = list(pool.run(pid, range(20), workers=2, patience=60.0))
    assert [(number, results) for number, results in found] == [
        (number, [os.getpid()]) for number in range(20)
    ]


def test_workers_do_what_is_left_of_long_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "FIRST", 0.0)
    found = list(pool.run(pid, range(20), workers=2, patience=1e-9))
    assert [number for number, _ in found] == list(range(20))
    processes = [result for _, [result] in found]
    assert processes[0] == os.getpid()
    assert os.getpid() not in processes[1:]


def test_time_spent_waiting_counts_where_it_is_most_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "FIRST", 0.0)
    clock = iter(range(0, 10_000, 10))
    monkeypatch.setattr(pool.time, "perf_counter", lambda: float(next(clock)))
    found = list(pool.run(pid, range(20), workers=2, patience=100.0))
    assert [result == os.getpid() for _, [result] in found] == [True] + [False] * 19


def test_workers_are_started_where_somebody_says_how_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []
    real = pool.run

    def seen(*args: object, **keywords: object) -> object:
        given.append((keywords["workers"], keywords["patience"]))
        return real(*args, **keywords)  # type: ignore[arg-type]

    monkeypatch.setattr(pool, "run", seen)
    (tmp_path / "a.csv").write_text("label,pixel1\n0,7\n1,8\n")
    for name, workers in (("a", None), ("b", 2)):
        signdata.csv_to_folders(tmp_path / "a.csv", tmp_path / name, workers=workers)
    signdata.convert(tmp_path / "a", tmp_path / "c.h5")  # pictures are for a decoder
    default = pool.n_workers(None)
    assert given == [(default, batch_jobs.PATIENCE), (2, 0.0), (default, 0.0)]
    one, other = (sorted((tmp_path / name).rglob("*.png")) for name in ("a", "b"))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]
