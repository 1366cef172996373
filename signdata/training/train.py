"""Training, top to bottom: options, learning, judging, one run.

Learns on `train`, keeps the epoch that does best on `val`, and reads `test` once, after
the last epoch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from signdata.errors import TrainingError
from signdata.samples import SPLITS
from signdata.training import distributed, metrics
from signdata.training.activations import first_maps
from signdata.training.batch_augmentation import prepare
from signdata.training.batches import Part
from signdata.training.data import Dataset, Intake, Progress
from signdata.training.devices import (
    describe,
    pick_device,
    repeatable,
)
from signdata.training.holdout import digest, resolve_splits, shared_signers
from signdata.training.interrupts import Pause
from signdata.training.learner import Evaluation, Learner, class_weights, evaluate
from signdata.training.models import load_weights, model_class
from signdata.training.models.base import Network
from signdata.training.plots.run_plots import RunPictures, draw_run
from signdata.training.run_folder import Result, read_state, save_state, write_run
from signdata.training.settings import (
    TrainConfig,
)
from signdata.workers.memory import keep_freed

KEPT = 256 << 20
"""Bytes of freed memory that are held on to: what a batch leaves between two layers."""

KEEP_EVERY = 30.0
"""Seconds after which an epoch's end writes ``last.pt`` again."""

# ---------------------------------------------------------------------------- options


# ---------------------------------------------------------------------------- rates


# ---------------------------------------------------------------------------- learning


# ---------------------------------------------------------------------------- judging


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
    splits, notes = resolve_splits(data, split_seed)
    run = _Run(config, data, splits, run_dir, device, progress)
    with repeatable(device, distributed.seed_of(config.seed)):
        run.begin()
        run.learn()
        judged = run.evaluate_all()
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
        state = distributed.broadcast(
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
        judged = distributed.broadcast(
            evaluate(self.network, self.parts["val"], len(self.data.classes))
        )
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

    def evaluate_all(self) -> dict[str, Evaluation]:
        """What the best epoch reaches; the test split is opened here and nowhere before."""
        parts = dict(self.parts)
        if (self.splits == "test").any():
            parts["test"] = Part(self.data, self.splits == "test", self.device)
        n_classes = len(self.data.classes)
        return {name: evaluate(self.network, part, n_classes) for name, part in parts.items()}

    def seen(self, judged: Evaluation, measured_on: str) -> RunPictures:
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

    def result(self, judged: dict[str, Evaluation], notes: list[str]) -> Result:
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
