"""Metrics of a classifier, from labels, predictions and scores.

In numpy, because importing scikit-learn would add two seconds to every run. The tests compare
every metric with scikit-learn and scipy.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

AVERAGED = ("precision", "recall", "f1", "specificity", "fallout")
"""The metrics of each class that `averages` averages."""

# ---------------------------------------------------------------------------- counts


def confusion_matrix(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], n_classes: int
) -> NDArray[np.int64]:
    """Counts of (true, predicted) pairs.

    Parameters
    ----------
    labels, predicted : ndarray of int64, shape (N,)
        Class indices, 0 <= index < n_classes.
    n_classes : int
        Number of classes, whether they occur or not.

    Returns
    -------
    ndarray of int64, shape (n_classes, n_classes)
        Row = true class, column = predicted class.
    """
    cells = np.bincount(labels * n_classes + predicted, minlength=n_classes * n_classes)
    return cells.reshape(n_classes, n_classes)


def accuracy(matrix: NDArray[np.int64]) -> float:
    """Fraction of correct predictions, 0..1; 0 if there are no predictions."""
    return float(_ratio(np.trace(matrix), matrix.sum()))


def top_k(scores: NDArray[np.floating[Any]], labels: NDArray[np.int64], k: int = 5) -> float:
    """Fraction of samples whose true class is among the `k` with the highest scores, 0..1.

    Parameters
    ----------
    scores : ndarray of float, shape (N, n_classes)
        Logits or probabilities. Of equal scores, the first counts as higher, as with `argmax`.
        A sample with a NaN is wrong.
    labels : ndarray of int64, shape (N,)
    k : int
        If it is at least the number of classes, all samples without NaN are right.
    """
    if not len(labels):
        return 0.0
    own = scores[np.arange(len(labels)), labels][:, None]
    earlier = np.arange(scores.shape[1]) < labels[:, None]
    rank = ((scores > own) | ((scores == own) & earlier)).sum(axis=1)
    return float(((rank < k) & ~np.isnan(scores).any(axis=1)).mean())


def wilson(correct: float, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval for a proportion.

    E. B. Wilson (1927), Probable inference, the law of succession, and statistical inference,
    J. Am. Stat. Assoc. 22 (158), 209-212. It assumes independent samples; near copies and clips
    of one signer are not independent, so it is too narrow for them.

    Returns
    -------
    tuple of float
        Low and high, 0..1; (0, 1) if `total` is 0.
    """
    if not total:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, spread = correct / total, z * z / total
    middle = (share + spread / 2) / (1 + spread)
    half = math.sqrt(share * (1 - share) * spread + spread * spread / 4) / (1 + spread)
    low = 0.0 if correct == 0 else max(0.0, middle - half)
    return low, 1.0 if correct == total else min(1.0, middle + half)


# ---------------------------------------------------------------------------- by class


def per_class(matrix: NDArray[np.int64], classes: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Precision, recall, F1, specificity, fallout and support of every class.

    Specificity is the fraction of the other classes' samples that are not predicted as this one,
    fallout the fraction that are. A ratio with denominator 0 (a class never predicted, or without
    samples) is 0, as in scikit-learn with ``zero_division=0``.
    """
    scores, support = _scores(matrix), matrix.sum(axis=1)
    return {
        name: {
            **{key: float(scores[key][idx]) for key in AVERAGED},
            "support": int(support[idx]),
        }
        for idx, name in enumerate(classes)
    }


def worst_classes(table: Mapping[str, Mapping[str, Any]], k: int | None = None) -> list[str]:
    """Names of `per_class`, lowest F1 first, then lowest recall, then in order; at most `k`.

    Classes without samples are left out.
    """
    present = [name for name, row in table.items() if row["support"]]
    return sorted(present, key=lambda name: (table[name]["f1"], table[name]["recall"]))[:k]


def confused_pairs(
    matrix: NDArray[np.int64], classes: Sequence[str], k: int | None = None
) -> list[dict[str, Any]]:
    """Confused pairs of classes, the most frequent first.

    Parameters
    ----------
    matrix : ndarray of int64, shape (n_classes, n_classes)
    classes : sequence of str
    k : int, optional
        Maximum number of pairs.

    Returns
    -------
    list of dict
        ``true``, ``predicted``, ``count``, and ``share`` of the true class's samples, 0..1. For
        equal counts, the larger share comes first, then the order of the classes.
    """
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    shares = _ratio(wrong, matrix.sum(axis=1, keepdims=True))
    pairs = [(int(i), int(j)) for i, j in np.argwhere(wrong)]
    pairs.sort(key=lambda pair: (-wrong[pair], -shares[pair], pair))
    return [
        {
            "true": classes[i],
            "predicted": classes[j],
            "count": int(wrong[i, j]),
            "share": float(shares[i, j]),
        }
        for i, j in pairs[:k]
    ]


def averages(matrix: NDArray[np.int64]) -> dict[str, dict[str, float]]:
    """The metrics of `per_class`, averaged over classes.

    Returns
    -------
    dict
        ``macro``: the mean of the classes that occur among the labels or the predictions;
        ``weighted``: weighted by the number of labels of each class.
    """
    scores, support = _scores(matrix), matrix.sum(axis=1)
    occurs = (matrix.sum(axis=0) + support) > 0
    return {
        name: {key: float(_ratio(scores[key] @ weights, weights.sum())) for key in AVERAGED}
        for name, weights in (("macro", occurs.astype(np.int64)), ("weighted", support))
    }


def macro_f1(matrix: NDArray[np.int64]) -> float:
    """Mean F1 of the classes that occur among the labels or the predictions."""
    return averages(matrix)["macro"]["f1"]


def matthews(matrix: NDArray[np.int64]) -> float:
    """Multi-class Matthews correlation coefficient, -1..1; 0 if it is undefined.

    J. Gorodkin (2004), Comparing two K-category assignments by a K-category correlation
    coefficient, Comput. Biol. Chem. 28 (5-6), 367-374.
    """
    actual, predicted = (matrix.sum(axis=axis).astype(np.float64) for axis in (1, 0))
    total, hits = float(matrix.sum()), float(np.trace(matrix))
    spread = (total * total - predicted @ predicted) * (total * total - actual @ actual)
    return float((hits * total - actual @ predicted) / math.sqrt(spread)) if spread > 0 else 0.0


# ---------------------------------------------------------------------------- by signer


def per_signer(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], signers: Sequence[str]
) -> dict[str, Any]:
    """Accuracy for each signer, and its spread over the signers.

    Parameters
    ----------
    labels, predicted : ndarray of int64, shape (N,)
    signers : sequence of str, length N
        '' if unknown; such samples are left out.

    Returns
    -------
    dict
        ``signers``: ``accuracy``, ``correct``, ``total`` by name; and over the signers, each
        counted once, ``mean``, ``std`` (population), ``min``, ``max``. Empty if no signer is
        known.
    """
    names, rows = np.unique(np.asarray(signers, dtype=np.str_), return_inverse=True)
    total = np.bincount(rows, minlength=len(names))
    correct = np.bincount(rows, weights=labels == predicted, minlength=len(names)).astype(int)
    table = {
        str(name): {"accuracy": float(right / all_), "correct": int(right), "total": int(all_)}
        for name, right, all_ in zip(names, correct, total, strict=True)
        if name
    }
    if not table:
        return {}
    shares = np.array([row["accuracy"] for row in table.values()])
    spread = {name: float(getattr(shares, name)()) for name in ("mean", "std", "min", "max")}
    return {**spread, "signers": table}


# ---------------------------------------------------------------------------- summary


def summary(
    labels: NDArray[np.int64],
    scores: NDArray[np.floating[Any]],
    classes: Sequence[str],
    *,
    signers: Sequence[str] = (),
    worst: int = 10,
) -> dict[str, Any]:
    """All metrics of one split, as plain types for JSON.

    Parameters
    ----------
    labels : ndarray of int64, shape (N,)
    scores : ndarray of float, shape (N, n_classes)
        Logits or probabilities.
    classes : sequence of str
        Names of the outputs, in order.
    signers : sequence of str, optional
        One per sample, '' if unknown.
    worst : int
        Maximum length of `worst_classes` and `confused_pairs`.
    """
    predicted = scores.argmax(axis=1).astype(np.int64)
    matrix = confusion_matrix(labels, predicted, len(classes))
    table = per_class(matrix, classes)
    found: dict[str, Any] = {
        "accuracy": accuracy(matrix),
        "accuracy_95": list(wilson(int(np.trace(matrix)), len(labels))),
        "top5_accuracy": top_k(scores, labels, 5),
        **averages(matrix),
        "mcc": matthews(matrix),
        "support": len(labels),
        "worst_classes": worst_classes(table, worst),
        "confused_pairs": confused_pairs(matrix, classes, worst),
        "per_class": table,
        "confusion_matrix": matrix.tolist(),
    }
    by_signer = per_signer(labels, predicted, signers) if len(signers) else {}
    return {**found, "per_signer": by_signer} if by_signer else found


# ---------------------------------------------------------------------------- ratios


def _scores(matrix: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    hits = np.diagonal(matrix)
    predicted, actual = matrix.sum(axis=0), matrix.sum(axis=1)
    others, alarms = matrix.sum() - actual, predicted - hits
    return {
        "precision": _ratio(hits, predicted),
        "recall": _ratio(hits, actual),
        "f1": _ratio(2 * hits, predicted + actual),
        "specificity": _ratio(others - alarms, others),
        "fallout": _ratio(alarms, others),
    }


def _ratio(part: ArrayLike, whole: ArrayLike) -> NDArray[np.float64]:
    above, below = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    ratio = np.zeros_like(above)
    np.divide(above, below, out=ratio, where=np.broadcast_to(below > 0, above.shape))
    return ratio
