"""What a classifier got right, from the confusion matrix alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def confusion_matrix(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], n_classes: int
) -> NDArray[np.int64]:
    """Counts of (true, predicted) pairs.

    Parameters
    ----------
    labels, predicted : ndarray of int64, shape (N,)
        Class indices, 0 <= index < n_classes.
    n_classes : int
        How many classes there are, whether they occur or not.

    Returns
    -------
    ndarray of int64, shape (n_classes, n_classes)
        Row = true class, column = predicted class.
    """
    cells = np.bincount(labels * n_classes + predicted, minlength=n_classes * n_classes)
    return cells.reshape(n_classes, n_classes)


def accuracy(matrix: NDArray[np.int64]) -> float:
    """Share of correct predictions, 0..1; 0 when there are none at all."""
    return float(_ratio(np.trace(matrix), matrix.sum()))


def per_class(matrix: NDArray[np.int64], classes: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Precision, recall, F1 and support of every class.

    A ratio whose denominator is 0 (a class never predicted, or never there) is 0, as in
    scikit-learn with ``zero_division=0``.
    """
    precision, recall, f1 = _scores(matrix)
    return {
        name: {
            "precision": float(precision[idx]),
            "recall": float(recall[idx]),
            "f1": float(f1[idx]),
            "support": int(matrix[idx].sum()),
        }
        for idx, name in enumerate(classes)
    }


def macro_f1(matrix: NDArray[np.int64]) -> float:
    """Mean F1 of the classes that occur among the labels or the predictions."""
    occurs = (matrix.sum(axis=0) + matrix.sum(axis=1)) > 0
    return float(_scores(matrix)[2][occurs].mean()) if occurs.any() else 0.0


def _scores(matrix: NDArray[np.int64]) -> tuple[NDArray[np.float64], ...]:
    hits = np.diagonal(matrix)
    predicted, actual = matrix.sum(axis=0), matrix.sum(axis=1)
    return _ratio(hits, predicted), _ratio(hits, actual), _ratio(2 * hits, predicted + actual)


def _ratio(part: ArrayLike, whole: ArrayLike) -> NDArray[np.float64]:
    above, below = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    ratio = np.zeros_like(above)
    np.divide(above, below, out=ratio, where=below > 0)
    return ratio
