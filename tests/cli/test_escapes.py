"""Names from strangers, and those that a user types, never reach the terminal as they are."""

from __future__ import annotations

import unicodedata
from typing import Any

import h5py
import numpy as np
import pytest

from signdata.cli import display
from signdata.results import Problem, Result, table
from tests.conftest import picture

NASTY = {
    "escape": "\x1b[31mRED\x1b[0m",
    "title": "\x1b]0;pwn\x07",
    "newline": "one\ntwo",
    "return": "fine\rEVIL",
    "bidi": "\u202egnp",
}


def raw(text: str) -> set[str]:
    """What a terminal would act on, but for ends of lines."""
    return {
        char
        for char in text
        if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") and char != "\n"
    }


@pytest.mark.parametrize("name", NASTY.values(), ids=NASTY)
def test_every_command_escapes_names(main: Any, make_tree: Any, tmp_path: Any, name: str) -> None:
    """A class, files, groups and an output of such a name; a line break adds no line."""
    tree = make_tree(
        {
            **{f"A/{i}.png": picture(i, 8, 8) for i in range(4)},
            **{f"{name}/{i}{name}.png": picture(10 + i, 8, 8) for i in range(4)},
            f"A/bad{name}.png": b"no picture",
        }
    )
    with h5py.File(tmp_path / "foreign.h5", "w") as file:
        file["images"] = np.stack([picture(i, 8, 8)[..., 0] for i in range(12)])
        file["labels"] = [0, 1] * 6
        file["class_names"] = ["A", name]
        file["ids"] = [f"{i}{name}" for i in range(12)]
        file["groups"] = [f"g{i % 4}{name}" for i in range(12)]
    out = tmp_path / f"out{name}"
    for words in (
        ["info", tree],
        ["audit", tree, "-j", "1"],
        ["verify", tree, "-j", "1"],
        ["verify", tree, tmp_path / "foreign.h5", "-j", "1"],
        ["convert", tree, tmp_path / "plain", "--on-error", "skip", "-j", "1"],
        ["convert", make_tree(None, "plain-tree"), out, "-j", "1"],
        ["convert", tmp_path / "plain-tree", out, "-j", "1"],
        ["convert", tmp_path / "plain-tree", out, "--gray", "-j", "1"],
        ["info", out],
        ["sample", "sign-mnist", tmp_path / f"toy{name}", "--n", "4"],
        ["sample", "sign-mnist", tmp_path / f"toy{name}", "--n", "4"],
        ["info", tmp_path / "foreign.h5"],
        ["audit", tmp_path / "foreign.h5", "-j", "1"],
        ["split", tmp_path / "foreign.h5", tmp_path / "split.h5", "-j", "1"],
        ["predict", tmp_path / f"no{name}.onnx", tree],
        ["info", tmp_path / f"gone{name}"],
    ):
        done = main(*words)
        assert done.returncode in (0, 2, 3, 4, 5), done
        assert raw(done.stdout) == set(), (words[0], done.stdout)
        assert raw(done.stderr) == set(), (words[0], done.stderr)
        assert "two" not in {line.split()[0] for line in done.stdout.splitlines() if line.split()}


def test_a_table_escapes_its_cells() -> None:
    """Before it measures them: columns stay columns."""
    shown = table(["class", "n"], [["a\nb", 1], ["\x1b[2J", 20]])
    assert shown.splitlines() == ["class     n", r"a\nb      1", r"\x1b[2J  20"]


def test_the_last_lines_of_a_run(capfd: pytest.CaptureFixture[str]) -> None:
    """The summary, the problems and the counts."""
    result = Result("convert", "out\x1b[2J", read=2, written=1, failed=1)
    result.summary = "first \x07line\nsecond"
    result.problems = [Problem("a\n", "b\x1b", "corrupt", "c\r")]
    display.show(result, as_json=False, quiet=False)
    out, err = capfd.readouterr()
    assert out.splitlines() == [
        r"first \x07line",
        "second",
        r"out\x1b[2J: 1 of 2 samples written, 1 failed in 0.0 s",
    ]
    assert err == "corrupt: a\\n:b\\x1b: c\\r\n"


def test_json_stays_json(capfd: pytest.CaptureFixture[str]) -> None:
    import json

    display.show(Result("info", "out\x1b"), as_json=True, quiet=False)
    out, _ = capfd.readouterr()
    assert json.loads(out)["output"] == "out\x1b"
    assert raw(out) == set()
