"""Ratios of two runs of the benchmarks, compared."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as program
from benchmarks import guard
from benchmarks.measure import Figure


def run(ours: float, usual: float = 6.0, unit: str = "s CPU", **others: Any) -> dict[str, Any]:
    """What `--json` writes of a run with one figure."""
    figure = Figure("csv to hdf5", "h5py", unit, [ours, ours * 2], [usual, usual * 3], ">= 2x less")
    made = {"name": "csv-to-hdf5", **figure.to_dict()}
    return {"machine": "a machine", "rows": 2000, "clips": 200, "figures": [made], **others}


@pytest.mark.parametrize(
    ("ours", "fell"), [(1.0, False), (1.17, False), (1.18, True), (0.5, False)]
)
def test_a_ratio_may_lose_fifteen_percent(ours: float, fell: bool) -> None:
    [change] = guard.compare(run(1.0), run(ours))
    assert (change.before, change.now, change.fell) == (6.0, pytest.approx(6 / ours), fell)


def test_a_slower_machine_changes_nothing() -> None:
    [change] = guard.compare(run(1.0), run(3.0, 18.0))
    assert not change.fell


def test_where_less_of_the_usual_way_is_asked_for_more_is_still_worse() -> None:
    def shares(ours: float) -> dict[str, Any]:
        figure = Figure("batches", "array[idx]", "us CPU/picture", [ours], [1.0], "<= 1.5x")
        return run(1.0, figures=[{"name": "batches", **figure.to_dict()}])

    assert [one.fell for one in guard.compare(shares(1.0), shares(1.3))] == [True]
    assert [one.fell for one in guard.compare(shares(1.3), shares(1.0))] == [False]


def test_elapsed_time_is_not_compared() -> None:
    both = run(1.0)
    both["figures"] += run(1.0, unit="s wall")["figures"]
    later = run(1.0)
    later["figures"] += run(9.0, unit="s wall")["figures"]
    assert len(guard.compare(both, later)) == 1
    with pytest.raises(guard.NotComparable, match="no ratio"):
        guard.compare(run(1.0, unit="s wall"), run(1.0, unit="s wall"))


def test_what_is_no_longer_measured_has_fallen() -> None:
    now = run(1.0)
    now["figures"][0]["job"] = "another"
    [change] = guard.compare(run(1.0), now)
    assert change.fell
    assert "no longer measured" in str(change)


def test_jobs_that_were_not_run_are_not_missed() -> None:
    before = run(1.0)
    before["figures"].append({**run(1.0)["figures"][0], "name": "split", "job": "split"})
    assert len(guard.compare(before, run(1.0))) == 1


@pytest.mark.parametrize("other", [{"rows": 27455}, {"clips": 7}])
def test_other_amounts_of_data_are_not_compared(other: dict[str, int]) -> None:
    with pytest.raises(guard.NotComparable, match="run with the same --"):
        guard.compare(run(1.0), run(1.0, **other))


def test_what_is_told() -> None:
    before, now = run(1.0), run(2.0)
    before["figures"].append({**before["figures"][0], "job": "split"})
    now["figures"].append({**run(1.0)["figures"][0], "job": "split"})
    assert guard.told(guard.compare(before, now)) == (
        "fell by more than 15%: csv to hdf5 (s CPU) against h5py: 6.00 -> 3.00 (-50%)\n"
        "1 of 2 ratios are as they were, or better"
    )


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"figures": []}', '{"figures": [{}]}'])
def test_a_file_that_is_something_else(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(guard.NotComparable, match="cannot be read"):
        guard.read(tmp_path / "a.json")


@pytest.mark.parametrize(("before", "code"), [(1.0, 0), (0.5, 1)])
def test_the_program_ends_with_one_where_a_ratio_fell(
    before: float,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def job(place: Any) -> Any:
        yield Figure("csv to hdf5", "h5py", "s CPU", [1.0], [6.0], ">= 2x less")

    earlier, later = tmp_path / "earlier.json", tmp_path / "later.json"
    earlier.write_text(json.dumps(run(before)))
    monkeypatch.setitem(program.JOBS, "csv-to-hdf5", job)
    words = ["csv-to-hdf5", "--quick", "--json", str(later), "--against", str(earlier)]
    monkeypatch.setattr(sys, "argv", ["benchmarks", *words])
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert ended.value.code == code
    assert ("fell by more" in capsys.readouterr().out) == bool(code)
    assert [one.fell for one in guard.compare(guard.read(later), run(1.0))] == [False]


def test_the_committed_ratios_can_be_compared() -> None:
    committed = guard.read(Path(program.__file__).parent / "ratios.json")
    assert (committed["rows"], committed["clips"]) == (2000, 200)
    assert {one["name"] for one in committed["figures"]} <= program.JOBS.keys()
    assert len(guard.compare(committed, committed)) >= 5
