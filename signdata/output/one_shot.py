"""Outputs made in one go, without a journal: whole or absent, and made again after a kill."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from signdata import sidecars
from signdata.errors import OutputError, SigndataError
from signdata.filesystem import remove, write_file, writing
from signdata.output.existing import COMPLETE
from signdata.output.output import Output
from signdata.version import __version__


def make(
    out: Path,
    *,
    command: str,
    options: dict[str, Any],
    seed: int,
    sources: tuple[Any, ...],
    overwrite: bool,
    build: Callable[[Path], dict[str, Any]],
    resumes: bool = False,
) -> tuple[dict[str, Any], bool]:
    """Have `build` fill a directory, and give it its name when it is done.

    Parameters
    ----------
    out : Path
        The directory.
    command, options, seed, sources
        What tells whether two runs are the same.
    overwrite : bool
        Whether something else under the name may be replaced.
    build : callable
        Fills the empty directory that it is given; returns further keys for ``signdata.json``.
    resumes : bool
        Whether `build` goes on from what it left when it was broken off; it then gets the
        directory as it was.

    Returns
    -------
    document : dict
        What ``signdata.json`` holds.
    already_done : bool
        Whether it was complete before.
    """
    record = {
        "signdata": __version__,
        "command": command,
        "options": options,
        "seed": seed,
        "sources": [dict(source) for source in sources],
    }
    output = Output(out, directory=True, record=record, overwrite=overwrite)
    if output.open() == COMPLETE:
        return output.document, True
    try:
        if not resumes:
            remove(output.tree)
        with writing(out):
            output.tree.mkdir(exist_ok=True)
            document = {**record, **build(output.tree)}
            write_file(output.tree / sidecars.DOCUMENT, sidecars.dump_document(document))
        output.commit()
    except OutputError:
        output.release()
        raise
    except SigndataError:
        if resumes and any(output.tree.iterdir()):
            output.release()
        else:
            output.abandon()
        raise
    except BaseException:
        output.release()
        raise
    return document, False
