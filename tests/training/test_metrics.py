from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats
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


@pytest.fixture(params=[5, 29, 100])
def guesses(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray, int]:
    """Labels, scores with ties, and the number of classes, the last of which never occurs."""
    n_classes = request.param
    rng = np.random.default_rng(n_classes)
    labels = rng.integers(0, n_classes - 1, 400)
    scores = rng.integers(0, 40, (400, n_classes)) / 40
    scores[np.arange(400), labels] += 0.2
    return labels, scores, n_classes


def test_averages_and_mcc_are_those_of_scikit_learn(
    guesses: tuple[np.ndarray, np.ndarray, int],
) -> None:
    labels, scores, n_classes = guesses
    predicted = scores.argmax(1)
    matrix = metrics.confusion_matrix(labels, predicted, n_classes)
    for name, found in metrics.averages(matrix).items():
        expected = sklearn_metrics.precision_recall_fscore_support(
            labels, predicted, average=name, zero_division=0
        )
        assert [found[key] for key in ("precision", "recall", "f1")] == pytest.approx(expected[:3])
    expected = sklearn_metrics.matthews_corrcoef(labels, predicted)
    assert metrics.matthews(matrix) == pytest.approx(expected)


def test_specificity_and_fallout_are_those_of_one_class_against_the_others(
    guesses: tuple[np.ndarray, np.ndarray, int],
) -> None:
    labels, scores, n_classes = guesses
    predicted = scores.argmax(1)
    names = [str(idx) for idx in range(n_classes)]
    table = metrics.per_class(metrics.confusion_matrix(labels, predicted, n_classes), names)
    pairs = sklearn_metrics.multilabel_confusion_matrix(labels, predicted, labels=range(n_classes))
    for name, ((calm, alarms), _) in zip(names, pairs, strict=True):
        assert table[name]["specificity"] == pytest.approx(calm / (calm + alarms))
        assert table[name]["fallout"] == pytest.approx(alarms / (calm + alarms))


@pytest.mark.parametrize("k", [1, 2, 5])
def test_top_k_is_that_of_scikit_learn(k: int) -> None:
    rng = np.random.default_rng(k)
    labels, scores = np.arange(300) % 9, rng.random((300, 9))
    expected = sklearn_metrics.top_k_accuracy_score(labels, scores, k=k, labels=range(9))
    assert metrics.top_k(scores, labels, k) == pytest.approx(expected)


def test_top_k_at_the_edges(guesses: tuple[np.ndarray, np.ndarray, int]) -> None:
    labels, scores, n_classes = guesses
    assert metrics.top_k(scores, labels, 1) == (scores.argmax(1) == labels).mean()
    assert metrics.top_k(scores, labels, n_classes) == 1
    assert metrics.top_k(np.full_like(scores, np.nan), labels) == 0
    assert metrics.top_k(scores[:0], labels[:0]) == 0


@pytest.mark.parametrize(
    ("correct", "total"), [(0, 10), (10, 10), (1, 3), (7, 10), (7076, 7172), (7172, 7172)]
)
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_the_interval_is_that_of_scipy(correct: int, total: int, confidence: float) -> None:
    expected = stats.binomtest(correct, total).proportion_ci(confidence, method="wilson")
    assert metrics.wilson(correct, total, confidence) == pytest.approx(tuple(expected), abs=1e-12)


def test_the_interval_of_nothing_is_everything() -> None:
    assert metrics.wilson(0, 0) == (0, 1)


def test_matthews_by_hand() -> None:
    assert metrics.matthews(np.array([[3, 0], [0, 5]])) == 1
    assert metrics.matthews(np.array([[0, 4], [4, 0]])) == -1
    assert metrics.matthews(np.array([[4, 0], [4, 0]])) == 0  # one answer only


def test_the_worst_come_first_and_the_unknown_not_at_all(matrix: np.ndarray) -> None:
    table = metrics.per_class(matrix, CLASSES)
    assert metrics.worst_classes(table) == ["B", "A", "C"]
    assert metrics.worst_classes(table, 1) == ["B"]


def test_the_most_confused_pairs_come_first(matrix: np.ndarray) -> None:
    # A for B, B for D, C for A: once each, of 3, 2 and 5 samples.
    assert metrics.confused_pairs(matrix, CLASSES) == [
        {"true": "B", "predicted": "D", "count": 1, "share": pytest.approx(1 / 2)},
        {"true": "A", "predicted": "B", "count": 1, "share": pytest.approx(1 / 3)},
        {"true": "C", "predicted": "A", "count": 1, "share": pytest.approx(1 / 5)},
    ]
    more = matrix.copy()
    more[2, 0] += 1
    first = metrics.confused_pairs(more, CLASSES, 1)
    assert [(pair["true"], pair["predicted"], pair["count"]) for pair in first] == [("C", "A", 2)]
    assert metrics.confused_pairs(np.diag([3, 2, 0, 0, 1]), CLASSES) == []


def test_signers_by_hand() -> None:
    signers = ["ann"] * 4 + ["bob"] * 5 + [""]
    found = metrics.per_signer(TRUE, GUESS, signers)
    assert found["signers"] == {
        "ann": {"accuracy": 0.75, "correct": 3, "total": 4},
        "bob": {"accuracy": 0.6, "correct": 3, "total": 5},
    }
    assert (found["min"], found["max"]) == (0.6, 0.75)
    assert (found["mean"], found["std"]) == pytest.approx((0.675, 0.075))
    assert metrics.per_signer(TRUE, GUESS, [""] * 10) == {}


def test_the_summary_is_plain_and_whole() -> None:
    scores = np.eye(5, dtype=np.float32)[GUESS]
    found = metrics.summary(TRUE, scores, CLASSES, signers=["ann"] * 10, worst=2)
    assert json.loads(json.dumps(found)) == found
    assert found["accuracy"] == 0.7
    assert found["accuracy_95"][0] < 0.7 < found["accuracy_95"][1]
    assert found["worst_classes"] == ["B", "A"]
    assert found["per_signer"]["signers"]["ann"]["total"] == 10
    assert "per_signer" not in metrics.summary(TRUE, scores, CLASSES)


def test_the_summary_of_nothing() -> None:
    found = metrics.summary(TRUE[:0], np.zeros((0, 5)), CLASSES)
    assert (found["accuracy"], found["mcc"], found["top5_accuracy"]) == (0, 0, 0)
    assert found["macro"]["specificity"] == 0
