"""The samples of a dataset as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from signdata.columns import ColumnMaker
from signdata.errors import UsageError
from signdata.filesystem import path_below
from signdata.formats.reader import Reader
from signdata.formats.sample_columns import SampleColumns


@dataclass(frozen=True)
class SampleTable:
    """All readable samples, one entry each; there may be millions.

    Attributes
    ----------
    paths : sequence of str
        Of each sample, below the dataset; () where nobody asks for them.
    """

    ids: Sequence[str]
    labels: Sequence[str]
    splits: Sequence[str]
    names: Sequence[str]
    paths: Sequence[str]
    groups: Sequence[str]
    columns: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, reader: Reader, root: Path, *, with_paths: bool) -> SampleTable:
        """The samples of a dataset at `root`."""
        below = root if root.is_dir() else None
        ids, labels, splits = ColumnMaker(), ColumnMaker(), ColumnMaker()
        names, paths, groups = ColumnMaker(), ColumnMaker(), ColumnMaker()
        columns = {name: ColumnMaker() for name in reader.info.columns}
        same = True
        for part in map(SampleColumns.readable, reader.columns()):
            ids.extend(part.ids)
            labels.extend(part.labels)
            splits.extend(part.splits)
            names.extend(part.names)
            if with_paths:
                paths.extend(_paths(part, below))
            groups.extend(part.groups)
            same &= part.names == part.ids
            for name, values in columns.items():
                values.extend(part.meta.get(name) or [""] * len(part))
        return cls(
            ids.column,
            labels.column,
            splits.column,
            ids.column if same else names.column,  # one column in memory instead of two
            paths.column,
            groups.column,
            {name: made.column for name, made in columns.items()},
        )

    def __len__(self) -> int:
        return len(self.ids)

    def column(self, name: str, option: str) -> Sequence[str]:
        """Values of a manifest column; raise `UsageError` if it does not exist or is empty."""
        own = {"label": self.labels, "split": self.splits, "group": self.groups, "id": self.ids}
        values = own.get(name) or self.columns.get(name)
        if values is None:
            known = ", ".join(sorted({"label", "group", *self.columns}))
            raise UsageError(f"{option} {name!r}: no such column; expected one of {known}")
        if not any(values):
            raise UsageError(f"{option} {name!r}: that column is empty")
        return values


def _paths(part: SampleColumns, root: Path | None) -> list[str]:
    """The path of each sample below the dataset, where it is a folder; else where it came from."""
    files = part.files or [""] * len(part)
    return [
        path_below(file, root) if file and root is not None else source or sample_id
        for file, source, sample_id in zip(files, part.sources, part.ids, strict=True)
    ]
