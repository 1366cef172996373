"""Checks of the sizes and counts of synthetic datasets."""

from __future__ import annotations

from signdata.errors import UsageError
from signdata.limits import check_size

SMALLEST = 8
"""Shorter side in pixels below which a hand cannot be recognised."""


MOST_SIGNERS = 10_000


def check(*, size: tuple[int, int], **counts: int) -> None:
    """Raise `UsageError` if a side is under 8 pixels, a count under 1, or signers are too many."""
    check_size(size, "size")
    if min(size) < SMALLEST:
        width, height = size
        raise UsageError(f"size {width}x{height}; expected at least {SMALLEST}x{SMALLEST}")
    for name, count in counts.items():
        if count < 1:
            raise UsageError(f"{name.replace('_', '-')} {count}; expected at least 1")
    if counts.get("signers", 1) > MOST_SIGNERS:
        raise UsageError(f"signers {counts['signers']}; expected at most {MOST_SIGNERS:,}")
