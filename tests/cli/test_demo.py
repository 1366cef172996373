"""signdata demo."""

from __future__ import annotations

import json
import shlex

import click
import h5py
import pytest

import signdata
from signdata.cli.app import group
from signdata.errors import DependencyError


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """Tiny networks learn faster in one thread than in several that share a busy machine."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.mark.slow
def test_the_whole_way(cli, tmp_path):
    done = cli("demo", "show", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    typed = [line[2:] for line in done.stdout.splitlines() if line.startswith("$ ")]
    assert typed[0] == "cd show"
    steps = [shlex.split(line)[1:] for line in typed[1:]]
    assert [step[0] for step in steps] == [
        "sample",
        "csv-to-folders",
        "split",
        "convert",
        "baseline",
        "report",
        "sample",
        "extract-frames",
    ]
    for name, *words in steps:
        command = group.get_command(click.Context(group), name)
        assert command is not None
        command.make_context(name, list(words))
    show = tmp_path / "show"
    with h5py.File(show / "asl.h5") as file:
        assert file["images"].shape[1:] == (28, 28)
        assert set(file["splits"].asstr()[:]) == {"train", "val", "test"}
    assert json.loads((show / "run" / "metrics.json").read_text())["test_accuracy"] > 0.5
    assert done.stdout.splitlines()[-2:] == [
        "show/report.html",
        "next: signdata serve show/asl-split show/run",
    ]
    assert (show / "report.html").read_bytes().startswith(b"<!doctype html>")
    assert list((show / "frames").glob("*/*/*/img_00016.jpg"))

    again = cli("demo", "show", "--json", cwd=tmp_path)
    assert again.returncode == 0
    found = again.json
    assert (found["command"], found["read"], found["written"]) == ("demo", 8, 8)
    assert [step["command"] for step in found["steps"]] == [step[0] for step in steps]


def test_a_foreign_folder_of_the_same_name_is_left_alone(cli, tmp_path):
    (tmp_path / "show" / "toy").mkdir(parents=True)
    (tmp_path / "show" / "toy" / "mine.txt").write_text("precious")
    done = cli("demo", "show", "--quiet", cwd=tmp_path)
    assert done.returncode == 5
    assert done.error
    assert (tmp_path / "show" / "toy" / "mine.txt").read_text() == "precious"


def test_without_torch_it_stops_before_the_first_step(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DependencyError, match="torch is not installed"):
        signdata.demo(tmp_path / "demo", say=print)
    assert not (tmp_path / "demo").exists()
