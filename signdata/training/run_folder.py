"""The results of a run, and its folder.

::

    best.pt        the final weights, with classes and settings as plain types
    last.pt        the last training state, to resume from
    results.csv    one row per epoch
    train.log      the same as text, written during training
    predictions.csv  what the network said of each sample of val and test
    metrics.json   all results of the run

``best.pt`` and ``results.csv`` are the same bytes for the same seed, data, device and versions.
"""

from __future__ import annotations

import csv
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from signdata.errors import OutputError, SourceChangedError
from signdata.filesystem import full_disk
from signdata.version import __version__

COLUMNS = (
    *("epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "lr", "learned_from"),
)
"""Columns of ``results.csv``, without seconds, which differ from run to run."""


@dataclass(frozen=True)
class Result:
    """The results of a run. Accuracies and F1 are 0..1.

    Attributes
    ----------
    test_accuracy, test_correct, test_total
        Of the final network on `test`; None if there is no test split.
    val_accuracy : float
        Of the best epoch's network, which was not trained on `val`.
    train_accuracy : float
        Of the final network on its training samples, without augmentation.
    macro_f1 : float
        Mean F1 of the classes that occur in the split `measured_on`.
    measured_on : {'test', 'val'}
        `val` only if there is no `test`.
    epochs, best_epoch : int
        Epochs trained on `train`, and the best of them on `val`, counted from 1.
    chosen_by : str
        What decides between epochs whose accuracies `val` cannot distinguish: ``val_loss``.
    learned_from : tuple of str
        The splits that the final network was trained on: ``train``; or ``train`` and ``val``,
        from scratch, for `best_epoch` epochs.
    shared_signers : int or None
        Number of signers in both `train` and `test`; None if signers are unknown.
    seconds, samples_per_second : float
        Wall time of the run; training samples per second of training.
    parameters, trainable : int
        Number of all parameters, and of the trainable ones.
    device, run : str
        `run` is the run folder as given.
    notes : tuple of str
        What users need to know to interpret the results.
    """

    model: str
    test_accuracy: float | None
    test_correct: int | None
    test_total: int | None
    val_accuracy: float
    train_accuracy: float
    macro_f1: float
    measured_on: str
    epochs: int
    best_epoch: int
    chosen_by: str
    learned_from: tuple[str, ...]
    shared_signers: int | None
    seconds: float
    samples_per_second: float
    parameters: int
    trainable: int
    device: str
    run: str
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain types for JSON."""
        lists = {"notes": list(self.notes), "learned_from": list(self.learned_from)}
        return {**asdict(self), **lists}


def save_state(run_dir: Path, state: Mapping[str, Any]) -> None:
    """Write ``last.pt`` atomically."""
    new = run_dir / "last.pt.new"
    with full_disk(run_dir):
        torch.save(dict(state), new)
    os.replace(new, run_dir / "last.pt")


def read_state(
    run_dir: Path,
    config: Mapping[str, Any],
    digest: str,
    device: torch.device,
    processes: int = 1,
) -> dict[str, Any] | None:
    """The training state in ``last.pt``; None if there is none.

    Parameters
    ----------
    run_dir : Path
    config : mapping
        Settings of the resuming run.
    digest : str
        See `signdata.training.holdout.digest`.
    device : torch.device
        Its device.
    processes : int
        Its number of processes.

    Raises
    ------
    SourceChangedError
        If the state is of another split or other classes.
    OutputError
        If it has other settings or another number of processes, or cannot be read.
    """
    path = run_dir / "last.pt"
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
        given, before, together = state["digest"], state["config"], len(state["generators"])
    except Exception as err:  # torch raises anything on damaged bytes
        raise OutputError(
            f"last.pt cannot be read ({type(err).__name__})",
            path=run_dir,
            remedy="Start again with --overwrite.",
        ) from err
    if given != digest:
        raise SourceChangedError(
            f"was trained on another split or other classes; expected checksum {given[:12]}, "
            f"found {digest[:12]}",
            path=run_dir,
            remedy="Choose another run folder, or start again with --overwrite.",
        )
    # An option added after the run was made had its default value.
    if differing := [name for name in config if before.get(name, config[name]) != config[name]]:
        raise OutputError(
            f"was started with another {' and '.join(differing)}",
            path=run_dir,
            remedy="Repeat the same options, or start again with --overwrite.",
        )
    if together != processes:
        raise OutputError(
            f"was started with {together} processes; expected the same number, found {processes}",
            path=run_dir,
            remedy="Use as many processes, or start again with --overwrite.",
        )
    return state


def write_run(
    run_dir: Path,
    result: Result,
    *,
    config: dict[str, Any],
    classes: Sequence[str],
    weights: Mapping[str, Tensor],
    history: Sequence[Mapping[str, float]],
    final_history: Sequence[Mapping[str, float]] = (),
    measured: Mapping[str, Any],
    digest: str = "",
    dataset: Mapping[str, Any],
) -> None:
    """Write ``best.pt``, ``results.csv`` and ``metrics.json``.

    Parameters
    ----------
    run_dir : Path
        An existing folder.
    result : Result
    config : dict
        All options, including `seed`, as plain types.
    classes : sequence of str
        Names of the outputs, in order.
    weights : mapping of str to Tensor
        State dict of the final network. ``best.pt`` has it on the CPU as ``state_dict``, along
        with ``model``, ``classes``, ``epoch``, ``learned_from`` and ``config``, for
        ``torch.load(path, weights_only=True)``.
    history : sequence of mapping
        One for each epoch of the network trained on train only.
    final_history : sequence of mapping
        One for each epoch of the network trained on train and val, if there is one.
    measured : mapping
        Metrics of the split `result.measured_on`; see `signdata.training.metrics.summary`.
    digest : str
        Of the classes and the split; see `signdata.training.holdout.digest`.
    dataset : mapping
        Which dataset was read; see `signdata.training.predictions.dataset_record`.
    """
    words = {
        "model": result.model,
        "classes": list(classes),
        "epoch": result.best_epoch,
        "learned_from": list(result.learned_from),
        "config": config,
    }
    checkpoint = {
        # As JSON gives them back: a pickle tells texts that are one object from equal ones.
        **json.loads(json.dumps(words)),
        # Copies: tensors that share memory would be saved as shared, and change the bytes.
        "state_dict": {
            name: value.detach().cpu().contiguous().clone() for name, value in weights.items()
        },
    }
    with full_disk(run_dir):
        torch.save(checkpoint, run_dir / "best.pt")
    with open(run_dir / "results.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        for learned_from, rows in (("train", history), ("train+val", final_history)):
            table.writerows({**row, "learned_from": learned_from} for row in rows)
    numbers = result.to_dict()
    del numbers["run"]  # the folder may be moved
    report = {
        **numbers,
        "classes": list(classes),
        **measured,
        "seed": config["seed"],
        "digest": digest,
        "dataset": dict(dataset),
        "config": config,
        "versions": {
            "signdata": __version__,
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "numpy": np.__version__,
        },
    }
    text = json.dumps(report, indent=2, ensure_ascii=False)
    (run_dir / "metrics.json").write_text(text + "\n", encoding="utf-8")
