"""The lock of an output: only one run at a time writes it; a second one is told which."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
from pathlib import Path

import filelock
import msgspec

from signdata.errors import OutputLockedError
from signdata.filesystem import missing_folders, remove, remove_empty, write_file
from signdata.sidecars import encode_json
from signdata.workers.heartbeat import INTERVAL, beats_within, run_files

PATIENCE = 2.0
"""Seconds to wait for a lock whose owner is dead or has not identified itself yet."""

LISTEN = 3 * INTERVAL
"""Seconds to wait for a sign of life of a run on a cluster whose driver is on another machine."""

_PAUSE = 0.02


class Owner(msgspec.Struct):
    """Who holds a lock."""

    pid: int
    host: str
    command: str

    @property
    def alive(self) -> bool:
        """Whether it may still be running; always True for a process on another host."""
        if self.host != socket.gethostname() or sys.platform == "win32":
            return True
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} ({self.command})"


class Lock:
    """The right to write into a folder; the system releases it when its owner dies.

    Parameters
    ----------
    folder : Path
        The folder; it is created, and holds ``lock`` and ``owner.json``.
    output : Path
        The output's path, for messages.
    command : str
        The command that takes the lock.
    """

    def __init__(self, folder: Path, output: Path, command: str) -> None:
        self._file = folder / "lock"
        self._owner = folder / "owner.json"
        self._output = output
        self._me = Owner(os.getpid(), socket.gethostname(), command)
        self._lock = filelock.FileLock(self._file, timeout=0)
        self._above: list[Path] = []

    def acquire(self) -> None:
        """Take the lock, or raise `OutputLockedError` that names its owner."""
        try:
            self._acquire()
        except BaseException:
            remove_empty([self._file.parent])
            self.remove_folders()
            raise

    def _acquire(self) -> None:
        latest = time.monotonic() + PATIENCE
        while not self._try():
            owner = self._read_owner()
            if (owner and owner.alive) or time.monotonic() > latest:
                raise OutputLockedError(
                    f"is being written by {owner or 'another run'}",
                    path=self._output,
                    remedy="Wait until it has finished.",
                )
            time.sleep(_PAUSE)
        try:
            self._refuse_beating()
        except BaseException:
            self._lock.release()
            raise

    def _refuse_beating(self) -> None:
        """Refuse a run on a cluster that is alive, though the lock could be taken.

        On some network file systems a lock holds on one machine alone. Where the owner is on
        another one, its run file says whether it is alive. That of a dead run is removed, so
        that what is left of it on the nodes ends.
        """
        owner = self._read_owner()
        for file in list(run_files(self._file.parent)):
            if owner is not None and owner.host != self._me.host and beats_within(file, LISTEN):
                raise OutputLockedError(
                    f"is being written by {owner}",
                    path=self._output,
                    remedy="Wait until it has finished.",
                )
            remove(file)

    def write_owner(self) -> None:
        """Record who holds the lock."""
        write_file(self._owner, encode_json(self._me))

    def _try(self) -> bool:
        self._above = self._above or missing_folders(self._file.parent.parent)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        if self._file.is_symlink():
            self._file.unlink()
        try:
            self._lock.acquire()
        except (filelock.Timeout, FileNotFoundError):
            return False
        if self._file.exists():
            return True
        self._lock.release()  # its last owner has just removed it
        return False

    def _read_owner(self) -> Owner | None:
        with contextlib.suppress(OSError, msgspec.DecodeError, msgspec.ValidationError):
            return msgspec.json.decode(self._owner.read_bytes(), type=Owner)
        return None

    def remove_files(self) -> None:
        """Remove the lock's files while it is held; whoever waits for it starts over."""
        remove(self._owner)
        remove(self._file)

    def remove_folders(self) -> None:
        """Remove the folders that were made for the lock to be in, as far as they are empty."""
        remove_empty(self._above)

    def release(self) -> None:
        """Release the lock."""
        self._lock.release()
