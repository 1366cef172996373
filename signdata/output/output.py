"""Outputs that are whole or absent.

Everything is built in a partial folder (`signdata.output.partial_dir`). Files are
written into its tree; the journal says which of them count. A run that goes on
after a kill redoes the batches without a line. Nothing has its final name before
`Output.commit`, which only renames.

`Output.open` asks two questions. What stands under the final name: nothing, a
complete output of this very command, or something else (`signdata.output.existing`)?
And is there a partial folder that this command can go on from? Whatever the answers,
it first ends a commit that was cut short.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from signdata.errors import OutputExistsError, UsageError
from signdata.filesystem import writing
from signdata.formats.file_suffixes import file_suffix
from signdata.output import existing
from signdata.output.existing import COMPLETE, Changed, Standing, Wanted, same_sources
from signdata.output.journal import Journal
from signdata.output.lock import Lock
from signdata.output.partial_dir import PartialDir
from signdata.sidecars import PARTIAL_SUFFIX


class Output:
    """An output under construction; see the module.

    Parameters
    ----------
    path : Path
        Where the output will be.
    directory : bool
        Whether it is a directory of files or one file.
    record : mapping
        ``signdata``, ``command``, ``options``, ``seed``, ``sources``: what makes two runs
        the same.
    overwrite : bool
        Whether something else under the name may be replaced.
    changed : callable, optional
        Tells whether the sources are still what stored rows were made from; by default
        their records are compared.

    Attributes
    ----------
    partial, tree : Path
        The partial folder, and what in it moves up at the end.
    journal : Journal
        What a killed run has finished already, and this one will.
    """

    def __init__(
        self,
        path: Path,
        *,
        directory: bool,
        record: Mapping[str, Any],
        overwrite: bool = False,
        changed: Changed | None = None,
    ) -> None:
        # As it will be read back: a tuple becomes a list.
        kept: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(dict(record)))
        self.path = path
        self._wanted = Wanted(
            path,
            directory,
            kept,
            overwrite,
            changed or (lambda document, rows: same_sources(document, kept)),
        )
        self._folder = PartialDir(self._wanted)
        self._standing = Standing()
        self._lock: Lock | None = None
        self.journal: Journal

    @property
    def partial(self) -> Path:
        return self._folder.path

    @property
    def tree(self) -> Path:
        return self._folder.tree

    @property
    def state(self) -> str:
        """`FRESH`, `AGAIN` or `COMPLETE`; see `signdata.output.existing.Standing`."""
        return self._standing.state

    @property
    def document(self) -> dict[str, Any]:
        """The ``signdata.json`` of the complete output; {} when `FRESH`."""
        return self._standing.document

    # -- Taking possession

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
        self._refuse_foreign()
        if not self.partial.exists():
            self._standing = existing.inspect(self._wanted)
            if self.state == COMPLETE:
                return self.state
        lock = Lock(self.partial, self.path, str(self._wanted.record.get("command", "")))
        with writing(self.path):
            lock.acquire()
        self._lock = lock
        try:
            with writing(self.path):
                lock.sign()
                self._take_over()
        except BaseException:
            self.release()
            raise
        return self.state

    def inspect(self) -> str:
        """Look at what is there, as `open` would, and touch nothing; return the state."""
        self._refuse_foreign()
        self._standing = existing.inspect(self._wanted)
        return self.state

    def _refuse_foreign(self) -> None:
        """Refuse names under which nothing of ours can be."""
        if self.path.name.endswith(PARTIAL_SUFFIX):
            what = f"ends in {PARTIAL_SUFFIX}, which every reader takes for unfinished"
            raise UsageError(what, path=self.path, remedy="Choose another name.")
        if self._wanted.directory and file_suffix(self.path) and not self.path.is_dir():
            raise UsageError(
                f"named like a {file_suffix(self.path)} file; expected the name of a folder",
                path=self.path,
                remedy="Choose another name.",
            )
        if self._wanted.directory and os.path.lexists(self.path) and not self.path.is_dir():
            raise OutputExistsError(
                "is a file; expected a folder, or nothing",
                path=self.path,
                remedy="Choose another name, or remove it.",
            )
        self._folder.refuse_foreign()

    def _take_over(self) -> None:
        """End a commit that was cut short; go on from a killed run, or begin."""
        self._folder.remove_links()
        if self._folder.is_committing:
            self._folder.move_up()
            self._folder.clear()
        self._standing = existing.inspect(self._wanted)
        if self.state == COMPLETE:
            self._folder.clear()
            self.release()
        else:
            self.journal = self._folder.prepare(self._standing)

    # -- The end

    def closing(self) -> None:
        """Say that all samples are stored: from now on only this process writes.

        The one file of an output gets its last parts: a kill now spoils it.
        """
        self._folder.take_tree()
        if not self._wanted.directory:
            self._folder.mark_closing()

    def commit(self) -> None:
        """Move everything in the tree up to its final name and remove the partial folder."""
        self.journal.close()
        with writing(self.path):
            self._folder.mark_commit(replaces=self._standing.replaces)
            self._folder.move_up()
            self._folder.clear()
        self.release()

    def abandon(self) -> None:
        """Remove the partial folder: the input cannot be used, nothing is worth keeping."""
        with contextlib.suppress(OSError):
            self._folder.clear()
        self.release()

    def release(self) -> None:
        """Give up the lock. Without a record there is nothing to keep, and nothing stays."""
        if hasattr(self, "journal"):
            self.journal.close()
        if self._lock is None:
            return
        if not self._folder.holds_work:
            with contextlib.suppress(OSError):
                self._folder.clear()
                self._lock.vanish()
                self.partial.rmdir()
                if self._wanted.directory:
                    self.path.rmdir()
                self._lock.remove_folders()
        self._lock.release()
        self._lock = None
