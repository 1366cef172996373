"""Make the outputs in data/, with the edition of signdata whose outputs must stay usable.

    PYTHONPATH=CHECKOUT_OF_THAT_EDITION python make.py DATA_FOLDER

Those in data/ were made by the first edition (commit f941f8d).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import signdata

ROWS = 6
SIDE = 6


def sources(root: Path) -> None:
    """Two CSVs and a tree of frame folders."""
    rng = np.random.default_rng(0)
    for name in ("a_train.csv", "a_test.csv"):
        header = ",".join(["label", *(f"pixel{i + 1}" for i in range(SIDE * SIDE))])
        rows = [
            ",".join(map(str, [i % 3, *rng.integers(0, 256, SIDE * SIDE)])) for i in range(ROWS)
        ]
        (root / name).write_text("\n".join([header, *rows]) + "\n")
    for number in range(6):
        clip = root / "clips" / f"word {number % 2}" / f"{number:05d}"
        clip.mkdir(parents=True)
        for frame in (1, 2):
            pixels = np.full((8, 8, 3), 20 * number + frame, np.uint8)
            Image.fromarray(pixels).save(clip / f"img_{frame:05d}.png")


def whole(root: Path) -> None:
    """One output of each kind."""
    csvs = [root / "a_train.csv", root / "a_test.csv"]
    signdata.csv_to_folders(csvs, root / "folders", workers=1)
    signdata.convert(root / "folders", root / "all.h5", workers=1)
    signdata.folders_to_csv(root / "folders", root / "back.csv", split="train", workers=1)
    keep = {"keep": ["test"], "ratios": "50,50", "mode": "copy"}
    signdata.split(root / "folders", root / "split", workers=1, **keep)
    signdata.augment(root / "folders", root / "variants", variants=1, workers=1)
    signdata.convert(root / "clips", root / "clips.h5", workers=1)


def broken_off(root: Path) -> None:
    """A conversion of the clips that was killed behind its first batch."""
    from signdata.journal import Journal  # where the first edition has it

    add = Journal.add

    def last(self, line, body):
        add(self, line, body)
        os._exit(9)

    child = os.fork()
    if child == 0:
        Journal.add = last
        signdata.convert(root / "clips", root / "killed", gray=True, workers=1)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 9


if __name__ == "__main__":
    place = Path(sys.argv[1])
    place.mkdir(parents=True)
    sources(place)
    whole(place)
    broken_off(place)
