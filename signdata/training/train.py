"""One training run from start to finish.

A network is trained on `train`, and the best epoch is chosen on `val`. If `val` has signers or
photographs that `train` lacks, the final network is trained on both, for as many epochs. `test`
is used once, at the end.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from signdata.training import distributed, metrics
from signdata.training.data import Dataset, Progress
from signdata.training.devices import pick_device, repeatable
from signdata.training.holdout import resolve_splits
from signdata.training.predictions import (
    PREDICTIONS,
    Answers,
    dataset_record,
    write_predictions,
)
from signdata.training.run_folder import Result, write_run
from signdata.training.run_plots import draw_run
from signdata.training.settings import TrainConfig
from signdata.training.stages import Run
from signdata.workers.memory import keep_freed

PROBABILITIES = "probabilities.npy"

KEPT = 256 << 20
"""Bytes of freed memory to keep: about the activations of a batch."""


def train(
    config: TrainConfig,
    data: Dataset,
    *,
    run_dir: Path,
    keep_probabilities: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Train a network on a dataset and write the run folder.

    Parameters
    ----------
    config : TrainConfig
    data : Dataset
        Loaded at the input size of the model's class.
    run_dir : Path
        An existing folder: empty, or with the ``last.pt`` of an interrupted run with the same
        settings, which is resumed.
    keep_probabilities : bool
        Whether the probabilities of the test samples, in order, are written to
        ``probabilities.npy``, (N, n_classes) float32.
    progress : callable, optional
        Called with steps done, all steps, and a short description.

    Raises
    ------
    DatasetError
        If there are no samples to train on or to choose the best epoch with.
    OutputError
        If ``last.pt`` is of other settings, another split or other classes.
    TrainingError
        If the loss or the gradient is not finite.
    UsageError
        If there is no such model, or CUDA was requested and is not available.
    """
    keep_freed(KEPT)
    device = pick_device(config.device)
    split_seed = config.seed if config.split_seed is None else config.split_seed
    splits, notes = resolve_splits(data, split_seed)
    run = Run(config, data, splits, run_dir, device, progress)
    with repeatable(device, distributed.seed_of(config.seed)):
        run.begin()
        run.learn()
        evaluations = run.evaluate_all()
        result = run.result(evaluations, [*notes, *run.notes])
        pictures = run.pictures(evaluations[result.measured_on], result.measured_on)
    result = replace(result, notes=(*result.notes, *draw_run(run_dir, pictures)))
    measured = splits == result.measured_on
    if keep_probabilities:
        np.save(run_dir / PROBABILITIES, evaluations[result.measured_on].probabilities)
    said = (
        _answers_of(data, splits, name, evaluations[name].probabilities)
        for name in ("val", "test")
        if name in evaluations
    )
    write_predictions(run_dir / PREDICTIONS, said, data.classes)
    write_run(
        run_dir,
        result,
        config=asdict(run.config),
        classes=data.classes,
        weights=run.network.state_dict(),
        history=run.history,
        final_history=run.learner.history if run.final else (),
        measured=metrics.summary(
            data.labels[measured],
            evaluations[result.measured_on].probabilities,
            data.classes,
            signers=[signer for signer, mine in zip(data.signers, measured, strict=False) if mine],
        ),
        digest=run.digest,
        dataset=dataset_record(data.sources, data.ids),
    )
    return result


def _answers_of(
    data: Dataset, splits: NDArray[np.str_], name: str, probabilities: NDArray[np.float32]
) -> Answers:
    """What a network said of the samples of one split, in the dataset's order."""
    rows = np.flatnonzero(splits == name)
    ids = [data.ids[row] for row in rows]
    return Answers(ids, [name] * len(ids), data.labels[rows], probabilities)
