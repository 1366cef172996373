"""The `baseline` command: a training run as a whole output."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from signdata import whole
from signdata.errors import DatasetError, DependencyError
from signdata.formats.base import Reader
from signdata.results import Result

Progress = Callable[[int, int, str], None]

_SHOWN = (
    *("model", "test_accuracy", "test_correct", "test_total", "val_accuracy", "train_accuracy"),
    *("macro_f1", "measured_on", "epochs", "best_epoch", "samples_per_second", "parameters"),
    "device",
)


def run(
    reader: Reader,
    out: Path,
    settings: dict[str, Any],
    seed: int,
    overwrite: bool,
    progress: Progress | None,
) -> Result:
    """Train on `reader` into the folder `out`; see `signdata.baseline`."""
    _need_torch()
    given = {name: value for name, value in settings.items() if value is not None}
    document, already = whole.make(
        out,
        command="baseline",
        options=given,
        seed=seed,
        sources=reader.info.sources,
        overwrite=overwrite,
        build=lambda root: {"counts": _train(reader, root, {**given, "seed": seed}, progress)},
    )
    measured = msgspec.json.decode((out / "metrics.json").read_bytes(), type=dict[str, Any])
    result = _describe(measured, int(document["counts"]["samples"]), out)
    if already:
        result.details["already_done"] = True
    return result


def list_models() -> Result:
    """Every network there is with its numbers of parameters; needs no dataset."""
    _need_torch()
    from signdata.training.models import model_table

    table = model_table()
    result = Result("baseline", details={"models": table}, shows_counts=False)
    rows = [("name", "parameters", "trainable", "input", "classes", "source")]
    for row in table:
        counts = (f"{row['parameters']:,}", f"{row['trainable']:,}")
        taken = " x ".join(map(str, row["input"]))
        rows.append((row["name"], *counts, taken, str(row["classes"]), row["source"]))
    name, *wide = (max(map(len, column)) for column in zip(*rows, strict=True))
    result.summary = "\n".join(
        "  ".join(
            [row[0].ljust(name)]
            + [text.rjust(width) for text, width in zip(row[1:5], wide, strict=False)]
            + [row[5]]
        )
        for row in rows
    )
    return result


def _need_torch() -> None:
    if importlib.util.find_spec("torch") is None:
        raise DependencyError(
            "torch is not installed; baseline needs it", remedy="pip install 'signdata[train]'"
        )


def _train(
    reader: Reader, root: Path, settings: dict[str, Any], progress: Progress | None
) -> dict[str, int]:
    from signdata.training import data, models
    from signdata.training.train import TrainConfig, train

    config = TrainConfig(**settings)
    network = models.model_class(config.model)
    try:
        dataset = data.load(
            reader, size_hw=network.input_size_hw, channels=network.channels, progress=progress
        )
        train(config, dataset, run_dir=root, progress=progress)
    except DatasetError as err:
        err.path = err.path or str(reader.info.sources[0]["name"])
        raise
    return {"samples": len(dataset.labels)}


def _describe(measured: dict[str, Any], n_samples: int, out: Path) -> Result:
    result = Result("baseline", str(out))
    result.read = result.written = n_samples
    result.shows_counts = False
    result.details.update({name: value for name, value in measured.items() if name in _SHOWN})
    result.details["run"] = str(out)
    for note in measured["notes"]:
        result.note(str(out), note)
    test = measured["test_accuracy"]
    lines = [
        f"{measured['model']}: {measured['parameters']:,} parameters, best epoch "
        f"{measured['best_epoch']} of {measured['epochs']} on {measured['device']}",
        f"train {measured['train_accuracy']:.2%}, val {measured['val_accuracy']:.2%}",
    ]
    if test is not None:
        counts = f"{measured['test_correct']:,} of {measured['test_total']:,} right"
        lines.append(f"test {test:.2%}: {counts}, macro F1 {measured['macro_f1']:.4f}")
    result.summary = "\n".join([*lines, f"{out}: best.pt, metrics.json, results.csv"])
    return result
