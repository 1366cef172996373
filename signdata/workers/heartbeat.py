"""The run file: how nodes of a cluster see that the run they work for is still alive.

The driver makes the file, under a name that no other run has, in the folder that all nodes
write to, and changes it every few seconds. A node that finds it gone, or finds it unchanged for
a long time by its own clock, stops: its work would end up in a folder that is no longer its own.
A lock would not do: on many network file systems it holds on one machine alone.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

PREFIX = "run-"
"""What the names of run files start with."""

INTERVAL = 10.0
"""Seconds between two beats."""


SILENCE = 120.0
"""Seconds without a beat after which a run counts as dead."""

_PAUSE = 0.1


class Heartbeat:
    """The run file of a run that writes; to be used in a ``with``.

    Parameters
    ----------
    folder : Path
        Where all nodes can read it.

    Attributes
    ----------
    file : Path
        The run file.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / f"{PREFIX}{os.urandom(8).hex()}"
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep_beating, daemon=True)

    def _beat(self, count: int) -> None:
        staged = self.file.with_name(f".{self.file.name}")
        staged.write_bytes(b"%d" % count)
        os.replace(staged, self.file)

    def _keep_beating(self) -> None:
        count = 1
        while not self._over.wait(INTERVAL):
            if not self.file.exists():  # another run has taken over: this one is over
                return
            with contextlib.suppress(OSError):  # a full disk must not end the run
                self._beat(count)
            count += 1

    def __enter__(self) -> Heartbeat:
        self._beat(0)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        with contextlib.suppress(OSError):
            self.file.unlink()


class Watch:
    """Tells whether the run that a run file belongs to is over."""

    def __init__(self, file: str | Path) -> None:
        self._file = file
        self._content = b""
        self._since = time.monotonic()

    @property
    def beats(self) -> bool:
        """Whether the file has changed since the last time this was asked."""
        content = self._read()
        if content is None or content == self._content:
            return False
        self._content, self._since = content, time.monotonic()
        return True

    @property
    def is_over(self) -> bool:
        """Whether the file is gone, or has been silent for too long."""
        if self._read() is None:
            return True
        return not self.beats and time.monotonic() - self._since > SILENCE

    def _read(self) -> bytes | None:
        """What it holds; None if it is gone."""
        try:
            with open(self._file, "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None
        except OSError:  # the network's file system is away for a moment
            return self._content


def beats_within(file: Path, seconds: float) -> bool:
    """Whether a run file changes within some seconds; wait no longer than needed to know."""
    watch, latest = Watch(file), time.monotonic() + seconds
    if not watch.beats:  # what it holds now is nothing new
        return False
    while time.monotonic() < latest and file.exists():
        if watch.beats:
            return True
        time.sleep(_PAUSE)
    return False


def run_files(folder: Path) -> Iterator[Path]:
    """The run files in a folder: of a run on a cluster, alive or killed."""
    return folder.glob(f"{PREFIX}*")
