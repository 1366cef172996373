"""Every reader on spoiled files: what cannot be read is refused in one line, in time and memory.

``SIGNDATA_MUTANTS=N`` asks for N mutants of each reader; ``python3 tasks.py fuzz`` does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from signdata.errors import FormatError
from signdata.formats.open import open_dataset
from signdata.formats.registry import readable
from tests.reliability.tally import attack

from .mutants import MADE

SHARES = {
    "csv": 0.5,
    "csv sidecars": 0.5,
    "folders": 0.5,
    "sidecars": 0.5,
    "frames": 1.0,
    "hdf5": 0.4,
    "hdf5 encoded": 0.3,
    "hdf5 foreign": 0.2,
    "hdf5 matlab": 0.1,
    "arrays": 0.5,
    "arrays npz": 0.5,
    "table": 0.5,
    "table json lines": 0.5,
    "parquet": 0.3,
    "parquet arrow": 0.3,
    "parquet shards": 0.1,
    "webdataset": 1.0,
    "wlasl": 1.0,
    "videos": 1.0,
}
"""How the mutants of a reader are divided among the datasets that it is tried with."""

N = int(os.environ.get("SIGNDATA_MUTANTS", "2000"))


def test_every_dataset_has_its_share() -> None:
    assert SHARES.keys() == MADE.keys()


def test_every_reader_is_tried() -> None:
    assert {kind.split()[0] for kind in SHARES} - {"sidecars"} == set(readable())


@pytest.mark.parametrize("kind", SHARES)
def test_mutants_are_read_or_refused(kind: str, tmp_path: Path) -> None:
    n = round(N * SHARES[kind])
    words = [sys.executable, "-Werror", "-m", "tests.formats.mutants", kind, str(n), str(tmp_path)]
    with attack("R4", n=n):
        done = subprocess.run(words, capture_output=True, text=True)
        last = (tmp_path / "progress").read_text().strip()
        assert done.returncode == 0, f"at mutant {last}:\n{done.stdout}\n{done.stderr}"
        assert int(last) == n - 1


def test_a_heap_without_an_end_is_refused(tmp_path: Path) -> None:
    """The library would walk on the spot for ever."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["images"] = [[[1]], [[2]]]
        file["labels"] = [0, 1]
        file["class_names"] = ["a", "b"]
    data = bytearray(path.read_bytes())
    heap = data.index(b"GCOL")
    first_object = heap + 16
    data[first_object : first_object + 16] = bytes(16)
    path.write_bytes(data)
    with pytest.raises(FormatError, match="a heap of text that has no end"):
        open_dataset(path)
