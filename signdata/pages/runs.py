"""What a finished run of `baseline` or `evaluate` says of itself, read from its folder."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from signdata import sidecars
from signdata.errors import FormatError, MissingError
from signdata.training.predictions import PREDICTIONS, Prediction, read_predictions

METRICS, FOLDS, COMPARISON = "metrics.json", "folds.json", "comparison.json"
HISTORY = "results.csv"

_COMMANDS = ("baseline", "evaluate")
T = TypeVar("T")


class ClassScore(msgspec.Struct, frozen=True):
    """How well one class is read."""

    precision: float
    recall: float
    f1: float
    support: int


class ConfusedPair(msgspec.Struct, frozen=True):
    """How often one class was taken for another."""

    true: str
    predicted: str
    count: int
    share: float


class SignerScore(msgspec.Struct, frozen=True):
    """How well one signer is read."""

    accuracy: float
    correct: int
    total: int


class BySigner(msgspec.Struct, frozen=True):
    """How well the signers are read, each counted once."""

    mean: float
    min: float
    max: float
    signers: dict[str, SignerScore]


class Numbers(msgspec.Struct, frozen=True):
    """What a network reached on one split; see `signdata.training.metrics.summary`."""

    accuracy: float
    accuracy_95: tuple[float, float]
    top5_accuracy: float
    macro: dict[str, float]
    support: int
    worst_classes: list[str]
    confused_pairs: list[ConfusedPair]
    per_class: dict[str, ClassScore]
    confusion_matrix: list[list[int]]
    per_signer: BySigner | None = None


class Described(msgspec.Struct, frozen=True):
    """What else ``metrics.json`` says."""

    model: str
    classes: list[str]
    measured_on: str
    val_accuracy: float | None = None
    train_accuracy: float | None = None
    epochs: int | None = None
    best_epoch: int | None = None
    parameters: int | None = None
    seed: int | None = None
    notes: list[str] = []
    versions: dict[str, str] = {}


class Control(msgspec.Struct, frozen=True):
    """Accuracies of a control on both splits."""

    grouped: float
    random: float | None = None


class SplitComparison(msgspec.Struct, frozen=True):
    """``comparison.json``: the same network on a random split and on one by groups."""

    random_split_accuracy: float
    group_split_accuracy: float
    gap: float
    grouped_by: str
    controls: dict[str, Control]


class _Folds(msgspec.Struct, frozen=True):
    """``folds.json``."""

    model: str
    classes: list[str]
    pooled: Numbers
    folds: list[dict[str, Any]]
    notes: list[dict[str, str]] = []


@dataclass(frozen=True)
class RunFacts:
    """What is known of one run.

    Attributes
    ----------
    name : str
        What it is called: no path of this machine.
    about : Described
        Its network and settings.
    numbers : Numbers
        What it reached on `about.measured_on`.
    history : tuple of mapping
        For each epoch: ``epoch`` and what was measured, None where it was not.
    answers : tuple of Prediction
        What it made of the samples it was measured on; empty if the folder does not say.
    comparison : SplitComparison or None
        Of a run of ``--compare-splits``.
    options : mapping
        The options that it was made with.
    command : str
        The command that made it; '' if unknown.
    sources : tuple of mapping
        Name and digest of what it read.
    """

    name: str
    about: Described
    numbers: Numbers
    history: tuple[Mapping[str, float | None], ...] = ()
    answers: tuple[Prediction, ...] = ()
    comparison: SplitComparison | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""
    sources: tuple[Mapping[str, Any], ...] = ()

    @property
    def correct(self) -> int:
        """How many samples were right."""
        matrix = self.numbers.confusion_matrix
        return sum(row[number] for number, row in enumerate(matrix))


def is_run(path: Path) -> bool:
    """Whether a folder was written by `baseline` or `evaluate`."""
    if not path.is_dir():
        return False
    if all((path / name).is_file() for name in (METRICS, HISTORY)):  # one of several seeds
        return True
    document = sidecars.read_document(path)
    return document is not None and document.get("command") in _COMMANDS


def read_runs(path: Path, name: str) -> list[RunFacts]:
    """The runs in a folder: one, or one for each seed or split or fold that was compared.

    Raises
    ------
    FormatError
        If a file in it is damaged.
    """
    document = sidecars.read_document(path) or {}
    made: dict[str, Any] = {
        "options": document.get("options") if isinstance(document.get("options"), dict) else {},
        "command": str(document.get("command", "")),
        "sources": _sources(document.get("sources")),
    }
    if (path / METRICS).is_file():
        return [_one(path, name, made)]
    if (path / FOLDS).is_file():
        return [_pooled(path, name, made)]
    if (path / COMPARISON).is_file():
        compared = _decoded(path / COMPARISON, SplitComparison)
        runs = [_one(path / part, f"{name}/{part}", made) for part in ("grouped", "random")]
        return [replace(runs[0], comparison=compared), *runs[1:]]
    seeds = _seeds(path)
    if not seeds:
        raise MissingError("no finished run of baseline or evaluate", path=path)
    return [_one(folder, f"{name}/{folder.name}", made) for folder in seeds]


def _seeds(path: Path) -> list[Path]:
    """The folders of ``--seeds``, in order."""
    found = [
        folder
        for folder in path.iterdir()
        if folder.name[:1] == "s" and folder.name[1:].isdecimal() and (folder / METRICS).is_file()
    ]
    return sorted(found, key=lambda folder: int(folder.name[1:]))


def _one(path: Path, name: str, made: Mapping[str, Any]) -> RunFacts:
    about, numbers = _decoded(path / METRICS, Described), _decoded(path / METRICS, Numbers)
    _check(numbers, about.classes, path / METRICS)
    return RunFacts(
        name,
        about,
        numbers,
        tuple(_history(path / HISTORY)) if (path / HISTORY).is_file() else (),
        _predictions(path),
        **made,
    )


def _pooled(path: Path, name: str, made: Mapping[str, Any]) -> RunFacts:
    """All folds together: each sample was in one test."""
    found = _decoded(path / FOLDS, _Folds)
    _check(found.pooled, found.classes, path / FOLDS)
    notes = [note["note"] for note in found.notes if "note" in note]
    about = Described(found.model, found.classes, f"all {len(found.folds)} folds", notes=notes)
    return RunFacts(name, about, found.pooled, answers=_predictions(path), **made)


def _predictions(path: Path) -> tuple[Prediction, ...]:
    file = path / PREDICTIONS
    return tuple(read_predictions(file)) if file.is_file() else ()


def _check(numbers: Numbers, classes: Sequence[str], file: Path) -> None:
    matrix = numbers.confusion_matrix
    if len(matrix) != len(classes) or any(len(row) != len(classes) for row in matrix):
        raise FormatError(
            f"a confusion matrix of other classes; expected {len(classes)}", path=file
        )


def _decoded(file: Path, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(_read(file), type=kind)
    except (msgspec.DecodeError, RecursionError) as err:
        raise FormatError(f"not the numbers of a run ({err})", path=file) from err


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError as err:
        raise MissingError("not there", path=file) from err
    except OSError as err:
        raise FormatError(f"cannot be read ({err.strerror})", path=file) from err


def _sources(value: Any) -> tuple[Mapping[str, Any], ...]:
    return tuple(one for one in value if isinstance(one, dict)) if isinstance(value, list) else ()


# -- Tables


def _rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV with the lines they are on."""
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines, strict=True)
            for row in reader:
                yield reader.line_num, {name: cell or "" for name, cell in row.items() if name}
    except OSError as err:
        raise FormatError(f"cannot be read ({err.strerror})", path=file) from err
    except (csv.Error, UnicodeDecodeError) as err:
        raise FormatError(f"not a CSV ({err})", path=file) from err


def _history(file: Path) -> Iterator[dict[str, float | None]]:
    """Each epoch on train; those of a second training on train and val have no val."""
    for _, row in _rows(file):
        if row.get("learned_from", "train") == "train":
            numbers = {name: _number(cell) for name, cell in row.items() if name != "learned_from"}
            if numbers.get("epoch") is not None:
                yield numbers


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
