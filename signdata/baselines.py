"""The `baseline` command: one training run, or one for each of several seeds, as a whole output."""

from __future__ import annotations

import importlib.util
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from signdata import manifest, whole
from signdata.errors import DatasetError, DependencyError, FormatError, MissingError, UsageError
from signdata.formats.base import Reader
from signdata.output import PARTIAL_DIR
from signdata.results import Result

Progress = Callable[[int, int, str], None]

_SHOWN = (
    *("model", "test_accuracy", "test_correct", "test_total", "val_accuracy", "train_accuracy"),
    *("macro_f1", "measured_on", "epochs", "best_epoch", "samples_per_second", "parameters"),
    *("trainable", "device"),
)
_OF_EACH = ("seed", "test_accuracy", "test_correct", "test_total", "val_accuracy", "best_epoch")


def need_torch() -> None:
    """Raise `DependencyError` where torch is not installed."""
    if importlib.util.find_spec("torch") is None:
        raise DependencyError(
            "torch is not installed; baseline needs it", remedy="pip install 'signdata[train]'"
        )


def default_model(reader: Reader) -> str:
    """The network for a dataset of this kind when nobody names one."""
    from signdata.training.models import MODELS

    wanted = ("clipnet", "signnet") if reader.info.kind == "clip" else ("signnet",)
    return next((name for name in wanted if name in MODELS), "unam")


def options_of(run: Path) -> tuple[dict[str, Any], int]:
    """Options and seed of a run, broken off or done.

    Raises
    ------
    MissingError
        There is no run of baseline.
    """
    for file in (run / PARTIAL_DIR / "record.json", run / manifest.DOCUMENT):
        if file.is_file():
            document = manifest.parse_document(file.read_bytes(), file)
            if document.get("command") == "baseline":
                return dict(document["options"]), int(document["seed"])
    raise MissingError("no run of baseline that could go on", path=run)


def refuse_options(given: dict[str, Any]) -> None:
    """Raise `UsageError` if a run that goes on is given options: it has its own."""
    named = [f"--{name.replace('_', '-')}" for name, value in given.items() if value is not None]
    if named:
        raise UsageError(
            f"--resume goes on with the options of the run; found {' and '.join(named)} too"
        )


def run(
    reader: Reader,
    out: Path,
    settings: dict[str, Any],
    seed: int,
    overwrite: bool,
    progress: Progress | None,
) -> Result:
    """Train on `reader` into the folder `out`; see `signdata.baseline`.

    A run that was broken off goes on, if its options are the same.
    """
    need_torch()
    given = {name: value for name, value in settings.items() if value is not None}
    document, already = whole.make(
        out,
        command="baseline",
        options=given,
        seed=seed,
        sources=reader.info.sources,
        overwrite=overwrite,
        build=lambda root: {"counts": _train(reader, root, given, seed, progress)},
        resumes=True,
    )
    result = _describe(out, int(document["counts"]["samples"]), int(given.get("seeds", 1)), seed)
    if already:
        result.details["already_done"] = True
    return result


def _train(
    reader: Reader, root: Path, given: dict[str, Any], seed: int, progress: Progress | None
) -> dict[str, int]:
    from signdata.training import data, models
    from signdata.training.train import TrainConfig, train

    settings = {name: value for name, value in given.items() if name != "seeds"}
    seeds = int(given.get("seeds", 1))
    config = TrainConfig.of(**settings, seed=seed, split_seed=seed)
    takes = data.Intake.of(models.model_class(config.model))
    try:
        dataset = data.load(
            reader,
            size_hw=takes.size_hw,
            channels=takes.channels,
            frames=takes.frames,
            poses=takes.poses,
            progress=progress,
        )
        if seeds == 1:
            train(config, dataset, run_dir=root, progress=progress)
        for each in range(seed, seed + seeds) if seeds > 1 else ():
            place = root / f"s{each}"
            place.mkdir(exist_ok=True)
            if not (place / "metrics.json").exists():
                config = TrainConfig.of(**settings, seed=each, split_seed=seed)
                train(config, dataset, run_dir=place, progress=progress)
    except DatasetError as err:
        err.path = err.path or str(reader.info.sources[0]["name"])
        raise
    return {"samples": len(dataset.labels)}


# -- What it reached


def _describe(out: Path, n_samples: int, seeds: int, seed: int) -> Result:
    folders = [out] if seeds == 1 else [out / f"s{each}" for each in range(seed, seed + seeds)]
    runs = [_measured(folder) for folder in folders]
    first = runs[0]
    result = Result("baseline", str(out))
    result.read = result.written = n_samples
    result.shows_counts = False
    result.details.update({name: value for name, value in first.items() if name in _SHOWN})
    result.details["run"] = str(out)
    for note in dict.fromkeys(note for each in runs for note in each["notes"]):
        result.note(str(out), note)
    files = "best.pt, last.pt, metrics.json, results.csv"
    lines = _lines(first)
    if seeds > 1:
        lines.append(_spread(runs, result))
        files = f"{folders[0].name}/ to {folders[-1].name}/, each with {files}"
    result.summary = "\n".join([*lines, f"{out}: {files}"])
    return result


def _measured(folder: Path) -> dict[str, Any]:
    file = folder / "metrics.json"
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError) as err:
        raise FormatError(f"cannot be read ({err})", path=file) from err


def _lines(measured: dict[str, Any]) -> list[str]:
    lines = [
        f"{measured['model']}: {measured['parameters']:,} parameters, best epoch "
        f"{measured['best_epoch']} of {measured['epochs']} on {measured['device']}",
        f"train {measured['train_accuracy']:.2%}, val {measured['val_accuracy']:.2%}",
    ]
    test = measured["test_accuracy"]
    if test is not None:
        counts = f"{measured['test_correct']:,} of {measured['test_total']:,} right"
        lines.append(f"test {test:.2%}: {counts}, macro F1 {measured['macro_f1']:.4f}")
    return lines


def _spread(runs: list[dict[str, Any]], result: Result) -> str:
    """Mean and standard deviation over seeds, into the details; the line that says so."""
    result.details["runs"] = [{name: each[name] for name in _OF_EACH} for each in runs]
    on = runs[0]["measured_on"]
    values = [each[f"{on}_accuracy"] for each in runs]
    mean, deviation = statistics.mean(values), statistics.stdev(values)
    result.details["test_accuracy_mean"] = mean if on == "test" else None
    result.details["test_accuracy_std"] = deviation if on == "test" else None
    return f"{len(runs)} seeds: {on} {mean:.2%}, standard deviation {deviation:.2%}"
