"""Publishing: a finished local output becomes a dataset in a store, whole or not at all.

::

    1  .signdata-partial/CONTENT.json   what is being published here; another one is refused
    2  data/..., index, manifest        whole objects, skipped where the same is there already
    3  signdata.json                    last, and only if there is none (If-None-Match)
    4  the claim is removed

Until step 3 every reader refuses it. A run that is killed anywhere is finished by the same command.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from signdata.errors import OutputError, OutputExistsError, OutputLockedError
from signdata.filesystem import path_below
from signdata.stores import faults, shards
from signdata.stores.access import Access
from signdata.stores.address import Address
from signdata.stores.digests import Digests, digests_of
from signdata.stores.fetching import BESIDE, DOCUMENT, PARTIAL
from signdata.stores.opening import opened
from signdata.stores.retrying import Retrying
from signdata.stores.store import Found

AT_ONCE = 4
"""Files that are sent at the same time."""

TRIES = 4
"""How often a file is sent that arrives damaged."""

Progress = Callable[..., None]


@dataclass(frozen=True)
class Published:
    """What was done.

    Attributes
    ----------
    objects, sent, size : int
        How many objects the dataset has, how many of them were sent, and their bytes.
    conditional : bool
        Whether the store holds to If-None-Match.
    """

    objects: int
    sent: int
    size: int
    conditional: bool


@dataclass(frozen=True)
class _File:
    """A file to send."""

    name: str
    path: Path
    digests: Digests


@dataclass
class _Publication:
    """One output on its way into a store."""

    store: Retrying
    address: Address
    files: list[_File]
    document: _File
    replace: bool
    progress: Progress | None
    sent: int = 0
    size: int = 0

    def key(self, name: str) -> str:
        """The key of an object of the dataset."""
        return f"{self.address.key}/{name}" if self.address.key else name

    @property
    def content(self) -> str:
        """A name for what is published: the same for the same bytes."""
        listed = [[one.name, one.digests.sha256] for one in (*self.files, self.document)]
        return hashlib.sha256(json.dumps(listed).encode()).hexdigest()[:32]

    @property
    def claim(self) -> str:
        """The name of the object that says what is being published here."""
        return f"{PARTIAL}{self.content}.json"

    def run(self) -> Published:
        """Publish it."""
        there = self._names()
        recorded = self.store.read_if_there(self.key(DOCUMENT))
        same = recorded == self.document.path.read_bytes()
        self._refuse_other(there, same, recorded is not None)
        conditional = self._claim()
        if recorded is not None and not same:
            self.store.delete(self.key(DOCUMENT))
            self._remove_stale(there)
        self._send_all()
        self._finish()
        for name in self._names():
            if name.startswith(PARTIAL):
                self.store.delete(self.key(name))
        self.store.abort_uploads(self.key(""))
        count = len(self.files) + 1
        return Published(count, self.sent, self.size, conditional)

    def _names(self, below: str = "") -> list[str]:
        """What lies below the address."""
        prefix = self.key("")
        return [one.key[len(prefix) :] for one in self.store.list(prefix + below)]

    def _refuse_other(self, there: list[str], same: bool, published: bool) -> None:
        """Refuse what must not be replaced."""
        if same:
            return
        if published and not self.replace:
            raise OutputExistsError(
                "exists and was made with other options or from other sources",
                path=self.address.public,
                remedy="Choose another name, or replace it with --overwrite.",
            )
        unclaimed = [name for name in there if not name.startswith(PARTIAL)]
        if not published and unclaimed and len(unclaimed) == len(there):
            raise OutputExistsError(
                f"exists and was made by something else ({unclaimed[0]})",
                path=self.address.public,
                remedy="Choose another name, or remove it yourself.",
            )

    def _claim(self) -> bool:
        """Say what is being published here; whether the store holds to If-None-Match.

        Each content has a claim of its own name, so that of two publishers at least one sees the
        claim of the other, whether or not the store knows conditional puts.
        """
        key, data = self.key(self.claim), json.dumps({"content": self.content}).encode()
        self.store.create(key, data)
        conditional = not self.store.create(key, data)
        others = [one for one in self._names(PARTIAL) if one != self.claim]
        if others and self.replace:
            for one in others:
                self.store.delete(self.key(one))
        elif others:
            self.store.delete(key)
            raise OutputLockedError(
                "another dataset is being published there, or was and was not finished",
                path=self.address.public,
                remedy="Choose another name, finish that one, or replace it with --overwrite.",
            )
        return conditional

    def _remove_stale(self, there: list[str]) -> None:
        """Remove what the replaced dataset had and this one has not."""
        old = self.store.read_if_there(self.key(shards.NAME)) or b""
        listed = shards.parse(old)
        known = {*BESIDE, *(one.path for one in listed)}
        clips = tuple(one.clips for one in listed)
        mine = {one.name for one in self.files}
        for name in there:
            if (name in known or name.startswith(clips)) and name not in mine:
                self.store.delete(self.key(name))

    def _send_all(self) -> None:
        """Send what is not there yet: shards first, then what lists them."""
        done = 0
        of_shards = [one for one in self.files if "/" in one.name]
        beside = [one for one in self.files if "/" not in one.name]
        for some in (of_shards, beside):
            with ThreadPoolExecutor(AT_ONCE) as pool:
                running = [pool.submit(self._send, one) for one in some]
                try:
                    for one, task in zip(some, running, strict=True):
                        if task.result():
                            self.sent += 1
                            self.size += one.digests.size
                        done += 1
                        if self.progress:
                            self.progress(done, len(self.files), "sending")
                except BaseException:
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise

    def _send(self, file: _File) -> bool:
        """Send a file unless the same is there; whether it was sent."""
        key = self.key(file.name)
        if _is_same(self.store.stat(key), file.digests):
            return False
        for _ in range(TRIES):
            self.store.put(key, file.path, file.digests.sha256)
            if _has_arrived(self.store.stat(key), file.digests):
                return True
        raise OutputError(
            f"arrived damaged {TRIES} times",
            path=self.address.shown(key),
            remedy="Check the network, and run the same command again.",
        )

    def _finish(self) -> None:
        """Put the record, which makes the dataset one."""
        key, data = self.key(DOCUMENT), self.document.path.read_bytes()
        if self.store.create(key, data):
            self.sent += 1
            self.size += len(data)
        # Also where it was created: without conditional puts, another may have been faster.
        if self.store.read(key) != data:
            raise OutputExistsError(
                "another dataset was published there in the meantime",
                path=self.address.public,
                remedy="Choose another name.",
            )


def _is_same(found: Found | None, digests: Digests) -> bool:
    """Whether an object is known to hold these bytes."""
    if found is None or found.size != digests.size:
        return False
    if found.sha256:
        return found.sha256 == digests.sha256 and found.md5 in ("", digests.md5)
    return found.md5 == digests.md5


def _has_arrived(found: Found | None, digests: Digests) -> bool:
    """Whether an object that was just put holds these bytes, as far as the store tells."""
    return (
        found is not None and found.size == digests.size and (found.sha256 in ("", digests.sha256))
    )


def publish(
    root: Path,
    url: str,
    access: Access,
    *,
    replace: bool = False,
    progress: Progress | None = None,
) -> Published:
    """Send a finished local output of a sharded format to a store.

    Parameters
    ----------
    root : Path
        The output, with its ``signdata.json``.
    url : str
        Where it is to be.
    access : Access
        How the store is reached.
    replace : bool
        Whether another dataset with a record of ours may be replaced. It is gone from the first
        change on, until the new one is whole.
    progress : callable, optional
        Called with files done, all of them, and ``sending``.

    Raises
    ------
    OutputExistsError, OutputLockedError
        If something else is there, or is being published there.
    OutputError
        If the store cannot be written.
    """
    address = checked(url)
    files = _files_of(root)
    document = next(one for one in files if one.name == DOCUMENT)
    files.remove(document)
    with opened(address, access, writing=True) as store:
        return _Publication(store, address, files, document, replace, progress).run()


def checked(url: str) -> Address:
    """An address that can be written to.

    Raises
    ------
    UsageError
        If nothing is published in such a store.
    """
    address = Address.parse(url)
    if not address.kind.written:
        raise faults.not_written(address)
    return address


def _files_of(root: Path) -> list[_File]:
    """Every file of a local output with its checksums, held against the list of shards."""
    listed = {one.path: one.sha256 for one in shards.read_shards(root / shards.NAME)}
    paths = [path for path in sorted(root.rglob("*")) if path.is_file()]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        digests = list(pool.map(digests_of, paths))
    files = [
        _File(path_below(path, root), path, one) for path, one in zip(paths, digests, strict=True)
    ]
    for file in files:
        if listed.pop(file.name, file.digests.sha256) != file.digests.sha256:
            raise OutputError(
                "changed since it was written",
                path=file.path,
                remedy="Remove the folder and run the same command again.",
            )
    if listed:
        raise OutputError(f"{next(iter(listed))} of it has been removed", path=root)
    return files
