"""Training, top to bottom: options, learning, judging, one run.

Learns on `train`, keeps the epoch that does best on `val`, and reads `test` once, after
the last epoch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from signdata.errors import TrainingError, UsageError
from signdata.samples import SPLITS
from signdata.training import distributed, metrics
from signdata.training.activations import first_maps
from signdata.training.batch_augmentation import AUGMENTS, prepare
from signdata.training.batches import Batch, Part
from signdata.training.data import (
    Dataset,
    Intake,
    Progress,
    digest,
    settle_splits,
    shared_signers,
)
from signdata.training.devices import (
    DEVICES,
    describe,
    generator_states,
    mixed_precision,
    pick_device,
    repeatable,
    set_generator_states,
)
from signdata.training.interrupts import Pause
from signdata.training.models import load_weights, model_class
from signdata.training.models.base import Network
from signdata.training.plots.run_plots import RunPictures, draw_run
from signdata.training.run_folder import Result, read_state, save_state, write_run
from signdata.training.settings import CLASS_WEIGHTS, OPTIMIZERS, PRESETS, SCHEDULES, Preset
from signdata.training.settings import preset_of as _preset_of
from signdata.workers.memory import keep_freed

KEPT = 256 << 20
"""Bytes of freed memory that are held on to: what a batch leaves between two layers."""

KEEP_EVERY = 30.0
"""Seconds after which an epoch's end writes ``last.pt`` again."""

# ---------------------------------------------------------------------------- options


@dataclass(frozen=True)
class TrainConfig(Preset):
    """How to train: a preset's settings, and which network, where, from what.

    Attributes
    ----------
    model : str
        A name in `signdata.training.models.MODELS`.
    preset : {'ours', 'published'}
        Where the settings that nobody gave came from; `of` looks them up.
    weights : str or None
        File of weights to start from.
    finetune : bool
        Whether the layers that a network keeps fixed learn too.
    seed : int
    split_seed : int or None
        Of what is held out; None is `seed`.
    device : {'auto', 'cpu', 'cuda'}
        `auto` takes CUDA where there is one.
    compile : bool
        Whether the network is compiled before it learns.
    """

    model: str = "unam"
    preset: str = "ours"
    weights: str | None = None
    finetune: bool = False
    seed: int = 0
    split_seed: int | None = None
    device: str = "auto"
    compile: bool = False

    @classmethod
    def of(cls, model: str, preset: str = "ours", **given: Any) -> Self:
        """A preset's settings of a network, but for those given."""
        settings = {**asdict(_preset_of(preset, model)), **given}
        if "epochs" in given:
            settings["least_steps"] = 0
        return cls(model=model, preset=preset, **settings)

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, found {getattr(self, name)}")
        if not 0 < self.lr < math.inf:
            raise UsageError(f"lr must be above 0 and finite, found {self.lr}")
        for name in ("patience", "clip_norm"):
            if getattr(self, name) < 0:
                raise UsageError(f"{name} must be 0 or more, found {getattr(self, name)}")
        if not 0 <= self.label_smoothing < 1:
            raise UsageError(f"label_smoothing must be 0 to below 1, found {self.label_smoothing}")
        known = {
            "augment": AUGMENTS,
            "device": DEVICES,
            "optimizer": OPTIMIZERS,
            "schedule": SCHEDULES,
            "class_weights": CLASS_WEIGHTS,
            "preset": PRESETS,
        }
        for name, names in known.items():
            if getattr(self, name) not in names:
                found = getattr(self, name)
                raise UsageError(f"no such {name}; expected {' or '.join(names)}, found {found!r}")


# ---------------------------------------------------------------------------- rates


def one_cycle(done: float, warm_up: float) -> float:
    """Share of the peak learning rate after the share `done` of all steps, both 0..1.

    Rises from 1/25 to 1 along half a cosine, then falls to 0 along another
    (Smith and Topin 2018, arXiv:1708.07120).
    """
    if done < warm_up:
        return 0.04 + 0.96 * (1 - math.cos(math.pi * done / warm_up)) / 2
    return (1 + math.cos(math.pi * (done - warm_up) / (1 - warm_up))) / 2


def plateau(losses: list[float], config: Preset) -> float:
    """The learning rate after epochs of these losses on val."""
    rate, lowest, waited = config.lr, math.inf, 0
    for loss in losses:
        # As torch's: a fall of less than a ten-thousandth is none.
        if loss < lowest * (1 - 1e-4):
            lowest, waited = loss, 0
        else:
            waited += 1
        if waited > config.plateau_patience:
            rate, waited = max(rate * config.plateau_factor, config.min_lr), 0
    return rate


def rate_at(config: Preset, done: float, losses: list[float]) -> float:
    """The learning rate after the share `done` of all steps, and epochs of these losses."""
    if config.schedule == "one-cycle":
        return config.lr * one_cycle(done, config.warm_up)
    if config.schedule == "plateau":
        return plateau(losses, config)
    return config.lr / 2 if 0 < config.halve_after <= len(losses) else config.lr


# ---------------------------------------------------------------------------- learning


class Learner:
    """A network, its optimiser, and how far the two are."""

    def __init__(
        self,
        config: TrainConfig,
        network: nn.Module,
        part: Part,
        class_weights: Tensor | None,
        progress: Progress | None,
    ) -> None:
        self.config, self.network, self.part, self.progress = config, network, part, progress
        self.class_weights = class_weights
        forward = distributed.averaging(network)
        self.forward = torch.compile(forward) if config.compile else forward
        self.normalise = Intake.of(type(network)).normalise
        self.learned = [weights for weights in network.parameters() if weights.requires_grad]
        self.optimiser = _optimiser(config, self.learned)
        self.steps_per_epoch = math.ceil(len(part) / config.batch_size)
        self.total = self.steps_per_epoch * config.epochs
        if len(part) // self.steps_per_epoch < distributed.count():
            raise UsageError(
                f"too few samples in a batch; expected {distributed.count()} or more, one for each "
                f"process, found {len(part) // self.steps_per_epoch}"
            )
        self.order = torch.Generator().manual_seed(config.seed)
        self.history: list[dict[str, float]] = []
        self.step = 0  # of the epoch under way
        self.sums = torch.zeros(3, device=part.device)  # loss, correct, steps without fault
        self.drawn = self.order.get_state()

    def learn_epoch(self, pause: Pause, keep: Callable[[], None]) -> tuple[float, float]:
        """See every sample once; mean loss and accuracy while learning.

        Sums stay on the device, so that nothing waits for it before the end. An epoch that was
        broken off goes on at the step where it was.
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
        losses, corrects, faultless = zip(*distributed.gathered(self.sums.tolist()), strict=True)
        loss, correct = sum(losses), sum(corrects)
        self._check(loss, round(min(faultless)))
        self.step = 0
        self.sums.zero_()
        self.drawn = self.order.get_state()
        return loss / len(self.part), correct / len(self.part)

    def _learn(self, batch: Batch, share: float) -> None:
        # The mean over ranks is that over the batch only if each counts by its share of it.
        config = self.config
        done = (len(self.history) + self.step / self.steps_per_epoch) / config.epochs
        rate = rate_at(config, done, [row["val_loss"] for row in self.history])
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
        sound = torch.isfinite(loss.detach())
        if config.clip_norm:
            length = nn.utils.clip_grad_norm_(self.learned, config.clip_norm)
            sound = sound & torch.isfinite(length)
        self.optimiser.step()
        correct = (logits.argmax(1) == batch.labels).sum()
        self.sums[0] += loss.detach() * len(batch.labels)
        self.sums[1] += correct
        self.sums[2] += sound & (self.sums[2] == self.step)

    def _check(self, loss: float, faultless: int) -> None:
        """Raise `TrainingError` if a step of this epoch was not sound."""
        if math.isfinite(loss) and faultless == self.steps_per_epoch:
            return
        what = "gradient" if math.isfinite(loss) else "loss"
        raise TrainingError(
            f"the {what} is no longer a number in epoch {len(self.history) + 1} "
            f"(step {faultless + 1} of {self.steps_per_epoch})",
            remedy=f"Try a learning rate below {self.config.lr:g}.",
        )

    def state(self) -> dict[str, Any]:
        """All that learning goes on from, as plain types and tensors."""
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

    def go_on(self, state: dict[str, Any]) -> None:
        """Take up what `state` gave."""
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
    """What each class weighs in the loss: less the more samples it has, 1 on the average."""
    if config.class_weights == "none":
        return None
    counts = labels.bincount(minlength=n_classes).float()
    share = counts / counts.sum()
    present = (counts > 0).sum()
    return torch.where(counts > 0, 1 / (present * share), torch.zeros_like(share))


def pose_loss(poses: Tensor, wanted: Tensor | None) -> Tensor:
    """Mean squared error of the points that were found; those that were not are NaN."""
    if wanted is None:
        raise UsageError("this network learns poses too, and the dataset was loaded without")
    found = ~wanted.isnan()
    squares = (poses.float() - wanted.nan_to_num()).square()
    return (squares * found).sum() / found.sum().clamp(min=1)


def _both(outputs: Tensor | tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor | None]:
    return outputs if isinstance(outputs, tuple) else (outputs, None)


# ---------------------------------------------------------------------------- judging


@dataclass(frozen=True)
class Judged:
    """What a network makes of a split.

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
def evaluate(network: nn.Module, part: Part, n_classes: int) -> Judged:
    """Judge a network by a split, in full precision."""
    network.eval()
    normalise = Intake.of(type(network)).normalise
    told, loss_sum = [], torch.zeros((), device=part.device)
    size = max(1, min(1024, (1 << 23) // math.prod(part.sample_shape)))
    for batch in part.in_order(size):
        logits, _ = _both(network(prepare(batch.images, "none", normalise)))
        loss_sum += F.cross_entropy(logits, batch.labels, reduction="sum")
        told.append(logits)
    logits = torch.cat(told)
    truth, guess = part.labels.cpu().numpy(), logits.argmax(1).cpu().numpy()
    return Judged(
        metrics.confusion_matrix(truth, guess, n_classes),
        loss_sum.item() / len(part),
        logits.softmax(1).cpu().numpy(),
    )


# ---------------------------------------------------------------------------- one run


def train(
    config: TrainConfig, data: Dataset, *, run_dir: Path, progress: Progress | None = None
) -> Result:
    """Train a network on a dataset and write the run folder.

    Parameters
    ----------
    config : TrainConfig
    data : Dataset
        Loaded at what the model's class takes.
    run_dir : Path
        An existing folder: empty, or with the ``last.pt`` of a run of the same settings that
        was broken off, which goes on.
    progress : callable, optional
        Called with steps done, all steps, and a few words.

    Raises
    ------
    DatasetError
        Nothing to learn from, or nothing to choose the best epoch with.
    OutputError
        A ``last.pt`` of other settings, another split or other classes.
    TrainingError
        The loss stopped being a number.
    UsageError
        No such model, or no CUDA device where one was asked for.
    """
    keep_freed(KEPT)
    device = pick_device(config.device)
    split_seed = config.seed if config.split_seed is None else config.split_seed
    splits, notes = settle_splits(data, split_seed)
    run = _Run(config, data, splits, run_dir, device, progress)
    with repeatable(device, distributed.seed_of(config.seed)):
        run.begin()
        run.learn()
        judged = run.judge()
        result = run.result(judged, [*notes, *run.notes])
        seen = run.seen(judged[result.measured_on], result.measured_on)
    result = replace(result, notes=(*result.notes, *draw_run(run_dir, seen)))
    measured = splits == result.measured_on
    write_run(
        run_dir,
        result,
        config=asdict(run.config),
        classes=data.classes,
        weights=run.best["state_dict"],
        history=run.learner.history,
        measured=metrics.summary(
            data.labels[measured],
            judged[result.measured_on].probabilities,
            data.classes,
            signers=[signer for signer, mine in zip(data.signers, measured, strict=False) if mine],
        ),
        digest=run.digest,
    )
    return result


def with_epochs(config: TrainConfig, n_samples: int) -> TrainConfig:
    """The same with as many epochs as reach the least number of steps."""
    steps = math.ceil(n_samples / config.batch_size)
    return replace(config, epochs=max(config.epochs, math.ceil(config.least_steps / steps)))


class _Run:
    """One run: what it learns from, how far it is, and its best epoch."""

    def __init__(
        self,
        config: TrainConfig,
        data: Dataset,
        splits: NDArray[np.str_],
        run_dir: Path,
        device: torch.device,
        progress: Progress | None,
    ) -> None:
        self.config = with_epochs(config, int((splits == "train").sum()))
        self.data, self.splits, self.run_dir = data, splits, run_dir
        self.device, self.progress = device, progress
        self.digest = digest(data, splits)
        self.notes: list[str] = []
        self.best: dict[str, Any] = {"epoch": 0, "correct": -1, "state_dict": {}}
        self.seconds, self.learning = 0.0, 0.0
        self.started = self.kept = time.perf_counter()

    # -- Before

    def begin(self) -> None:
        """Build the network, and go on where a run was broken off."""
        state = distributed.told(
            read_state(
                self.run_dir, asdict(self.config), self.digest, self.device, distributed.count()
            )
        )
        network = self._build(fresh=state is None)
        self.network = network
        self.parts = {
            name: Part(self.data, self.splits == name, self.device) for name in ("train", "val")
        }
        weights = class_weights(self.config, self.parts["train"].labels, len(self.data.classes))
        self.learner = Learner(self.config, network, self.parts["train"], weights, self.progress)
        if state is not None:
            self.learner.go_on(state)
            self.best, self.seconds, self.learning = (
                state["best"],
                state["seconds"],
                state["learning"],
            )

    def _build(self, *, fresh: bool) -> nn.Module:
        config = self.config
        network: Network = model_class(config.model)(len(self.data.classes))
        fixed = any(not weights.requires_grad for weights in network.parameters())
        if config.weights is not None and fresh and not load_weights(network, config.weights):
            self.notes.append("the weights file has another head, so that of the network is new")
        if config.finetune and not fixed:
            self.notes.append("--finetune changes nothing: no layer of this network is fixed")
        if config.finetune and fixed:
            network.freeze(True)
        elif fixed and config.weights is None:
            self.notes.append("the fixed layers have random weights; --weights FILE gives better")
        network.to(self.device)
        if all(weights.ndim < 5 for weights in network.parameters()):
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch says Tensor only
        return network

    # -- Learning

    def learn(self) -> None:
        """Learn the epochs that are left, and leave the best one's weights in the network."""
        # Ranks that are told to stop are each at another step: they go on from an epoch's end.
        together = distributed.count() > 1
        with Pause(holds=not together) as pause:
            for epoch in self._epochs():
                self._learn(epoch, pause)
                if together or time.perf_counter() - self.kept > KEEP_EVERY:
                    self.keep()
                pause.now(self.keep)
        self.keep()
        self.network.load_state_dict(self.best["state_dict"])

    def _epochs(self) -> Iterator[int]:
        """Numbers of the epochs to learn, until none is better any more."""
        for epoch in range(len(self.learner.history) + 1, self.config.epochs + 1):
            if 0 < self.config.patience <= epoch - 1 - self.best["epoch"]:
                return
            yield epoch

    def _learn(self, epoch: int, pause: Pause) -> None:
        clock = time.perf_counter()
        try:
            loss, accuracy = self.learner.learn_epoch(pause, self.keep)
        except TrainingError:
            (self.run_dir / "last.pt").unlink(missing_ok=True)
            raise
        self.learning += time.perf_counter() - clock
        judged = distributed.told(evaluate(self.network, self.parts["val"], len(self.data.classes)))
        val_accuracy, correct = metrics.accuracy(judged.matrix), int(judged.matrix.trace())
        self.learner.history.append(
            {
                "epoch": epoch,
                "train_loss": loss,
                "train_accuracy": accuracy,
                "val_loss": judged.loss,
                "val_accuracy": val_accuracy,
            }
        )
        # Among equals the last: it has learned longest, at the lowest rate.
        if correct >= self.best["correct"]:
            weights = {name: w.clone() for name, w in self.network.state_dict().items()}
            self.best = {"epoch": epoch, "correct": correct, "state_dict": weights}
        if self.progress:
            took = time.perf_counter() - clock
            left = (self.config.epochs - epoch) * took
            note = f"epoch {epoch}: val {val_accuracy:.2%}, {took:.1f} s, {left:.0f} s left"
            self.progress(epoch * self.learner.steps_per_epoch, self.learner.total, note)

    def keep(self) -> None:
        """Write ``last.pt``."""
        self.kept = time.perf_counter()
        state = {
            "model": self.config.model,
            "classes": list(self.data.classes),
            "config": asdict(self.config),
            "digest": self.digest,
            **self.learner.state(),
            "best": self.best,
            "seconds": self.seconds + self.kept - self.started,
            "learning": self.learning,
        }
        save_state(self.run_dir, state)

    # -- After

    def judge(self) -> dict[str, Judged]:
        """What the best epoch reaches; the test split is opened here and nowhere before."""
        parts = dict(self.parts)
        if (self.splits == "test").any():
            parts["test"] = Part(self.data, self.splits == "test", self.device)
        n_classes = len(self.data.classes)
        return {name: evaluate(self.network, part, n_classes) for name, part in parts.items()}

    def seen(self, judged: Judged, measured_on: str) -> RunPictures:
        """What there is to draw."""
        data, n_classes = self.data, len(self.data.classes)
        rows = np.flatnonzero(self.splits == measured_on)
        sample = torch.from_numpy(np.array(data.images[rows[:1]])).to(self.device)
        normalise = Intake.of(type(self.network)).normalise
        return RunPictures(
            model=self.config.model,
            classes=data.classes,
            history=self.learner.history,
            best_epoch=self.best["epoch"],
            counts={
                name: np.bincount(data.labels[self.splits == name], minlength=n_classes)
                for name in SPLITS
                if (self.splits == name).any()
            },
            measured_on=measured_on,
            labels=data.labels[rows],
            probabilities=judged.probabilities,
            picture=lambda row: _shown(data.images[rows[row]]),
            seen=_shown(data.images[rows[0]]),
            activations=first_maps(self.network, prepare(sample, "none", normalise)),
        )

    def result(self, judged: dict[str, Judged], notes: list[str]) -> Result:
        """Every number of the run."""
        test = judged["test"].matrix if "test" in judged else None
        measured_on = "val" if test is None else "test"
        epochs = len(self.learner.history)
        weights = list(self.network.parameters())
        if epochs < self.config.epochs:
            notes.append(f"learning ended after epoch {epochs}, as none was better any more")
        return Result(
            model=self.config.model,
            test_accuracy=None if test is None else metrics.accuracy(test),
            test_correct=None if test is None else int(test.trace()),
            test_total=None if test is None else int(test.sum()),
            val_accuracy=metrics.accuracy(judged["val"].matrix),
            train_accuracy=metrics.accuracy(judged["train"].matrix),
            macro_f1=metrics.macro_f1(judged[measured_on].matrix),
            measured_on=measured_on,
            epochs=epochs,
            best_epoch=self.best["epoch"],
            shared_signers=shared_signers(self.data, self.splits),
            seconds=round(self.seconds + time.perf_counter() - self.started, 3),
            samples_per_second=round(epochs * len(self.parts["train"]) / self.learning, 1),
            parameters=sum(each.numel() for each in weights),
            trainable=sum(each.numel() for each in weights if each.requires_grad),
            device=describe(self.device, distributed.count()),
            run=str(self.run_dir),
            notes=tuple(notes),
        )


def _shown(sample: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A still (C, H, W), or the middle frame of a clip (T, C, H, W), as (H, W, C)."""
    frame = sample[len(sample) // 2] if sample.ndim == 4 else sample
    return np.ascontiguousarray(frame.transpose(1, 2, 0))
