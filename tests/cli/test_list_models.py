"""signdata baseline --list-models."""

from __future__ import annotations

import pytest

import signdata


def test_the_table_needs_no_dataset(cli, tmp_path):
    done = cli("baseline", "--list-models", "--json", cwd=tmp_path)
    assert done.returncode == 0
    rows = {row["name"]: row for row in done.json["models"]}
    assert {"unam", "signnet", "clipnet"} <= set(rows)
    assert rows["resnet50"]["parameters"] == 23_567_453
    assert rows["resnet50"]["trainable"] == 59_421
    assert set(rows["unam"]) == {"name", "parameters", "trainable", "input", "classes", "source"}
    assert list(tmp_path.iterdir()) == []


def test_lines_for_people(cli):
    done = cli("baseline", "--list-models")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].split()[:3] == ["name", "parameters", "trainable"]
    (tec,) = [line for line in lines if line.startswith("tec ")]
    assert "652,333" in tec
    assert "3 x 150 x 150" in tec


def test_training_needs_a_dataset(cli):
    done = cli("baseline")
    assert done.returncode == 2
    assert "SRC" in done.error
    assert done.error.endswith("See signdata baseline --help.")
    with pytest.raises(signdata.SigndataError, match="no dataset"):
        signdata.baseline()
