"""Outputs built in one step, without a journal: complete or absent; a killed run starts over."""

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
    """Let `build` fill a directory, and move it to its final path when it is done.

    Parameters
    ----------
    out : Path
        The directory.
    command, options, seed, sources
        What must be equal for two runs to be the same.
    overwrite : bool
        Whether another output at this path may be replaced.
    build : callable
        Fills the empty directory that it is given; returns further keys for ``signdata.json``.
    resumes : bool
        Whether `build` can resume after an interruption; it then gets the directory as it
        left it.

    Returns
    -------
    document : dict
        The content of ``signdata.json``.
    already_done : bool
        Whether the output was already complete.
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
