"""Outputs that are whole or absent.

Everything is built in a partial folder: ``OUT/.signdata-partial/`` for a
directory, ``NAME.partial/`` beside a single file::

    lock          held by the run that writes; the system frees it when the run dies
    owner.json    which run that is, for the message to a second one
    record.json   the command, its options and its sources: what may go on from here
    journal       one line a finished batch: its manifest rows, its problems
    tree/         what moves up at the end
    commit        there while the entries of tree/ move up

Files are written plainly into ``tree/``; the journal says which of them count.
A run that goes on after a kill redoes the batches without a line. Nothing has
its final name before `Output.commit`, which only renames.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import filelock
import msgspec

from signdata import manifest
from signdata.errors import (
    OutputError,
    OutputExistsError,
    OutputLockedError,
    SourceChangedError,
    UsageError,
)
from signdata.files import merge, remove, writing
from signdata.journal import Journal

PARTIAL_DIR = ".signdata-partial"
PARTIAL_SUFFIX = ".partial"

FRESH, RESUMED, AGAIN, COMPLETE = "fresh", "resumed", "again", "complete"


def is_partial(path: Path) -> bool:
    """Whether `path` is the unfinished output of a run that is under way or was killed."""
    return path.name.endswith(PARTIAL_SUFFIX) or (path / PARTIAL_DIR).exists()


class Output:
    """An output under construction; see the module.

    Parameters
    ----------
    path : Path
        Where the output will be.
    directory : bool
        Whether it is a directory of files or one file.
    record : mapping
        ``command``, ``options``, ``seed``, ``sources``: what makes two runs the same.
    overwrite : bool
        Whether something else under the name may be replaced.

    Attributes
    ----------
    state : str
        After `open`: `FRESH`, `RESUMED` (a killed run goes on), `COMPLETE` (nothing to do)
        or `AGAIN` (complete, but some samples were not written: they are tried again).
    document : dict
        The ``signdata.json`` of a complete output.
    """

    def __init__(
        self, path: Path, *, directory: bool, record: Mapping[str, Any], overwrite: bool = False
    ) -> None:
        self.path = path
        self.directory = directory
        self.partial = (
            path / PARTIAL_DIR if directory else path.with_name(path.name + PARTIAL_SUFFIX)
        )
        self.tree = self.partial / "tree"
        self.state = FRESH
        self.document: dict[str, Any] = {}
        self.journal: Journal
        self._record = dict(record)
        self._overwrite = overwrite
        self._lock: filelock.BaseFileLock | None = None

    def open(self) -> str:
        """Find out what is there, refuse or take possession; return the state.

        Raises
        ------
        OutputExistsError
            If something else is there, or an unfinished run with other options.
        OutputLockedError
            If another run is writing.
        SourceChangedError
            If it is the same command, but a source has changed.
        """
        self._look()
        if self.state == COMPLETE:
            return self.state
        with writing(self.path):
            self.partial.mkdir(parents=True, exist_ok=True)
        self._acquire()
        try:
            self._look()
            if self.state != COMPLETE:
                with writing(self.path):
                    self._take()
        except BaseException:
            self.release()
            raise
        return self.state

    def _look(self) -> None:
        """Set the state from what stands under the final name; refuse what is foreign."""
        self.state = FRESH
        if (self.partial / "record.json").exists():
            self.state = RESUMED
            return
        if not self._occupied():
            return
        document = None
        if self.path.is_dir() == self.directory:
            with contextlib.suppress(ValueError, OSError):
                document = read_document(self.path)
        if document is None or not self._same(document):
            if self._overwrite:
                self._refuse_precious()
                return
            made = "made by something else" if document is None else "made with other options"
            raise OutputExistsError(
                f"exists and was {made}",
                path=self.path,
                remedy="Choose another name, or replace it with --overwrite.",
            )
        self._same_sources(document)
        self.document = document
        counts = document.get("counts", {})
        self.state = AGAIN if counts.get("skipped") or counts.get("failed") else COMPLETE

    def _occupied(self) -> bool:
        if not os.path.lexists(self.path):
            return False
        if self.directory and self.path.is_dir():
            return any(name != PARTIAL_DIR for name in os.listdir(self.path))
        return True

    def _refuse_precious(self) -> None:
        """Refuse to empty a folder that can hardly be meant."""
        here = Path.cwd().resolve()
        path = self.path.resolve()
        if path in (here, *here.parents, Path.home().resolve()):
            raise UsageError(
                "would be emptied by --overwrite, and it holds the current or home folder",
                path=self.path,
                remedy="Choose another output.",
            )

    def _acquire(self) -> None:
        lock = filelock.FileLock(self.partial / "lock", timeout=0)
        try:
            lock.acquire()
            while not (self.partial / "lock").exists():  # its last owner has just removed it
                lock.release()
                self.partial.mkdir(parents=True, exist_ok=True)
                lock.acquire()
        except filelock.Timeout:
            owner = "another run"
            with contextlib.suppress(OSError, msgspec.DecodeError):
                data = msgspec.json.decode((self.partial / "owner.json").read_bytes())
                owner = f"process {data['pid']} on {data['host']} ({data['command']})"
            raise OutputLockedError(
                f"is being written by {owner}", path=self.path, remedy="Wait for it to end."
            ) from None
        except OSError as err:
            raise OutputError(f"cannot be locked ({err.strerror})", path=self.partial) from err
        self._lock = lock

    def _take(self) -> None:
        self.partial.mkdir(exist_ok=True)
        owner = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "command": self._record.get("command", ""),
        }
        (self.partial / "owner.json").write_bytes(msgspec.json.encode(owner))
        record = self.partial / "record.json"
        if self.state == RESUMED:
            previous = manifest.parse_document(record.read_bytes(), record)
            if (self.partial / "commit").exists():
                self._move_up()
                self.state = FRESH
                self._look()
                return
            if self._same(previous):
                self._same_sources(previous)
            elif self._overwrite:
                self._clear_partial()
                self.state = FRESH
            else:
                raise OutputExistsError(
                    "holds an unfinished run with other options",
                    path=self.path,
                    remedy="Repeat that command to finish it, or start anew with --overwrite.",
                )
        self.tree.mkdir(exist_ok=True)
        if not record.exists():
            temporary = self.partial / "record.new"
            temporary.write_bytes(manifest.dump_document(self._record))
            temporary.replace(record)
        self.journal = Journal(self.partial / "journal")

    def _clear_partial(self) -> None:
        for entry in self.partial.iterdir():
            if entry.name not in ("lock", "owner.json"):
                remove(entry)

    def _same(self, document: Mapping[str, Any]) -> bool:
        return all(
            document.get(key) == self._record.get(key) for key in ("command", "options", "seed")
        )

    def _same_sources(self, document: Mapping[str, Any]) -> None:
        """Raise `SourceChangedError` naming the first source that is not as recorded."""
        recorded, found = document.get("sources", []), self._record.get("sources", [])
        if recorded == found:
            return
        names = [source.get("name", "") for source in found]
        for old, new in zip(recorded, found, strict=False):
            if old != new:
                names = [new.get("name", "")]
                break
        raise source_changed(" and ".join(names), self.path)

    def commit(self) -> None:
        """Move everything in ``tree/`` up to its final name and remove the partial folder."""
        self.journal.close()
        with writing(self.path):
            replaces = self._overwrite and self.state == FRESH and self._occupied()
            (self.partial / "commit").write_text("clear" if replaces else "move")
            self._move_up()

    def _clear_final(self) -> None:
        if self.directory and self.path.is_dir():
            for entry in self.path.iterdir():
                if entry.name != PARTIAL_DIR:
                    remove(entry)
            return
        remove(self.path)
        for name in manifest.SIDECARS:
            remove(self.path.with_name(f"{self.path.name}.{name}"))

    def _move_up(self) -> None:
        marker = self.partial / "commit"
        if marker.read_text() == "clear":
            self._clear_final()
            marker.write_text("move")
        if self.tree.exists():
            remove(manifest.beside(self.path, manifest.PROBLEMS))
            merge(self.tree, self.path if self.directory else self.path.parent)
        for entry in self.partial.iterdir():
            if entry.name not in ("lock", "record.json", "commit"):
                remove(entry)
        # The record goes before the marker: without it nothing claims to be unfinished.
        remove(self.partial / "record.json")
        self.release(keep=False)

    def abandon(self) -> None:
        """Remove the partial folder: the input cannot be used, nothing is worth keeping."""
        self.journal.close()
        with contextlib.suppress(OSError):
            self._clear_partial()
            self.release(keep=False)
            if self.directory:
                self.path.rmdir()

    def release(self, *, keep: bool = True) -> None:
        """Give up the lock; `keep` leaves the partial folder for the next run."""
        if not keep:
            remove(self.partial)
        if self._lock is not None:
            self._lock.release()
            self._lock = None
        if keep and not (self.partial / "record.json").exists():
            with contextlib.suppress(OSError):
                remove(self.partial / "owner.json")
                remove(self.partial / "lock")
                self.partial.rmdir()


def source_changed(name: str, output: Path) -> SourceChangedError:
    """The error for a source that is no longer what `output` was made from."""
    return SourceChangedError(
        f"was made from another state of {name}",
        path=output,
        remedy="Choose another output, or make it anew with --overwrite.",
    )


def read_document(path: Path) -> dict[str, Any] | None:
    """Return what signdata recorded of the dataset at `path`, in whatever format it is."""
    if path.is_file() and path.suffix.lower() in (".h5", ".hdf5"):
        from signdata.formats.hdf5 import read_attribute

        return read_attribute(path)
    return manifest.read_document(path)


def refuse_overlap(sources: list[Path], output: Path) -> None:
    """Raise `UsageError` if the output is a source, holds one, or lies inside one."""
    target = output.resolve()
    for source in sources:
        place = source.resolve()
        if place == target or place in target.parents or target in place.parents:
            raise UsageError(
                f"lies inside its source {source}"
                if place in target.parents
                else f"is or holds its source {source}",
                path=output,
                remedy="Choose an output outside the source.",
            )
