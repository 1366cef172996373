"""`predict --annotate` is whole or absent like every output, and leaves nothing elsewhere."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.inference import models
from tests.reliability.conftest import Child, partials, points, snapshot, write_tree


@pytest.fixture
def model(tmp_path: Path) -> Path:
    card = json.dumps({**models.CARD, "size_hw": [4, 4]})
    return models.write(tmp_path / "model.onnx", models.by_brightness(card=card))


def words(model: Path, source: Path, child: Child, *more: str) -> list[str]:
    return ["predict", str(model), str(source), "--annotate", str(child.work / "out"), *more]


@pytest.mark.slow
def test_killed_at_any_change(
    tmp_path: Path, model: Path, child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a folder never has its final name, and the same command finishes it."""
    (tmp_path / "temp").mkdir()
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(tmp_path / "temp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    source = write_tree(tmp_path / "data", 4)
    before = snapshot(source)
    command = words(model, source, child)
    n = child.count(command)
    whole = snapshot(child.work)
    assert sum(place.endswith(".png") for place in whole) == 4
    for at in points(n, 4, 4, 10):
        os.system(f"rm -rf {child.work}/*")
        assert child.run(command, at).code == -signal.SIGKILL
        moving = list(child.work.rglob("commit"))
        if partials(child.work) and not moving:
            left = {path for path in snapshot(child.work) if ".signdata-partial" not in path}
            assert left <= {"out"} or snapshot(child.work).items() >= whole.items()
        ended = child.run(command)
        assert (ended.code, ended.stderr) == (0, ""), (at, ended)
        assert snapshot(child.work) == whole, at
        assert list((tmp_path / "temp").iterdir()) == []
    assert snapshot(source) == before


def test_the_same_again_another_and_something_else(
    tmp_path: Path, model: Path, child: Child
) -> None:
    source = write_tree(tmp_path / "data", 3)
    command = words(model, source, child)
    assert child.run(command).code == 0
    whole = snapshot(child.work)
    document = json.loads((child.work / "out" / "signdata.json").read_bytes())
    assert document["counts"] == {"read": 3, "written": 3, "skipped": 0, "failed": 0}
    assert [each["name"] for each in document["sources"]] == ["model.onnx", "data"]
    again = child.run(command)
    assert again.code == 0
    assert again.stdout.startswith(f"{child.work / 'out'} is complete already: nothing to do")
    assert "000.png" in again.stdout  # the answers are given all the same
    assert snapshot(child.work) == whole

    (source / "A" / "000.png").write_bytes((source / "B" / "001.png").read_bytes())
    changed = child.run(command)
    assert changed.code == 5
    assert "was made from another version of data" in changed.error
    assert snapshot(child.work) == whole
    assert child.run([*command, "--overwrite"]).code == 0

    other = child.work / "other"
    other.mkdir()
    (other / "mine.txt").write_text("mine")
    refused = child.run([*command[:-1], str(other)])
    assert refused.code == 5
    assert "was made by something else" in refused.error
    assert snapshot(other) == {"mine.txt": b"mine"}


def test_what_could_not_be_read_is_tried_again(tmp_path: Path, model: Path, child: Child) -> None:
    source = write_tree(tmp_path / "data", 3)
    hurt = source / "A" / "000.png"
    good = hurt.read_bytes()
    hurt.write_bytes(b"damaged")
    command = words(model, source, child)
    assert child.run(command).code == 3
    place = child.work / "out"
    names = sorted(path.name for path in place.iterdir())
    assert names == ["0002-001.png", "0003-002.png", "problems.csv", "signdata.json"]
    assert child.run(command).code == 3
    hurt.write_bytes(good)
    assert child.run([*command, "--overwrite"]).code == 0
    names = sorted(path.name for path in place.iterdir())
    assert names == ["0001-000.png", "0002-001.png", "0003-002.png", "signdata.json"]


def test_nothing_that_could_be_read_leaves_nothing(
    tmp_path: Path, model: Path, child: Child
) -> None:
    (tmp_path / "data").mkdir()
    ended = child.run(words(model, tmp_path / "data", child))
    assert (ended.code, snapshot(child.work)) == (4, {})
    assert "contains no pictures or videos" in ended.error


@pytest.mark.parametrize("inside", ["data", "data/shown", ".", "model.onnx"])
def test_pictures_are_not_written_into_what_is_read(
    tmp_path: Path, model: Path, child: Child, inside: str
) -> None:
    source = write_tree(tmp_path / "data", 3)
    before = snapshot(source)
    command = ["predict", str(model), str(source), "--annotate", str(tmp_path / inside)]
    ended = child.run([*command, "--overwrite"])
    assert ended.code == 2
    assert "its source" in ended.error
    assert snapshot(source) == before
