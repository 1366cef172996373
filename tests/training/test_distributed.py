"""Runs that several processes share, started by torchrun itself."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import picture

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]

SCRIPT = """
import sys
from pathlib import Path

import numpy as np

from signdata.training import distributed
from signdata.training.data import Dataset
from signdata.training.models import MODELS
from signdata.training.train import TrainConfig, train

run_dir, epochs = Path(sys.argv[1]), int(sys.argv[2])
MODELS["tiny"] = "tests.training.tiny:Tiny"
rng = np.random.default_rng(0)
labels = np.arange(90) % 3
images = rng.integers(0, 100, (90, 3, 1, 14, 14))
images += 50 * labels[:, None, None, None, None] * (np.arange(14) < 7)
splits = np.array([*["train"] * 61, *["val"] * 14, *["test"] * 15], "U5")
names = tuple(map(str, range(90)))
groups = tuple(f"{split} {row // 5}" for row, split in enumerate(splits.tolist()))
data = Dataset(images.astype(np.uint8), labels, splits, names, groups, ("a", "b", "c"))
config = TrainConfig(
    model="tiny", epochs=epochs, batch_size=8, lr=1e-3, augment="none", device="cpu"
)
with distributed.joined():
    number = distributed.number()
    mine = run_dir / str(number) if number else run_dir
    mine.mkdir(parents=True, exist_ok=True)
    train(config, data, run_dir=mine)
"""


FROM = "learned_from"


def learn(words: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False, cwd=cwd)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.py"
    root = Path(__file__).parents[2]
    path.write_text(f"import sys\nsys.path.insert(0, {str(root)!r})\n{SCRIPT}", encoding="utf-8")
    return path


def history(run_dir: Path) -> list[list[float]]:
    with open(run_dir / "results.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [[float(row[name]) for name in row if row[name] and name != FROM] for row in rows]


def test_two_processes_learn_what_one_learns(script: Path, tmp_path: Path) -> None:
    alone, together = tmp_path / "alone", tmp_path / "together"
    assert learn([sys.executable, str(script), str(alone), "3"], tmp_path).returncode == 0
    done = learn([*TORCHRUN, "2", str(script), str(together), "3"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(history(alone)) > 3  # the final network has learned too
    for one, other in zip(history(alone), history(together), strict=True):
        assert other == pytest.approx(one, rel=1e-4, abs=1e-5)
    assert json.loads((together / "metrics.json").read_text())["device"] == "2 x cpu"
    # The helper knows as much: both judged by what the first one decided.
    assert history(together / "1") == history(together)
    refused = learn([sys.executable, str(script), str(together), "3"], tmp_path)
    assert "was started with 2 processes; expected the same number, found 1" in refused.stderr


def test_the_command_in_two_processes(make_csv, tmp_path: Path) -> None:
    rows = [(i % 2, *(picture(i) // 2 + 100 * (i % 2)).ravel()) for i in range(60)]
    path = make_csv(rows)
    command = [*TORCHRUN, "2", "-m", "signdata", "baseline", str(path)]
    words = ["--epochs", "2", "--batch-size", "8", "--out", str(tmp_path / "run"), "--json"]
    done = learn([*command, *words], tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)  # one object: one process tells
    assert (found["epochs"], found["device"]) == (2, "2 x cpu")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [path.name, "run"]
    again = json.loads(learn([*command, *words], tmp_path).stdout)
    assert again["already_done"] is True
    refused = learn([*command, *words, "--lr", "1"], tmp_path)
    assert refused.returncode
    assert "made with other options" in refused.stderr
    few = [*words[:3], "1", "--out", str(tmp_path / "few")]
    refused = learn([*command, *few], tmp_path)
    assert "too few samples in a batch; expected 2 or more" in refused.stderr
