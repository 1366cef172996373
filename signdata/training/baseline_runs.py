"""The `baseline` command: one training run, or one for each of several seeds, as a whole output."""

from __future__ import annotations

import hashlib
import importlib.util
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from signdata import sidecars
from signdata.errors import (
    DatasetError,
    DependencyError,
    FormatError,
    MissingError,
    OutputError,
    UsageError,
)
from signdata.formats.reader import Reader
from signdata.output import one_shot
from signdata.output.output import PARTIAL_DIR
from signdata.results import Result
from signdata.splitting.certificate_summary import Certified, doubts
from signdata.training import distributed

if TYPE_CHECKING:
    from signdata.training.data import Dataset
    from signdata.training.train import TrainConfig

Progress = Callable[[int, int, str], None]

_SHOWN = (
    *("model", "test_accuracy", "test_correct", "test_total", "val_accuracy", "train_accuracy"),
    *("macro_f1", "measured_on", "epochs", "best_epoch", "samples_per_second", "parameters"),
    *("trainable", "device"),
)
_OF_RUNS = ("seeds", "compare_splits")
"""Options that say which runs there are, not how one is made."""

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
    for file in (run / PARTIAL_DIR / "record.json", run / sidecars.DOCUMENT):
        if file.is_file():
            document = sidecars.parse_document(file.read_bytes(), file)
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
    if settings.get("seeds") and settings.get("compare_splits"):
        raise UsageError("--seeds and --compare-splits contradict each other")
    given = {name: value for name, value in settings.items() if value is not None}

    certified = Certified.from_origin(reader.info.origin)
    begun: list[bool] = []

    def build(root: Path) -> dict[str, Any]:
        begun.append(distributed.told(True))
        try:
            return {"counts": _train(reader, root, given, seed, progress)}
        except OutputError as err:
            err.path = str(out)  # not the folder that nobody is to see
            raise

    with distributed.joined():
        if distributed.number():
            return _help(reader, given, seed)
        try:
            document, already = one_shot.make(
                out,
                command="baseline",
                options=given,
                seed=seed,
                sources=(*reader.info.sources, *_weights(given)),
                overwrite=overwrite,
                build=build,
                resumes=True,
            )
        finally:
            if not begun:
                distributed.told(False)
    result = _describe(out, int(document["counts"]["samples"]), given, seed, certified)
    if already:
        result.details["already_done"] = True
        result.summary = f"{out} is complete already: nothing to do\n{result.summary}"
    return result


def _weights(given: dict[str, Any]) -> list[dict[str, str]]:
    """The weights file that a run starts from: a source like the dataset."""
    if "weights" not in given:
        return []
    path = Path(given["weights"])
    try:
        with path.open("rb") as file:
            return [{"name": str(path), "sha256": hashlib.file_digest(file, "sha256").hexdigest()}]
    except FileNotFoundError as err:
        raise MissingError("not there", path=path) from err
    except OSError as err:
        raise FormatError(f"no weights file ({err.strerror})", path=path) from err


def _help(reader: Reader, given: dict[str, Any], seed: int) -> Result:
    """Share the work of the first process, which alone writes and tells what came out."""
    if distributed.told(False):
        with tempfile.TemporaryDirectory(prefix="signdata-") as root:
            _train(reader, Path(root), given, seed, None)
    return Result("baseline", shows_counts=False, silent=True)


def list_models() -> Result:
    """Every network there is with its numbers of parameters; needs no dataset."""
    need_torch()
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


def _train(
    reader: Reader, root: Path, given: dict[str, Any], seed: int, progress: Progress | None
) -> dict[str, int]:
    """Make every run that is asked for, but for those that are there already."""
    from signdata.training import data, models
    from signdata.training.train import TrainConfig, train

    settings = {name: value for name, value in given.items() if name not in _OF_RUNS}
    config = TrainConfig.of(**settings, seed=seed, split_seed=seed)
    takes = data.Intake.of(models.model_class(config.model))
    try:
        dataset = data.load(
            reader,
            size_hw=takes.size_hw,
            channels=takes.channels,
            frames=takes.frames,
            poses=takes.poses,
            scratch=root,
            progress=progress,
        )
        if given.get("compare_splits"):
            _compare(dataset, config, root, progress)
            return {"samples": len(dataset.labels)}
        for folder, each in _folders(root, given, seed):
            folder.mkdir(exist_ok=True)
            if distributed.told(folder == root or not (folder / "metrics.json").exists()):
                config = TrainConfig.of(**settings, seed=each, split_seed=seed)
                train(config, dataset, run_dir=folder, progress=progress)
    except DatasetError as err:
        err.path = err.path or str(reader.info.sources[0]["name"])
        raise
    return {"samples": len(dataset.labels)}


def _folders(out: Path, given: dict[str, Any], seed: int) -> list[tuple[Path, int]]:
    """Where each run is, and its seed."""
    seeds = int(given.get("seeds", 1))
    if seeds == 1:
        return [(out, seed)]
    return [(out / f"s{each}", each) for each in range(seed, seed + seeds)]


def _compare(dataset: Dataset, config: TrainConfig, root: Path, progress: Progress | None) -> None:
    """Train on both splits and on shuffled labels, and write ``comparison.json``."""
    from signdata.training import split_comparison
    from signdata.training.train import train

    looked = split_comparison.look(dataset)
    groups, how = split_comparison.groups_of(dataset, looked)
    rows = split_comparison.by_rows(dataset, config.seed)
    apart = split_comparison.by_groups(dataset, groups, config.seed)
    splits = {
        "random": rows,
        "grouped": apart,
        "shuffled": split_comparison.shuffled(apart, config.seed),
    }
    for name, split in splits.items():
        folder = root / name
        folder.mkdir(exist_ok=True)
        if distributed.told(not (folder / "metrics.json").exists()):
            train(config, split, run_dir=folder, progress=progress)
    if distributed.number():
        return
    reached = {name: float(_measured(root / name)["test_accuracy"]) for name in splits}
    controls = split_comparison.controls(rows, apart, looked)
    controls["shuffled_labels"] = {"grouped": reached["shuffled"]}
    comparison = {
        "random_split_accuracy": reached["random"],
        "group_split_accuracy": reached["grouped"],
        "gap": reached["random"] - reached["grouped"],
        "grouped_by": how,
        "groups": len(set(groups) - {""}) + groups.count(""),
        "controls": controls,
        "shuffled_falls_to_chance": split_comparison.falls_to_chance(reached["shuffled"], apart),
    }
    (root / "comparison.json").write_bytes(
        msgspec.json.format(msgspec.json.encode(comparison), indent=2) + b"\n"
    )


# -- What it reached


def _describe(
    out: Path,
    n_samples: int,
    given: dict[str, Any],
    seed: int,
    certified: Certified | None,
) -> Result:
    compared = bool(given.get("compare_splits"))
    folders = [folder for folder, _ in _folders(out, given, seed)]
    folders = [out / "grouped", out / "random"] if compared else folders
    runs = [_measured(folder) for folder in folders]
    result = Result("baseline", str(out))
    result.read = result.written = n_samples
    result.shows_counts = False
    result.details.update({name: value for name, value in runs[0].items() if name in _SHOWN})
    result.details["run"] = str(out)
    for note in dict.fromkeys(note for each in runs for note in each["notes"]):
        result.note(str(out), note)
    if not compared and runs[0]["measured_on"] == "test":
        first = runs[0]
        reached = (first["test_accuracy"], first["val_accuracy"])
        for doubt in doubts(*reached, certified, first.get("shared_signers")):
            result.note(str(out), doubt)
    lines = _lines(runs[0])
    files = "best.pt, last.pt, metrics.json, results.csv"
    if len(runs) > 1:
        names = ", ".join(f"{folder.name}/" for folder in folders)
        files = f"{names}, each with {files}"
        lines += _comparison(out, result) if compared else [_spread(runs, result)]
    result.summary = "\n".join([*lines, f"{out}: {files}"])
    return result


def _comparison(out: Path, result: Result) -> list[str]:
    """Both accuracies and the controls, into the details; the lines that say so."""
    found = _read(out / "comparison.json")
    result.details["comparison"] = found
    controls = found["controls"]
    if not found["shuffled_falls_to_chance"]:
        result.note(
            str(out),
            "shuffled labels do not fall to chance: something beside the pictures tells the class",
        )
    neighbour, majority = controls["nearest_neighbour"], controls["majority"]
    gap = found["gap"]
    flatters = f"flatters by {gap:.2%}" if gap > 0 else "does not flatter"
    return [
        f"random split {found['random_split_accuracy']:.2%}, split by {found['grouped_by']} "
        f"{found['group_split_accuracy']:.2%}: the random one {flatters}",
        f"nearest neighbour {neighbour['random']:.2%} and {neighbour['grouped']:.2%}, most "
        f"frequent class {majority['grouped']:.2%}, shuffled labels "
        f"{controls['shuffled_labels']['grouped']:.2%}",
    ]


def _measured(folder: Path) -> dict[str, Any]:
    return _read(folder / "metrics.json")


def _read(file: Path) -> dict[str, Any]:
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
