from __future__ import annotations

import math

import numpy as np
import pytest

from signdata.training.data import Dataset
from signdata.training.epoch_choice import EpochScore, is_better, lowest_equal
from signdata.training.holdout import independent, refits


def chosen(scores: list[tuple[float, float]], independent: int) -> int:
    """The epoch, counted from 1, that is the best of (loss, accuracy)."""
    best, epoch = None, 0
    for number, (loss, accuracy) in enumerate(scores, start=1):
        new = EpochScore(loss, accuracy)
        top = max(one for _, one in scores[:number])
        if is_better(new, best, top, independent):
            best, epoch = new, number
    return epoch


def test_among_equal_accuracies_the_lowest_loss_is_chosen() -> None:
    """As it was on Sign-MNIST: epoch 4 read all of a val of 131 photographs, by luck."""
    epochs = [(0.83, 0.765), (0.25, 0.964), (0.17, 0.992), (0.10, 1.0), (0.13, 0.995)]
    assert chosen([*epochs, (0.098, 0.999), (0.097, 0.9985)], 131) == 7
    assert chosen(epochs, 131) == 4


def test_a_clearly_lower_accuracy_is_not_made_good_by_its_loss() -> None:
    assert chosen([(0.5, 0.95), (0.4, 0.90)], 1000) == 1
    assert chosen([(0.5, 0.95), (0.4, 0.90)], 20) == 2
    assert chosen([(0.4, 0.90), (0.5, 0.95)], 1000) == 2


def test_small_steps_down_do_not_add_up() -> None:
    steps = [(1.0 - n / 10, 0.95 - n * 0.01) for n in range(6)]
    lowest = lowest_equal(0.95, 1000)
    assert 0.93 < lowest < 0.94
    assert chosen(steps, 1000) == 2


def test_of_equals_the_last_is_chosen() -> None:
    assert chosen([(0.5, 0.9), (0.5, 0.9), (0.6, 0.9)], 100) == 2


def test_a_loss_that_is_no_number_is_the_highest() -> None:
    assert chosen([(math.nan, 0.9), (9.0, 0.9), (math.nan, 0.9)], 100) == 2


def test_wilson_is_asked_of_what_is_independent() -> None:
    # 1 of 1: Wilson's lower bound is 1 / (1 + 1.96 ** 2).
    assert lowest_equal(1.0, 1) == pytest.approx(1 / (1 + 1.959964**2), abs=1e-6)
    assert lowest_equal(1.0, 2748) == pytest.approx(0.99860, abs=1e-5)


def dataset(splits: list[str], groups: list[str], signers: tuple[str, ...] = ()) -> Dataset:
    n = len(splits)
    return Dataset(
        images=np.zeros((n, 1, 4, 4), np.uint8),
        labels=np.arange(n) % 2,
        splits=np.array(splits, "U5"),
        ids=tuple(map(str, range(n))),
        groups=tuple(groups),
        classes=("A", "B"),
        signers=signers,
    )


SPLITS = ["train", "train", "val", "val", "val", "test"]


def test_a_group_is_one_and_a_sample_without_is_one() -> None:
    data = dataset(SPLITS, ["a", "a", "b", "b", "", "c"])
    assert independent(data, data.splits == "val") == 2
    assert independent(data, data.splits == "train") == 1
    alone = dataset(SPLITS, [""] * 6)
    assert independent(alone, alone.splits == "val") == 3


@pytest.mark.parametrize(
    ("groups", "signers", "wanted"),
    [
        (["a", "a", "b", "b", "", "c"], (), True),
        (["a", "a", "b", "a", "", "c"], (), False),
        ([""] * 6, (), False),
        ([""] * 6, ("x", "x", "y", "y", "y", "z"), True),
        ([""] * 6, ("x", "x", "y", "x", "y", "z"), False),
        (["a", "a", "", "", "", "c"], (), False),
    ],
)
def test_val_is_learned_from_where_it_holds_what_train_lacks(
    groups: list[str], signers: tuple[str, ...], wanted: bool
) -> None:
    data = dataset(SPLITS, groups, signers)
    assert refits("auto", data, data.splits) is wanted
    assert refits("always", data, data.splits) is True
    assert refits("never", data, data.splits) is False
    untested = np.where(data.splits == "test", "", data.splits)
    assert refits("auto", data, untested) is False
