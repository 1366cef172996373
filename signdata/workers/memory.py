"""Freed memory kept for what comes next, rather than given back to the system."""

from __future__ import annotations

import contextlib
import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGEST_MMAP_THRESHOLD = 32 << 20


def keep_freed(n_bytes: int) -> None:
    """Let this process and its forks hold on to so many bytes that were freed.

    Arrays of a batch are made and freed hundreds of times a second; each time, the system
    would hand out and clear their pages anew. Only glibc has to be told (mallopt(3)).
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        allocator = ctypes.CDLL(None)
        allocator.mallopt(_M_TRIM_THRESHOLD, n_bytes)
        allocator.mallopt(_M_MMAP_THRESHOLD, min(n_bytes, _LARGEST_MMAP_THRESHOLD))
