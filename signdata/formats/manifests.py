"""The manifest of any dataset as a pandas DataFrame."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from signdata import sidecars
from signdata.filesystem import path_below
from signdata.formats.open import open_dataset
from signdata.formats.registry import own_record
from signdata.samples import Sample
from signdata.sidecars import Row

if TYPE_CHECKING:
    import pandas as pd


def manifest(path: str | Path) -> pd.DataFrame:
    """List the samples of a dataset: one row a sample, every cell text.

    Parameters
    ----------
    path : str or Path
        A dataset of any format. One that was written by signdata has its manifest next to it or
        inside; of any other the manifest is made up as it would be written.

    Returns
    -------
    pandas.DataFrame
        The columns ``id``, ``path``, ``label``, ``split``, ``group`` and ``source`` come first,
        then all others. Ids keep their zeros: ``000017``. What is not known is ''.

    Raises
    ------
    MissingError, FormatError, UsageError
        If it is not there, is not a dataset or is damaged.
    """
    import pandas as pd

    rows = list(_rows(Path(path)))
    return pd.DataFrame(rows, columns=sidecars.columns_of(rows), dtype=str).fillna("")


def _rows(path: Path) -> Iterator[Row]:
    file = sidecars.sidecar_path(path, sidecars.MANIFEST)
    if file.is_file():
        rows = list(sidecars.read_rows(file))
        if rows and sidecars.SHARD_KEY in rows[0]:  # listed by shards; read in the source's order
            rows.sort(key=lambda row: row[sidecars.SHARD_KEY])
        yield from rows
        return
    own = own_record(path) if path.is_file() else None
    root = path if path.is_dir() else path.parent
    recorded = {row["id"]: row for row in own.rows(path) if "id" in row} if own else {}
    with open_dataset(path) as reader:
        for sample in reader:
            yield {**_row(sample, root), **recorded.get(sample.id, {})}


def _row(sample: Sample, root: Path) -> Row:
    files = sample.pixels.files
    place = ""
    if files:
        file = Path(files[0])
        place = path_below(file.parent if sample.kind == "clip" else file, root)
    return {
        "id": sample.id,
        "path": place,
        "label": sample.label,
        "split": sample.split,
        "group": sample.group,
        "source": sample.source,
        **sample.meta,
    }
