"""Cross-validation: one run a fold, each sample tested on once, and what that gives together.

::

    fold-1/, fold-2/, ...  a run each; its `probabilities.npy` is what the pooled numbers need
    folds.json             mean and deviation over the runs, and every number of all tests pooled
    predictions.csv        what was said of each sample while it was test, in the dataset's order
    confusion.png, ...     the pictures of all tests pooled
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from signdata.errors import DatasetError, FormatError, UsageError
from signdata.formats.selection import split_in_fold
from signdata.training import distributed, metrics
from signdata.training.baseline_report import FOLDS, read_json
from signdata.training.data import Dataset, Progress, as_picture
from signdata.training.predictions import (
    PREDICTIONS,
    Answers,
    dataset_record,
    write_predictions,
)
from signdata.training.run_plots import RunPictures, draw
from signdata.training.settings import TrainConfig
from signdata.training.train import PROBABILITIES, train

_OF_EACH = ("test_accuracy", "test_correct", "test_total", "val_accuracy", "macro_f1", "best_epoch")


def numbers(data: Dataset) -> list[int]:
    """The folds that a dataset has.

    Raises
    ------
    DatasetError
        It has none, only one, or one that is no number.
    """
    found = set(data.folds) - {""}
    if strange := sorted(name for name in found if not name.isdecimal()):
        raise DatasetError(f"a fold {strange[0]!r}; expected whole numbers")
    if len(found) < 2:
        raise DatasetError(
            f"no column 'fold' with two folds or more; found {len(found)}",
            remedy="Make them with split --folds K.",
        )
    return sorted(map(int, found))


def val_of(fold: int, all_folds: list[int], val_fold: int | None) -> int | None:
    """The fold that is val while `fold` is test: the one asked for, or the next after itself."""
    if val_fold is None:
        return None
    if val_fold not in all_folds:
        found = ", ".join(map(str, all_folds))
        raise DatasetError(f"no fold {val_fold} for val; expected one of {found}")
    if len(all_folds) < 3:
        raise UsageError("--val-fold with two folds leaves none to train on; expected three")
    if fold != val_fold:
        return val_fold
    return all_folds[(all_folds.index(fold) + 1) % len(all_folds)]


def of_fold(data: Dataset, fold: int, val_fold: int | None) -> Dataset:
    """The same samples, with a fold as test, perhaps another as val, and the rest as train.

    What is in no fold is learned from if it was in train, and takes no part otherwise.
    """
    splits = [
        split_in_fold(number, "train" if split == "train" else "", fold, val_fold)
        for number, split in zip(data.folds, data.splits.tolist(), strict=True)
    ]
    return replace(data, splits=np.array(splits, "U5"))


def folders(root: Path, all_folds: Iterable[int]) -> list[Path]:
    """Where the runs are."""
    return [root / f"fold-{number}" for number in all_folds]


def train_all(
    data: Dataset,
    config: TrainConfig,
    root: Path,
    *,
    val_fold: int | None,
    progress: Progress | None,
) -> None:
    """Make every run that is not there yet, and bring together what they reached."""
    found = numbers(data)
    for number, folder in zip(found, folders(root, found), strict=True):
        val = val_of(number, found, val_fold)
        folder.mkdir(exist_ok=True)
        if distributed.broadcast(not (folder / "metrics.json").exists()):
            part = of_fold(data, number, val)
            if progress:
                progress(0, 0, f"fold {number} of {len(found)} is test\n")
            train(config, part, run_dir=folder, keep_probabilities=True, progress=progress)
    if distributed.number() == 0:
        _bring_together(data, found, root)


# ---------------------------------------------------------------------------- together


def _bring_together(data: Dataset, found: list[int], root: Path) -> None:
    """Write the report, and the pictures of all tests."""
    runs = [read_json(folder / "metrics.json") for folder in folders(root, found)]
    rows = [np.flatnonzero(np.array(data.folds) == str(number)) for number in found]
    told = [
        _probabilities(folder / PROBABILITIES, (len(mine), len(data.classes)))
        for folder, mine in zip(folders(root, found), rows, strict=True)
    ]
    every, probabilities = np.concatenate(rows), np.concatenate(told)
    labels = data.labels[every]
    signers = [data.signers[row] for row in every] if data.signers else []
    accuracies = [float(run["test_accuracy"]) for run in runs]
    report = {
        "model": runs[0]["model"],
        "folds": [
            {"fold": number, **{name: run[name] for name in _OF_EACH}}
            for number, run in zip(found, runs, strict=True)
        ],
        "test_accuracy_mean": statistics.mean(accuracies),
        "test_accuracy_std": statistics.stdev(accuracies),
        "classes": list(data.classes),
        "pooled": metrics.summary(labels, probabilities, data.classes, signers=signers),
        "dataset": dataset_record(data.sources, data.ids),
        "notes": _notes(found, runs),
    }
    order = np.argsort(every, kind="stable")
    ids = [data.ids[row] for row in every[order]]
    said = Answers(ids, ["test"] * len(ids), labels[order], probabilities[order])
    write_predictions(root / PREDICTIONS, [said], data.classes)
    pictures = _pictures(data, found, every, probabilities, str(runs[0]["model"]))
    for name, page in draw(pictures).items():
        (root / f"{name}.png").write_bytes(page)
    text = msgspec.json.format(msgspec.json.encode(report), indent=2)
    (root / FOLDS).write_bytes(text + b"\n")


def _notes(found: list[int], runs: list[dict[str, Any]]) -> list[dict[str, str]]:
    """What the runs noted: once what all of them did, else with the folder of the run."""
    every = set.intersection(*(set(run["notes"]) for run in runs))
    notes = [{"run": "", "note": note} for note in runs[0]["notes"] if note in every]
    for number, run in zip(found, runs, strict=True):
        mine = (note for note in run["notes"] if note not in every)
        notes += [{"run": f"fold-{number}", "note": note} for note in mine]
    return notes


def _pictures(
    data: Dataset,
    found: list[int],
    every: NDArray[np.int64],
    probabilities: NDArray[np.float32],
    model: str,
) -> RunPictures:
    folds = np.array(data.folds)
    return RunPictures(
        model=model,
        classes=data.classes,
        counts={
            f"fold {number}": np.bincount(
                data.labels[folds == str(number)], minlength=len(data.classes)
            )
            for number in found
        },
        measured_on=f"all {len(found)} folds",
        labels=data.labels[every],
        probabilities=probabilities,
        ids=[data.ids[row] for row in every],
        picture=lambda row: as_picture(data.images[every[row]]),
    )


def _probabilities(file: Path, shape: tuple[int, int]) -> NDArray[np.float32]:
    """What a run said of its test; raises `FormatError` if it is not of these samples."""
    try:
        told: NDArray[np.float32] = np.load(file, allow_pickle=False)
    except (OSError, ValueError) as err:
        raise FormatError(f"cannot be read ({err})", path=file) from err
    if told.shape != shape:
        raise FormatError(f"of other samples; expected {shape}, found {told.shape}", path=file)
    return told
