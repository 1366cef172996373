"""A file of corrections: what a person who looked at a dataset decided about its samples.

A CSV with the columns `COLUMNS`, one row a sample. It is kept apart from the data, so that the
data stay as they were found; see `signdata.formats.corrected` for what reading makes of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from signdata.errors import DatasetError, FormatError, MissingError
from signdata.filesystem import replace_file, writing
from signdata.formats.text_tables import delimiter_of, lines_of, rows_of
from signdata.sidecars import csv_text

COLUMNS = ("id", "was", "action", "label", "group", "note")
"""The columns of the file; only `id` and `action` have to be there."""

EXCLUDE, RELABEL, GROUP, KEEP = "exclude", "relabel", "group", "keep"
ACTIONS = (EXCLUDE, RELABEL, GROUP, KEEP)
"""Leave a sample out; give it another label; say what it must not be parted from; it is fine."""


@dataclass(frozen=True)
class Correction:
    """What is to be done with one sample.

    Attributes
    ----------
    id : str
        The sample, as its manifest and `audit` name it.
    was : str
        The label that it had when it was looked at; '' is not compared.
    action : {'exclude', 'relabel', 'group', 'keep'}
        What is done. `keep` changes nothing: it says that what was found there is fine.
    label : str
        The new label; of `relabel` alone.
    group : str
        The new group, which stays in one split; of `group`, and of `relabel` if it is to change.
    note : str
        Why; for people.
    where : str
        Its place in the file, for errors.

    Raises
    ------
    DatasetError
        If there is no such action, or it lacks what it needs or has what it does not.
    """

    id: str
    was: str
    action: str
    label: str = ""
    group: str = ""
    note: str = ""
    where: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.id:
            raise DatasetError("an empty id; expected the id of a sample")
        if self.action not in ACTIONS:
            raise DatasetError(f"action {self.action!r}; expected one of {', '.join(ACTIONS)}")
        if (self.action == RELABEL) != bool(self.label):
            expected = "a label" if self.action == RELABEL else "no label"
            raise DatasetError(f"{self.action} with label {self.label!r}; expected {expected}")
        if self.action == GROUP and not self.group:
            raise DatasetError("group without a group; expected what it must not be parted from")
        if self.action in (EXCLUDE, KEEP) and self.group:
            raise DatasetError(f"{self.action} with group {self.group!r}; expected no group")


def read_corrections(path: Path) -> dict[str, Correction]:
    """The rows of a file of corrections by the ids of their samples, in the file's order.

    Raises
    ------
    MissingError
        If it is not there.
    FormatError
        If it is not such a table, has an unknown column or action, or names a sample twice.
    """
    if not path.is_file():
        raise MissingError("not there; expected a file of corrections", path=path)
    try:
        return _read(path)
    except OSError as err:
        raise FormatError(f"cannot be read ({err.strerror or err})", path=path) from err


def _read(path: Path) -> dict[str, Correction]:
    found: dict[str, Correction] = {}
    _check_header(path)
    for where, row in rows_of(path, delimiter_of(path)):
        cells = {name: row.get(name, "") for name in COLUMNS}
        try:
            one = Correction(**cells, where=where)
        except DatasetError as err:
            raise FormatError(err.what, path=path, where=where) from err
        if one.id in found:
            raise FormatError(
                f"id {one.id!r} appears twice; expected one row a sample, found the first in "
                f"{found[one.id].where}",
                path=path,
                where=where,
            )
        found[one.id] = one
    return found


def _check_header(path: Path) -> None:
    """Raise `FormatError` unless all columns are known, and those are there that must be."""
    lines = lines_of(path, delimiter_of(path))
    header = [name.strip() for name in next(lines, ("", []))[1]]
    unknown = [name for name in header if name not in COLUMNS]
    missing = [name for name in ("id", "action") if name not in header]
    if unknown or missing:
        fault = f"column {unknown[0]!r}" if unknown else f"no column {missing[0]!r}"
        raise FormatError(f"{fault}; expected {','.join(COLUMNS)}", path=path, where="line 1")


def write_corrections(path: Path, rows: Iterable[Correction]) -> None:
    """Write a file of corrections in place of what is there: all of it, or nothing of it.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    table = [COLUMNS, *([asdict(row)[name] for name in COLUMNS] for row in rows)]
    with writing(path):
        replace_file(path, csv_text(table).encode("utf-8", "backslashreplace"))
