"""Choose the best epoch by its results on val.

Accuracy on a val of a few photographs or signers is coarse: a single photograph changes it
noticeably, and several epochs may get everything right. So accuracies that such a val cannot
distinguish count as equal, and among equals the loss decides, which also reflects confidence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from signdata.training.metrics import wilson

CHOSEN_BY = "val_loss"
"""What decides between epochs of equal accuracy; recorded in ``metrics.json``."""


@dataclass(frozen=True)
class EpochScore:
    """An epoch's results on val: mean loss, and accuracy 0..1."""

    loss: float
    accuracy: float


def lowest_equal(accuracy: float, independent: int) -> float:
    """The lowest accuracy that counts as equal to this one.

    It is the lower bound of the Wilson 95 % interval. `independent` is the number of
    independent samples in val, see `holdout.independent`: near copies of a photograph are right
    or wrong together, so they count once.
    """
    return wilson(accuracy * independent, independent)[0]


def is_better(new: EpochScore, best: EpochScore | None, top: float, independent: int) -> bool:
    """Whether an epoch is better than the best one before it.

    Parameters
    ----------
    new : EpochScore
    best : EpochScore or None
        None before the first epoch.
    top : float
        The highest accuracy of all epochs so far, including the new one. All comparisons are
        with it, so that small decreases cannot add up.
    independent : int
        See `lowest_equal`.
    """
    if best is None:
        return True
    equal = lowest_equal(top, independent)
    if new.accuracy < equal:
        return False
    # For equal losses, the later one, which was trained longer, at a lower learning rate.
    return best.accuracy < equal or _or_infinite(new.loss) <= _or_infinite(best.loss)


def _or_infinite(loss: float) -> float:
    return math.inf if math.isnan(loss) else loss
