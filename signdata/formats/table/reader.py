"""Tables of picture files: a column of paths, a column of labels.

::

    file_name,label,signer             metadata.csv, next to the pictures or above them
    a/001.jpg,A,7

Paths are relative to the table, or to a directory that is named. Without a column of paths,
``id`` has the names of files without their suffix. Columns of 0 and 1 are one-hot labels.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from signdata import sidecars
from signdata.errors import (
    AbsentError,
    DatasetError,
    FormatError,
    LabelError,
    SigndataError,
    UnsafeNameError,
)
from signdata.formats.batches import Batch, list_batches
from signdata.formats.reader import DatasetInfo, OpenOptions, PictureSummary, Reader, splits_of
from signdata.formats.sample_columns import SampleColumns
from signdata.formats.table.files import tables_in
from signdata.formats.table.rows import Table, read_table
from signdata.formats.table_columns import Roles, class_of, roles_of
from signdata.formats.trees import masks, pictures
from signdata.formats.trees.layout import split_word
from signdata.formats.trees.manifest_join import unique_ids
from signdata.formats.trees.packed_samples import PackedSamples, PictureBatch
from signdata.formats.trees.picture_files import PictureFiles
from signdata.labels import LabelSpace
from signdata.media.image.kinds import is_picture, unsupported
from signdata.results import NOTE, Problem
from signdata.safe_names import is_fault
from signdata.samples import SPLITS, Broken, Pixels, Sample
from signdata.sidecars import Row


def _clips_of(path: Path, options: OpenOptions) -> Reader | None:
    """The reader of a table of clips; None where it lists pictures."""
    from signdata.formats.clip_tables import source

    known = source.open_known(path, options)
    if known is not None:
        return known
    tables = tables_in(path) if path.is_dir() else [("", path)]
    return source.open_clips(path, [(split, read_table(one)) for split, one in tables], options)


NO_META = frozenset({*sidecars.COLUMNS, sidecars.STORED_AS, *sidecars.OWN_COLUMNS})
"""Columns that a sample has a field for, or that describe one stored copy."""


@dataclass(frozen=True)
class TableOptions:
    """How a table is read.

    Attributes
    ----------
    root : Path or None
        What its paths are relative to; the table's own directory by default.
    path_column, label_column : str or None
        Which columns have them; found by their names by default.
    """

    root: Path | None = None
    path_column: str | None = None
    label_column: str | None = None


class TableReader(Reader):
    """Reads tables of picture files."""

    name = "table"

    @classmethod
    def open(cls, paths: list[Path], options: OpenOptions) -> Reader:
        clips = _clips_of(paths[0], options)
        if clips is not None:
            return clips
        read = options.read
        root = None if read.root is None else Path(read.root)
        reader = cls(paths[0], TableOptions(root, read.path_column, read.label_column))
        reader.inputs = (paths[0],) if paths[0].is_dir() else reader._read_files(root)
        return reader

    def __init__(self, path: Path, options: TableOptions = TableOptions()) -> None:
        self._path = path
        tables = tables_in(path) if path.is_dir() else [("", path)]
        if not tables:
            raise FormatError("no table in it; expected metadata.csv next to pictures", path=path)
        self._parts = [_Part.of(split, read_table(table), options) for split, table in tables]
        self._notes = [note for part in self._parts for note in part.notes]
        root = path if path.is_dir() else path.parent
        self._samples, self._masks, notes = masks.as_seen(
            PackedSamples.of(self._all_samples()), root
        )
        self._notes.extend(notes)

    def _read_files(self, root: Path | None) -> tuple[Path, ...]:
        """The table, and what of a directory its paths lead into; all of one that was named."""
        [part] = self._parts
        if root is not None:
            return (part.table.path, root)
        first = {part.written(row).partition("/")[0] for _, row in part.table.rows}
        inside = (part.root / name for name in sorted(first) if name not in ("", ".", ".."))
        return (part.table.path, *inside)

    def _all_samples(self) -> list[Sample]:
        rows = [(part, where, row) for part in self._parts for where, row in part.table.rows]
        stored = [row.get("id", "").strip() for _, _, row in rows]
        keep = all(stored) and len(set(stored)) == len(stored)
        below = [part.below(row) for part, _, row in rows]
        if not keep:
            self._refuse_twice(rows, below)
        ids = unique_ids(below)
        samples = [
            part.sample(where, row, stored[i] if keep else ids[below[i]])
            for i, (part, where, row) in enumerate(rows)
        ]
        first = samples[0].pixels
        if isinstance(first, Broken) and all(isinstance(one.pixels, Broken) for one in samples):
            lost = isinstance(first.error, AbsentError | UnsafeNameError)
            remedy = "Say what the paths are relative to with --root DIR."
            raise FormatError(
                f"none of its {len(samples):,} pictures can be read; the first: {first.error.what}",
                path=self._parts[0].table.path,
                where=f"{rows[0][1]}, {rows[0][2].get(self._parts[0].roles.path, '')}",
                remedy=remedy if lost else first.error.remedy,
            )
        return samples

    @staticmethod
    def _refuse_twice(rows: list[tuple[_Part, str, Row]], below: list[str]) -> None:
        seen: set[str] = set()
        for (part, where, _), path in zip(rows, below, strict=True):
            if path in seen:
                raise FormatError(
                    f"{path!r} appears twice; expected each picture once",
                    path=part.table.path,
                    where=where,
                )
            seen.add(path)

    @cached_property
    def info(self) -> DatasetInfo:
        columns: dict[str, None] = {}
        for part in self._parts:
            columns.update(dict.fromkeys(part.meta_columns))
        folder = self._path if self._path.is_dir() else None
        classes = folder / sidecars.CLASSES if folder else None
        declared = sidecars.read_classes(classes) if classes and classes.is_file() else ()
        document = sidecars.read_document(folder) if folder else None
        return DatasetInfo(
            self.name,
            "still",
            LabelSpace(declared or self._one_hot),
            len(self._samples),
            tuple(sorted({sample.label for sample in self._samples if sample.label})),
            tuple(columns),
            {**sidecars.origin_of(document), **self._masks},
            tuple(self._notes),
            tuple(part.source for part in self._parts),
            splits_of(self._samples),
        )

    @property
    def _one_hot(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for part in self._parts for name in part.roles.one_hot))

    def batches(self) -> Iterator[Batch]:
        return list_batches(self._samples, kind=PictureBatch)

    def columns(self) -> Iterator[SampleColumns]:
        return self._samples.columns()

    def picture_summary(self, split: str | None = None) -> PictureSummary:
        return pictures.summary_of_files(self._samples.files(split))

    def locate(self, error: DatasetError) -> tuple[str, str]:
        table = self._parts[0].table.path
        if isinstance(error, UnsafeNameError):
            for sample in self._samples:
                for name, what in ((sample.label, "class name"), (sample.name, "name")):
                    if is_fault(error, name, what):
                        return str(table), f"sample {sample.id}"
        return str(table), ""


@dataclass(frozen=True)
class _Part:
    """One table, and how its rows become samples."""

    split: str
    table: Table
    roles: Roles
    root: Path
    by_stem: dict[str, list[str]]
    notes: tuple[Problem, ...]
    splits: dict[str, str]

    @classmethod
    def of(cls, split: str, table: Table, options: TableOptions) -> _Part:
        first = table.rows[0][1]
        rows = (row for _, row in table.rows)
        roles = roles_of(table.columns, rows, table.path, options.path_column, options.label_column)
        if roles is None:
            raise FormatError(
                f"no table of files; expected a column of paths and one of labels, "
                f"found {', '.join(table.columns)[:80]}",
                path=table.path,
                where="line 1",
                remedy="Say which with --path-column NAME --label-column NAME.",
            )
        splits, notes = _splits(table)
        root = options.root or table.path.parent
        if options.root is None and not roles.is_id:
            inside = _folder_of(first.get(roles.path, "").strip(), root)
            if inside is not None:
                message = f"its paths are relative to {inside.name}/"
                notes = (*notes, Problem(table.path.name, "", NOTE, message))
                root = inside
        by_stem = _by_stem(root) if roles.is_id else {}
        return cls(split, table, roles, root, by_stem, notes, splits)

    @property
    def meta_columns(self) -> list[str]:
        """Columns that are kept as they are."""
        used = {self.roles.path, self.roles.label, *self.roles.one_hot, *NO_META}
        return [name for name in self.table.columns if name not in used]

    @property
    def source(self) -> dict[str, Any]:
        """What identifies the table."""
        digest = hashlib.sha256(self.table.path.read_bytes()).hexdigest()
        name = self.table.path.name
        return {"name": f"{self.split}/{name}" if self.split else name, "sha256": digest}

    def written(self, row: Row) -> str:
        """The path of a row with its suffix, relative to the root, as written."""
        cell = row.get(self.roles.path, "").strip()
        if self.roles.is_id:
            found = self.by_stem.get(cell, [])
            return found[0] if len(found) == 1 else cell
        if "\\" in cell and not os.path.exists(self.root / cell):
            cell = cell.replace("\\", "/")
        if os.path.isabs(cell) and Path(cell).is_relative_to(self.root.absolute()):
            cell = Path(cell).relative_to(self.root.absolute()).as_posix()
        return PurePosixPath(cell).as_posix() if cell else ""

    def below(self, row: Row) -> str:
        """The path of a row below the dataset's root: what its id is made of."""
        written = self.written(row)
        return f"{self.split}/{written}" if self.split else written

    def sample(self, where: str, row: Row, sample_id: str) -> Sample:
        """The sample of a row; one whose pixels say why, where it cannot be read."""
        label = ""
        pixels: Pixels
        try:
            label = self._label(where, row)
            pixels = self._pixels(where, row)
        except SigndataError as err:
            pixels = Broken(err)
        named = self.splits.get(row.get("split", ""), "")
        return Sample(
            id=sample_id,
            label=label,
            pixels=pixels,
            split=named or self.split,
            group=row.get("group", "") or row.get("signer", ""),
            source=row.get("source", "") or self.below(row),
            meta={name: row.get(name, "") for name in self.meta_columns},
            stored_as=row.get(sidecars.STORED_AS, ""),
        )

    def _label(self, where: str, row: Row) -> str:
        roles = self.roles
        if roles.label:
            label = row.get(roles.label, "").strip()
            if label:
                return label
            what, column = "an empty label", f", column {roles.label}"
        else:
            chosen = class_of(row, roles.one_hot)
            if chosen is not None:
                return chosen
            what, column = f"{_classes_in(row, roles.one_hot)}; expected a single 1 among 0s", ""
        raise LabelError(what, path=self.table.path, where=where + column)

    def _pixels(self, where: str, row: Row) -> Pixels:
        written = self.written(row)
        place = f"{where}, column {self.roles.path}"
        several = self.by_stem.get(row.get(self.roles.path, "").strip(), [])
        if len(several) > 1:
            raise FormatError(
                f"two readings: {several[0]} or {several[1]}", path=self.table.path, where=place
            )
        path = PurePosixPath(written)
        if not written or path.is_absolute() or ".." in path.parts or "\0" in written:
            what = f"path {written!r} leads out of {self.root.name or self.root}"
            raise UnsafeNameError(
                what if written else "an empty path",
                path=self.table.path,
                where=place,
                remedy="Say what paths are relative to with --root DIR, and write them from there.",
            )
        file = os.path.join(self.root, written)
        if not os.path.isfile(file):
            raise AbsentError(f"{written!r} is not there", path=self.table.path, where=place)
        refused = unsupported(file)
        if refused is not None:
            raise refused
        return PictureFiles((file,))


def _classes_in(row: Row, one_hot: tuple[str, ...]) -> str:
    """What the one-hot columns of a row say that is no class."""
    cells = [(name.strip(), row.get(name, "").strip()) for name in one_hot]
    other = next((pair for pair in cells if pair[1] not in ("0", "0.0", "1", "1.0")), None)
    if other is not None:
        return f"{other[1]!r} in column {other[0]}"
    chosen = [name for name, cell in cells if cell in ("1", "1.0")]
    return f"{len(chosen)} classes ({', '.join(chosen[:3])})" if chosen else "no class"


def _folder_of(path: str, root: Path) -> Path | None:
    """The one folder next to a table below which its first path is, where it is not next to it."""
    place = PurePosixPath(path.replace("\\", "/"))
    if not path or "\0" in path or place.is_absolute() or ".." in place.parts:
        return None
    # os.path: a name that no file can have is no error there.
    if os.path.isfile(root / place):
        return None
    found = [one for one in root.iterdir() if one.is_dir() and os.path.isfile(one / place)]
    return found[0] if len(found) == 1 else None


def _by_stem(root: Path) -> dict[str, list[str]]:
    """The pictures of a directory, by their names without suffix."""
    found: dict[str, list[str]] = {}
    if root.is_dir():
        for file in sorted(root.iterdir()):
            if file.is_file() and is_picture(str(file)):
                found.setdefault(file.stem, []).append(file.name)
    return found


def _splits(table: Table) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """Our name of each split in a table's column ``split``, and a note where they are none."""
    values = {row.get("split", "") for _, row in table.rows} - {""}
    known = {one: split for one in values if (split := split_word(one))}
    strange = values - set(known)
    if strange and known:
        where = next(where for where, row in table.rows if row.get("split") in strange)
        raise FormatError(
            f"split {min(strange)!r}; expected {', '.join(SPLITS)} or nothing",
            path=table.path,
            where=where,
        )
    if not strange:
        return known, ()
    return {}, (Problem(table.path.name, "split", NOTE, "no names of splits: not used"),)
