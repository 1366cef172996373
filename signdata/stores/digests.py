"""Checksums of files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

_PART = 1 << 20


@dataclass(frozen=True)
class Digests:
    """What is compared with a store: SHA-256, MD5, and bytes."""

    sha256: str
    md5: str
    size: int


def digests_of(path: Path) -> Digests:
    """Read a file once for all of its checksums."""
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    with path.open("rb") as file:
        while part := file.read(_PART):
            sha256.update(part)
            md5.update(part)
            size += len(part)
    return Digests(sha256.hexdigest(), md5.hexdigest(), size)
