"""Spoiled networks: each answers, or is refused in one line, in time and memory.

``SIGNDATA_MUTANTS=N`` asks for N mutants of ONNX files and as many of ``.pt`` files.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reliability.tally import attack

SHARES = {"onnx": 0.5, "onnx card": 0.5, "pt": 1.0}
"""How the mutants of a reader are divided."""

N = int(os.environ.get("SIGNDATA_MUTANTS", "2000"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
@pytest.mark.parametrize("kind", SHARES)
def test_mutants_answer_or_are_refused(kind: str, tmp_path: Path) -> None:
    n = round(N * SHARES[kind])
    words = [sys.executable, "-Werror", "-m", "tests.inference.mutants", kind, str(n), tmp_path]
    with attack("R5", n=n):
        done = subprocess.run(words, capture_output=True, text=True)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        assert done.stdout.startswith(f"{n} mutants of {kind}: ")
