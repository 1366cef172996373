"""Training of an epoch (loss, gradient, learning rate) and evaluation of a split."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from signdata.errors import TrainingError, UsageError
from signdata.training import distributed, metrics
from signdata.training.batch_augmentation import prepare
from signdata.training.batches import Batch, Part
from signdata.training.data import InputSpec, Progress
from signdata.training.devices import (
    generator_states,
    mixed_precision,
    set_generator_states,
)
from signdata.training.interrupts import Pause
from signdata.training.settings import (
    Preset,
    TrainConfig,
)


def one_cycle(done: float, warm_up: float) -> float:
    """Fraction of the peak learning rate after a fraction `done` of all steps, both 0..1.

    Rises from 1/25 to 1 along half a cosine, then falls to 0 along another
    (Smith and Topin 2018, arXiv:1708.07120).
    """
    if done < warm_up:
        return 0.04 + 0.96 * (1 - math.cos(math.pi * done / warm_up)) / 2
    return (1 + math.cos(math.pi * (done - warm_up) / (1 - warm_up))) / 2


def plateau(losses: list[float], config: Preset) -> float:
    """The learning rate after epochs with these losses on val."""
    rate, lowest, waited = config.lr, math.inf, 0
    for loss in losses:
        # As in torch: a decrease of less than one in 10,000 does not count.
        if loss < lowest * (1 - 1e-4):
            lowest, waited = loss, 0
        else:
            waited += 1
        if waited > config.plateau_patience:
            rate, waited = max(rate * config.plateau_factor, config.min_lr), 0
    return rate


def rate_at(config: Preset, done: float, losses: list[float]) -> float:
    """The learning rate after a fraction `done` of all steps and epochs with these losses."""
    if config.schedule == "one-cycle":
        return config.lr * one_cycle(done, config.warm_up)
    if config.schedule == "plateau":
        return plateau(losses, config)
    return config.lr / 2 if 0 < config.halve_after <= len(losses) else config.lr


class Learner:
    """A network, its optimizer, and their progress.

    Parameters
    ----------
    config : TrainConfig
    network : Module
    part : Part
        The training samples.
    class_weights : Tensor or None
    progress : callable or None
        Called every 50 steps.
    val_losses : sequence of float, optional
        Losses on val of every epoch, which control the learning rate, if this network is not
        evaluated on val itself. By default, those of its own history.
    """

    def __init__(
        self,
        config: TrainConfig,
        network: nn.Module,
        part: Part,
        class_weights: Tensor | None,
        progress: Progress | None,
        val_losses: Sequence[float] | None = None,
    ) -> None:
        self.config, self.network, self.part, self.progress = config, network, part, progress
        self.val_losses = val_losses
        self.class_weights = class_weights
        forward = distributed.averaging(network)
        self.forward = torch.compile(forward) if config.compile else forward
        self.normalise = InputSpec.of(type(network)).normalise
        self.trainable = [weights for weights in network.parameters() if weights.requires_grad]
        self.optimiser = _optimiser(config, self.trainable)
        self.steps_per_epoch = math.ceil(len(part) / config.batch_size)
        self.total = self.steps_per_epoch * config.epochs
        if len(part) // self.steps_per_epoch < distributed.count():
            raise UsageError(
                f"too few samples in a batch; expected {distributed.count()} or more, one for each "
                f"process, found {len(part) // self.steps_per_epoch}"
            )
        self.order = torch.Generator().manual_seed(config.seed)
        self.history: list[dict[str, float]] = []
        self.step = 0  # in the current epoch
        self.sums = torch.zeros(3, device=part.device)  # loss, correct, leading finite steps
        self.drawn = self.order.get_state()

    def learn_epoch(self, pause: Pause, keep: Callable[[], None]) -> tuple[float, float]:
        """Train on every sample once; return mean loss and accuracy during training.

        Sums stay on the device, to synchronise only at the end. An interrupted epoch is resumed
        at its step.
        """
        self.order.set_state(self.drawn)
        order = torch.randperm(len(self.part), generator=self.order).to(self.part.device)
        choices = order.tensor_split(self.steps_per_epoch)[self.step :]
        self.network.train()
        for chosen, batch in zip(
            choices, self.part.batches(list(map(distributed.share, choices))), strict=True
        ):
            self._learn(batch, len(batch.labels) * distributed.count() / len(chosen))
            self.step += 1
            done = len(self.history) * self.steps_per_epoch + self.step
            if self.progress and done % 50 == 0:
                self.progress(done, self.total, "learning")
            pause.now(keep)
        losses, corrects, finite = zip(*distributed.gathered(self.sums.tolist()), strict=True)
        loss, correct = sum(losses), sum(corrects)
        self._check(loss, round(min(finite)))
        self.step = 0
        self.sums.zero_()
        self.drawn = self.order.get_state()
        return loss / len(self.part), correct / len(self.part)

    def _learn(self, batch: Batch, share: float) -> None:
        # Weighted by its share of the batch, the mean over ranks is the mean over the batch.
        config = self.config
        done = (len(self.history) + self.step / self.steps_per_epoch) / config.epochs
        rate = rate_at(config, done, self._losses())
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        pictures = prepare(batch.images, config.augment, self.normalise)
        with mixed_precision(self.part.device):
            logits, poses = _both(self.forward(pictures))
            loss = F.cross_entropy(
                logits,
                batch.labels,
                weight=self.class_weights,
                label_smoothing=config.label_smoothing,
            )
            if poses is not None:
                loss = loss + pose_loss(poses, batch.poses)
        self.optimiser.zero_grad()
        (loss * share).backward()  # type: ignore[no-untyped-call]  # not annotated in torch
        finite = torch.isfinite(loss.detach())
        if config.clip_norm:
            norm = nn.utils.clip_grad_norm_(self.trainable, config.clip_norm)
            finite = finite & torch.isfinite(norm)
        self.optimiser.step()
        correct = (logits.argmax(1) == batch.labels).sum()
        self.sums[0] += loss.detach() * len(batch.labels)
        self.sums[1] += correct
        self.sums[2] += finite & (self.sums[2] == self.step)

    def _losses(self) -> list[float]:
        """Losses on val after each finished epoch."""
        if self.val_losses is not None:
            return list(self.val_losses[: len(self.history)])
        return [row["val_loss"] for row in self.history]

    @property
    def rate(self) -> float:
        """The learning rate of the last step."""
        return float(self.optimiser.param_groups[0]["lr"])

    def _check(self, loss: float, finite: int) -> None:
        """Raise `TrainingError` if loss or gradient of a step of this epoch was not finite."""
        if math.isfinite(loss) and finite == self.steps_per_epoch:
            return
        what = "gradient" if math.isfinite(loss) else "loss"
        raise TrainingError(
            f"the {what} is not finite in epoch {len(self.history) + 1} "
            f"(step {finite + 1} of {self.steps_per_epoch})",
            remedy=f"Try a learning rate below {self.config.lr:g}.",
        )

    def state(self) -> dict[str, Any]:
        """Everything needed to resume, as plain types and tensors."""
        return {
            "epoch": len(self.history),
            "step": self.step,
            "history": self.history,
            "state_dict": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "sums": self.sums,
            "order": self.drawn,
            "generators": distributed.gathered(generator_states(self.part.device)),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Restore what `state` returned."""
        self.step, self.history = state["step"], state["history"]
        self.network.load_state_dict(state["state_dict"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.sums.copy_(state["sums"])
        self.drawn = state["order"].cpu()
        set_generator_states(self.part.device, state["generators"][distributed.number()])


def _optimiser(config: TrainConfig, weights: list[nn.Parameter]) -> torch.optim.Optimizer:
    given: dict[str, Any] = {
        "lr": config.lr,
        "weight_decay": config.weight_decay,
        "fused": True,
    }
    if config.optimizer == "sgd":
        return torch.optim.SGD(weights, momentum=config.momentum, **given)
    kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
    return kind(weights, **given)


def class_weights(config: TrainConfig, labels: Tensor, n_classes: int) -> Tensor | None:
    """Weight of each class in the loss: inversely proportional to its size, 1 on average."""
    if config.class_weights == "none":
        return None
    counts = labels.bincount(minlength=n_classes).float()
    share = counts / counts.sum()
    present = (counts > 0).sum()
    return torch.where(counts > 0, 1 / (present * share), torch.zeros_like(share))


def pose_loss(poses: Tensor, wanted: Tensor | None) -> Tensor:
    """Mean squared error of the keypoints that were found; the others are NaN."""
    if wanted is None:
        raise UsageError("this network needs poses, but the dataset was loaded without them")
    found = ~wanted.isnan()
    squares = (poses.float() - wanted.nan_to_num()).square()
    return (squares * found).sum() / found.sum().clamp(min=1)


def _both(outputs: Tensor | tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor | None]:
    return outputs if isinstance(outputs, tuple) else (outputs, None)


@dataclass(frozen=True)
class Evaluation:
    """A network's results on a split.

    Attributes
    ----------
    matrix : ndarray of int64, shape (n_classes, n_classes)
        Counts of (true, predicted).
    loss : float
        Mean cross-entropy.
    probabilities : ndarray of float32, shape (N, n_classes)
        In the order of the split's samples.
    """

    matrix: NDArray[np.int64]
    loss: float
    probabilities: NDArray[np.float32]


@torch.no_grad()
def evaluate(network: nn.Module, part: Part, n_classes: int) -> Evaluation:
    """Evaluate a network on a split, in full precision."""
    network.eval()
    normalise = InputSpec.of(type(network)).normalise
    outputs, loss_sum = [], torch.zeros((), device=part.device)
    size = max(1, min(1024, (1 << 23) // math.prod(part.sample_shape)))
    for batch in part.in_order(size):
        logits, _ = _both(network(prepare(batch.images, "none", normalise)))
        loss_sum += F.cross_entropy(logits, batch.labels, reduction="sum")
        outputs.append(logits)
    logits = torch.cat(outputs)
    truth, guess = part.labels.cpu().numpy(), logits.argmax(1).cpu().numpy()
    return Evaluation(
        metrics.confusion_matrix(truth, guess, n_classes),
        loss_sum.item() / len(part),
        logits.softmax(1).cpu().numpy(),
    )
