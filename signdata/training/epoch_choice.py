"""Which epoch's network is the best, as far as val can tell.

Accuracy on a val of a few photographs or people is coarse: one photograph more or less moves
it by a step, and several epochs read everything. So accuracies that such a val cannot tell
apart count as equal, and among equals the loss decides: it also says how sure the network is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from signdata.training.metrics import wilson

CHOSEN_BY = "val_loss"
"""What decides between epochs of equal accuracy; goes into ``metrics.json``."""


@dataclass(frozen=True)
class EpochScore:
    """What an epoch's network reads of val: mean loss, and accuracy 0..1."""

    loss: float
    accuracy: float


def lowest_equal(accuracy: float, independent: int) -> float:
    """The lowest accuracy that counts as equal to this one.

    It is the lower bound of the Wilson 95 % interval. `independent` counts what is
    independent in val, as `holdout.independent` does: near copies of a photograph are right
    or wrong together, so they count once.
    """
    return wilson(accuracy * independent, independent)[0]


def is_better(new: EpochScore, best: EpochScore | None, top: float, independent: int) -> bool:
    """Whether an epoch takes the place of the best one before it.

    Parameters
    ----------
    new : EpochScore
    best : EpochScore or None
        None before the first epoch.
    top : float
        The highest accuracy of all epochs so far, the new one included. All comparisons are
        with it, so that small steps down cannot add up.
    independent : int
        See `lowest_equal`.
    """
    if best is None:
        return True
    equal = lowest_equal(top, independent)
    if new.accuracy < equal:
        return False
    # Of equal losses the later one: it has learned longer, at a lower rate.
    return best.accuracy < equal or _or_infinite(new.loss) <= _or_infinite(best.loss)


def _or_infinite(loss: float) -> float:
    return math.inf if math.isnan(loss) else loss
