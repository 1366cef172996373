"""Split a dataset and look at the result with pandas.

Usage: python split_and_pandas.py [DIR]
"""

import sys
import tempfile
from pathlib import Path

import signdata


def main(root: Path) -> None:
    signdata.sample("sign-mnist", root / "toy", n=600)
    csvs = [root / "toy" / f"sign_mnist_{split}.csv" for split in ("train", "test")]
    signdata.csv_to_folders(csvs, root / "asl")
    result = signdata.split(root / "asl", root / "asl-split", keep=["test"], ratios="90,10")
    print(result.summary)

    table = signdata.manifest(root / "asl-split")
    counts = table.pivot_table(index="label", columns="split", values="id", aggfunc="count")
    print(counts[["train", "val", "test"]].head())
    first = table.query("split == 'val'").iloc[0]
    print("the first of val:", first["id"], "at", first["path"])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(Path(scratch))
