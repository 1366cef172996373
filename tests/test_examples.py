"""Every script in examples/ is short, makes its own data and runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))

SAYS = {
    "clips_to_tensors": r"clips \(\d+, 8, 3, 24, 32\) labels \[\d",
    "csv_to_hdf5_batches": r"(\(64, 28, 28\) mean \d+\.\d, first label [A-Y]\n){3}",
    "own_training": r"(epoch \d: loss \d\.\d\d\n){8}scikit-learn: 0\.[3-9]\d\n"
    r"Keras: (not installed; with it, this trains a third network|0\.[3-9]\d)\n",
    "own_reader": r"folders: 6 pictures of 3 classes, 8x8 colour",
    "rebuild_sign_mnist": r"test: 24 rows of user_3\ntrain: 2880 rows of user_1, user_2\n"
    r"on both sides: nobody\n",
    "split_and_pandas": r"the first of val: train/\d+ at val/[A-Y]/\d+\.png",
    "train_baseline": r"test/000001 is [A-Y]; the network says [A-Y]",
}


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiny networks learn faster in one thread than in several that share a busy machine."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def test_all_are_known() -> None:
    assert {path.stem for path in EXAMPLES} == set(SAYS)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_script_runs(path: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", path, tmp_path], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(SAYS[path.stem], done.stdout), done.stdout


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_script_is_short_and_fetches_nothing(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 52
    assert not re.search(r"https?:|urllib|requests|download", text)
