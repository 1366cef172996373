"""Runs of `baseline` and folders of `evaluate`: their numbers, and what they said of samples."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signdata.errors import FormatError, SigndataError
from signdata.pages.runs import COMPARISON, HISTORY, METRICS
from signdata.serving.catalog import Catalog, Column
from signdata.serving.queries import NONE, Answers
from signdata.sidecars import json_bytes, parse_document
from signdata.training.predictions import PREDICTIONS, Prediction, read_predictions

MOST_EPOCHS = 10_000
"""Rows of a history that are shown."""


def run_folders(path: Path) -> list[Path]:
    """The runs in a folder of runs: itself, or those of several seeds, folds or splits."""
    if (path / METRICS).is_file():
        return [path]
    return sorted(file.parent for file in path.glob(f"*/{METRICS}"))


@dataclass(frozen=True, eq=False)
class Run:
    """One run.

    Attributes
    ----------
    name : str
    metrics : dict
        As in its ``metrics.json``.
    history : list of dict
        One row an epoch: numbers, and texts where a cell is none.
    predictions : list of Prediction
        In the order of the file; empty for a run that kept none.
    comparison : dict
        What ``baseline --compare-splits`` measured with it; empty for any other run.
    """

    name: str
    path: Path
    metrics: dict[str, Any]
    history: list[dict[str, Any]]
    predictions: list[Prediction] = field(default_factory=list)
    comparison: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path, root: Path) -> Run:
        """Read a run's folder; `root` is the one that was named, and may hold several.

        Raises
        ------
        FormatError
            If one of its files is damaged.
        """
        try:
            document = _document(path / METRICS)
            comparison = _document(root / COMPARISON) if (root / COMPARISON).is_file() else {}
            history = _history(path / HISTORY) if (path / HISTORY).is_file() else []
        except SigndataError:
            raise
        except (OSError, ValueError, csv.Error) as err:
            raise FormatError(f"not a run that can be read ({err})", path=path) from err
        kept = path / PREDICTIONS
        predictions = read_predictions(kept) if kept.is_file() else []
        name = root.resolve().name
        name = name if path == root else f"{name}/{path.name}"
        return cls(name, path, document, history, predictions, comparison)

    @property
    def splits(self) -> list[str]:
        """The splits that its predictions are of."""
        return list(dict.fromkeys(one.split for one in self.predictions))

    @property
    def classes(self) -> list[str]:
        """Classes that occur in its predictions, sorted."""
        seen = {one.label for one in self.predictions} | {
            name for one in self.predictions for name, _ in one.top
        }
        return sorted(seen)

    def confusion(self, split: str | None) -> dict[str, Any]:
        """How often each class was taken for each, sparse: ``[true, predicted, n]``."""
        some = [one for one in self.predictions if split in (None, one.split)]
        counts: dict[tuple[str, str], int] = {}
        for one in some:
            counts[one.label, one.predicted] = counts.get((one.label, one.predicted), 0) + 1
        classes = sorted({name for pair in counts for name in pair})
        index = {name: i for i, name in enumerate(classes)}
        cells = sorted([index[a], index[b], n] for (a, b), n in counts.items())
        right = sum(n for (a, b), n in counts.items() if a == b)
        return {"classes": classes, "cells": cells, "samples": len(some), "right": right}

    def worst(self, split: str | None) -> list[dict[str, Any]]:
        """Classes with the share of their samples that was read right, the lowest first."""
        counts: dict[str, list[int]] = {}
        for one in self.predictions:
            if split in (None, one.split):
                some = counts.setdefault(one.label, [0, 0])
                some[0] += one.label == one.predicted
                some[1] += 1
        rows = [
            {"label": name, "right": right, "samples": n, "share": round(right / n, 6)}
            for name, (right, n) in counts.items()
        ]
        return sorted(rows, key=lambda row: (row["share"], row["label"]))

    def answers(self, catalog: Catalog) -> Answers:
        """What it said of each sample of a dataset, matched by id."""
        n = len(catalog)
        rows = {one.id: one for one in self.predictions}
        classes = tuple(sorted({one.predicted for one in self.predictions}))
        index = {name: i for i, name in enumerate(classes)}
        said = np.full(n, -1, np.int32)
        p, p_true = np.full(n, np.nan, np.float32), np.full(n, np.nan, np.float32)
        right = np.full(n, 2, np.int32)
        for number, sample in enumerate(catalog.samples):
            row = rows.get(sample.id)
            if row is None:
                continue
            said[number] = index[row.predicted]
            p[number] = row.top[0][1] if row.top else np.nan
            p_true[number] = row.p_true
            right[number] = 0 if row.predicted == sample.label else 1
        return Answers(Column(classes, said), p, p_true, Column(("right", "wrong", NONE), right))

    def top_of(self, id: str) -> list[dict[str, Any]]:
        """The likeliest classes of one sample."""
        found = self._by_id.get(id)
        if found is None:
            return []
        return [{"label": name, "probability": value} for name, value in found.top]

    @cached_property
    def _by_id(self) -> dict[str, Prediction]:
        return {one.id: one for one in self.predictions}


def _document(path: Path) -> dict[str, Any]:
    return parse_document(json_bytes(path.read_bytes(), path), path)


def _history(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[:MOST_EPOCHS]
    return [{str(k): _value(str(v or "")) for k, v in row.items() if k} for row in rows]


def _value(text: str) -> float | str | None:
    try:
        value = float(text)
    except ValueError:
        return text
    return value if np.isfinite(value) else None


def shares(values: NDArray[np.float32], number: int) -> float | None:
    """One of an array of shares; None for NaN."""
    value = float(values[number])
    return round(value, 6) if value == value else None
