"""The samples of a dataset as columns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from signdata.errors import UsageError
from signdata.filesystem import path_below
from signdata.formats.reader import Reader
from signdata.samples import Broken, Sample


@dataclass(frozen=True)
class SampleTable:
    """All readable samples, one entry each."""

    ids: list[str]
    labels: list[str]
    splits: list[str]
    names: list[str]
    paths: list[str]
    groups: list[str]
    columns: dict[str, list[str]]

    @classmethod
    def of(cls, reader: Reader, root: Path) -> SampleTable:
        columns: dict[str, list[str]] = {name: [] for name in reader.info.columns}
        found = cls([], [], [], [], [], [], columns)
        for sample in reader:
            if isinstance(sample.pixels, Broken):
                continue
            found.ids.append(sample.id)
            found.labels.append(sample.label)
            found.splits.append(sample.split)
            found.names.append(sample.name)
            found.paths.append(_path(sample, root))
            found.groups.append(sample.group)
            for name, values in columns.items():
                values.append(sample.meta.get(name, ""))
        return found

    def __len__(self) -> int:
        return len(self.ids)

    def column(self, name: str, option: str) -> list[str]:
        """Values of a manifest column; raise `UsageError` if it does not exist or is empty."""
        own = {"label": self.labels, "split": self.splits, "group": self.groups, "id": self.ids}
        values = own.get(name) or self.columns.get(name)
        if values is None:
            known = ", ".join(sorted({"label", "group", *self.columns}))
            raise UsageError(f"{option} {name!r}: no such column; expected one of {known}")
        if not any(values):
            raise UsageError(f"{option} {name!r}: that column is empty")
        return values


def _path(sample: Sample, root: Path) -> str:
    files = sample.pixels.files
    if files and root.is_dir():
        return path_below(files[0], root)
    return sample.source or sample.id
