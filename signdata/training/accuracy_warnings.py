"""Why an accuracy should not be taken at its word: too few samples, or a leak."""

from __future__ import annotations

from signdata.splitting.certificate_summary import GAP, Certified, _both_sides
from signdata.training.metrics import wilson

HIGH = 0.9
"""From this accuracy on it is asked where it comes from."""


FEW = 30
"""Below this number of samples an accuracy tells nothing."""


def few(split: str, n: int) -> str:
    """What is said of a split of fewer than `FEW` samples."""
    samples, right = ("1 sample", "it") if n == 1 else (f"{n} samples", "all of them")
    return (
        f"{split} has only {samples}, so its accuracy tells nothing: even with {right} right, the "
        f"true one may be as low as {wilson(n, n)[0]:.0%}; expected {FEW} samples or more"
    )


def doubts(
    test_accuracy: float,
    val_accuracy: float,
    certified: Certified | None,
    shared_signers: int | None = None,
) -> list[str]:
    """Why an accuracy on test should not be taken at its word, one sentence each.

    Parameters
    ----------
    test_accuracy, val_accuracy : float
        0..1.
    certified : Certified or None
        What came along with the dataset.
    shared_signers : int or None
        How many people sign in train and in test; None where nobody knows who signs.
    """
    found, why = [], ""
    if shared_signers:
        why = _both_sides(shared_signers, "signers", "test")
    elif certified is not None:
        why = certified.reason_to_doubt()
    elif shared_signers is None:
        why = (
            "nobody has looked whether test resembles train: signdata audit does, and "
            "--compare-splits measures it"
        )
    if why and test_accuracy >= HIGH:
        found.append(f"test reads {test_accuracy:.1%}, which may be too good: {why}")
    flattered = certified.shared("val") if certified is not None else ""
    if flattered and val_accuracy - test_accuracy > GAP:
        found.append(f"val reads {val_accuracy:.1%} and test {test_accuracy:.1%}: {flattered}")
    return found
