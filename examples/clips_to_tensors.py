"""Videos of a WLASL JSON to frames, to one HDF5 file, to PyTorch tensors.

Usage: python clips_to_tensors.py [DIR]
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

import signdata


def main(root: Path) -> None:
    signdata.sample("wlasl", root / "toy", n=2, size=(64, 48))
    index = root / "toy" / "WLASL_v0.3.json"
    result = signdata.extract_frames(index, root / "frames", frames=8, size=(32, 24))
    print(f"{result.written} clips, {result.skipped} videos missing")
    signdata.convert(root / "frames", root / "clips.h5", hdf5_layout="raw")

    with signdata.open_dataset(root / "clips.h5", split="train") as reader:
        classes = reader.info.labels.order(())
        clips, labels = [], []
        for sample in reader:
            frames = torch.from_numpy(np.stack(list(sample.frames())))  # (T, H, W, C)
            clips.append(frames.permute(0, 3, 1, 2))
            labels.append(classes.index(sample.label))
    x, y = torch.stack(clips).float() / 255, torch.tensor(labels)
    print("clips", tuple(x.shape), "labels", y.tolist())


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(Path(scratch))
