"""Train the reference network, and use the weights that it saved.

Usage: python train_baseline.py [DIR]
"""

import sys
import tempfile
from pathlib import Path

import torch

import signdata
from signdata.training.batch_augmentation import prepare
from signdata.training.models import model_class


def main(root: Path) -> None:
    signdata.sample("sign-mnist", root / "toy", n=1500)
    csvs = [root / "toy" / f"sign_mnist_{split}.csv" for split in ("train", "test")]
    result = signdata.baseline(csvs, out=root / "run", epochs=3, device="cpu")
    print(result.summary)

    saved = torch.load(root / "run" / "best.pt", weights_only=True)
    network = model_class(saved["model"])(len(saved["classes"]))
    network.load_state_dict(saved["state_dict"])
    network.eval()
    sample = next(iter(signdata.open_dataset(csvs, split="test")))
    picture = torch.from_numpy(next(sample.frames()).copy()).permute(2, 0, 1)[None]
    with torch.no_grad():
        best = int(network(prepare(picture, "none")).argmax())
    print(f"{sample.id} is {sample.label}; the network says {saved['classes'][best]}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(Path(scratch))
