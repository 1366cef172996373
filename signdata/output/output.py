"""Outputs that are complete or absent.

Everything is built in a partial folder (`signdata.output.partial_dir`). Files are
written into its tree; the journal lists the finished batches. A run that resumes
after a kill redoes the batches without an entry. Nothing gets its final name before
`Output.commit`, which only renames.

`Output.open` checks two things. What exists at the final path: nothing, a complete
output of the same command, or something else (`signdata.output.existing`)? And is there
a partial folder that this command can resume? In any case, it first finishes a commit
that was interrupted.
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
from signdata.output.existing import (
    COMPLETE,
    RETRY,
    Changed,
    ExistingOutput,
    OutputRequest,
    same_sources,
)
from signdata.output.journal import Journal
from signdata.output.lock import Lock
from signdata.output.partial_dir import PartialDir
from signdata.sidecars import PARTIAL_SUFFIX, encode_json


class Output:
    """An output under construction; see the module.

    Parameters
    ----------
    path : Path
        Where the output will be.
    directory : bool
        Whether it is a directory of files or one file.
    record : mapping
        ``signdata``, ``command``, ``options``, ``seed``, ``sources``: two runs with equal
        records are the same run.
    overwrite : bool
        Whether another output at this path may be replaced.
    changed : callable, optional
        Compares the sources with what stored rows were made from; by default, their records
        are compared.

    Attributes
    ----------
    partial, tree : Path
        The partial folder, and the folder in it whose entries get their final names at the end.
    journal : Journal
        The batches that this run, or a killed one before it, has finished.
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
        # As it will be read back, for example with lists instead of tuples.
        kept: dict[str, Any] = msgspec.json.decode(encode_json(dict(record)))
        self.path = path
        self._request = OutputRequest(
            path,
            directory,
            kept,
            overwrite,
            changed or (lambda document, rows: same_sources(document, kept)),
        )
        self._folder = PartialDir(self._request)
        self._existing = ExistingOutput()
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
        """`FRESH`, `RETRY` or `COMPLETE`; see `signdata.output.existing.ExistingOutput`."""
        return self._existing.state

    @property
    def document(self) -> dict[str, Any]:
        """The ``signdata.json`` of the complete output; {} if `FRESH`."""
        return self._existing.document

    # -- Start

    def open(self) -> str:
        """Inspect what exists, then refuse it or lock the output; return the state.

        Raises
        ------
        OutputExistsError
            If another output exists, or an unfinished run with other options.
        OutputLockedError
            If another run is writing.
        SourceChangedError
            If it is the same command, but a source has changed.
        """
        self._refuse_foreign()
        if not self.partial.exists():
            self._existing = existing.inspect(self._request)
            if self.state == COMPLETE:
                return self.state
        lock = Lock(self.partial, self.path, str(self._request.record.get("command", "")))
        with writing(self.path):
            lock.acquire()
        self._lock = lock
        try:
            with writing(self.path):
                lock.write_owner()
                self._take_over()
        except BaseException:
            self.release()
            raise
        return self.state

    def inspect(self) -> str:
        """Inspect what exists, as `open` would, without changing it; return the state."""
        self._refuse_foreign()
        self._existing = existing.inspect(self._request)
        return self.state

    def _refuse_foreign(self) -> None:
        """Refuse paths at which this output cannot exist."""
        if self.path.name.endswith(PARTIAL_SUFFIX):
            what = f"ends in {PARTIAL_SUFFIX}, which marks unfinished outputs"
            raise UsageError(what, path=self.path, remedy="Choose another name.")
        suffix = file_suffix(self.path)
        if self._request.directory and suffix and not self.path.is_dir():
            raise UsageError(
                f"named like a {suffix} file; expected the name of a folder",
                path=self.path,
                remedy="Choose another name.",
            )
        if self._request.directory and os.path.lexists(self.path) and not self.path.is_dir():
            raise OutputExistsError(
                "is a file; expected a folder or nothing",
                path=self.path,
                remedy="Choose another name, or remove it.",
            )
        self._folder.refuse_foreign()

    def _take_over(self) -> None:
        """Finish an interrupted commit; resume a killed run, or start."""
        self._folder.remove_links()
        if self._folder.is_committing:
            self._folder.move_to_final()
            self._folder.clear()
        self._existing = existing.inspect(self._request)
        if self.state == COMPLETE:
            self._folder.clear()
            self.release()
        else:
            self.journal = self._folder.prepare(self._existing)

    # -- The end

    def closing(self) -> None:
        """Mark that all samples are stored: from now on, only this process writes.

        If the output is a single file, it is being completed: a kill now ruins it.
        """
        self._folder.take_tree()
        if not self._request.directory:
            self._folder.mark_closing()

    def commit(self, *, anew: bool = False) -> None:
        """Move everything in the tree to its final path and remove the partial folder.

        Parameters
        ----------
        anew : bool
            Whether nothing stays of a complete output whose missing samples were tried again.
        """
        self.journal.close()
        with writing(self.path):
            self._folder.mark_commit(
                replaces=self._existing.replaces or (anew and self.state == RETRY)
            )
            self._folder.move_to_final()
            self._folder.clear()
        self.release()

    def abandon(self) -> None:
        """Remove the partial folder: the input is unusable, so nothing is worth keeping."""
        with contextlib.suppress(OSError):
            self._folder.clear()
        self.release()

    def release(self) -> None:
        """Release the lock. Without a record to resume from, the partial folder is removed."""
        if hasattr(self, "journal"):
            self.journal.close()
        if self._lock is None:
            return
        if not self._folder.holds_work:
            with contextlib.suppress(OSError):
                self._folder.clear()
                self._lock.remove_files()
                self.partial.rmdir()
                if self._request.directory:
                    self.path.rmdir()
                self._lock.remove_folders()
        self._lock.release()
        self._lock = None
