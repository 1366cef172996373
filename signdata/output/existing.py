"""What lies under an output's name: nothing, a finished output, or something foreign."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signdata import sidecars
from signdata.errors import (
    FormatError,
    OutputError,
    OutputExistsError,
    SourceChangedError,
    UsageError,
)
from signdata.filesystem import write_file
from signdata.formats.own_record import OwnRecord
from signdata.formats.registry import own_record
from signdata.options import same_options
from signdata.results import Problem
from signdata.sidecars import PARTIAL_DIR, Row

FRESH, AGAIN, COMPLETE = "fresh", "again", "complete"

Rows = Iterable[tuple[str, Row]]
"""Stored rows, each with the key of its batch, '' where that is not known."""

Changed = Callable[[Mapping[str, Any], Rows], str]
"""Names the first source that is not as a document and its rows say; '' if all are."""


@dataclass(frozen=True)
class Wanted:
    """The output that a run is to make.

    Attributes
    ----------
    path : Path
        Where it will be.
    directory : bool
        Whether it is a directory of files or one file.
    record : dict
        ``signdata``, ``command``, ``options``, ``seed``, ``sources``: what makes two runs
        the same.
    overwrite : bool
        Whether something else under the name may be replaced.
    changed : callable
        Tells whether the sources are still what stored rows were made from.
    """

    path: Path
    directory: bool
    record: dict[str, Any]
    overwrite: bool
    changed: Changed

    def is_of(self, document: Mapping[str, Any]) -> bool:
        """Whether `document` was written by this command with these options."""
        return all(
            document.get(key) == self.record.get(key) for key in ("command", "seed")
        ) and same_options(document.get("options") or {}, self.record.get("options") or {})


@dataclass(frozen=True)
class Standing:
    """What was found under an output's name.

    Attributes
    ----------
    state : str
        `COMPLETE` (nothing to do), `AGAIN` (complete, but some samples were not written: they
        are tried again), or `FRESH`.
    document : dict
        The ``signdata.json`` of the complete output; {} when `FRESH`.
    replaces : bool
        Whether something else is there that the run replaces.
    """

    state: str = FRESH
    document: dict[str, Any] = field(default_factory=dict)
    replaces: bool = False


def inspect(wanted: Wanted) -> Standing:
    """Look at what is under the final name, and touch nothing.

    Raises
    ------
    OutputExistsError
        If it is something else and may not be replaced.
    SourceChangedError
        If it is the same command, but a source has changed.
    OutputError
        If a file of it was taken away.
    """
    if not _is_occupied(wanted):
        return Standing()
    document = None
    if wanted.path.is_dir() == wanted.directory:
        with contextlib.suppress(ValueError, OSError):
            document = read_document(wanted.path)
            if document is not None and not is_as_written(wanted.path, document):
                document = None
    fault = _fault(wanted, document) or _lacks(wanted, document)
    if fault is None and document is not None:
        counts = document.get("counts", {})
        unwritten = counts.get("skipped") or counts.get("failed")
        return Standing(AGAIN if unwritten else COMPLETE, document)
    if fault is not None and not wanted.overwrite:
        raise fault
    _refuse_precious(wanted.path)
    if not _is_ours(document) and not _is_empty_file(wanted.path):
        raise _made_by_something_else(wanted.path)
    return Standing(replaces=True)


def _is_occupied(wanted: Wanted) -> bool:
    if wanted.directory and wanted.path.is_dir():
        return any(name != PARTIAL_DIR for name in os.listdir(wanted.path))
    return os.path.lexists(wanted.path)


def _fault(wanted: Wanted, document: Mapping[str, Any] | None) -> OutputError | None:
    """Why what stands there is not the output of this command; None if it is."""
    if document is None or not _is_ours(document):
        return _made_by_something_else(wanted.path)
    if not wanted.is_of(document):
        return OutputExistsError(
            "exists and was made with other options",
            path=wanted.path,
            remedy="Choose another name, or replace it with --overwrite.",
        )
    try:
        rows = (("", row) for row in read_rows(wanted.path))
        name = wanted.changed(document, rows)
    except (FormatError, OSError) as err:
        return OutputExistsError(f"exists and is damaged ({err})", path=wanted.path)
    return source_changed(name, wanted.path) if name else None


def _is_ours(document: Mapping[str, Any] | None) -> bool:
    """Whether a document is a record of signdata."""
    return document is not None and {"signdata", "command"} <= document.keys()


def _is_empty_file(path: Path) -> bool:
    return path.is_file() and not path.stat().st_size


def _made_by_something_else(path: Path) -> OutputExistsError:
    return OutputExistsError(
        "exists and was made by something else",
        path=path,
        remedy="Choose another name, or remove it yourself.",
    )


def _lacks(wanted: Wanted, document: Mapping[str, Any] | None) -> OutputError | None:
    """Say which file of a finished dataset somebody took away; None if all are there."""
    path = wanted.path
    if document is None or "origin" not in document or own_record_of(path):
        return None
    places = [sidecars.beside(path, sidecars.MANIFEST)]
    is_list = document.get("options", {}).get("mode") == "manifest"
    if wanted.directory and places[0].is_file() and not is_list:
        paths = [row.get("path", "") for row in read_rows(path)]
        places += [path / name for name in paths if name]
    gone = [place for place in places if not os.path.lexists(place)]
    if not gone:
        return None
    more = f" and {len(gone) - 1:,} more" if len(gone) > 1 else ""
    return OutputError(
        f"lacks {gone[0].name}{more}, which it was written with",
        path=path,
        remedy="Put it back, or make it again with --overwrite.",
    )


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


# -- Single files: whether they are what was written


def seal(path: Path) -> None:
    """Record the size and digest of a finished single file in its document."""
    own = own_record_of(path)
    if own:
        own.seal(path)
        return
    document = {**(sidecars.read_document(path) or {}), "file": _measure(path)}
    write_file(sidecars.beside(path, sidecars.DOCUMENT), sidecars.dump_document(document))


def is_as_written(path: Path, document: Mapping[str, Any]) -> bool:
    """Whether a single file is what `document` was recorded of.

    A directory, whose files are known by its manifest, and what an older version wrote, which
    recorded no digest, are taken as they are.
    """
    if path.is_dir():
        return True
    own = own_record_of(path)
    if own:
        return own.is_as_sealed(path)
    return "file" not in document or document["file"] == _measure(path)


def _measure(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"bytes": os.fstat(file.fileno()).st_size, "sha256": digest}


# -- Sources


def same_sources(document: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    """Name the first source that two records tell differently of; '' if there is none."""
    recorded, found = document.get("sources", []), record.get("sources", [])
    if recorded == found:
        return ""
    names = [
        str(new.get("name", "")) for old, new in zip(recorded, found, strict=False) if old != new
    ]
    return names[0] if names else " and ".join(str(one.get("name", "")) for one in found)


def source_changed(name: str, output: Path) -> SourceChangedError:
    """The error for a source that is no longer what `output` was made from."""
    return SourceChangedError(
        f"was made from another state of {name}",
        path=output,
        remedy="Choose another output, or make it again with --overwrite.",
    )


# -- What a finished output says of itself


def read_document(path: Path) -> dict[str, Any] | None:
    """Return what signdata recorded of the dataset at `path`, in whatever format it is."""
    own = own_record_of(path)
    return own.document(path) if own else sidecars.read_document(path)


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the manifest's rows of the dataset at `path`, at least what tells of sources."""
    own = own_record_of(path)
    if own:
        yield from own.rows(path)
        return
    file = sidecars.beside(path, sidecars.MANIFEST)
    if file.is_file():
        yield from sidecars.read_rows(file)


def read_problems(path: Path) -> Iterator[Problem]:
    """Yield what ``problems.csv`` lists for the dataset at `path`."""
    file = sidecars.beside(path, sidecars.PROBLEMS)
    if file.is_file():
        with file.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                yield Problem(row["path"], row["where"], row["kind"], row["message"])


def own_record_of(path: Path) -> OwnRecord | None:
    """How a finished output that has no sidecars tells of itself; None where it has some."""
    return own_record(path) if path.is_file() else None
