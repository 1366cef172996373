"""Fetching: a dataset at an address becomes a local copy, checked, and kept for the next time."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

from signdata import safe_names
from signdata.errors import FormatError, MissingError, StoreError, UnsafeNameError
from signdata.filesystem import in_folder, remove, remove_empty, unique_name, writing
from signdata.stores import shards
from signdata.stores.access import Access
from signdata.stores.address import Address
from signdata.stores.copies import Copies
from signdata.stores.digests import Digests, digests_of
from signdata.stores.opening import opened
from signdata.stores.retrying import Retrying
from signdata.stores.store import Found

AT_ONCE = 8
"""Objects that are fetched at the same time."""

TRIES = 4
"""How often an object is fetched that arrives damaged."""

ABANDONED = 24 * 60 * 60
"""Seconds without a change after which what was arriving is no other run's."""

DOCUMENT = "signdata.json"
PARTIAL = ".signdata-partial/"
"""What is below a dataset that is being published, and only then."""

BESIDE = (DOCUMENT, shards.NAME, "index.csv.gz", "manifest.csv", "classes.txt", "problems.csv")
"""Files at the root of a dataset, which a web server cannot list."""

Progress = Callable[..., None]


@dataclass
class Fetched:
    """A local copy.

    Attributes
    ----------
    path : Path
        Where it is.
    address : Address
        What it is a copy of.
    objects, fetched, size : int
        How many objects it has, how many of them had to be fetched, and their bytes.
    unchecked : int
        Fetched objects whose checksum the store does not know.
    """

    path: Path
    address: Address
    objects: int = 0
    fetched: int = 0
    size: int = 0
    unchecked: int = 0


@dataclass(frozen=True)
class _Wanted:
    """An object, where its copy is to be, and its SHA-256 where a list of shards has it."""

    found: Found
    path: Path
    sha256: str = ""


@dataclass
class _Fetch:
    """One address being fetched."""

    store: Retrying
    address: Address
    folder: Path
    copies: Copies
    progress: Progress | None
    made: Fetched
    expected: dict[str, shards.Shard] = field(default_factory=dict)

    def place(self, key: str) -> Path:
        """Where the copy of an object is; its key is a stranger's."""
        name = key[len(self.address.parent) :] if self.address.key else f"{self.root}/{key}"
        name = unquote(name) if self.address.is_web else name
        parts = name.split("/")
        if {"", ".", ".."} & set(parts) or "\0" in name or (os.name == "nt" and "\\" in name):
            raise UnsafeNameError(
                f"object {name!r} would leave its folder", path=self.address.public
            )
        return self.folder.joinpath(*parts)

    @property
    def root(self) -> str:
        """The name of the copy."""
        return self.made.path.name

    @property
    def arriving(self) -> Path:
        """Where objects are until they have been checked."""
        return self.folder / ".arriving"

    def tidy(self) -> None:
        """Remove what killed runs left of objects that were arriving."""
        if self.arriving.is_dir():
            for left in self.arriving.iterdir():
                with contextlib.suppress(FileNotFoundError):
                    if time.time() - left.stat().st_mtime > ABANDONED:
                        left.unlink()

    def all_of(self, found: list[Found]) -> None:
        """Fetch those of these objects whose copies are not current."""
        wanted = [self._wanted(one) for one in found]
        todo = [
            one for one in wanted if not self.copies.is_current(one.found, one.path, one.sha256)
        ]
        self.made.objects += len(wanted)
        done = len(wanted) - len(todo)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            running = [pool.submit(self._one, one) for one in todo]
            try:
                for number, task in enumerate(running, 1):
                    size, checked = task.result()
                    self.made.fetched += 1
                    self.made.size += size
                    self.made.unchecked += not checked
                    if self.progress:
                        self.progress(done + number, len(wanted), "fetching")
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _wanted(self, found: Found) -> _Wanted:
        shard = self.expected.get(found.key)
        if shard is not None and found.size not in (-1, shard.size):
            raise StoreError(
                f"{found.size:,} bytes; expected {shard.size:,}, as {shards.NAME} says",
                path=self.address.shown(found.key),
                remedy="Publish it again.",
            )
        return _Wanted(found, self.place(found.key), shard.sha256 if shard else "")

    def _one(self, wanted: _Wanted) -> tuple[int, bool]:
        """Fetch an object until it arrives whole; its bytes, and whether a checksum said so."""
        found, path = wanted.found, wanted.path
        seen: list[str] = []
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self.arriving.mkdir(exist_ok=True)
            staged = self.arriving / unique_name()
            try:
                for _ in range(TRIES):
                    self.store.get(found.key, staged)
                    got = digests_of(staged)
                    verdict = self._verdict(wanted, got, seen)
                    if verdict is not None:
                        break
                else:
                    raise self._damaged(wanted, seen)
                os.replace(staged, path)
            finally:
                staged.unlink(missing_ok=True)
            self.copies.add(found, path, got.sha256)
        return got.size, verdict

    def _verdict(self, wanted: _Wanted, got: Digests, seen: list[str]) -> bool | None:
        """Whether bytes are right: True if a checksum says so, False if none is known, else None.

        `seen` gets the checksums of bytes that were not right.
        """
        found = wanted.found
        if found.size not in (-1, got.size):
            seen.append("")
            return None
        if wanted.sha256:
            right = wanted.sha256 == got.sha256
        elif found.md5 and found.md5 == got.md5:
            return True
        else:
            known = self.store.stat(found.key)
            if known is None or not (known.sha256 or known.md5):
                return False
            right = got.sha256 == known.sha256 if known.sha256 else got.md5 == known.md5
        if not right:
            seen.append(got.sha256)
        return right or None

    def _damaged(self, wanted: _Wanted, seen: list[str]) -> StoreError:
        where = self.address.shown(wanted.found.key)
        if len(set(seen)) == 1 and seen[0] and wanted.sha256:
            return StoreError(
                f"damaged; expected SHA-256 {wanted.sha256[:12]}..., found {seen[0][:12]}...",
                path=where,
                remedy="Publish it again.",
            )
        return StoreError(
            f"arrived damaged {len(seen)} times",
            path=where,
            remedy="Check the network, and run the same command again.",
        )


def fetch(
    url: str,
    access: Access,
    *,
    split: str | None = None,
    data: bool = True,
    progress: Progress | None = None,
) -> Fetched:
    """Make a local copy of what is at an address; what is there already is not fetched again.

    Parameters
    ----------
    url : str
        An object (``s3://bucket/asl.h5``) or everything below a prefix (``s3://bucket/asl/``).
        What web servers have is an object, or a sharded dataset by its ``shards.csv``.
    access : Access
        How stores are reached, and where copies are.
    split : str, optional
        Of a sharded dataset, only shards of this split are needed.
    data : bool
        Whether more is needed than the files at the root: manifest, classes, record.
    progress : callable, optional
        Called with objects done, all of them, and ``fetching``.

    Raises
    ------
    MissingError, StoreError, FormatError, UsageError, DependencyError
        If it is not there, cannot be reached, arrives damaged or is not published to its end.
    """
    address = Address.parse(url)
    name = safe_names.component(address.name, what="object", path=address.public)
    folder = access.folder("fetched", address, address.parent)
    with opened(address, access) as store, in_folder(folder):
        copies = Copies(folder / ".copies.jsonl")
        made = Fetched(folder / name, address)
        run = _Fetch(store, address, folder, copies, progress, made)
        run.tidy()
        single = None if _is_folder(store, address) else store.stat(address.key)
        if single is not None:
            _fetch_file(run, single)
        elif address.kind.listed:
            _fetch_folder(run, split, data)
        else:
            _fetch_shards(run, split, data)
    return made


def _is_folder(store: Retrying, address: Address) -> bool:
    """Whether it is known to be a folder: a web server may show a page under its name."""
    if address.is_folder or not address.is_web or "." in address.name:
        return address.is_folder
    return store.stat(f"{address.key}/{shards.NAME}") is not None


def _fetch_file(run: _Fetch, single: Found) -> None:
    """One object and its sidecars."""
    if run.made.path.is_dir():
        remove(run.made.path)
    found = [single]
    for name in (DOCUMENT, "manifest.csv", "classes.txt", "problems.csv"):
        beside = run.store.stat(f"{single.key}.{name}")
        place = run.folder / f"{run.root}.{name}"
        if beside is None:
            place.unlink(missing_ok=True)
        else:
            found.append(beside)
    run.all_of(found)


def _fetch_folder(run: _Fetch, split: str | None, data: bool) -> None:
    """All that is listed below a prefix; only the shards of a split, if there are some."""
    address = run.address
    prefix = f"{address.key}/" if address.key else ""
    try:
        listed = run.store.list(prefix)
    except MissingError:
        raise MissingError(
            "no such bucket", path=address.shown(""), remedy="Check the address."
        ) from None
    found = [one for one in listed if not one.key.endswith("/")]
    names = {one.key[len(prefix) :] for one in found}
    _refuse_unfinished(address, names)
    found = [one for one in found if not one.key[len(prefix) :].startswith(PARTIAL)]
    if not found:
        raise MissingError("not there", path=address.public)
    if run.made.path.is_file():
        run.made.path.unlink()
    run.all_of([one for one in found if "/" not in one.key[len(prefix) :]])
    if not data:
        return
    rest = [one for one in found if "/" in one.key[len(prefix) :]]
    listed_shards = shards.read_shards(run.made.path / shards.NAME)
    gone = [one.path for one in listed_shards if one.path not in names]
    if gone:
        raise MissingError(
            f"not there, and {shards.NAME} lists it", path=address.shown(prefix + gone[0])
        )
    run.expected = {prefix + one.path: one for one in listed_shards}
    needed = _needed(listed_shards, split)
    left = [one for one in listed_shards if one not in needed]
    without = tuple(prefix + name for one in left for name in (one.path, one.clips))
    run.all_of([one for one in rest if not one.key.startswith(without)])
    _sweep(run, {run.place(one.key) for one in found})


def _fetch_shards(run: _Fetch, split: str | None, data: bool) -> None:
    """A sharded dataset of a web server, which lists nothing: what ``shards.csv`` says."""
    address = run.address
    prefix = f"{address.key}/" if address.key else ""
    beside = {name: run.store.stat(prefix + name) for name in BESIDE}
    if beside[shards.NAME] is None:
        raise MissingError(
            f"neither an object nor a folder with {shards.NAME}: web servers list nothing",
            path=address.public,
            remedy="Name a file, or the folder of a dataset in shards.",
        )
    run.all_of([one for one in beside.values() if one is not None])
    if not data:
        return
    listed = shards.read_shards(run.made.path / shards.NAME)
    if not listed:
        raise FormatError("lists no shards", path=address.shown(prefix + shards.NAME))
    if shards.names_clips(run.made.path / "manifest.csv"):
        raise FormatError(
            "its clips are files of their own, and web servers list nothing",
            path=address.public,
            remedy="Fetch the whole folder yourself, or keep it there in tars (webdataset).",
        )
    found = [Found(prefix + quote(one.path), one.size, one.sha256) for one in listed]
    run.expected = {one.key: shard for one, shard in zip(found, listed, strict=True)}
    needed = {one.path for one in _needed(listed, split)}
    run.all_of([one for one, shard in zip(found, listed, strict=True) if shard.path in needed])
    there = [one.key for one in (*found, *beside.values()) if one is not None]
    _sweep(run, {run.place(key) for key in there})


def _needed(listed: list[shards.Shard], split: str | None) -> list[shards.Shard]:
    """The shards of a split; all of them where none tells of it."""
    some = [one for one in listed if split is not None and one.split == split]
    return some or listed


def _refuse_unfinished(address: Address, names: set[str]) -> None:
    if DOCUMENT not in names and any(name.startswith(PARTIAL) for name in names):
        raise FormatError(
            "not published to its end; expected a whole dataset",
            path=address.public,
            remedy="Repeat the command that was publishing it.",
        )


def _sweep(run: _Fetch, there: set[Path]) -> None:
    """Remove copies of what is no longer in the store, and folders that are empty then."""
    folders = []
    for folder, _, files in os.walk(run.made.path):
        folders.append(Path(folder))
        for name in files:
            path = Path(folder, name)
            if path not in there:
                path.unlink(missing_ok=True)
    remove_empty(reversed(folders))
