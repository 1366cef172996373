"""Training, top to bottom: options, learning, one run.

Learns on `train`, keeps the epoch that does best on `val`, and reads `test` once, after
the last epoch.
"""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from signdata.errors import TrainingError, UsageError
from signdata.training import metrics
from signdata.training.augmenting import AUGMENTS, prepare
from signdata.training.data import Dataset, Progress, settle_splits
from signdata.training.devices import DEVICES, describe, mixed_precision, pick_device, repeatable
from signdata.training.models import model_class
from signdata.training.runs import Result, write_run

# ---------------------------------------------------------------------------- options


@dataclass(frozen=True)
class TrainConfig:
    """How to train.

    Attributes
    ----------
    model : str
        A name in `signdata.training.models.MODELS`.
    epochs, batch_size : int
    lr : float
        The peak of the one-cycle.
    warm_up : float
        Share of the steps on which the learning rate rises, between 0 and 1.
    weight_decay, label_smoothing : float
    augment : {'light', 'none', 'recipe'}
        `light` changes every picture a little at random, anew in each epoch; `recipe` makes one
        of the 60 variants of Sign-MNIST of it.
    seed : int
    device : {'auto', 'cpu', 'cuda'}
        `auto` takes CUDA where there is one.
    """

    model: str = "unam"
    epochs: int = 10
    batch_size: int = 64
    lr: float = 1e-2
    warm_up: float = 0.3
    weight_decay: float = 0.1
    label_smoothing: float = 0.1
    augment: str = "light"
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, found {getattr(self, name)}")
        if not self.lr > 0:
            raise UsageError(f"lr must be above 0, found {self.lr}")
        for name, known in (("augment", AUGMENTS), ("device", DEVICES)):
            if getattr(self, name) not in known:
                found = getattr(self, name)
                raise UsageError(f"no such {name}; expected {' or '.join(known)}, found {found!r}")


# ---------------------------------------------------------------------------- learning


@dataclass(frozen=True)
class Part:
    """One split, whole, on the device: images (N, C, H, W) uint8 and labels (N,) int64."""

    images: Tensor
    labels: Tensor

    @classmethod
    def of(cls, data: Dataset, rows: NDArray[np.bool_], device: torch.device) -> Part:
        images, labels = torch.from_numpy(data.images[rows]), torch.from_numpy(data.labels[rows])
        return cls(images.to(device), labels.to(device))

    def __len__(self) -> int:
        return len(self.labels)


def one_cycle(done: float, warm_up: float) -> float:
    """Share of the peak learning rate after the share `done` of all steps, both 0..1.

    Rises from 1/25 to 1 along half a cosine, then falls to 0 along another
    (Smith and Topin 2018, arXiv:1708.07120).
    """
    if done < warm_up:
        return 0.04 + 0.96 * (1 - math.cos(math.pi * done / warm_up)) / 2
    return (1 + math.cos(math.pi * (done - warm_up) / (1 - warm_up))) / 2


class Learner:
    """A network, its optimiser, and how far the two are."""

    def __init__(
        self, config: TrainConfig, network: nn.Module, part: Part, progress: Progress | None
    ) -> None:
        self.config, self.network, self.part, self.progress = config, network, part, progress
        self.steps_per_epoch = math.ceil(len(part) / config.batch_size)
        self.step, self.total = 0, self.steps_per_epoch * config.epochs
        self.order = torch.Generator().manual_seed(config.seed)
        self.optimiser = torch.optim.AdamW(
            network.parameters(), lr=config.lr, weight_decay=config.weight_decay, fused=True
        )

    def learn_epoch(self) -> tuple[float, float]:
        """See every sample once; mean loss and accuracy while learning.

        Sums stay on the device, so that nothing waits for it before the end.
        """
        config, device = self.config, self.part.labels.device
        loss_sum, correct = torch.zeros((), device=device), torch.zeros((), device=device)
        order = torch.randperm(len(self.part), generator=self.order).to(device)
        self.network.train()
        for rows in order.tensor_split(self.steps_per_epoch):
            for group in self.optimiser.param_groups:
                group["lr"] = config.lr * one_cycle(self.step / self.total, config.warm_up)
            pictures = prepare(self.part.images[rows], config.augment)
            labels = self.part.labels[rows]
            with mixed_precision(device):
                logits = self.network(pictures)
                loss = F.cross_entropy(logits, labels, label_smoothing=config.label_smoothing)
            self.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # not annotated in torch
            self.optimiser.step()
            loss_sum += loss.detach() * len(rows)
            correct += (logits.argmax(1) == labels).sum()
            self.step += 1
            if self.progress and self.step % 50 == 0:
                self.progress(self.step, self.total, "learning")
        return loss_sum.item() / len(self.part), correct.item() / len(self.part)


@torch.no_grad()
def evaluate(network: nn.Module, part: Part, n_classes: int) -> tuple[NDArray[np.int64], float]:
    """Confusion matrix (true, predicted) and mean loss of a split, in full precision."""
    network.eval()
    predicted, loss_sum = [], torch.zeros((), device=part.labels.device)
    for start in range(0, len(part), 1024):
        images, labels = part.images[start : start + 1024], part.labels[start : start + 1024]
        logits = network(prepare(images, "none"))
        loss_sum += F.cross_entropy(logits, labels, reduction="sum")
        predicted.append(logits.argmax(1))
    truth, guess = part.labels.cpu().numpy(), torch.cat(predicted).cpu().numpy()
    return metrics.confusion_matrix(truth, guess, n_classes), loss_sum.item() / len(part)


# ---------------------------------------------------------------------------- one run


def train(
    config: TrainConfig, data: Dataset, *, run_dir: Path, progress: Progress | None = None
) -> Result:
    """Train a network on a dataset and write the run folder.

    Parameters
    ----------
    config : TrainConfig
    data : Dataset
        Loaded at the size and channels that the model's class states.
    run_dir : Path
        An existing, empty folder.
    progress : callable, optional
        Called with steps done, all steps, and a few words.

    Raises
    ------
    DatasetError
        Nothing to learn from, or nothing to choose the best epoch with.
    TrainingError
        The loss stopped being a number.
    UsageError
        No such model, or no CUDA device where one was asked for.
    """
    started = time.perf_counter()
    n_classes = len(data.classes)
    device = pick_device(config.device)
    build = model_class(config.model)
    splits, notes = settle_splits(data, config.seed)
    parts = {name: Part.of(data, splits == name, device) for name in ("train", "val")}

    with repeatable(device, config.seed):
        network = build(n_classes).to(device)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch says Tensor only
        learner = Learner(config, network, parts["train"], progress)
        history: list[dict[str, float]] = []
        best_weights: dict[str, Tensor] = {}
        best_epoch, best_correct, learning = 0, -1, 0.0
        for epoch in range(1, config.epochs + 1):
            clock = time.perf_counter()
            loss, accuracy = learner.learn_epoch()
            learning += time.perf_counter() - clock
            matrix, val_loss = evaluate(network, parts["val"], n_classes)
            if not math.isfinite(loss + val_loss):
                raise TrainingError(
                    f"the loss is no longer a number in epoch {epoch}",
                    remedy=f"Try a learning rate below {config.lr:g}.",
                )
            val_accuracy = metrics.accuracy(matrix)
            history.append(
                {
                    "epoch": epoch,
                    "train_loss": loss,
                    "train_accuracy": accuracy,
                    "val_loss": val_loss,
                    "val_accuracy": val_accuracy,
                }
            )
            # Among equals the last: it has learned longest, at the lowest rate.
            if matrix.trace() >= best_correct:
                best_epoch, best_correct = epoch, matrix.trace()
                best_weights = {name: w.clone() for name, w in network.state_dict().items()}
            if progress:
                progress(learner.step, learner.total, f"epoch {epoch}: val {val_accuracy:.2%}")

        network.load_state_dict(best_weights)
        if (splits == "test").any():
            parts["test"] = Part.of(data, splits == "test", device)
        matrices = {name: evaluate(network, part, n_classes)[0] for name, part in parts.items()}

    test = matrices.get("test")
    measured_on = "val" if test is None else "test"
    seconds = time.perf_counter() - started
    result = Result(
        model=config.model,
        test_accuracy=None if test is None else metrics.accuracy(test),
        test_correct=None if test is None else int(test.trace()),
        test_total=None if test is None else int(test.sum()),
        val_accuracy=metrics.accuracy(matrices["val"]),
        train_accuracy=metrics.accuracy(matrices["train"]),
        macro_f1=metrics.macro_f1(matrices[measured_on]),
        measured_on=measured_on,
        epochs=config.epochs,
        best_epoch=best_epoch,
        seconds=round(seconds, 3),
        samples_per_second=round(config.epochs * len(parts["train"]) / learning, 1),
        parameters=sum(weights.numel() for weights in network.parameters()),
        device=describe(device),
        run=str(run_dir),
        notes=tuple(notes),
    )
    write_run(
        run_dir,
        result,
        config=asdict(config),
        classes=data.classes,
        weights=best_weights,
        history=history,
        matrix=matrices[measured_on],
    )
    return result
