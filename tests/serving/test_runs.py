"""Runs: their numbers, matrices, and what they said of samples."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from signdata.errors import FormatError
from signdata.serving.runs import Run, run_folders
from signdata.training.predictions import Answers, write_predictions
from tests.serving.apps import App, opened

IDS = ["A/0", "A/2", "A/4", "B/1", "B/3"]
LABELS = [0, 0, 0, 1, 1]


def make_run(folder: Path, shares: list[float], **numbers: object) -> Path:
    """A run that says A with these probabilities of the samples `IDS`."""
    folder.mkdir(parents=True)
    metrics = {"model": "signnet", "test_accuracy": 0.6, "val_accuracy": 0.5, **numbers}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / "results.csv").write_text("epoch,train_loss,val_loss\n1,0.5,nan\n2,0.25,0.75\n")
    probabilities = np.array([[share, 1 - share] for share in shares])
    answers = Answers(IDS, ["test"] * 5, np.array(LABELS), probabilities)
    write_predictions(folder / "predictions.csv", [answers], ["A", "B"])
    return folder


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    first = make_run(tmp_path / "one", [0.9, 0.8, 0.3, 0.6, 0.1])
    second = make_run(tmp_path / "two", [0.9, 0.4, 0.3, 0.2, 0.1])
    return first, second


@pytest.fixture
def app(make_tree: Callable[..., Path], runs: tuple[Path, Path]) -> Iterator[App]:
    with opened(make_tree(), runs=runs) as one:
        yield one


def test_what_a_run_said_is_a_filter(app: App) -> None:
    assert app.ids("answer=wrong") == ["A/4", "B/1"]
    assert app.ids("answer=none") == ["B/5"]
    assert app.ids("label=A&said=B") == ["A/4"]
    assert app.get("/api/facets?label=A")["facets"]["answer"] == {"right": 2, "wrong": 1}


def test_two_runs_are_compared(app: App) -> None:
    assert app.ids("answer=right&other_answer=wrong") == ["A/2"]
    assert app.ids("answer=wrong&other_answer=right") == ["B/1"]
    assert app.ids("run=1&other=0&answer=wrong&other_answer=right") == ["A/2"]
    assert app.client.get("/api/samples?answer=right&run=2").status_code == 422


def test_samples_are_sorted_by_the_probability_of_their_own_label(app: App) -> None:
    assert app.ids("sort=p_true") == ["A/4", "B/1", "A/2", "A/0", "B/3", "B/5"]
    assert app.ids("sort=-p_true")[-1] == "B/5"  # without an answer
    first = app.get("/api/samples?sort=p_true")["samples"][0]
    assert (first["said"], first["p"], first["p_true"]) == ("B", 0.7, 0.3)


def test_a_sample_tells_what_every_run_said(app: App) -> None:
    [sample] = app.get("/api/samples?label=B&said=A")["samples"]
    answers = app.get(f"/api/samples/{sample['n']}")["answers"]
    assert [(one["r"], one["said"], one["right"]) for one in answers] == [
        (0, "A", "wrong"),
        (1, "B", "right"),
    ]
    assert answers[0]["top"] == [
        {"label": "A", "probability": 0.6},
        {"label": "B", "probability": 0.4},
    ]


def test_the_matrix_is_sparse_and_its_cells_are_the_filters(app: App) -> None:
    found = app.get("/api/runs/0/confusion")
    assert (found["split"], found["classes"]) == ("test", ["A", "B"])
    assert found["cells"] == [[0, 0, 2], [0, 1, 1], [1, 0, 1], [1, 1, 1]]
    assert (found["samples"], found["right"]) == (5, 3)
    for true, said, n in found["cells"]:
        query = f"label={found['classes'][true]}&said={found['classes'][said]}"
        assert len(app.ids(query)) == n
    assert app.client.get("/api/runs/0/confusion?split=val").status_code == 422


def test_the_numbers_of_a_run(app: App) -> None:
    page = app.get("/api/runs/1")
    assert page["run"]["name"] == "two"
    assert page["run"]["test_accuracy"] == 0.6
    assert page["history"][0] == {"epoch": 1.0, "train_loss": 0.5, "val_loss": None}
    assert [one["label"] for one in page["classes"]] == ["A", "B"]
    assert page["classes"][0]["share"] == pytest.approx(1 / 3, abs=1e-6)
    assert (page["honest"], page["naive"]) == (None, None)
    assert [one["name"] for one in app.get("/api/runs")["runs"]] == ["one", "two"]
    assert app.get("/api/dataset")["runs"] == [{"r": 0, "name": "one"}, {"r": 1, "name": "two"}]
    assert app.client.get("/runs/1").status_code == 200
    assert app.client.get("/runs/2").status_code == 404


def test_runs_that_compare_splits_tell_honest_and_naive(tmp_path: Path) -> None:
    for name in ("random", "grouped", "shuffled"):
        make_run(tmp_path / "run" / name, [0.9] * 5)
    (tmp_path / "run" / "comparison.json").write_text(
        json.dumps({"random_split_accuracy": 0.99, "group_split_accuracy": 0.7})
    )
    folders = run_folders(tmp_path / "run")
    assert [folder.name for folder in folders] == ["grouped", "random", "shuffled"]
    run = Run.open(folders[0], tmp_path / "run")
    assert run.name == "run/grouped"
    assert run.comparison["group_split_accuracy"] == 0.7


def test_runs_alone_are_shown_without_a_dataset(runs: tuple[Path, Path]) -> None:
    with opened(runs=runs) as app:
        assert app.get("/api/dataset")["samples"] == 0
        assert app.get("/api/runs/0")["run"]["model"] == "signnet"
        assert app.get("/api/samples")["samples"] == []


def test_a_run_of_an_earlier_edition_has_no_answers(
    make_tree: Callable[..., Path], runs: tuple[Path, Path]
) -> None:
    (runs[0] / "predictions.csv").unlink()
    (runs[0] / "results.csv").unlink()
    with opened(make_tree(), runs=runs[:1]) as app:
        assert app.ids("answer=none") == app.ids("")
        assert app.get("/api/runs/0/confusion")["cells"] == []
        assert app.get("/api/runs/0")["history"] == []


@pytest.mark.parametrize("name", ["metrics.json", "predictions.csv"])
def test_a_damaged_run_is_refused(runs: tuple[Path, Path], name: str) -> None:
    (runs[0] / name).write_text("{nonsense")
    with pytest.raises(FormatError, match=name):
        Run.open(runs[0], runs[0])


def test_a_run_stands_for_itself(runs: tuple[Path, Path]) -> None:
    assert run_folders(runs[0]) == [runs[0]]
