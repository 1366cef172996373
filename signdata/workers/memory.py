"""Memory of a process: keep freed memory for reuse, limit what it may allocate."""

from __future__ import annotations

import contextlib
import ctypes
import sys
from collections.abc import Iterator

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGEST_MMAP_THRESHOLD = 32 << 20

KEPT = 32 << 20
"""Bytes of freed memory that a process may keep where nothing else is said."""


def keep_freed(n_bytes: int = KEPT) -> None:
    """Let this process and its forks keep this many freed bytes for reuse.

    Arrays are allocated and freed hundreds of times a second; each time, the system would map
    and clear their pages again. Only glibc needs the setting (mallopt(3)).
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        allocator = ctypes.CDLL(None)
        allocator.mallopt(_M_TRIM_THRESHOLD, n_bytes)
        allocator.mallopt(_M_MMAP_THRESHOLD, min(n_bytes, _LARGEST_MMAP_THRESHOLD))


@contextlib.contextmanager
def limited(n_bytes: int) -> Iterator[None]:
    """Limit this process to `n_bytes` of memory beyond what it uses now.

    Private writable memory counts; mapped library files and merely reserved addresses do not
    (RLIMIT_DATA on Linux). Other systems have no such limit.
    """
    if sys.platform != "linux":
        yield
        return
    import resource

    before, most = resource.getrlimit(resource.RLIMIT_DATA)
    limit = _private_bytes() + n_bytes
    for other in (before, most):
        if other != resource.RLIM_INFINITY:
            limit = min(limit, other)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, most))


def _private_bytes() -> int:
    """Private writable memory of this process in bytes, as RLIMIT_DATA counts it."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as lines:
        for line in lines:
            if line.startswith("VmData:"):
                return int(line.split()[1]) << 10
    return 0
