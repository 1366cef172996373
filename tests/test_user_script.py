"""A script that type checkers pass does what it says."""

from __future__ import annotations

import tomllib
from pathlib import Path

from tests.user_script import prepare

ROOT = Path(__file__).parents[1]


def test_a_script_runs(tmp_path: Path) -> None:
    counted = prepare(tmp_path)
    assert counted["all"] == 240
    assert 0 < counted["train"] < 240 - counted["test"]


def test_mypy_checks_it_as_strictly_as_the_package() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    assert settings["strict"] is True
    assert {"signdata", "tests/user_script.py"} <= set(settings["files"])
