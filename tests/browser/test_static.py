"""The modules of the app, as text: their types, and that a wheel holds them."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import signdata.serving

ROOT = Path(__file__).parents[2]
STATIC = Path(signdata.serving.__file__).parent / "static"
STRICT = (
    *("--noEmit", "--allowJs", "--checkJs", "--strict", "--target", "es2022"),
    *("--module", "esnext", "--moduleResolution", "bundler", "--lib", "es2022,dom,dom.iterable"),
)


def test_the_types_of_every_module_fit(typescript: list[str]) -> None:
    modules = sorted(STATIC.glob("*.js"))
    assert modules
    done = subprocess.run([*typescript, *STRICT, *modules], capture_output=True, text=True)
    assert done.stdout + done.stderr == ""


def test_a_wheel_has_pages_scripts_and_styles(tmp_path: Path) -> None:
    words = (sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path, ROOT)
    done = subprocess.run(words, capture_output=True, text=True)
    if "hatchling" in done.stderr:
        pytest.skip("hatchling cannot be fetched")
    assert done.returncode == 0, done.stderr
    [wheel] = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("static", "templates"):
        for path in (STATIC.parent / folder).iterdir():
            assert f"signdata/serving/{folder}/{path.name}" in packed
