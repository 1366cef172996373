"""Photographs and boxes to CSVs in Sign-MNIST's format, with no signer in both.

Usage: python rebuild_sign_mnist.py [DIR]
"""

import sys
import tempfile
from pathlib import Path

import signdata

HELD_OUT = {"user_3"}
PATTERNS = {"label_pattern": r"/([A-Y])\d+", "group_pattern": r"(user_\d+)/"}


def main(root: Path) -> None:
    signdata.sample("photos", root / "photos", signers=3, n=1)
    for folder in sorted((root / "photos").iterdir()):  # whole people, before anything is varied
        split = "test" if folder.name in HELD_OUT else "train"
        (root / "split" / split).mkdir(parents=True, exist_ok=True)
        folder.rename(root / "split" / split / folder.name)
    signdata.augment(root / "split", root / "variants", boxes="auto", **PATTERNS)
    rows = signdata.manifest(root / "variants")
    signers = {}
    for split, some in rows.groupby("split"):
        signdata.folders_to_csv(root / "variants", root / f"sign_mnist_{split}.csv", split=split)
        signers[split] = set(some["signer"])
        print(f"{split}: {len(some)} rows of {', '.join(sorted(signers[split]))}")
    print("on both sides:", ", ".join(signers["train"] & signers["test"]) or "nobody")
    print(f"{rows['id'][0]} is {rows['source'][0]} after {rows['imagemagick'][0]}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(Path(scratch))
