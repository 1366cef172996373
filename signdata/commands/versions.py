"""Commands about the versions of a dataset."""

from __future__ import annotations

from pathlib import Path

from signdata.inspection import change_report, changes
from signdata.options import PathLike, command
from signdata.results import Result


@command()
def diff(a: PathLike, b: PathLike) -> Result:
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
