"""The command that describes a dataset for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

from signdata.errors import UsageError, one_line
from signdata.filesystem import in_folder, output_path, replace_file, writing
from signdata.formats.open import open_source
from signdata.formats.reader import OpenOptions
from signdata.inspection.croissant import START, About, document, dumped
from signdata.options import (
    PathLike,
    ReadOptions,
    StoreKeywords,
    StoreOptions,
    command,
    named_split,
    paths,
)
from signdata.output.overlap import refuse_overlap, refuse_replacing
from signdata.plurals import counted
from signdata.results import Result


@command(StoreOptions)
def croissant(
    src: PathLike | Sequence[PathLike],
    *,
    out: PathLike | None = None,
    name: str | None = None,
    description: str | None = None,
    license: str | None = None,
    cite: str | None = None,
    date: str | None = None,
    dataset_version: str | None = None,
    creators: Sequence[str] = (),
    url: str | None = None,
    from_format: str | None = None,
    overwrite: bool = False,
    **_shared: Unpack[StoreKeywords],
) -> Result:
    """Describe a dataset as Croissant does, so that loaders read it record by record.

    Parameters
    ----------
    src : path or sequence of paths
        The dataset.
    out : path, optional
        The file to write. In a folder above the dataset its paths lead there; anywhere else, and
        where nothing is written, they hold in the dataset's own folder.
    name : str, optional
        What it is called; by default as its folder.
    description : str, optional
        What it is, in a sentence; by default what there is to count.
    license, cite, date, dataset_version, url : str, optional
        Licence, citation, day of publication, version and page; left out where not given.
    creators : sequence of str
        Who made it.
    from_format : str, optional
        Format of `src`; recognised by default.
    overwrite : bool
        Whether another Croissant file may be replaced.

    Returns
    -------
    Result
        `details["croissant"]` is the document.

    Raises
    ------
    UsageError
        If its format cannot be described.
    """
    about = About(name, description, license, cite, date, dataset_version, url, tuple(creators))
    sources = paths(src)
    reader = open_source(sources, OpenOptions(ReadOptions(from_format=from_format)))
    root = _folder_of(sources)
    target = None if out is None else output_path(out)
    if target is not None:
        refuse_overlap(reader.inputs, target)
    base = _base(root, target)
    made = document(reader, root, base or "", about)
    result = Result("croissant", "" if target is None else str(target), shows_counts=False)
    result.read = reader.info.n_samples or 0
    result.extend(reader.info.notes)
    if base is None:
        result.note("", f"its paths hold in {root}: loaders look for files below it, put it there")
    result.details["croissant"] = made
    if target is None:
        result.summary = dumped(made).decode().rstrip("\n")
    else:
        _write(dumped(made), target, result, overwrite=overwrite)
    return result


def _write(data: bytes, target: Path, result: Result, *, overwrite: bool) -> None:
    """Write the document, unless it is there already."""
    shown = one_line(str(target))
    if target.is_file() and target.read_bytes() == data:
        result.details["already_done"] = True
        result.summary = f"{shown} is complete already: nothing to do"
        return
    refuse_replacing(target, START, "JSON", overwrite=overwrite, called="Croissant file")
    with writing(target), in_folder(target.parent):
        replace_file(target, data)
    result.summary = f"{shown}: {len(data):,} bytes, {counted(result.read, 'sample')}"


def _folder_of(sources: Sequence[Path]) -> Path:
    """The folder that the files of a dataset are in."""
    named = [Path(named_split(path)[1]) for path in sources]
    folders = {path if path.is_dir() else path.parent for path in named}
    if len(folders) > 1:
        raise UsageError(
            "files in several folders; expected one", path=named[-1], remedy="Put them together."
        )
    return folders.pop()


def _base(root: Path, target: Path | None) -> str | None:
    """What URLs below `root` start with, seen from `target`; None if it is not above `root`."""
    if target is None:
        return ""
    folder, place = target.parent.resolve(), root.resolve()
    if not place.is_relative_to(folder):
        return None
    return f"{place.relative_to(folder).as_posix()}/"
