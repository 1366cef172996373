"""Learning: how soon a network reads what it has not seen, and what else is spent."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.data import Place, clear
from benchmarks.measure import Figure, call, rotate, signdata, wall

TARGET = 0.999
"""What has to be read right of the tenth that is held out."""

LEARNED = 12_800
"""Pictures that are learned from at a time where speed is measured."""


def until(place: Place) -> Iterator[Figure]:
    """Seconds from nothing until val is read: our loop, and the usual one."""
    made = clear(place.memory / "hands")
    signdata("sample", "sign-mnist", made, "--n", str(math.ceil(place.rows / 0.8)))
    train_csv, folders, array = made / "sign_mnist_train.csv", made / "folders", made / "hands.h5"
    signdata("csv-to-folders", train_csv, folders)
    signdata("convert", train_csv, array)
    usual = "DataLoader of 2 workers, Pillow, the same network"
    costs = rotate(
        place.rounds,
        {
            "signnet": lambda: call(ours, array, "signnet"),
            usual: lambda: call(dataloader, folders),
        },
        lambda _: None,  # whoever does not reach it fails
    )
    clear(made)
    mine = wall(costs.pop("signnet"))
    for name, theirs in costs.items():
        yield Figure("time to 99.9 % of val, signnet", name, "s wall", mine, wall(theirs))


def ours(array: str, model: str) -> None:
    """Learn from an HDF5 file until val is read."""
    from signdata.formats.open import open_dataset
    from signdata.training.data import load
    from signdata.training.holdout import resolve_splits
    from signdata.training.learner import evaluate
    from signdata.training.models import model_class

    kind = model_class(model)
    data = load(open_dataset([Path(array)]), size_hw=kind.input_size_hw, channels=kind.channels)
    splits, _ = resolve_splits(data, 0)
    learner, val = learner_of(model, data, splits)
    for _ in range(learner.config.epochs):
        learner.learn_epoch(*unbroken())
        judged = evaluate(learner.network, val, len(data.classes))
        learner.history.append({"val_loss": judged.loss})
        if judged.matrix.trace() >= TARGET * len(val):
            return
    sys.exit(f"{model} does not read {TARGET:.1%} of val")


def learner_of(model: str, data: Any, splits: Any) -> tuple[Any, Any]:
    """A network with our settings at its beginning, and what it is judged by."""
    import torch

    from signdata.training.batches import Part
    from signdata.training.learner import Learner
    from signdata.training.models import model_class
    from signdata.training.settings import TrainConfig
    from signdata.training.train import KEPT
    from signdata.workers.memory import keep_freed

    keep_freed(KEPT)
    torch.manual_seed(0)
    n_samples = int((splits == "train").sum())
    config = TrainConfig.of(model, device="cpu").with_epochs(n_samples)
    network = model_class(model)(len(data.classes)).to(memory_format=torch.channels_last)
    train, val = (Part(data, splits == name, torch.device("cpu")) for name in ("train", "val"))
    return Learner(config, network, train, None, None), val


def unbroken() -> tuple[Any, Any]:
    """What an epoch needs to be told where nobody breaks it off."""
    from signdata.training.interrupts import Pause

    return Pause(holds=False), lambda: None


def dataloader(folders: str) -> None:
    """The usual way: files opened by Pillow, changed one by one, collated by workers."""
    import numpy as np
    import torch
    from PIL import Image
    from torch.nn import functional as F
    from torch.utils.data import DataLoader, Dataset, Subset

    from signdata.training.models.signnet import SignNet
    from signdata.training.settings import preset_of

    class Files(Dataset[tuple[torch.Tensor, int]]):
        """The pictures of folders, changed at random where that is wanted."""

        def __init__(self, changed: bool) -> None:
            self.changed = changed
            names = sorted(path.name for path in Path(folders).iterdir() if path.is_dir())
            self.n_classes = len(names)
            self.files = [
                (path, label)
                for label, name in enumerate(names)
                for path in sorted(Path(folders, name).glob("*.png"))
            ]

        def __len__(self) -> int:
            return len(self.files)

        def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
            path, label = self.files[index]
            with Image.open(path) as image:
                if self.changed:
                    image = changed(image)
                pixels = torch.from_numpy(np.array(image, np.float32)) / 255
            return ((pixels - pixels.mean()) / (pixels.std() + 1 / 255))[None], label

    def changed(image: Image.Image) -> Image.Image:
        angle, shear, right, down = ((torch.rand(4) * 2 - 1) * 0.15).tolist()
        a, b = math.cos(angle), math.sin(angle) + shear
        middle = 13.5
        x = middle * (1 - a - b) + right * 14
        y = middle * (1 - a + b) + down * 14
        moved = image.transform((28, 28), Image.Transform.AFFINE, (a, b, x, -b, a, y), 2)
        gamma = math.exp((torch.rand(1).item() * 2 - 1) * 0.4)
        return moved.point([round(255 * (v / 255) ** gamma) for v in range(256)])

    preset = preset_of("ours", "signnet")
    torch.manual_seed(0)
    order = torch.randperm(len(Files(True))).tolist()
    n_val = len(order) // 10
    rest: dict[str, Any] = {"batch_size": preset.batch_size, "num_workers": 2}
    train = DataLoader(Subset(Files(True), order[n_val:]), shuffle=True, **rest)
    val = DataLoader(Subset(Files(False), order[:n_val]), **rest)
    network = SignNet(Files(True).n_classes)
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=preset.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, preset.lr, total_steps=preset.epochs * len(train), pct_start=preset.warm_up
    )
    for _ in range(preset.epochs):
        network.train()
        for pictures, labels in train:
            loss = F.cross_entropy(
                network(pictures), labels, label_smoothing=preset.label_smoothing
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        network.eval()
        with torch.no_grad():
            right = sum((network(x).argmax(1) == y).sum().item() for x, y in val)
        if right >= TARGET * n_val:
            return
    sys.exit(f"the usual way does not read {TARGET:.1%} of val")


def throughput(place: Place) -> Iterator[Figure]:
    """An epoch next to the same network on the same batch again and again."""
    import numpy as np
    import torch
    from torch.nn import functional as F

    from signdata.training.data import Dataset

    rng = np.random.default_rng(0)
    n = min(LEARNED, place.rows)
    data = Dataset(
        rng.integers(0, 256, (n, 1, 28, 28), np.uint8),
        rng.integers(0, 24, n),
        np.where(np.arange(n) < n - 128, "train", "val"),
        tuple(map(str, range(n))),
        ("",) * n,
        tuple(map(chr, range(65, 89))),
    )
    learner, _ = learner_of("signnet", data, data.splits)
    network, optimiser = learner.network, learner.optimiser
    size = learner.config.batch_size
    pictures = torch.randn(size, 1, 28, 28).contiguous(memory_format=torch.channels_last)
    labels = torch.from_numpy(data.labels[:size])

    def bare() -> None:
        for _ in range(learner.steps_per_epoch):
            loss = F.cross_entropy(network(pictures), labels, label_smoothing=0.1)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    def whole() -> None:
        learner.learn_epoch(*unbroken())

    spent: dict[str, list[float]] = {"whole": [], "bare": []}
    whole()  # warm
    for _ in range(max(5, place.rounds)):
        times = [time.perf_counter()]
        for work in (whole, bare):
            work()
            times.append(time.perf_counter())
        for name, (begin, end) in zip(spent, pairwise(times), strict=True):
            spent[name].append(end - begin)
    yield Figure(
        f"an epoch of {learner.steps_per_epoch} steps, signnet",
        "the same batch again and again",
        "s wall",
        spent["whole"],
        spent["bare"],
        "<= 1.1x",
    )


JOBS = {"time-to-accuracy": until, "learning": throughput}
