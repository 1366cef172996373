"""Freed memory kept for what comes next, rather than given back to the system."""

from __future__ import annotations

import contextlib
import ctypes
import sys
from collections.abc import Iterator

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGEST_MMAP_THRESHOLD = 32 << 20


def keep_freed(n_bytes: int) -> None:
    """Let this process and its forks hold on to this many bytes that were freed.

    Arrays of a batch are made and freed hundreds of times a second; each time, the system
    would hand out and clear their pages again. Only glibc has to be told (mallopt(3)).
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        allocator = ctypes.CDLL(None)
        allocator.mallopt(_M_TRIM_THRESHOLD, n_bytes)
        allocator.mallopt(_M_MMAP_THRESHOLD, min(n_bytes, _LARGEST_MMAP_THRESHOLD))


@contextlib.contextmanager
def limited(n_bytes: int) -> Iterator[None]:
    """Let the system refuse this process more memory than `n_bytes` beyond what it has now.

    Counted is what a process writes to for itself, not the libraries' files nor addresses
    that are merely set aside (RLIMIT_DATA of Linux). Elsewhere there is no such limit.
    """
    if sys.platform != "linux":
        yield
        return
    import resource

    before, most = resource.getrlimit(resource.RLIMIT_DATA)
    limit = _written_to() + n_bytes
    for other in (before, most):
        if other != resource.RLIM_INFINITY:
            limit = min(limit, other)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, most))


def _written_to() -> int:
    """Bytes of memory that are this process's own, as RLIMIT_DATA counts them."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as lines:
        for line in lines:
            if line.startswith("VmData:"):
                return int(line.split()[1]) << 10
    return 0
