"""One training run, top to bottom.

A network learns from `train`, and `val` chooses the best epoch. Where `val` holds people or
photographs that `train` lacks, the final network learns from both, for as many epochs. `test`
is read once, at the end.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from signdata.training import distributed, metrics
from signdata.training.data import Dataset, Progress
from signdata.training.devices import pick_device, repeatable
from signdata.training.holdout import resolve_splits
from signdata.training.plots.run_plots import draw_run
from signdata.training.run_folder import Result, write_run
from signdata.training.settings import TrainConfig
from signdata.training.stages import Run
from signdata.workers.memory import keep_freed

PROBABILITIES = "probabilities.npy"

KEPT = 256 << 20
"""Bytes of freed memory that are held on to: what a batch leaves between two layers."""


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
        Loaded at what the model's class takes.
    run_dir : Path
        An existing folder: empty, or with the ``last.pt`` of a run of the same settings that
        was broken off, which goes on.
    keep_probabilities : bool
        Whether the probabilities of the test's samples, in order, are kept too, (N, n_classes)
        float32 in ``probabilities.npy``.
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
    run = Run(config, data, splits, run_dir, device, progress)
    with repeatable(device, distributed.seed_of(config.seed)):
        run.begin()
        run.learn()
        judged = run.evaluate_all()
        result = run.result(judged, [*notes, *run.notes])
        seen = run.seen(judged[result.measured_on], result.measured_on)
    result = replace(result, notes=(*result.notes, *draw_run(run_dir, seen)))
    measured = splits == result.measured_on
    if keep_probabilities:
        np.save(run_dir / PROBABILITIES, judged[result.measured_on].probabilities)
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
            judged[result.measured_on].probabilities,
            data.classes,
            signers=[signer for signer, mine in zip(data.signers, measured, strict=False) if mine],
        ),
        digest=run.digest,
    )
    return result
