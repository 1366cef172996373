"""A reader for a format of your own, and any writer behind it. Usage: python own_reader.py [DIR]"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import signdata
from signdata.conversion.pipeline import convert
from signdata.formats.batches import Batch, list_batches
from signdata.formats.folders import FoldersWriter
from signdata.formats.reader import DatasetInfo, Reader
from signdata.samples import ArrayPixels, Sample


class NpzReader(Reader):
    """A .npz file with `images` (N, H, W, C) and `labels` (N,)."""

    name = "npz"
    info = DatasetInfo("npz", "still", sources=({"name": "mine.npz"},))

    def __init__(self, path: Path) -> None:
        with np.load(path) as file:
            pairs = enumerate(zip(file["images"], file["labels"].tolist(), strict=True), 1)
        self.samples = [Sample(f"{i:06d}", y, ArrayPixels(x)) for i, (x, y) in pairs]

    def batches(self) -> Iterator[Batch]:
        return list_batches(self.samples)


def main(root: Path) -> None:
    np.savez(root / "mine.npz", images=np.ones((6, 8, 8, 3), np.uint8), labels=list("ABCABC"))
    convert(NpzReader(root / "mine.npz"), FoldersWriter(), root / "tree", command="x", options={})
    print(signdata.info(root / "tree").summary)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()))
