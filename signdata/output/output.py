"""Outputs that are whole or absent.

Everything is built in a partial folder: ``OUT/.signdata-partial/`` for a
directory, ``NAME.partial/`` beside a single file::

    lock, owner.json   held by the run that writes, and who that is (`signdata.output.lock`)
    record.json        the command, its options and its sources: what may go on from here
    journal            one line a finished batch: its manifest rows, its problems
    tree/              what moves up at the end
    closing            there while the one file of an output gets its last parts
    commit             there while the entries of tree/ move up; says what they replace

Files are written plainly into ``tree/``; the journal says which of them count.
A run that goes on after a kill redoes the batches without a line. Nothing has
its final name before `Output.commit`, which only renames.

`Output.open` asks two questions. What stands under the final name: nothing, a
complete output of this very command, or something else? And is there a partial
folder that this command can go on from? Whatever the answers, it first ends a
commit that was cut short.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from signdata import sidecars
from signdata.errors import (
    FormatError,
    OutputError,
    OutputExistsError,
    SourceChangedError,
    UsageError,
)
from signdata.filesystem import merge, remove, replace_file, write_file, writing
from signdata.options import same_options
from signdata.output import existing
from signdata.output.journal import Journal
from signdata.output.lock import Lock
from signdata.sidecars import PARTIAL_DIR, PARTIAL_SUFFIX

FRESH, AGAIN, COMPLETE = "fresh", "again", "complete"

Rows = Iterable[tuple[str, sidecars.Row]]
"""Stored rows, each with the key of its batch, '' where that is not known."""

Changed = Callable[[Mapping[str, Any], Rows], str]
"""Names the first source that is not as a document and its rows say; '' if all are."""


def same_sources(document: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    """Name the first source that two records tell differently of; '' if there is none."""
    recorded, found = document.get("sources", []), record.get("sources", [])
    if recorded == found:
        return ""
    names = [
        str(new.get("name", "")) for old, new in zip(recorded, found, strict=False) if old != new
    ]
    return names[0] if names else " and ".join(str(one.get("name", "")) for one in found)


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
    state : str
        After `open`: `COMPLETE` (nothing to do), `AGAIN` (complete, but some samples were not
        written: they are tried again), or `FRESH`.
    document : dict
        The ``signdata.json`` of the complete output; {} when `FRESH`.
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
        self.path = path
        self.directory = directory
        self.partial = path / PARTIAL_DIR if directory else Path(f"{path}{PARTIAL_SUFFIX}")
        self.tree = self.partial / "tree"
        self.state = FRESH
        self.document: dict[str, Any] = {}
        self.journal: Journal
        # As it will be read back: a tuple becomes a list.
        self._record: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(dict(record)))
        self._overwrite = overwrite
        self._changed = changed or (lambda document, rows: same_sources(document, self._record))
        self._replaces = False
        self._lock: Lock | None = None

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
        self._refuse_strange()
        if not self.partial.exists():
            self._look()
            if self.state == COMPLETE:
                return self.state
        lock = Lock(self.partial, self.path, str(self._record.get("command", "")))
        with writing(self.path):
            lock.acquire()
        self._lock = lock
        try:
            with writing(self.path):
                lock.sign()
                _remove_links(self.partial)
                _remove_links(self.tree)
                if (self.partial / "commit").exists():
                    self._move_up()
                    self._clear_partial()
                self._look()
                if self.state == COMPLETE:
                    self._clear_partial()
                    self.release()
                else:
                    self._prepare()
        except BaseException:
            self.release()
            raise
        return self.state

    def _refuse_strange(self) -> None:
        """Refuse names under which nothing of ours can be."""
        if self.path.name.endswith(PARTIAL_SUFFIX):
            what = f"ends in {PARTIAL_SUFFIX}, which every reader takes for unfinished"
            raise UsageError(what, path=self.path, remedy="Choose another name.")
        if self.directory and os.path.lexists(self.path) and not self.path.is_dir():
            raise OutputExistsError(
                "is a file; expected a folder, or nothing",
                path=self.path,
                remedy="Choose another name, or remove it.",
            )
        if not os.path.lexists(self.partial):
            return
        ours = self.partial.is_dir() and not self.partial.is_symlink()
        names = os.listdir(self.partial) if ours else []
        if not ours or (names and "lock" not in names and "owner.json" not in names):
            raise OutputExistsError(
                "stands where the unfinished output would be, and was made by something else",
                path=self.partial,
                remedy="Choose another name, or remove it.",
            )

    def _look(self) -> None:
        """Set the state from what stands under the final name; refuse what is foreign."""
        self.state, self.document, self._replaces = FRESH, {}, False
        if not self._occupied():
            return
        document = None
        if self.path.is_dir() == self.directory:
            with contextlib.suppress(ValueError, OSError):
                document = existing.read_document(self.path)
        fault = self._fault(document) or self._lacks(document)
        if fault is None and document is not None:
            self.document = document
            counts = document.get("counts", {})
            unwritten = counts.get("skipped") or counts.get("failed")
            self.state = AGAIN if unwritten else COMPLETE
        elif fault is not None and not self._overwrite:
            raise fault
        else:
            _refuse_precious(self.path)
            self._replaces = True

    def _occupied(self) -> bool:
        if self.directory and self.path.is_dir():
            return any(name != PARTIAL_DIR for name in os.listdir(self.path))
        return os.path.lexists(self.path)

    def _fault(self, document: Mapping[str, Any] | None) -> OutputError | None:
        """Why what stands there is not the output of this command; None if it is."""
        if document is None or not self._same(document):
            made = "made by something else" if document is None else "made with other options"
            return OutputExistsError(
                f"exists and was {made}",
                path=self.path,
                remedy="Choose another name, or replace it with --overwrite.",
            )
        try:
            rows = (("", row) for row in existing.read_rows(self.path))
            name = self._changed(document, rows)
        except (FormatError, OSError) as err:
            return OutputExistsError(f"exists and is damaged ({err})", path=self.path)
        return source_changed(name, self.path) if name else None

    def _lacks(self, document: Mapping[str, Any] | None) -> OutputError | None:
        """Say which file of a finished dataset somebody took away; None if all are there."""
        if document is None or "origin" not in document or existing.own_record_of(self.path):
            return None
        places = [sidecars.beside(self.path, sidecars.MANIFEST)]
        is_list = document.get("options", {}).get("mode") == "manifest"
        if self.directory and places[0].is_file() and not is_list:
            paths = [row.get("path", "") for row in existing.read_rows(self.path)]
            places += [self.path / path for path in paths if path]
        gone = [place for place in places if not os.path.lexists(place)]
        if not gone:
            return None
        more = f" and {len(gone) - 1:,} more" if len(gone) > 1 else ""
        return OutputError(
            f"lacks {gone[0].name}{more}, which it was written with",
            path=self.path,
            remedy="Put it back, or make it anew with --overwrite.",
        )

    def refuse(self) -> str:
        """Look at what is there, as `open` would, and touch nothing; return the state."""
        self._refuse_strange()
        self._look()
        return self.state

    def _same(self, document: Mapping[str, Any]) -> bool:
        return all(
            document.get(key) == self._record.get(key) for key in ("command", "seed")
        ) and same_options(document.get("options") or {}, self._record.get("options") or {})

    # -- The partial folder

    def _prepare(self) -> None:
        """Go on from the partial folder, or begin it anew."""
        if not self._goes_on():
            self._clear_partial()
        self.tree.mkdir(exist_ok=True)
        record = {**self._record, "stands_on": self._base()}
        replace_file(self.partial / "record.json", sidecars.dump_document(record))
        self.journal = Journal(self.partial / "journal")

    def _goes_on(self) -> bool:
        """Whether there is a killed run of this command; refuse one of another."""
        file = self.partial / "record.json"
        if not file.exists():
            return False
        previous: dict[str, Any] = {}
        with contextlib.suppress(FormatError):
            previous = sidecars.parse_document(file.read_bytes(), file)
        if (
            previous.get("signdata") != self._record.get("signdata")
            or previous.get("stands_on") != self._base()
            or (self.partial / "closing").exists()
        ):
            return False
        fault: OutputError | None = None
        if not self._same(previous):
            fault = OutputExistsError(
                "holds an unfinished run with other options",
                path=self.path,
                remedy="Repeat that command to finish it, or start anew with --overwrite.",
            )
        else:
            name = same_sources(previous, self._record) or self._changed_since()
            fault = source_changed(name, self.path) if name else None
        if fault is not None and not self._overwrite:
            raise fault
        return fault is None

    def _changed_since(self) -> str:
        """Name the first source that is not as it was when the journal was written."""
        journal = Journal(self.partial / "journal")
        try:
            return self._changed(self._record, journal.rows())
        finally:
            journal.close()

    def _base(self) -> str:
        """What of a complete output this run leaves in place; '' for nothing."""
        if self.state != AGAIN:
            return ""
        return hashlib.sha256(sidecars.dump_document(self.document)).hexdigest()

    def _clear_partial(self) -> None:
        """Empty the partial folder of all but the lock; the record goes first."""
        remove(self.partial / "record.json")
        for entry in list(self.partial.iterdir()):
            if entry.name not in ("lock", "owner.json"):
                remove(entry)

    def closing(self) -> None:
        """Say that the one file of the output gets its last parts: a kill now spoils it."""
        if not self.directory:
            write_file(self.partial / "closing", b"")

    # -- The end

    def commit(self) -> None:
        """Move everything in ``tree/`` up to its final name and remove the partial folder."""
        self.journal.close()
        with writing(self.path):
            what = "all" if self._replaces else "problems"
            replace_file(self.partial / "commit", what.encode())
            self._move_up()
            self._clear_partial()
        self.release()

    def _move_up(self) -> None:
        """Do what ``commit`` says; may have been done in part before."""
        marker = self.partial / "commit"
        replaced = marker.read_text()
        if replaced:
            if replaced == "all":
                self._clear_final()
            self._remove_sidecars()
            replace_file(marker, b"")
        if self.tree.exists():
            merge(self.tree, self.path if self.directory else self.path.parent)

    def _remove_sidecars(self) -> None:
        """Remove what describes the output: all of it is written anew, or is true no more."""
        if not self.directory:
            remove(sidecars.beside(self.path, sidecars.PROBLEMS))
            return
        for name in os.listdir(self.path):
            if sidecars.is_sidecar(name):
                remove(self.path / name)

    def _clear_final(self) -> None:
        if self.directory:
            for entry in list(self.path.iterdir()):
                if entry.name != PARTIAL_DIR:
                    remove(entry)
            return
        remove(self.path)
        for name in sidecars.SIDECARS:
            remove(self.path.with_name(f"{self.path.name}.{name}"))

    def abandon(self) -> None:
        """Remove the partial folder: the input cannot be used, nothing is worth keeping."""
        with contextlib.suppress(OSError):
            self._clear_partial()
        self.release()

    def release(self) -> None:
        """Give up the lock. Without a record there is nothing to keep, and nothing stays."""
        if hasattr(self, "journal"):
            self.journal.close()
        if self._lock is None:
            return
        if not (self.partial / "record.json").exists():
            with contextlib.suppress(OSError):
                self._clear_partial()
                self._lock.vanish()
                self.partial.rmdir()
                if self.directory:
                    self.path.rmdir()
        self._lock.release()
        self._lock = None


def source_changed(name: str, output: Path) -> SourceChangedError:
    """The error for a source that is no longer what `output` was made from."""
    return SourceChangedError(
        f"was made from another state of {name}",
        path=output,
        remedy="Choose another output, or make it anew with --overwrite.",
    )


def _remove_links(folder: Path) -> None:
    """Remove symbolic links that someone put where only our own files are."""
    if folder.is_dir():
        for entry in list(folder.iterdir()):
            if entry.is_symlink():
                entry.unlink()


def _refuse_precious(path: Path) -> None:
    """Refuse to replace what can hardly be meant."""
    here, home, place = Path.cwd().resolve(), Path.home().resolve(), path.resolve()
    if place in (here, *here.parents, home, *home.parents):
        raise UsageError(
            "would be emptied by --overwrite, and it holds the current or home folder",
            path=path,
            remedy="Choose another output.",
        )
    mode = path.lstat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
        raise OutputExistsError(
            "is no file and no folder", path=path, remedy="Choose another output."
        )


def refuse_overlap(sources: Iterable[Path], output: Path) -> None:
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
