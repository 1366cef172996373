"""What exists at an output's path: nothing, a finished output, or something else."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import os
import stat
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signdata import sidecars
from signdata.errors import (
    FormatError,
    OutputError,
    OutputExistsError,
    SigndataError,
    SourceChangedError,
    UsageError,
)
from signdata.filesystem import write_file
from signdata.formats.own_record import OwnRecord
from signdata.formats.registry import own_record
from signdata.options import same_options
from signdata.results import Problem
from signdata.sidecars import PARTIAL_DIR, Row

FRESH, RETRY, COMPLETE = "fresh", "again", "complete"

Rows = Iterable[tuple[str, Row]]
"""Stored rows, each with the key of its batch, '' if unknown."""

Changed = Callable[[Mapping[str, Any], Rows], str]
"""Returns the name of the first source that differs from a document and its rows; '' if none."""


@dataclass(frozen=True)
class OutputRequest:
    """The output that a run is asked to make.

    Attributes
    ----------
    path : Path
        Where it will be.
    directory : bool
        Whether it is a directory of files or one file.
    record : dict
        ``signdata``, ``command``, ``options``, ``keywords``, ``seed``, ``sources``: two runs whose
        command, options, seed and sources are equal are the same run.
    overwrite : bool
        Whether another output at this path may be replaced.
    changed : callable
        Compares the sources with what stored rows were made from; see `Changed`.
    """

    path: Path
    directory: bool
    record: dict[str, Any]
    overwrite: bool
    changed: Changed

    def matches(self, document: Mapping[str, Any]) -> bool:
        """Whether `document` was written by this command with these options."""
        return all(
            document.get(key) == self.record.get(key) for key in ("command", "seed")
        ) and same_options(document.get("options") or {}, self.record.get("options") or {})


@dataclass(frozen=True)
class ExistingOutput:
    """What was found at an output's path.

    Attributes
    ----------
    state : str
        `COMPLETE` (nothing to do), `RETRY` (complete except for some samples that could not be
        written, which are retried), or `FRESH`.
    document : dict
        The ``signdata.json`` of the complete output; {} if `FRESH`.
    replaces : bool
        Whether the run replaces another output.
    """

    state: str = FRESH
    document: dict[str, Any] = field(default_factory=dict)
    replaces: bool = False


def inspect(request: OutputRequest) -> ExistingOutput:
    """Inspect what exists at the final path, without changing it.

    Raises
    ------
    OutputExistsError
        If it is another output and may not be replaced.
    SourceChangedError
        If it was made by the same command, but a source has changed.
    OutputError
        If one of its files has been removed.
    """
    if not _is_occupied(request):
        return ExistingOutput()
    document = None
    if request.path.is_dir() == request.directory:
        with contextlib.suppress(ValueError, OSError):
            document = read_document(request.path)
            if document is not None and not is_as_written(request.path, document):
                document = None
    fault = _fault(request, document) or _removed(request, document)
    if fault is None and document is not None:
        counts = document.get("counts", {})
        unwritten = counts.get("skipped") or counts.get("failed")
        return ExistingOutput(RETRY if unwritten else COMPLETE, document)
    if fault is not None and not request.overwrite:
        raise fault
    _refuse_precious(request.path)
    if not is_ours(document) and not _is_empty_file(request.path):
        raise _made_by_something_else(request.path)
    return ExistingOutput(replaces=True)


def _is_occupied(request: OutputRequest) -> bool:
    if request.directory and request.path.is_dir():
        return any(name != PARTIAL_DIR for name in os.listdir(request.path))
    return os.path.lexists(request.path)


def _fault(request: OutputRequest, document: Mapping[str, Any] | None) -> OutputError | None:
    """Why the existing output is not that of this command; None if it is."""
    return fault(request, document, lambda: read_rows(request.path))


def fault(
    request: OutputRequest,
    document: Mapping[str, Any] | None,
    rows: Callable[[], Iterable[Row]],
) -> OutputError | None:
    """Why an output with this document and these rows is not that of this command."""
    if document is None or not is_ours(document):
        return _made_by_something_else(request.path)
    if not request.matches(document):
        return OutputExistsError(
            "exists and was made with other options",
            path=request.path,
            remedy="Choose another name, or replace it with --overwrite.",
        )
    try:
        name = request.changed(document, (("", row) for row in rows()))
    except (FormatError, OSError) as err:
        return OutputExistsError(f"exists but is damaged ({err})", path=request.path)
    return source_changed(name, request.path) if name else None


def is_ours(document: Mapping[str, Any] | None) -> bool:
    """Whether a document was written by signdata."""
    return document is not None and {"signdata", "command"} <= document.keys()


def _is_empty_file(path: Path) -> bool:
    return path.is_file() and not path.stat().st_size


def _made_by_something_else(path: Path) -> OutputExistsError:
    return OutputExistsError(
        "exists and was made by something else",
        path=path,
        remedy="Choose another name, or remove it yourself.",
    )


def _removed(request: OutputRequest, document: Mapping[str, Any] | None) -> OutputError | None:
    """The error for files of a finished dataset that have been removed; None if all exist."""
    path = request.path
    if document is None or "origin" not in document or own_record_of(path):
        return None
    places = [sidecars.sidecar_path(path, sidecars.MANIFEST)]
    is_list = document.get("options", {}).get("mode") == "manifest"
    if request.directory and places[0].is_file() and not is_list:
        paths = [row.get("path", "") for row in read_rows(path)]
        places += [path / name for name in paths if name]
    gone = [place for place in places if not os.path.lexists(place)]
    if not gone:
        return _shortened(path)
    more = f" and {len(gone) - 1:,} more" if len(gone) > 1 else ""
    return OutputError(
        f"{gone[0].name}{more} of it has been removed",
        path=path,
        remedy="Restore it, or make the output again with --overwrite.",
    )


def _shortened(path: Path) -> OutputError | None:
    """The error for a shard of a finished dataset that has not its length; None if all have."""
    if not (path / sidecars.SHARDS).is_file():
        return None
    remedy = "Restore it, or make the output again with --overwrite."
    try:
        from signdata.formats.shard_files import ShardFaults

        faults = ShardFaults(path)
    except SigndataError as err:
        return OutputError(err.what, path=err.path, where=err.where, remedy=remedy)
    found = next(filter(None, map(faults.error_of, faults.sums)), None)
    return None if found is None else OutputError(found.what, path=found.path, remedy=remedy)


def _refuse_precious(path: Path) -> None:
    """Refuse to replace the current or home folder, or a device."""
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
            "is neither a file nor a folder", path=path, remedy="Choose another output."
        )


# -- Single files: whether they are unchanged since they were written


def seal(path: Path) -> None:
    """Record the size and checksum of a finished single file in its document."""
    own = own_record_of(path)
    if own:
        own.seal(path)
        return
    document = {**(sidecars.read_document(path) or {}), "file": _measure(path)}
    write_file(sidecars.sidecar_path(path, sidecars.DOCUMENT), sidecars.dump_document(document))


def is_as_written(path: Path, document: Mapping[str, Any]) -> bool:
    """Whether a single file still has the size and checksum recorded in `document`.

    True for a directory, whose files are listed in its manifest, and for the output of an older
    version, which recorded no checksum.
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
    """Return the name of the first source that differs between two records; '' if none."""
    recorded, found = document.get("sources", []), record.get("sources", [])
    if recorded == found:
        return ""
    names = [
        str(new.get("name", "")) for old, new in zip(recorded, found, strict=False) if old != new
    ]
    return names[0] if names else " and ".join(str(one.get("name", "")) for one in found)


def source_changed(name: str, output: Path) -> SourceChangedError:
    """The error for a source that has changed since `output` was made from it."""
    return SourceChangedError(
        f"was made from another version of {name}",
        path=output,
        remedy="Choose another output, or make it again with --overwrite.",
    )


# -- What a finished output records about itself


def read_document(path: Path) -> dict[str, Any] | None:
    """Return what signdata recorded about the dataset at `path`, whatever its format."""
    own = own_record_of(path)
    return own.document(path) if own else sidecars.read_document(path)


def read_rows(path: Path, *, distinct: bool = True) -> Iterator[Row]:
    """Yield the manifest rows of the dataset at `path`.

    Those inside a single file have the columns about samples and sources, no others. See
    `sidecars.read_rows` for `distinct`.
    """
    own = own_record_of(path)
    if own:
        yield from own.rows(path)
        return
    file = sidecars.sidecar_path(path, sidecars.MANIFEST)
    if file.is_file():
        yield from sidecars.read_rows(file, distinct=distinct)


def read_digests(path: Path) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Yield ids and checksums of the manifest of the dataset at `path`, many at once.

    The same as `read_rows` has, in a fraction of its time; '' where none is recorded.
    """
    own = own_record_of(path)
    if own:
        yield from own.digests(path)
        return
    file = sidecars.sidecar_path(path, sidecars.MANIFEST)
    if not file.is_file():
        return
    hashes = array("q")
    for header, rows in sidecars.row_blocks(file):
        place = header.index("id")
        ids = [cells[place] for cells in rows]
        hashes.extend(map(hash, ids))
        recorded = header.index("sha256") if "sha256" in header else None
        yield ids, [""] * len(ids) if recorded is None else [cells[recorded] for cells in rows]
    sidecars.refuse_repeated_ids(file, hashes)


def read_problems(path: Path) -> Iterator[Problem]:
    """Yield the problems that ``problems.csv`` lists for the dataset at `path`."""
    file = sidecars.sidecar_path(path, sidecars.PROBLEMS)
    if file.is_file():
        with file.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                yield Problem(row["path"], row["where"], row["kind"], row["message"])


def own_record_of(path: Path) -> OwnRecord | None:
    """Access to what a single file without sidecars records inside; None if it has sidecars."""
    return own_record(path) if path.is_file() else None
