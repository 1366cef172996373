"""The stages of one training run, its state, and its log.

First a network is trained on `train`, and the best epoch is chosen on `val`. If `val` has
signers or photographs that `train` lacks, the final network is then trained on both, from
scratch, for as many epochs. An interrupted run is resumed in either stage.
"""

from __future__ import annotations

import math
import time
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
from signdata.training.accuracy_warnings import FEW, few
from signdata.training.activations import first_maps
from signdata.training.batch_augmentation import prepare
from signdata.training.batches import Part
from signdata.training.data import Dataset, InputSpec, Progress, as_picture
from signdata.training.devices import describe, set_seed
from signdata.training.epoch_choice import CHOSEN_BY, EpochScore, is_better
from signdata.training.holdout import digest, independent, refits, shared_signers
from signdata.training.interrupts import Pause
from signdata.training.learner import Evaluation, Learner, class_weights, evaluate
from signdata.training.models import load_weights, model_class
from signdata.training.models.base import Network
from signdata.training.run_folder import Result, read_state, save_state
from signdata.training.run_plots import RunPictures
from signdata.training.settings import TrainConfig
from signdata.training.train_log import NAME as LOG
from signdata.training.train_log import TrainLog, epoch_line

KEEP_EVERY = 30.0
"""Seconds after which ``last.pt`` is written again at the end of an epoch."""


class Run:
    """One run: its data, its progress, and its best epoch.

    It has at most two stages. In the first, a network is trained on train, and val chooses the
    epoch. In the second (`final` is True), a new one is trained on train and val for as many.
    """

    def __init__(
        self,
        config: TrainConfig,
        data: Dataset,
        splits: NDArray[np.str_],
        run_dir: Path,
        device: torch.device,
        progress: Progress | None,
    ) -> None:
        self.config = config.with_epochs(int((splits == "train").sum()))
        self.data, self.splits, self.run_dir = data, splits, run_dir
        self.device = device
        self.progress, self.before, self.after = progress, 0, 0
        self.digest = digest(data, splits)
        self.refits, self.final = refits(config.refit, data, splits), False
        self.independent = independent(data, splits == "val")
        self.notes: list[str] = []
        self.log = TrainLog(run_dir, self._report if progress else None)
        self.history: list[dict[str, float]] = []  # of the first stage
        self.best: dict[str, Any] = {"epoch": 0, "state_dict": {}}
        self.seconds, self.learning = 0.0, 0.0
        self.started = self.kept = time.perf_counter()

    # -- Before

    def begin(self) -> None:
        """Build the network, and restore the state of an interrupted run."""
        state = distributed.broadcast(
            read_state(
                self.run_dir, asdict(self.config), self.digest, self.device, distributed.count()
            )
        )
        if state is not None:
            self.best, self.final = state["best"], state.get("final", False)
            self.seconds, self.learning = state["seconds"], state["learning"]
            self.history = state.get("choosing", [])
        self._build(fresh=state is None)
        self.val = Part(self.data, self.splits == "val", self.device)
        if state is not None:
            self.learner.restore(state)
        if not self.final:
            self.history = self.learner.history
        self.log.begin(self._lines())

    def _build(self, *, fresh: bool) -> None:
        """Build the network and the learner of the current stage."""
        config = self.config
        train, both = self.splits == "train", np.isin(self.splits, ("train", "val"))
        if self.final:
            self.before, self.after = len(self.history) * self._steps(train), 0
            config = replace(config, epochs=self.best["epoch"])
        elif self.refits:
            self.after = config.epochs * self._steps(both)
        part = Part(self.data, both if self.final else train, self.device)
        self.network = self._network(fresh=fresh)
        self.learner = Learner(
            config,
            self.network,
            part,
            class_weights(config, part.labels, len(self.data.classes)),
            self._report if self.progress else None,
            [row["val_loss"] for row in self.history] if self.final else None,
        )

    def _network(self, *, fresh: bool) -> nn.Module:
        config, notes = self.config, []
        network: Network = model_class(config.model)(len(self.data.classes))
        fixed = any(not weights.requires_grad for weights in network.parameters())
        if config.weights is not None and fresh and not load_weights(network, config.weights):
            notes.append("the weights file is for other classes, so the last layer is new")
        if config.finetune and not fixed:
            notes.append("--finetune has no effect: no layer of this network is fixed")
        if config.finetune and fixed:
            network.freeze(True)
        elif fixed and config.weights is None:
            notes.append("the fixed layers have random weights; load better ones with --weights")
        self.notes = notes or self.notes
        network.to(self.device)
        if all(weights.ndim < 5 for weights in network.parameters()):
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch says Tensor only
        return network

    # -- Training

    def learn(self) -> None:
        """Train the remaining epochs, and load the final weights into the network."""
        # Several ranks are stopped at different steps, so they resume from an epoch's end.
        with Pause(holds=distributed.count() == 1) as pause:
            if not self.final:
                self._choose(pause)
            if self.refits:
                self._refit(pause)
        self.keep()
        if not self.final:
            self.network.load_state_dict(self.best["state_dict"])

    def _choose(self, pause: Pause) -> None:
        """Train on train until the last epoch, or until there is no more improvement."""
        for epoch in range(len(self.history) + 1, self.config.epochs + 1):
            if 0 < self.config.patience <= epoch - 1 - self.best["epoch"]:
                return
            clock = time.perf_counter()
            row = self._learn(pause)
            evaluated = distributed.broadcast(
                evaluate(self.network, self.val, len(self.data.classes))
            )
            row |= {"val_loss": evaluated.loss, "val_accuracy": metrics.accuracy(evaluated.matrix)}
            self._end_epoch(row, clock, pause)

    def _refit(self, pause: Pause) -> None:
        """Train on train and val, from scratch, for as many epochs as val chose."""
        if not self.final:
            self.final = True
            set_seed(self.device, distributed.seed_of(self.config.seed))
            del self.learner, self.network  # frees the pictures that they hold
            self._build(fresh=True)
            self._say(self._choice())
        for _ in range(len(self.learner.history), self.best["epoch"]):
            clock = time.perf_counter()
            self._end_epoch(self._learn(pause), clock, pause)

    def _learn(self, pause: Pause) -> dict[str, float]:
        """Train one epoch; return its row of the history."""
        clock = time.perf_counter()
        try:
            loss, accuracy = self.learner.learn_epoch(pause, self.keep)
        except TrainingError:
            for name in ("last.pt", LOG):
                (self.run_dir / name).unlink(missing_ok=True)
            raise
        self.learning += time.perf_counter() - clock
        return {
            "epoch": len(self.learner.history) + 1,
            "train_loss": loss,
            "train_accuracy": accuracy,
            "lr": self.learner.rate,
        }

    def _end_epoch(self, row: dict[str, float], clock: float, pause: Pause) -> None:
        row["seconds"] = round(time.perf_counter() - clock, 3)
        self.learner.history.append(row)
        if not self.final:
            self._keep_if_better(row)
        self._say(self._line(row))
        if distributed.count() > 1 or time.perf_counter() - self.kept > KEEP_EVERY:
            self.keep()
        pause.now(self.keep)

    def _keep_if_better(self, row: dict[str, float]) -> None:
        scores = [EpochScore(each["val_loss"], each["val_accuracy"]) for each in self.history]
        best = scores[self.best["epoch"] - 1] if self.best["epoch"] else None
        top = max(score.accuracy for score in scores)
        if is_better(scores[-1], best, top, self.independent):
            weights = {name: w.clone() for name, w in self.network.state_dict().items()}
            self.best = {"epoch": int(row["epoch"]), "state_dict": weights}

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
            "final": self.final,
            "choosing": self.history if self.final else [],
            "seconds": self.seconds + self.kept - self.started,
            "learning": self.learning,
        }
        save_state(self.run_dir, state)

    # -- Log

    def _steps(self, rows: NDArray[np.bool_]) -> int:
        """Number of steps of an epoch of these samples."""
        return math.ceil(int(rows.sum()) / self.config.batch_size)

    def _report(self, done: int, total: int, note: str) -> None:
        """Report this stage's progress as that of the whole run."""
        if self.progress:
            self.progress(self.before + done, self.before + total + self.after, note)

    def _say(self, line: str) -> None:
        learner = self.learner
        self.log.say(line, len(learner.history) * learner.steps_per_epoch, learner.total)

    def _line(self, row: dict[str, float], *, final: bool | None = None) -> str:
        final = self.final if final is None else final
        epochs = self.best["epoch"] if final else self.config.epochs
        return epoch_line(row, epochs, "train+val" if final else "train")

    def _choice(self) -> str:
        return (
            f"val chose epoch {self.best['epoch']}; now training the final network on train and val"
        )

    def _lines(self) -> list[str]:
        """All earlier lines of the log."""
        lines = [self._line(row, final=False) for row in self.history]
        if self.final:
            lines.append(self._choice())
            lines += [self._line(row, final=True) for row in self.learner.history]
        return lines

    # -- After

    def evaluate_all(self) -> dict[str, Evaluation]:
        """Evaluate all splits; this is the first and only use of the test split.

        Val is evaluated with the best epoch's network, which was not trained on it.
        """
        n_classes = len(self.data.classes)
        evaluations = {"train": evaluate(self.network, self.learner.part, n_classes)}
        weights = {name: w.clone() for name, w in self.network.state_dict().items()}
        self.network.load_state_dict(self.best["state_dict"])
        evaluations["val"] = evaluate(self.network, self.val, n_classes)
        self.network.load_state_dict(weights)
        if (self.splits == "test").any():
            test = Part(self.data, self.splits == "test", self.device)
            evaluations["test"] = evaluate(self.network, test, n_classes)
        return evaluations

    def pictures(self, evaluation: Evaluation, measured_on: str) -> RunPictures:
        """The data of the run's charts."""
        data, n_classes = self.data, len(self.data.classes)
        rows = np.flatnonzero(self.splits == measured_on)
        sample = torch.from_numpy(np.array(data.images[rows[:1]])).to(self.device)
        normalise = InputSpec.of(type(self.network)).normalise
        return RunPictures(
            model=self.config.model,
            classes=data.classes,
            history=self.history,
            best_epoch=self.best["epoch"],
            losses=self._losses(),
            settings=asdict(self.config),
            numbers={
                f"{measured_on}_accuracy": metrics.accuracy(evaluation.matrix),
                f"{measured_on}_macro_f1": metrics.macro_f1(evaluation.matrix),
                f"{measured_on}_loss": evaluation.loss,
            },
            counts={
                name: np.bincount(data.labels[self.splits == name], minlength=n_classes)
                for name in SPLITS
                if (self.splits == name).any()
            },
            measured_on=measured_on,
            labels=data.labels[rows],
            probabilities=evaluation.probabilities,
            ids=[data.ids[row] for row in rows],
            picture=lambda row: as_picture(data.images[rows[row]]),
            seen=as_picture(data.images[rows[0]]),
            activations=first_maps(self.network, prepare(sample, "none", normalise)),
        )

    def _losses(self) -> str:
        """Why the losses of train and val are not the same measure."""
        config = self.config
        told = {
            f"label smoothing {config.label_smoothing:g}": config.label_smoothing > 0,
            f"augmentation {config.augment}": config.augment != "none",
            "class weights": config.class_weights != "none",
        }
        used = ", ".join(name for name, is_used in told.items() if is_used)
        how = f"with {used}" if used else "while the network learns"
        after = ", without" if used else ""
        return f"loss of train: mean of the epoch, {how}; of val: after the epoch{after}"

    def result(self, evaluations: dict[str, Evaluation], notes: list[str]) -> Result:
        """All results of the run."""
        test = evaluations["test"].matrix if "test" in evaluations else None
        measured_on = "val" if test is None else "test"
        epochs = len(self.history)
        seen = epochs * int((self.splits == "train").sum())
        weights = list(self.network.parameters())
        measured = int(evaluations[measured_on].matrix.sum())
        if measured < FEW:
            notes.append(few(measured_on, measured))
        if epochs < self.config.epochs:
            notes.append(f"training ended after epoch {epochs}: no more improvement on val")
        if self.final:
            seen += self.best["epoch"] * len(self.learner.part)
            notes.append(
                f"the final network was trained on train and val for {self.best['epoch']} epochs, "
                "as val chose; the results on val are of the network trained without it"
            )
        return Result(
            model=self.config.model,
            test_accuracy=None if test is None else metrics.accuracy(test),
            test_correct=None if test is None else int(test.trace()),
            test_total=None if test is None else int(test.sum()),
            val_accuracy=metrics.accuracy(evaluations["val"].matrix),
            train_accuracy=metrics.accuracy(evaluations["train"].matrix),
            macro_f1=metrics.macro_f1(evaluations[measured_on].matrix),
            measured_on=measured_on,
            epochs=epochs,
            best_epoch=self.best["epoch"],
            chosen_by=CHOSEN_BY,
            learned_from=("train", "val") if self.final else ("train",),
            shared_signers=shared_signers(self.data, self.splits),
            seconds=round(self.seconds + time.perf_counter() - self.started, 3),
            samples_per_second=round(seen / self.learning, 1),
            parameters=sum(each.numel() for each in weights),
            trainable=sum(each.numel() for each in weights if each.requires_grad),
            device=describe(self.device, distributed.count()),
            run=str(self.run_dir),
            notes=tuple(notes),
        )
