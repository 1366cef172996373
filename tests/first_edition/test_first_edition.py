"""What the first edition wrote is still complete, goes on, verifies and converts."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).with_name("data")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A copy of the outputs."""
    return Path(shutil.copytree(DATA, tmp_path / "old"))


def contents(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


COMMANDS = {
    "folders": ["csv-to-folders", "a_train.csv", "a_test.csv", "folders"],
    "all.h5": ["convert", "folders", "all.h5"],
    "back.csv": ["folders-to-csv", "folders", "back.csv", "--split", "train"],
    "split": [
        *("split", "folders", "split", "--keep", "test"),
        *("--ratios", "50,50", "--mode", "copy"),
    ],
    "variants": ["augment", "folders", "variants", "--variants", "1"],
    "clips.h5": ["convert", "clips", "clips.h5"],
}


def typed(words: list[str], old: Path) -> list[str]:
    command, *rest = words
    return [command, *(str(old / word) if (old / word).exists() else word for word in rest)]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_same_command_finds_its_output_complete(name: str, old: Path, main: Any) -> None:
    before = contents(old)
    ran = main(*typed(COMMANDS[name], old), "-j1")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "complete already" in ran.stdout
    assert contents(old) == before


@pytest.mark.parametrize("name", COMMANDS)
def test_other_options_are_still_other_options(name: str, old: Path, main: Any) -> None:
    other = {"back.csv": ["--size", "3x3"]}.get(name, ["--on-error", "skip"])
    if name == "split":
        other = ["--seed", "1"]
    elif name != "back.csv":
        other = ["--quality", "50"]
    ran = main(*typed(COMMANDS[name], old), *other, "-j1")
    assert ran.returncode == 5, ran.stdout
    assert "made with other options" in ran.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_it_verifies_and_is_what_is_made_today(
    name: str, old: Path, tmp_path: Path, main: Any
) -> None:
    assert main("verify", old / name).returncode == 0
    words = typed(COMMANDS[name], old)
    fresh = tmp_path / f"fresh-{name}"
    made = main(*(str(fresh) if word == str(old / name) else word for word in words), "-j1")
    assert made.returncode == 0, made.stderr
    same = main("verify", old / name, fresh)
    assert same.returncode == 0, same.stdout + same.stderr


def test_a_killed_run_goes_on(old: Path, tmp_path: Path, main: Any) -> None:
    kept = old / "killed/.signdata-partial/tree/word 0/00000/img_00001.png"
    stored = kept.stat().st_ino
    ran = main("convert", old / "clips", old / "killed", "--gray", "-j1")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert (old / "killed/word 0/00000/img_00001.png").stat().st_ino == stored
    main("convert", old / "clips", tmp_path / "fresh", "--gray", "-j1")
    assert contents(old / "killed") == contents(tmp_path / "fresh")
