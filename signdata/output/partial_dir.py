"""The partial folder, in which an output is built.

``OUT/.signdata-partial/`` for a directory, ``NAME.partial/`` next to a single file::

    lock, owner.json   held by the run that writes, and who that is (`signdata.output.lock`)
    record.json        the command, its options and its sources: what may go on from here
    journal            one line a finished batch: its manifest rows, its problems
    tree-ID/           what moves up at the end
    closing            there while the one file of an output gets its last parts
    commit             there while the entries of the tree move up; says what they replace

The tree gets another ID whenever a run takes it over and before it is closed, so that a
worker of an earlier run that is still about, on whatever machine, finds it gone.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import Any

from signdata import sidecars
from signdata.errors import FormatError, OutputError, OutputExistsError
from signdata.filesystem import merge, remove, replace_file, unique_name, write_file
from signdata.output.existing import AGAIN, Standing, Wanted, same_sources, source_changed
from signdata.output.journal import Journal
from signdata.sidecars import PARTIAL_DIR, PARTIAL_SUFFIX

_LOCK_FILES = ("lock", "owner.json")
_TREE = "tree"


class PartialDir:
    """The partial folder of one output; see the module.

    Attributes
    ----------
    path : Path
        The folder.
    tree : Path
        What moves up at the end, once there is one.
    """

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._final = wanted.path
        self.path = (
            wanted.path / PARTIAL_DIR
            if wanted.directory
            else Path(f"{wanted.path}{PARTIAL_SUFFIX}")
        )
        self.tree = self.path / _TREE
        self._record = self.path / "record.json"
        self._commit = self.path / "commit"

    def refuse_foreign(self) -> None:
        """Raise `OutputExistsError` if something else stands under the folder's name."""
        if not os.path.lexists(self.path):
            return
        ours = self.path.is_dir() and not self.path.is_symlink()
        names = os.listdir(self.path) if ours else []
        if not ours or (names and not set(_LOCK_FILES) & set(names)):
            raise OutputExistsError(
                "stands where the unfinished output would be, and was made by something else",
                path=self.path,
                remedy="Choose another name, or remove it.",
            )

    def remove_links(self) -> None:
        """Remove symbolic links that someone put where only our own files are."""
        for pattern in ("*", f"{_TREE}*/*"):
            for entry in list(self.path.glob(pattern)):
                if entry.is_symlink():
                    entry.unlink()

    @property
    def holds_work(self) -> bool:
        """Whether a run could go on from here."""
        return self._record.exists()

    def clear(self) -> None:
        """Empty the folder of all but the lock; the record goes first."""
        remove(self._record)
        for entry in list(self.path.iterdir()):
            if entry.name not in _LOCK_FILES:
                remove(entry)

    # -- Going on

    def prepare(self, standing: Standing) -> Journal:
        """Go on from what a killed run left, or begin from scratch; return the journal."""
        base = _base(standing)
        if not self._goes_on(base):
            self.clear()
        self.take_tree()
        record = {**self._wanted.record, "stands_on": base}
        replace_file(self._record, sidecars.dump_document(record))
        return Journal(self.path / "journal")

    def _goes_on(self, base: str) -> bool:
        """Whether there is a killed run of this command; refuse one of another."""
        if not self._record.exists():
            return False
        previous: dict[str, Any] = {}
        with contextlib.suppress(FormatError):
            previous = sidecars.parse_document(self._record.read_bytes(), self._record)
        if (
            previous.get("signdata") != self._wanted.record.get("signdata")
            or previous.get("stands_on") != base
            or (self.path / "closing").exists()
        ):
            return False
        fault = self._fault(previous)
        if fault is not None and not self._wanted.overwrite:
            raise fault
        return fault is None

    def _fault(self, previous: dict[str, Any]) -> OutputError | None:
        """Why this run cannot go on from what the one of the record `previous` left."""
        if not self._wanted.is_of(previous):
            return OutputExistsError(
                "holds an unfinished run with other options",
                path=self._final,
                remedy="Repeat that command to finish it, or start again with --overwrite.",
            )
        name = same_sources(previous, self._wanted.record) or self._changed_since()
        return source_changed(name, self._final) if name else None

    def _changed_since(self) -> str:
        """Name the first source that is not as it was when the journal was written."""
        journal = Journal(self.path / "journal")
        try:
            return self._wanted.changed(self._wanted.record, journal.rows())
        finally:
            journal.close()

    def take_tree(self) -> None:
        """Give the tree a name that nobody knows yet; make it if there is none."""
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
        """Say that the one file of the output gets its last parts: a kill now spoils it."""
        write_file(self.path / "closing", b"")

    # -- Moving up

    def mark_commit(self, *, replaces: bool) -> None:
        """Say that the entries of the tree move up from now on, and what they replace."""
        replace_file(self._commit, b"all" if replaces else b"problems")

    @property
    def is_committing(self) -> bool:
        """Whether a run was killed while the entries of the tree moved up."""
        return self._commit.exists()

    def move_up(self) -> None:
        """Do what ``commit`` says; may have been done in part before."""
        replaced = self._commit.read_text()
        if replaced:
            if replaced == "all":
                self._clear_final()
            self._remove_sidecars()
            replace_file(self._commit, b"")
        tree = self._find_tree()
        if tree is not None:
            merge(tree, self._final if self._wanted.directory else self._final.parent)

    def _remove_sidecars(self) -> None:
        """Remove what describes the output: all of it is written again, or no longer true."""
        if not self._wanted.directory:
            remove(sidecars.beside(self._final, sidecars.PROBLEMS))
            return
        for name in os.listdir(self._final):
            if sidecars.is_sidecar(name):
                remove(self._final / name)

    def _clear_final(self) -> None:
        if self._wanted.directory:
            for entry in list(self._final.iterdir()):
                if entry.name != PARTIAL_DIR:
                    remove(entry)
            return
        remove(self._final)
        for name in sidecars.SIDECARS:
            remove(self._final.with_name(f"{self._final.name}.{name}"))


def _base(standing: Standing) -> str:
    """What of a complete output the run leaves in place; '' for nothing."""
    if standing.state != AGAIN:
        return ""
    return hashlib.sha256(sidecars.dump_document(standing.document)).hexdigest()
