"""Every command ends with what may be typed next, and that can be typed."""

from __future__ import annotations

import shlex

import pytest

from signdata.cli.app import COMMANDS
from signdata.cli.next_step import _AFTER
from tests.conftest import picture

WITHOUT = {"serve"}
"""Commands that end with a signal."""


def test_every_command_has_one() -> None:
    assert {name.replace("_", "-") for name in _AFTER} == set(COMMANDS) - WITHOUT


@pytest.fixture
def words(make_tree, tmp_path, monkeypatch):
    """A folder with `tree/`, of two splits and two classes, to work in."""
    tree = make_tree(
        {f"{s}/{c}/{k}.png": picture(k) for s in ("train", "test") for c in "AB" for k in range(5)}
    )
    assert tree == tmp_path / "tree"
    monkeypatch.chdir(tmp_path)
    return shlex.split


def following(done) -> str:
    line = done.stdout.splitlines()[-1]
    assert line.startswith("next: signdata ")
    return line.removeprefix("next: signdata ")


def test_from_folders_to_a_file_ready_for_training(main, words) -> None:
    """Each line leads to the next command, which does it."""
    done = main("info", "tree")
    assert following(done) == "audit tree"
    done = main(*words(following(done)), "-j1")
    assert following(done) == "report tree"  # it has found the same pictures in both splits
    done = main("convert", "tree", "copy", "-j1")
    line = "split copy copy-split --keep test --ratios 90,10"
    assert following(done) == line
    assert "next: the same without --dry-run" in main(*words(line), "-j1", "--dry-run").stdout
    done = main(*words(following(done)), "-j1")
    assert following(done) == "report copy-split"
    done = main("convert", "copy-split", "all.h5", "-j1")
    assert following(done) == "baseline all.h5"
    done = main("folders-to-csv", "copy", "test.csv", "--split", "test", "--gray", "-j1")
    assert following(done) == "verify copy test.csv --split test"


def test_of_synthetic_data_it_is_what_reads_it(main, words) -> None:
    done = main("sample", "sign-mnist", "toy", "--n", "4")
    assert main(*words(following(done)), "-j1").returncode == 0
    done = main("sample", "photos", "photos", "--n", "1", "--signers", "2", "--size", "40x30")
    line = following(done)
    assert "--layout '{signer}/{label}*'" in line
    assert main(*words(line), "--variants", "1", "-j1").returncode == 0


def test_how_the_source_is_read_is_said_again(main, words) -> None:
    done = main("info", "tree", "--layout", "{split}/{label}/*", "--from", "folders")
    line = following(done)
    assert line == "audit tree --from folders --layout '{split}/{label}/*'"
    assert main(*words(line), "-j1").returncode == 0


@pytest.mark.parametrize("option", ["--json", "--quiet"])
def test_nothing_of_it_for_programs(main, words, option) -> None:
    assert "next:" not in main("info", "tree", option).stdout


def test_what_was_printed_may_be_a_file(main, words) -> None:
    """The description of a dataset goes where the line would be a part of it."""
    assert "next:" not in main("croissant", "tree").stdout
    assert "next: signdata report tree" in main("croissant", "tree", "-o", "c.json").stdout
