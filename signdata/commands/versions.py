"""Commands about the versions of a dataset: what changed, and whether it can be made again."""

from __future__ import annotations

import filecmp
import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Unpack

from signdata import calls, sidecars
from signdata.errors import FormatError, UsageError
from signdata.filesystem import output_path
from signdata.formats.registry import FORMATS
from signdata.inspection import change_report, changes
from signdata.options import (
    SKIP,
    OutputKeywords,
    OutputOptions,
    PathLike,
    StoreKeywords,
    StoreOptions,
    command,
)
from signdata.output import existing
from signdata.output.overlap import refuse_overlap
from signdata.plurals import counted
from signdata.results import NOTE, Problem, Result
from signdata.sidecars import refuse_partial
from signdata.version import __version__

_MODULES = {
    "csv-to-folders": "conversion",
    "folders-to-csv": "conversion",
    "convert": "conversion",
    "extract-frames": "videos",
    "trim": "videos",
    "split": "splits",
    "augment": "augmentation",
    "audit": "quality",
}
"""The commands that write datasets with a manifest, and where they are."""


class ReplayKeywords(StoreKeywords, OutputKeywords, total=False):
    pass


@command(StoreOptions, manifests=("a", "b"))
def diff(a: PathLike, b: PathLike, **_shared: Unpack[StoreKeywords]) -> Result:
    """Tell what changed between two versions of a dataset, from their manifests alone.

    Samples are paired by id, those left over by their checksum. No picture is read, and memory
    does not grow with the datasets.

    Parameters
    ----------
    a, b : path
        The old and the new dataset as signdata wrote them, or a ``manifest.csv`` that was kept.

    Returns
    -------
    Result
        `exit_code` 0 when nothing changed, 4 when something did; the differences are its
        problems, and ``details["changes"]`` counts them.
    """
    return change_report.result(changes.between(Path(a), Path(b)), Path(b))


@command(OutputOptions, StoreOptions, manifests=("src",))
def replay(
    src: PathLike,
    out: PathLike,
    *,
    sources: Mapping[str, PathLike] | None = None,
    **shared: Unpack[ReplayKeywords],
) -> Result:
    """Make a dataset again by the command that it records, and compare the two.

    Parameters
    ----------
    src : path
        A dataset that signdata wrote.
    out : path
        Where it is made again.
    sources : mapping of str to path
        Where each source is that the record names: the file name of a source, the keyword of any
        other file. Their checksums must be those recorded.

    Returns
    -------
    Result
        `exit_code` 4 when the two differ; the differences are its problems.
    """
    how = OutputOptions.taken_from(shared)
    old, target = Path(src), output_path(out)
    name, document = _record_of(old)
    function: Callable[..., Result] = getattr(
        import_module(f"signdata.commands.{_MODULES[name]}"), name.replace("-", "_")
    )
    calls.check_recorded(inspect.signature(function), document["keywords"], old)
    places = {key: Path(path) for key, path in (sources or {}).items()}
    calls.check_places(calls.places_in(document["keywords"]), places)
    refuse_overlap([old], target)
    _refuse_another_kind(old, target)
    with calls.expecting(document["sources"]):
        made = _called(function, document, target, places, vars(how))
    found = changes.Changes() if how.dry_run else changes.between(old, target)
    return _compared(made, found, old, document, dry_run=how.dry_run)


def _record_of(path: Path) -> tuple[str, dict[str, Any]]:
    """The command that made a dataset, and all that it recorded."""
    refuse_partial(path)
    document = existing.read_document(path)
    command = str((document or {}).get("command", ""))
    if document is None or command not in _MODULES:
        raise FormatError(
            f"made by {command or 'something else'}; expected what one of these wrote: "
            f"{', '.join(_MODULES)}",
            path=path,
        )
    sources = document.get("sources")
    are_listed = isinstance(sources, list) and all(isinstance(one, dict) for one in sources)
    if not (isinstance(document.get("keywords"), dict) and are_listed):
        raise FormatError(
            "does not record how its command was called; it is of an earlier edition",
            path=path,
            remedy="Make it again once by hand.",
        )
    return command, document


def _refuse_another_kind(old: Path, target: Path) -> None:
    """Refuse a name that would make another format of the copy."""
    suffix = target.suffix.lower()
    if old.is_file() and suffix != old.suffix.lower():
        raise UsageError(f"expected a name that ends in {old.suffix}, as {old} does", path=target)
    if old.is_dir() and any(one.names(target) for one in FORMATS.values()):
        raise UsageError(f"expected the name of a folder, as {old} is one", path=target)


def _called(
    function: Callable[..., Result],
    document: Mapping[str, Any],
    target: Path,
    places: Mapping[str, Path],
    how: Mapping[str, Any],
) -> Result:
    """Call a command as it was called, with other places."""
    parameters = inspect.signature(function).parameters
    keywords = {
        name: calls.with_places(value, places) for name, value in document["keywords"].items()
    }
    if "on_error" in parameters:
        keywords["on_error"] = SKIP  # what could not be read then may be missing again
    keywords["out" if "out" in parameters else "fix"] = target
    others = keywords.pop("others", ())
    first = keywords.pop(next(iter(parameters)))
    return function(first, *others, **{**keywords, **how})


def _compared(
    made: Result,
    found: changes.Changes,
    old: Path,
    document: Mapping[str, Any],
    *,
    dry_run: bool,
) -> Result:
    """The result of `replay`: the counts of the run, and what differs."""
    differs = bool(found.n.total())
    result = Result("replay", made.output, made.read, made.written, made.skipped, made.failed)
    result.shows_counts = False
    result.rejected = differs
    edition = document.get("signdata")
    if edition != __version__:
        text = f"made by signdata {edition}; this is {__version__}"
        result.problems.append(Problem(str(old), "", NOTE, text))
    result.extend([*found.problems, *made.problems])
    result.details = {"replayed": document["command"]}
    if dry_run:
        result.details["dry_run"] = True
        n_samples = counted(made.written, "sample")
        result.summary = f"{n_samples} would be made again by {document['command']}"
        return result
    identical = _is_identical(old, Path(made.output))
    if not (identical or differs):
        text = "its manifest differs in other columns, or the file in other bytes"
        result.problems.append(Problem(made.output, "", NOTE, text))
    result.details |= {
        "same": not differs,
        "identical": identical,
        **change_report.details(found),
    }
    result.summary = f"{document['command']} again: {change_report.text(found)}"
    return result


def _is_identical(old: Path, new: Path) -> bool:
    """Whether two manifests, or two files that have theirs inside, are the same bytes."""
    if not existing.own_record_of(old):
        old, new = (sidecars.sidecar_path(path, sidecars.MANIFEST) for path in (old, new))
    return filecmp.cmp(old, new, shallow=False)
