"""The searches behind splits by groups: the best of all, and never behind what others find."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest

from signdata.splitting import exact_search
from signdata.splitting.grouped import grouped
from signdata.splitting.local_search import improve
from signdata.splitting.objective import Problem
from signdata.splitting.stratified import coded

PROBLEMS, CHUNK, DRAWS = 1000, 100, 200
THREE = {"train": 0.8, "val": 0.1, "test": 0.1}

# Shares, and into how many folds scikit-learn cuts for them.
ASKED = [
    (THREE, 10),
    ({"train": 0.6, "val": 0.2, "test": 0.2}, 5),
    ({"train": 0.34, "val": 0.33, "test": 0.33}, 3),
    ({"train": 0.7, "val": 0.15, "test": 0.15}, 20),
    ({"train": 0.8, "test": 0.2}, 5),
    *(({str(k + 1): 1 / n for k in range(n)}, n) for n in (2, 3, 4, 5)),
]


def drawn(seed: int) -> tuple[list[str], list[str], dict[str, float], int]:
    """Labels, groups, ratios and number of folds: signers, bursts, and what lies between."""
    random = np.random.default_rng(seed)
    most = 40 if seed % 40 == 0 else 15
    n_groups, n_classes = int(random.integers(2, most)), int(random.integers(1, 8))
    kind = int(random.integers(3))
    labels: list[str] = []
    groups: list[str] = []
    for group in range(n_groups):
        size = int(random.integers(1, 31)) if random.random() < 0.7 else 10
        n_held = (1, int(random.integers(1, n_classes + 1)), n_classes)[kind]
        held = random.choice(n_classes, n_held, replace=False)
        labels += [f"c{label}" for label in random.choice(held, size)]
        groups += [f"g{group:02d}"] * size
    ratios, n_folds = ASKED[int(random.integers(len(ASKED)))]
    return labels, groups, ratios, n_folds


def problem_of(labels: list[str], groups: list[str], ratios: dict[str, float]) -> Problem:
    (unit_of, units), (class_of, classes) = coded(groups), coded(labels)
    return Problem.of(unit_of, class_of, len(units), len(classes), ratios)


def assigned(
    problem: Problem, groups: list[str], splits: list[str], ratios: dict[str, float]
) -> np.ndarray:
    chosen = np.empty(problem.n_units, np.int64)
    names = list(ratios)
    chosen[coded(groups)[0]] = [names.index(split) for split in splits]
    return chosen


def costs_of(problem: Problem, many: np.ndarray) -> list[tuple[float, float]]:
    """Cost of each of many assignments, (D, U)."""
    one_hot = np.eye(len(problem.shares), dtype=np.int64)[many]  # (D, U, S)
    sizes = np.zeros((len(problem.totals), problem.n_units), np.int64)
    sizes[problem.row, problem.unit] = problem.size
    over = sizes @ one_hot - problem.target
    distance = (over**2).sum(axis=2) @ problem.weights
    lacking = problem.penalties((sizes > 0).astype(int) @ one_hot, slice(None)).sum(axis=1)
    return list(zip(lacking.tolist(), distance.tolist(), strict=True))


def by_scikit_learn(
    labels: list[str], groups: list[str], ratios: dict[str, float], n_folds: int, seed: int
) -> list[str] | None:
    """Splits of whole folds of StratifiedGroupKFold; None where it cannot cut."""
    from sklearn.model_selection import StratifiedGroupKFold

    folds = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a class with fewer samples than folds
        try:
            tests = [test for _, test in folds.split(np.zeros(len(labels)), labels, groups)]
        except ValueError:
            return None
    names = list(ratios)
    splits = [names[0]] * len(labels)
    left = iter(tests)
    for name in names[1:]:
        for _ in range(round(ratios[name] * n_folds)):
            for i in next(left).tolist():
                splits[i] = name
    return splits


@pytest.mark.parametrize("start", range(0, PROBLEMS, CHUNK))
def test_never_farther_than_scikit_learn_or_the_best_of_random_draws(start: int) -> None:
    for seed in range(start, start + CHUNK):
        labels, groups, ratios, n_folds = drawn(seed)
        problem = problem_of(labels, groups, ratios)
        ids = [f"{i}" for i in range(len(labels))]
        splits = grouped(ids, labels, groups, ratios, seed)
        lacking, distance = problem.cost(assigned(problem, groups, splits, ratios))
        random = np.random.default_rng(seed)
        shape = (DRAWS, problem.n_units)
        others = random.choice(len(ratios), shape, p=list(ratios.values()))
        theirs = by_scikit_learn(labels, groups, ratios, n_folds, seed)
        if theirs is not None:
            others = np.vstack([others, assigned(problem, groups, theirs, ratios)])
        assert (lacking, distance - 1e-12) <= min(costs_of(problem, others)), seed


@pytest.mark.parametrize("seed", range(40))
def test_few_groups_are_solved_exactly(seed: int) -> None:
    labels, groups, ratios, _ = drawn(seed)
    first = sorted(set(groups))[:8]
    kept = [i for i, group in enumerate(groups) if group in first]
    labels, groups = [labels[i] for i in kept], [groups[i] for i in kept]
    problem = problem_of(labels, groups, ratios)
    every = np.array(list(itertools.product(range(min(len(ratios), 4)), repeat=problem.n_units)))
    ids = [f"{i}" for i in range(len(labels))]
    mine = problem.cost(
        assigned(problem, groups, grouped(ids, labels, groups, ratios, seed), ratios)
    )
    best = min(costs_of(problem, every))
    if len(ratios) > 4:  # not all ways were tried
        assert mine <= (best[0], best[1] + 1e-12)
    else:
        assert mine == (best[0], pytest.approx(best[1], abs=1e-12))


def test_a_narrow_search_still_finds_a_planted_perfect_split(monkeypatch) -> None:
    monkeypatch.setattr(exact_search, "WIDTH", 20_000)
    labels = [f"c{g % 3}" for g in range(20) for _ in range(5)]
    groups = [f"g{g:02d}" for g in range(20) for _ in range(5)]
    problem = problem_of(labels, groups, {"train": 0.6, "test": 0.4})
    known = np.zeros(problem.n_units, np.int64)
    order = exact_search.in_good_order(problem, np.arange(20, dtype=np.uint64))
    found = exact_search.best_assignment(problem, order, known)
    assert found is not None
    assert problem.table(found)[-1].tolist() == [60, 40]


@pytest.mark.parametrize("seed", range(20))
def test_what_is_improved_is_never_worse_and_counts_right(seed: int) -> None:
    labels, groups, ratios, _ = drawn(1000 + seed)
    problem = problem_of(labels, groups, ratios)
    start = np.random.default_rng(seed).integers(len(ratios), size=problem.n_units)
    before = start.copy()
    better = improve(problem, start)
    assert problem.cost(better) <= problem.cost(start)
    assert (start == before).all()
    assert costs_of(problem, better[None])[0] == pytest.approx(problem.cost(better))
