"""A store whose every request is tried several times, and whose failures are plain."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from signdata.errors import SigndataError
from signdata.stores import faults
from signdata.stores.address import Address
from signdata.stores.store import Found, Store

T = TypeVar("T")

ATTEMPTS = 6
"""How often a request is made before its failure is one."""

PAUSE = 0.1
"""Seconds before the second attempt; each further pause is twice as long."""


class Retrying:
    """A store that tries again.

    Parameters
    ----------
    store : Store
        Each of its calls is one attempt.
    address : Address
        What is in it, for messages.
    writing : bool
        Whether failures are those of an output.
    """

    def __init__(self, store: Store, address: Address, *, writing: bool = False) -> None:
        self._store, self._address, self._writing = store, address, writing

    def stat(self, key: str) -> Found | None:
        return self._try(key, lambda: self._store.stat(key))

    def list(self, prefix: str) -> list[Found]:
        return self._try(prefix, lambda: self._store.list(prefix))

    def get(self, key: str, path: Path) -> None:
        self._try(key, lambda: self._store.get(key, path))

    def read(self, key: str) -> bytes:
        return self._try(key, lambda: self._store.read(key))

    def read_if_there(self, key: str) -> bytes | None:
        """The bytes of a small object; None if there is none."""
        return self._try(key, lambda: _read_if_there(self._store, key))

    def put(self, key: str, path: Path, sha256: str) -> None:
        self._try(key, lambda: self._store.put(key, path, sha256))

    def create(self, key: str, data: bytes) -> bool:
        return self._try(key, lambda: self._store.create(key, data))

    def delete(self, key: str) -> None:
        self._try(key, lambda: self._store.delete(key))

    def abort_uploads(self, prefix: str) -> None:
        self._try(prefix, lambda: self._store.abort_uploads(prefix))

    def close(self) -> None:
        self._store.close()

    def _try(self, key: str, call: Callable[[], T]) -> T:
        for number in range(ATTEMPTS - 1):
            try:
                return call()
            except Exception as err:
                self._give_up(err, key, unless=faults.is_transient(err))
            time.sleep(PAUSE * 2**number * random.Random().uniform(0.5, 1.0))
        try:
            return call()
        except Exception as err:
            self._give_up(err, key)
            raise

    def _give_up(self, err: Exception, key: str, *, unless: bool = False) -> None:
        """Raise the error that users see, unless it may go away."""
        if unless:
            return
        if isinstance(err, SigndataError) or faults.is_local(err):
            raise err
        # Without its cause: a traceback would show addresses with their signatures.
        raise faults.explained(err, self._address, key, writing=self._writing) from None


def _read_if_there(store: Store, key: str) -> bytes | None:
    try:
        return store.read(key)
    except Exception as err:
        if faults.kind_of(err) == faults.MISSING:
            return None
        raise
