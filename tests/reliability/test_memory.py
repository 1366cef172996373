"""What is in memory does not grow with the input, but for a few bytes a sample."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.reliability.tally import TIMES, add

FEW = 600
MANY = FEW * (100 if TIMES > 1 else 20)


def write_rows(path: Path, n: int) -> Path:
    """A CSV of pictures as large as Sign-MNIST's."""
    pixels = np.random.default_rng(0).integers(0, 256, (100, 784))
    rows = "".join(f"{i % 9},{','.join(map(str, row))}\n" for i, row in enumerate(pixels))
    with path.open("w") as file:
        file.write(",".join(["label", *(f"pixel{i}" for i in range(1, 785))]) + "\n")
        for _ in range(n // 100):
            file.write(rows)
    return path


def peak(words: list[str | Path]) -> int:
    """Bytes that the largest process of a command line took."""
    script = (
        "import resource, subprocess, sys\n"
        "subprocess.run([sys.executable, '-m', 'signdata', *sys.argv[1:]], check=True,"
        " stdout=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command = [sys.executable, "-c", script, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout) * (1 if sys.platform == "darwin" else 1024)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(resource, "RUSAGE_CHILDREN"), reason="no such measure here")
@pytest.mark.parametrize("name", ["out.csv", "out.npz", "out.h5", "out"])
def test_memory_is_that_of_a_small_input(tmp_path: Path, name: str) -> None:
    sizes = []
    for n in (FEW, MANY):
        place = tmp_path / str(n)
        place.mkdir()
        source = write_rows(place / "data.csv", n)
        sizes.append(peak(["convert", source, place / name, "-j", "2"]))
    few, many = sizes
    add("R7", tried=1, held=int(many <= 1.1 * few), ratio=many / few)
    assert many <= 1.1 * few
