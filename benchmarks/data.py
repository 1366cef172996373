"""What the benchmarks work on, made with numpy: nothing is downloaded."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CODES = [code for code in range(25) if code != 9]
"""Sign-MNIST's labels: A..Y without J."""

SIDE = 28
PHOTO_SIDE = 200


@dataclass(frozen=True)
class Place:
    """Where the benchmarks read and write, and how much.

    Attributes
    ----------
    memory, disk : Path
        Empty folders, the first in memory-backed storage where there is some.
    rows, clips : int
        Rows of the CSV; very short videos.
    rounds : int
        How often each side is measured.
    """

    memory: Path
    disk: Path
    rows: int
    clips: int
    rounds: int

    @property
    def photos(self) -> int:
        """How many photos there are: a tenth of the rows, since each is fifty times as large."""
        return max(64, self.rows // 10)

    @cached_property
    def csv(self) -> Path:
        """A Sign-MNIST-like CSV."""
        return self.csv_of(self.rows)

    def csv_of(self, rows: int) -> Path:
        """A CSV of as many rows as wanted."""
        path = self.memory / f"signs-{rows}.csv"
        if not path.exists():
            write_csv(path, rows)
        return path

    @cached_property
    def pictures(self) -> Path:
        """The CSV's rows as ``LETTER/000001.png``, nothing next to them."""
        path = self.memory / "pictures"
        write_pictures(path, self.rows)
        return path

    @cached_property
    def photo_tree(self) -> Path:
        """Colour JPEGs of 200x200 pixels as ``LETTER/00001.jpg``."""
        path = self.memory / "photos"
        write_photos(path, self.photos)
        return path


def clear(path: Path) -> Path:
    """Remove what is at `path`, with what signdata may have put next to it."""
    for old in path.parent.glob(path.name + "*"):
        if old.is_dir():
            shutil.rmtree(old)
        else:
            old.unlink()
    return path


def signs(rows: int) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """Yield blocks of (R, 28, 28) smooth grey pictures and their codes, the same every time."""
    import numpy as np

    rng = np.random.default_rng(0)
    spread = _spread(SIDE, 6)
    for start in range(0, rows, 1000):
        n = min(1000, rows - start)
        smooth = spread @ rng.normal(0, 70, (n, 6, 6)) @ spread.T
        noisy = 159 + smooth + rng.normal(0, 2, smooth.shape)
        yield noisy.clip(0, 255).astype(np.uint8), rng.choice(CODES, n)


def _spread(side: int, knots: int) -> NDArray[np.float64]:
    """(side, knots) weights of linear interpolation."""
    import numpy as np

    at = np.linspace(0, knots - 1, side)[:, None]
    weights: NDArray[np.float64] = np.maximum(0, 1 - np.abs(at - np.arange(knots)))
    return weights


def write_csv(path: Path, rows: int) -> None:
    """Write a CSV as Sign-MNIST's are: ``label,pixel1,...,pixel784``."""
    cells = [str(value) for value in range(256)]
    with path.open("w", encoding="ascii", newline="") as file:
        names = (f"pixel{i}" for i in range(1, SIDE * SIDE + 1))
        file.write(",".join(["label", *names]) + "\n")
        for pictures, codes in signs(rows):
            for picture, code in zip(pictures, codes, strict=True):
                row = ",".join(map(cells.__getitem__, picture.tobytes()))
                file.write(f"{code},{row}\n")


def write_pictures(path: Path, rows: int) -> None:
    """Write the pictures of `write_csv` as PNG files."""
    from PIL import Image

    _make_letters(path)
    number = 0
    for pictures, codes in signs(rows):
        for picture, code in zip(pictures, codes, strict=True):
            number += 1
            Image.fromarray(picture).save(path / chr(65 + code) / f"{number:06d}.png")


def write_photos(path: Path, n: int) -> None:
    """Write smooth colour pictures with some grain as JPEGs."""
    import numpy as np
    from PIL import Image

    _make_letters(path)
    rng = np.random.default_rng(1)
    spread = _spread(PHOTO_SIDE, 9)
    for number in range(1, n + 1):
        smooth = spread @ rng.normal(128, 60, (3, 9, 9)) @ spread.T
        noisy = smooth.transpose(1, 2, 0) + rng.normal(0, 5, (PHOTO_SIDE, PHOTO_SIDE, 3))
        letter = chr(65 + CODES[number % len(CODES)])
        picture = Image.fromarray(noisy.clip(0, 255).astype(np.uint8))
        picture.save(path / letter / f"{number:05d}.jpg", quality=90)


def _make_letters(path: Path) -> None:
    for code in CODES:
        (path / chr(65 + code)).mkdir(parents=True)
