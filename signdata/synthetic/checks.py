"""Checks of the sizes and counts of synthetic datasets."""

from __future__ import annotations

from signdata.errors import UsageError
from signdata.limits import check_size

SMALLEST = 8
"""Shorter side in pixels below which a hand cannot be recognised."""


MOST_SIGNERS = 10_000
MOST_SAMPLES = 1_000_000
"""A CSV's rows are in memory until they are written."""


def check(*, size: tuple[int, int], **counts: int) -> None:
    """Raise `UsageError` if a side is under 8 pixels, or a count is under 1 or too large."""
    check_size(size, "size")
    if min(size) < SMALLEST:
        width, height = size
        raise UsageError(f"size {width}x{height}; expected at least {SMALLEST}x{SMALLEST}")
    for name, count in counts.items():
        if count < 1:
            raise UsageError(f"{name.replace('_', '-')} {count}; expected at least 1")
        most = MOST_SIGNERS if name == "signers" else MOST_SAMPLES
        if count > most:
            raise UsageError(f"{name.replace('_', '-')} {count}; expected at most {most:,}")
