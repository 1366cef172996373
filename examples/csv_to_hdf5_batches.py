"""Sign-MNIST CSVs to one HDF5 file, and random batches straight from the disk.

Usage: python csv_to_hdf5_batches.py [DIR]
"""

import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np

import signdata


def main(root: Path) -> None:
    signdata.sample("sign-mnist", root / "toy", n=600)
    csvs = [root / "toy" / f"sign_mnist_{split}.csv" for split in ("train", "test")]
    signdata.convert(csvs, root / "toy.h5")

    with h5py.File(root / "toy.h5") as file:
        images, labels = file["images"], file["labels"][:]
        classes = file["class_names"].asstr()[:]
        train = np.flatnonzero(file["splits"].asstr()[:] == "train")
        place, shape = images.id.get_offset(), images.shape
    pixels = np.memmap(root / "toy.h5", np.uint8, "r", place, shape)

    rng = np.random.default_rng(0)
    for _ in range(3):
        batch = np.sort(rng.choice(train, 64, replace=False))
        x, y = pixels[batch], labels[batch]
        print(x.shape, f"mean {x.mean():.1f}, first label {classes[y[0]]}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(Path(scratch))
