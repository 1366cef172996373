"""What a store can do, whichever library speaks to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

PART = 16 << 20
"""Bytes of a large object that travel in one request."""

PARTS_AT_ONCE = 4
"""Parts of one object on their way at the same time: more would only take memory."""


@dataclass(frozen=True)
class Found:
    """An object in a store.

    Attributes
    ----------
    key : str
        Its path below the bucket.
    size : int
        Bytes; -1 where the store does not say.
    tag : str
        Something that changes with its content, or ''.
    md5 : str
        What may be the MD5 of its content, or ''. The tag of an object that the store encrypts
        looks the same and is another number.
    sha256 : str
        The SHA-256 of its content, or '' where the store does not know it. Listings do not.
    """

    key: str
    size: int
    tag: str = ""
    md5: str = ""
    sha256: str = ""


class Store(Protocol):
    """One bucket, container or host. Every call is one attempt: `retrying.Retrying` has several."""

    def stat(self, key: str) -> Found | None:
        """The object of this key with all that is known of it; None if there is none."""

    def list(self, prefix: str) -> list[Found]:
        """All objects whose keys start with `prefix`, which ends in a slash or is ''."""

    def get(self, key: str, path: Path) -> None:
        """Write an object to a new file."""

    def read(self, key: str) -> bytes:
        """The bytes of a small object; `FileNotFoundError` if there is none."""

    def put(self, key: str, path: Path, sha256: str) -> None:
        """Store a whole file, and its SHA-256 with it."""

    def create(self, key: str, data: bytes) -> bool:
        """Store a small object if there is none; whether that was done.

        A store that does not know conditional puts replaces the object and gives True.
        """

    def delete(self, key: str) -> None:
        """Remove an object; nothing happens if there is none."""

    def abort_uploads(self, prefix: str) -> None:
        """Remove the parts of uploads that a killed run left below `prefix`."""

    def close(self) -> None:
        """Close all connections."""
