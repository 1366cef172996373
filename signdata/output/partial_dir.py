"""The partial folder, in which an output is built.

``OUT/.signdata-partial/`` for a directory, ``NAME.partial/`` next to a single file::

    lock, owner.json   held by the run that writes, and which run that is (`signdata.output.lock`)
    record.json        the command, its options and its sources: what can be resumed
    journal            one line per finished batch: its manifest rows, its problems
    tree-ID/           what is moved to the final path at the end
    closing            exists while a single-file output is being completed
    commit             exists while the tree is being moved; says what it replaces

The tree gets a new ID whenever a run takes it over and before it is closed, so that a
leftover worker of an earlier run, on any machine, no longer finds it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from signdata import sidecars
from signdata.errors import FormatError, OutputError, OutputExistsError
from signdata.filesystem import merge, remove, replace_file, unique_name, write_file
from signdata.output.existing import (
    RETRY,
    ExistingOutput,
    OutputRequest,
    same_sources,
    source_changed,
)
from signdata.output.journal import Journal
from signdata.sidecars import PARTIAL_DIR, PARTIAL_SUFFIX, Row

_LOCK_FILES = ("lock", "owner.json")
_TREE = "tree"


class PartialDir:
    """The partial folder of one output; see the module.

    Attributes
    ----------
    path : Path
        The folder.
    tree : Path
        What is moved to the final path at the end, once it exists.
    """

    def __init__(self, request: OutputRequest) -> None:
        self._request = request
        self._final = request.path
        self.path = (
            request.path / PARTIAL_DIR
            if request.directory
            else Path(f"{request.path}{PARTIAL_SUFFIX}")
        )
        self.tree = self.path / _TREE
        self._record = self.path / "record.json"
        self._commit = self.path / "commit"

    def refuse_foreign(self) -> None:
        """Raise `OutputExistsError` if the folder's path is taken by something else."""
        if not os.path.lexists(self.path):
            return
        ours = self.path.is_dir() and not self.path.is_symlink()
        names = os.listdir(self.path) if ours else []
        if not ours or (names and not set(_LOCK_FILES) & set(names)):
            raise OutputExistsError(
                "was made by something else; expected the unfinished output, or nothing",
                path=self.path,
                remedy="Choose another name, or remove it.",
            )

    def remove_links(self) -> None:
        """Remove symbolic links placed where only our own files belong."""
        for pattern in ("*", f"{_TREE}*/*"):
            for entry in list(self.path.glob(pattern)):
                if entry.is_symlink():
                    entry.unlink()

    @property
    def holds_work(self) -> bool:
        """Whether there is a run to resume."""
        return self._record.exists()

    def clear(self) -> None:
        """Remove everything but the lock, the record first."""
        remove(self._record)
        for entry in list(self.path.iterdir()):
            if entry.name not in _LOCK_FILES:
                remove(entry)

    # -- Resuming

    def prepare(self, existing_output: ExistingOutput) -> Journal:
        """Resume a killed run, or start from scratch; return the journal."""
        base = _base(existing_output)
        if not self._can_resume(base):
            self.clear()
        self.take_tree()
        record = {**self._request.record, "stands_on": base}
        replace_file(self._record, sidecars.dump_document(record))
        return Journal(self.path / "journal")

    def _can_resume(self, base: str) -> bool:
        """Whether there is a killed run of this command to resume; refuse that of another."""
        if not self._record.exists():
            return False
        previous: dict[str, Any] = {}
        with contextlib.suppress(FormatError):
            previous = sidecars.parse_document(self._record.read_bytes(), self._record)
        if (
            previous.get("signdata") != self._request.record.get("signdata")
            or previous.get("stands_on") != base
            or (self.path / "closing").exists()
        ):
            return False
        fault = self._fault(previous)
        if fault is not None and not self._request.overwrite:
            raise fault
        return fault is None

    def _fault(self, previous: dict[str, Any]) -> OutputError | None:
        """Why this run cannot resume the run recorded in `previous`; None if it can."""
        if not self._request.matches(previous):
            return OutputExistsError(
                "holds an unfinished run with other options",
                path=self._final,
                remedy="Repeat that command to finish it, or start again with --overwrite.",
            )
        name = same_sources(previous, self._request.record) or self._changed_since()
        return source_changed(name, self._final) if name else None

    def _changed_since(self) -> str:
        """Return the first source that has changed since the journal was written; '' if none."""
        return self._request.changed(self._request.record, self._journal_rows())

    def _journal_rows(self) -> Iterator[tuple[str, Row]]:
        """The rows in the journal, which is opened only when they are asked for."""
        journal = Journal(self.path / "journal")
        try:
            yield from journal.rows()
        finally:
            journal.close()

    def take_tree(self) -> None:
        """Give the tree a new name; create it if there is none."""
        name = self.path / f"{_TREE}{unique_name().replace('.', '-', 1)}"
        left = self._find_tree()
        if left is None:
            name.mkdir()
        else:
            left.rename(name)
        self.tree = name

    def _find_tree(self) -> Path | None:
        return next((entry for entry in self.path.glob(f"{_TREE}*") if entry.is_dir()), None)

    def mark_closing(self) -> None:
        """Mark that the single-file output is being completed: a kill now ruins it."""
        write_file(self.path / "closing", b"")

    # -- Commit

    def mark_commit(self, *, replaces: bool) -> None:
        """Mark that the tree is being moved to the final path, and what it replaces."""
        replace_file(self._commit, b"all" if replaces else b"problems")

    @property
    def is_committing(self) -> bool:
        """Whether a run was killed while it moved the tree to the final path."""
        return self._commit.exists()

    def move_to_final(self) -> None:
        """Do, or finish, the move that ``commit`` describes."""
        replaced = self._commit.read_text()
        if replaced:
            if replaced == "all":
                self._clear_final()
            self._remove_sidecars()
            replace_file(self._commit, b"")
        tree = self._find_tree()
        if tree is not None:
            merge(tree, self._final if self._request.directory else self._final.parent)

    def _remove_sidecars(self) -> None:
        """Remove the old sidecars: they are written again or are out of date."""
        if not self._request.directory:
            remove(sidecars.sidecar_path(self._final, sidecars.PROBLEMS))
            return
        for name in os.listdir(self._final):
            if sidecars.is_sidecar(name):
                remove(self._final / name)

    def _clear_final(self) -> None:
        if self._request.directory:
            for entry in list(self._final.iterdir()):
                if entry.name != PARTIAL_DIR:
                    remove(entry)
            return
        remove(self._final)
        for name in sidecars.SIDECARS:
            remove(self._final.with_name(f"{self._final.name}.{name}"))


def _base(existing_output: ExistingOutput) -> str:
    """Checksum of the record of the complete output that the run adds to; '' if none."""
    if existing_output.state != RETRY:
        return ""
    return hashlib.sha256(sidecars.dump_document(existing_output.document)).hexdigest()
