"""The `baseline` command: a training run as a whole output."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from signdata import whole
from signdata.errors import DatasetError, DependencyError
from signdata.formats.base import Reader
from signdata.results import Result

Progress = Callable[[int, int, str], None]


def run(
    reader: Reader,
    out: Path,
    settings: dict[str, Any],
    seed: int,
    overwrite: bool,
    progress: Progress | None,
) -> Result:
    """Train on `reader` into the folder `out`; see `signdata.baseline`."""
    if importlib.util.find_spec("torch") is None:
        raise DependencyError(
            "torch is not installed; baseline needs it", remedy="pip install 'signdata[train]'"
        )
    given = {name: value for name, value in settings.items() if value is not None}
    document, already = whole.make(
        out,
        command="baseline",
        options=given,
        seed=seed,
        sources=reader.info.sources,
        overwrite=overwrite,
        build=lambda root: {"result": _train(reader, root, {**given, "seed": seed}, progress)},
    )
    result = _describe(document["result"], out)
    if already:
        result.details["already_done"] = True
    return result


def _train(
    reader: Reader, root: Path, settings: dict[str, Any], progress: Progress | None
) -> dict[str, Any]:
    from signdata.training import data, models
    from signdata.training.train import TrainConfig, train

    config = TrainConfig(**settings)
    network = models.model_class(config.model)
    try:
        dataset = data.load(
            reader, size_hw=network.input_size_hw, channels=network.channels, progress=progress
        )
        result = train(config, dataset, run_dir=root, progress=progress)
    except DatasetError as err:
        err.path = err.path or str(reader.info.sources[0]["name"])
        raise
    return {**result.to_dict(), "samples": len(dataset.labels)}


def _describe(measured: dict[str, Any], out: Path) -> Result:
    result = Result("baseline", str(out))
    result.read = result.written = int(measured["samples"])
    result.details.update(
        {name: value for name, value in measured.items() if name not in ("notes", "samples")}
    )
    result.details["run"] = str(out)
    result.details.pop("seconds")
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
