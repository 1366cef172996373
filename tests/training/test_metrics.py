from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from signdata.training import metrics

CLASSES = ("A", "B", "C", "D", "J")
TRUE = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 2])
GUESS = np.array([0, 0, 1, 1, 3, 2, 2, 0, 2, 2])
"""D is only ever guessed, J neither occurs nor is guessed."""


@pytest.fixture
def matrix() -> np.ndarray:
    return metrics.confusion_matrix(TRUE, GUESS, len(CLASSES))


def test_rows_are_the_truth(matrix: np.ndarray) -> None:
    assert matrix[1, 3] == 1
    assert matrix[3, 1] == 0
    expected = sklearn_metrics.confusion_matrix(TRUE, GUESS, labels=range(len(CLASSES)))
    assert matrix.tolist() == expected.tolist()


def test_per_class_numbers_are_those_of_scikit_learn(matrix: np.ndarray) -> None:
    expected = sklearn_metrics.precision_recall_fscore_support(
        TRUE, GUESS, labels=range(len(CLASSES)), zero_division=0
    )
    scores = metrics.per_class(matrix, CLASSES)
    assert list(scores) == list(CLASSES)
    for idx, name in enumerate(CLASSES):
        found = [scores[name][key] for key in ("precision", "recall", "f1", "support")]
        assert found == pytest.approx([column[idx] for column in expected])


def test_accuracy_and_macro_f1_are_those_of_scikit_learn(matrix: np.ndarray) -> None:
    assert metrics.accuracy(matrix) == pytest.approx(0.7)
    expected = sklearn_metrics.f1_score(TRUE, GUESS, average="macro", zero_division=0)
    assert metrics.macro_f1(matrix) == pytest.approx(expected)


def test_nothing_at_all_scores_nothing() -> None:
    empty = np.zeros((3, 3), np.int64)
    assert metrics.accuracy(empty) == metrics.macro_f1(empty) == 0
