"""Counts as people write them: ``1 class``, ``24 classes``."""

from __future__ import annotations


def counted(n: int, noun: str, many: str = "") -> str:
    """A number and what it counts; `many` where the plural takes more than an ``s``."""
    return f"{n:,} {noun if n == 1 else many or f'{noun}s'}"
