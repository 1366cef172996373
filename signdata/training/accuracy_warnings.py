"""Reasons to doubt a measured accuracy: too few samples, or a leak."""

from __future__ import annotations

from signdata.splitting.certificate_summary import GAP, Certified, _both_sides
from signdata.training.metrics import wilson

HIGH = 0.9
"""Accuracy from which a possible leak is reported."""


FEW = 30
"""Fewest samples for a meaningful accuracy."""


def few(split: str, n: int) -> str:
    """The warning about a split of fewer than `FEW` samples."""
    samples, right = ("1 sample", "it") if n == 1 else (f"{n} samples", "all of them")
    return (
        f"{split} has only {samples}, so its accuracy means nothing: even with {right} right, the "
        f"true one may be as low as {wilson(n, n)[0]:.0%}; expected {FEW} samples or more"
    )


def doubts(
    test_accuracy: float,
    val_accuracy: float,
    certified: Certified | None,
    shared_signers: int | None = None,
) -> list[str]:
    """Reasons to doubt the accuracy on test, one sentence each.

    Parameters
    ----------
    test_accuracy, val_accuracy : float
        0..1.
    certified : Certified or None
        The dataset's leak certificate.
    shared_signers : int or None
        Number of signers in both train and test; None if signers are unknown.
    """
    found, why = [], ""
    if shared_signers:
        why = _both_sides(shared_signers, "signers", "test")
    elif certified is not None:
        why = certified.reason_to_doubt()
    elif shared_signers is None:
        why = (
            "whether test resembles train was not checked: signdata audit checks it, and "
            "--compare-splits measures its effect"
        )
    if why and test_accuracy >= HIGH:
        found.append(f"test accuracy is {test_accuracy:.1%}, which may be too good: {why}")
    shared = certified.shared("val") if certified is not None else ""
    if shared and val_accuracy - test_accuracy > GAP:
        accuracies = f"val accuracy is {val_accuracy:.1%} and test accuracy {test_accuracy:.1%}"
        found.append(f"{accuracies}: {shared}")
    return found
