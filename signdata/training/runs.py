"""What a run reached, and the folder that keeps it.

::

    best.pt        the best epoch's weights, with classes and settings as plain types
    results.csv    one row an epoch
    metrics.json   every number of the run

The first two are the same bytes for the same seed, data, device and versions.
"""

from __future__ import annotations

import csv
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from signdata import __version__
from signdata.training import metrics


@dataclass(frozen=True)
class Result:
    """What a run reached. Accuracies and F1 are 0..1.

    Attributes
    ----------
    test_accuracy, test_correct, test_total
        Of the best epoch on `test`; None without one.
    val_accuracy, train_accuracy : float
        Of the best epoch, on pictures as they are.
    macro_f1 : float
        Mean F1 of the classes that occur in the split `measured_on`.
    measured_on : {'test', 'val'}
        `val` only where there is no `test`.
    epochs, best_epoch : int
        `best_epoch` counts from 1; of epochs equally good on `val` it is the last.
    seconds, samples_per_second : float
        Wall time of the run; samples learned from in a second of learning.
    parameters : int
    device, run : str
        `run` is the run folder as it was given.
    notes : tuple of str
        What a reader of the numbers should know.
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
    seconds: float
    samples_per_second: float
    parameters: int
    device: str
    run: str
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return {**asdict(self), "notes": list(self.notes)}


def write_run(
    run_dir: Path,
    result: Result,
    *,
    config: dict[str, Any],
    classes: Sequence[str],
    weights: Mapping[str, Tensor],
    history: Sequence[Mapping[str, float]],
    matrix: NDArray[np.int64],
) -> None:
    """Write ``best.pt``, ``results.csv`` and ``metrics.json``.

    Parameters
    ----------
    run_dir : Path
        An existing, empty folder.
    result : Result
    config : dict
        Every option as a plain type, `seed` among them.
    classes : sequence of str
        Names of the outputs, in order.
    weights : mapping of str to Tensor
        State dict of the best epoch. ``best.pt`` keeps it on the CPU as ``state_dict``,
        beside ``model``, ``classes``, ``epoch`` and ``config``, for
        ``torch.load(path, weights_only=True)``.
    history : sequence of mapping
        One for each epoch, all with the same keys.
    matrix : ndarray of int64, shape (n_classes, n_classes)
        Confusion matrix (true, predicted) of the split `result.measured_on`.
    """
    checkpoint = {
        "model": result.model,
        "classes": list(classes),
        "epoch": result.best_epoch,
        "config": config,
        "state_dict": {name: value.cpu().contiguous() for name, value in weights.items()},
    }
    torch.save(checkpoint, run_dir / "best.pt")
    with open(run_dir / "results.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(history[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(history)
    numbers = result.to_dict()
    del numbers["run"]  # the folder may be moved
    report = {
        **numbers,
        "classes": list(classes),
        "per_class": metrics.per_class(matrix, classes),
        "confusion_matrix": matrix.tolist(),
        "seed": config["seed"],
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
