"""The local copies of a store's objects: which of them are still the same as there."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from signdata.stores.store import Found


@dataclass(frozen=True)
class Copy:
    """A local copy as it was when it was made."""

    key: str
    size: int
    tag: str
    sha256: str
    mtime_ns: int


class Copies:
    """A list of copies in a file that is only appended to.

    Several runs may share a folder of copies: a line is appended in one call, and what a killed
    run left torn is not read.

    Parameters
    ----------
    path : Path
        The file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._known: dict[str, Copy] = {}
        lines = path.read_bytes().splitlines() if path.is_file() else []
        for line in lines:
            try:
                copy = Copy(**json.loads(line))
            except (ValueError, TypeError):
                continue
            self._known[copy.key] = copy

    def is_current(self, found: Found, path: Path, sha256: str = "") -> bool:
        """Whether `path` is still the copy that was made of `found`."""
        copy = self._known.get(found.key)
        if copy is None or not found.tag or (sha256 and copy.sha256 != sha256):
            return False
        try:
            here = path.stat()
        except OSError:
            return False
        same_there = copy.tag == found.tag and found.size in (-1, copy.size)
        return same_there and (here.st_size, here.st_mtime_ns) == (copy.size, copy.mtime_ns)

    def add(self, found: Found, path: Path, sha256: str) -> None:
        """Note that `path` is now a copy of `found`."""
        here = path.stat()
        copy = Copy(found.key, here.st_size, found.tag, sha256, here.st_mtime_ns)
        line = b"\n" + json.dumps(asdict(copy)).encode() + b"\n"
        with self._lock:
            self._known[copy.key] = copy
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            try:
                os.write(file, line)
            finally:
                os.close(file)
