"""What a network said of each sample: ``predictions.csv``, and which dataset the samples are of.

::

    id,split,label,predicted,p_true,class_1,p_1,...,class_5,p_5

`p_true` is the probability of the sample's own label; the five classes are the likeliest, the
likeliest first. Where there are fewer classes, the cells are empty. Free of torch.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signdata.errors import FormatError
from signdata.filesystem import write_file, writing
from signdata.sidecars import csv_text

PREDICTIONS = "predictions.csv"
TOP = 5

COLUMNS = (
    *("id", "split", "label", "predicted", "p_true"),
    *(f"{name}_{rank}" for rank in range(1, TOP + 1) for name in ("class", "p")),
)


@dataclass(frozen=True, eq=False)
class Answers:
    """What a network said of some samples, all in one order.

    Attributes
    ----------
    ids, splits : sequence of str, length N
        The split is '' where the sample has none.
    labels : ndarray of int64, shape (N,)
    probabilities : ndarray of float, shape (N, n_classes)
    """

    ids: Sequence[str]
    splits: Sequence[str]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Prediction:
    """A row of ``predictions.csv``.

    Attributes
    ----------
    id, split, label : str
        The sample, and its true class.
    predicted : str
        The likeliest class.
    p_true : float
        The probability of the true class, 0..1.
    top : tuple of (str, float)
        At most five classes and their probabilities, the likeliest first.
    """

    id: str
    split: str
    label: str
    predicted: str
    p_true: float
    top: tuple[tuple[str, float], ...]


def write_predictions(path: Path, answers: Iterable[Answers], classes: Sequence[str]) -> None:
    """Write ``predictions.csv``, the rows of each of the answers after the other."""
    table: list[Sequence[str]] = [COLUMNS]
    for each in answers:
        table += _rows(each, classes)
    with writing(path):
        write_file(path, csv_text(table).encode("utf-8", "backslashreplace"))


def _rows(answers: Answers, classes: Sequence[str]) -> Iterator[Sequence[str]]:
    shares = answers.probabilities
    predicted = shares.argmax(axis=1).tolist()
    likeliest = np.argsort(-shares, axis=1, kind="stable")[:, :TOP].tolist()
    empty = [""] * (2 * (TOP - min(TOP, len(classes))))
    for row, (sample_id, split, label) in enumerate(
        zip(answers.ids, answers.splits, answers.labels.tolist(), strict=True)
    ):
        cells = [sample_id, split, classes[label], classes[predicted[row]]]
        cells.append(_share(shares[row, label]))
        for number in likeliest[row]:
            cells += [classes[number], _share(shares[row, number])]
        yield cells + empty


def _share(value: float) -> str:
    return f"{value:.6f}"


def read_predictions(path: Path) -> list[Prediction]:
    """The rows of ``predictions.csv``, in its order.

    Raises
    ------
    FormatError
        If it cannot be read, or is not such a file.
    """
    found = []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            if tuple(header) != COLUMNS:
                raise FormatError(
                    f"header {','.join(header)[:80]!r}; expected {','.join(COLUMNS)}",
                    path=path,
                    where="line 1",
                )
            for cells in reader:
                row = dict(zip(COLUMNS, cells, strict=True))
                found.append(_read(row))
    except (OSError, csv.Error, ValueError) as err:
        if isinstance(err, FormatError):
            raise
        raise FormatError(f"not the predictions of a run ({err})", path=path) from err
    return found


def _read(row: Mapping[str, str]) -> Prediction:
    ranks = [rank for rank in range(1, TOP + 1) if row[f"class_{rank}"]]
    return Prediction(
        row["id"],
        row["split"],
        row["label"],
        row["predicted"],
        p_true=float(row["p_true"]),
        top=tuple((row[f"class_{rank}"], float(row[f"p_{rank}"])) for rank in ranks),
    )


def dataset_record(sources: Iterable[Mapping[str, Any]], ids: Sequence[str]) -> dict[str, Any]:
    """What ``metrics.json`` says of the dataset that was read.

    Returns
    -------
    dict
        ``sources`` as in ``signdata.json``, the number of ``samples``, and ``ids_sha256``: of
        the sorted ids, a line each.
    """
    lines = "".join(f"{one}\n" for one in sorted(ids))
    return {
        "sources": [dict(source) for source in sources],
        "samples": len(ids),
        "ids_sha256": hashlib.sha256(lines.encode("utf-8", "backslashreplace")).hexdigest(),
    }
