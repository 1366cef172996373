"""Checks that a command does not overwrite what it reads."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from signdata import sidecars
from signdata.errors import OutputExistsError, UsageError
from signdata.formats.file_suffixes import file_suffix


def refuse_overlap(reads: Iterable[Path], output: Path) -> None:
    """Raise `UsageError` if an output is, holds or lies inside something that is read.

    Links, ``..`` and folders mounted at two paths are resolved. Every command checks each of
    its outputs against everything that it reads: datasets, the videos of an index, recipes, box
    tables, label and weight files. A link inside a folder that is read must not lead into an
    existing output either: the files behind it would be replaced.
    """
    named = Path(os.path.abspath(output))  # "." has no name of its own
    beside = {
        sidecars.file_sidecar_path(named, name).resolve()
        for name in sidecars.SIDECARS
        if named.name
    }
    target, above_target = output.resolve(), _folders_above(output)
    for source in reads:
        place = source.resolve()
        if place == target or place in beside:
            what = "is"
        elif place in target.parents or _identity(place) in above_target:
            what = "lies inside"
        elif target in place.parents or _identity(target) in _folders_above(source):
            what = "holds"
        elif link := _link_into(place, target):
            what = f"holds what {link} leads to, which is in"
        else:
            continue
        raise UsageError(
            f"{what} its source {source}",
            path=output,
            remedy="Choose an output outside the source.",
        )


def _link_into(source: Path, target: Path) -> str:
    """The first symbolic link below a folder that leads into `target`, or ''."""
    if not (target.exists() and source.is_dir()):
        return ""
    for folder, folders, files in os.walk(source):
        for name in (*folders, *files):
            link = os.path.join(folder, name)
            if os.path.islink(link):
                end = Path(os.path.realpath(link))
                if end == target or target in end.parents:
                    return link
    return ""


def refuse_replacing(
    path: Path, start: bytes, kind: str, *, overwrite: bool = True, called: str = ""
) -> None:
    """Raise an error unless an option may write its file to `path`.

    Parameters
    ----------
    path : Path
        The file to write.
    start : bytes
        First bytes of files of this kind: only such a file, or an empty one, may be replaced.
    kind : str
        Name of the kind, for messages.
    overwrite : bool
        Whether replacing was asked for.
    called : str
        What such a file is called, if not every file of the kind may be replaced.

    Raises
    ------
    UsageError
        If its name tells of another kind.
    OutputExistsError
        If something else is there, or it may not be replaced.
    """
    if os.path.lexists(path):
        _refuse_other(path, start, called or f"{kind} file", overwrite=overwrite)
    suffix = file_suffix(path)
    if suffix not in ("", f".{kind.lower()}"):
        raise UsageError(
            f"named like a {suffix} file; expected a name that ends in .{kind.lower()}", path=path
        )


def _refuse_other(path: Path, start: bytes, called: str, *, overwrite: bool) -> None:
    if not path.is_file():
        raise OutputExistsError(
            "exists and is not a file", path=path, remedy="Choose another name."
        )
    with path.open("rb") as file:
        found = file.read(len(start))
    if found not in (b"", start):
        raise OutputExistsError(
            f"exists and is not a {called}",
            path=path,
            remedy="Choose another name, or remove it yourself.",
        )
    if not overwrite:
        raise OutputExistsError("exists", path=path, remedy="Replace it with --overwrite.")


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of a folder, the same at every path to it; None if it does not exist."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISDIR(found.st_mode) else None


def _folders_above(path: Path) -> set[tuple[int, int] | None]:
    """The identities of a folder and of its parents, as far as they exist."""
    place = path.resolve()
    return {_identity(folder) for folder in (place, *place.parents)} - {None}
