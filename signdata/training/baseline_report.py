"""The report of a baseline run."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import msgspec

from signdata import results
from signdata.errors import FormatError, one_line
from signdata.results import Result
from signdata.splitting.certificate_summary import Certified
from signdata.training.accuracy_warnings import doubts
from signdata.training.torch_check import need_torch

_SHOWN = (
    *("model", "test_accuracy", "test_correct", "test_total", "val_accuracy", "train_accuracy"),
    *("macro_f1", "measured_on", "epochs", "best_epoch", "chosen_by", "learned_from"),
    *("worst_classes", "confused_pairs", "samples_per_second", "parameters"),
    *("trainable", "device"),
)


FOLDS = "folds.json"
"""What the runs of all folds reached."""

_LISTED = 5
"""Most classes and pairs that are printed."""

_OF_EACH = ("seed", "test_accuracy", "test_correct", "test_total", "val_accuracy", "best_epoch")


def list_models() -> Result:
    """All networks with their numbers of parameters; needs no dataset."""
    need_torch()
    from signdata.training.models import model_table

    table = model_table()
    result = Result("baseline", details={"models": table}, shows_counts=False)
    columns = ("name", "parameters", "trainable", "input", "classes", "source")
    rows = []
    for row in table:
        counts = (f"{row['parameters']:,}", f"{row['trainable']:,}")
        taken = " x ".join(map(str, row["input"]))
        rows.append((row["name"], *counts, taken, row["classes"], row["source"]))
    result.summary = results.table(columns, rows, left=(0, 5))
    return result


def _folders(out: Path, given: dict[str, Any], seed: int) -> list[tuple[Path, int]]:
    """Folder and random seed of each run."""
    seeds = int(given.get("seeds", 1))
    if seeds == 1:
        return [(out, seed)]
    return [(out / f"s{each}", each) for each in range(seed, seed + seeds)]


def _describe(
    out: Path,
    n_samples: int,
    given: dict[str, Any],
    seed: int,
    certified: Certified | None,
) -> Result:
    if given.get("folds"):
        return _describe_folds(out, n_samples)
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
    files = "best.pt, last.pt, metrics.json, predictions.csv, results.csv, train.log"
    if len(runs) > 1:
        names = ", ".join(f"{folder.name}/" for folder in folders)
        files = f"{names}, each with {files}"
        lines += _comparison(out, result) if compared else [_spread(runs, result)]
    result.summary = "\n".join([*lines, f"{one_line(str(out))}: {files}"])
    return result


def _describe_folds(out: Path, n_samples: int) -> Result:
    """What the runs of all folds reached; the numbers of all tests pooled come first."""
    found = read_json(out / FOLDS)
    pooled, runs = found["pooled"], found["folds"]
    result = Result("baseline", str(out), shows_counts=False)
    result.read = result.written = n_samples
    right = sum(each["test_correct"] for each in runs)
    result.details = {
        "model": found["model"],
        "test_accuracy": pooled["accuracy"],
        "test_correct": right,
        "test_total": pooled["support"],
        "macro_f1": pooled["macro"]["f1"],
        "worst_classes": pooled["worst_classes"],
        "confused_pairs": pooled["confused_pairs"],
        **{name: found[name] for name in ("test_accuracy_mean", "test_accuracy_std", "folds")},
        "pooled": pooled,
        "run": str(out),
    }
    for note in found["notes"]:
        result.note(str(out / note["run"]), note["note"])
    columns = ("fold", "samples", "right", "accuracy", "val", "best epoch")
    rows = [
        (
            *(each["fold"], f"{each['test_total']:,}", f"{each['test_correct']:,}"),
            *(f"{each['test_accuracy']:.2%}", f"{each['val_accuracy']:.2%}", each["best_epoch"]),
        )
        for each in runs
    ]
    low, high = pooled["accuracy_95"]
    lines = [
        results.table(columns, rows, left=()),
        f"{found['model']}, {len(runs)} folds: mean {found['test_accuracy_mean']:.2%}, standard "
        f"deviation {found['test_accuracy_std']:.2%}",
        f"all tests: {right:,} of {pooled['support']:,} right, {pooled['accuracy']:.2%} (95 % "
        f"interval {low:.2%} to {high:.2%}), macro F1 {pooled['macro']['f1']:.4f}",
        *mistakes(pooled),
        f"{one_line(str(out))}: {FOLDS}, predictions.csv, confusion.png and more; "
        f"fold-{runs[0]['fold']}/ to fold-{runs[-1]['fold']}/, each a run",
    ]
    result.summary = "\n".join(lines)
    return result


def _comparison(out: Path, result: Result) -> list[str]:
    """Add both accuracies and the controls to the details; return the lines to print."""
    found = read_json(out / "comparison.json")
    result.details["comparison"] = found
    controls = found["controls"]
    if not found["shuffled_falls_to_chance"]:
        result.note(
            str(out),
            "accuracy with shuffled labels is above chance: something other than the pictures "
            "reveals the class",
        )
    neighbour, majority = controls["nearest_neighbour"], controls["majority"]
    gap = found["gap"]
    excess = f"{gap:.2%} too high" if gap > 0 else "not too high"
    return [
        f"random split {found['random_split_accuracy']:.2%}, split by {found['grouped_by']} "
        f"{found['group_split_accuracy']:.2%}: the random one is {excess}",
        f"nearest neighbour {neighbour['random']:.2%} and {neighbour['grouped']:.2%}, most "
        f"frequent class {majority['grouped']:.2%}, shuffled labels "
        f"{controls['shuffled_labels']['grouped']:.2%}",
    ]


def _measured(folder: Path) -> dict[str, Any]:
    return read_json(folder / "metrics.json")


def read_json(file: Path) -> dict[str, Any]:
    """The object in a file; raises `FormatError` if there is none."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError) as err:
        raise FormatError(f"cannot be read ({err})", path=file) from err


def _lines(measured: dict[str, Any]) -> list[str]:
    refitted = len(measured.get("learned_from", ())) > 1
    again = ", then trained on train and val" if refitted else ""
    lines = [
        f"{measured['model']}: {measured['parameters']:,} parameters, best epoch "
        f"{measured['best_epoch']} of {measured['epochs']}{again} on {measured['device']}",
        f"train {measured['train_accuracy']:.2%}, val {measured['val_accuracy']:.2%}",
    ]
    test = measured["test_accuracy"]
    if test is not None:
        counts = f"{measured['test_correct']:,} of {measured['test_total']:,} right"
        lines.append(f"test {test:.2%}: {counts}, macro F1 {measured['macro_f1']:.4f}")
    return lines + mistakes(measured)


def mistakes(measured: dict[str, Any]) -> list[str]:
    """The worst classes and the most confused pairs, if there are any errors."""
    pairs = measured.get("confused_pairs", [])  # missing in runs of older versions
    if not pairs:
        return []
    table = measured["per_class"]
    worst = [
        f"{name} {table[name]['f1']:.3f}"
        for name in measured["worst_classes"][:_LISTED]
        if table[name]["f1"] < 1
    ]
    taken = [f"{pair['true']} for {pair['predicted']} ({pair['count']})" for pair in pairs]
    return [
        f"worst classes by F1: {', '.join(worst)}",
        f"most confused pairs: {', '.join(taken[:_LISTED])}",
    ]


def _spread(runs: list[dict[str, Any]], result: Result) -> str:
    """Add mean and standard deviation over seeds to the details; return the line to print."""
    result.details["runs"] = [{name: each[name] for name in _OF_EACH} for each in runs]
    on = runs[0]["measured_on"]
    values = [each[f"{on}_accuracy"] for each in runs]
    mean, deviation = statistics.mean(values), statistics.stdev(values)
    result.details["test_accuracy_mean"] = mean if on == "test" else None
    result.details["test_accuracy_std"] = deviation if on == "test" else None
    return f"{len(runs)} seeds: {on} {mean:.2%}, standard deviation {deviation:.2%}"
