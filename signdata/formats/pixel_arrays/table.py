"""Named arrays, put together into one list of samples."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signdata import sidecars
from signdata.errors import FormatError
from signdata.formats.pixel_arrays.forms import Form, form_of, with_values
from signdata.formats.pixel_arrays.labels import is_one_hot, labels_of, strings
from signdata.formats.pixel_arrays.names import CLASS_NAMES, Head, Pair, pairs_of, without_split
from signdata.formats.reader import PictureSummary
from signdata.results import NOTE, Problem
from signdata.samples import SPLIT_NAMES

_OWN = {
    "ids": "id",
    "id": "id",
    "splits": "split",
    "split": "split",
    "groups": "group",
    "group": "group",
    "source": "source",
}
"""What arrays are called that fill a field of a sample."""

_TAKEN = {*sidecars.COLUMNS, *sidecars.OWN_COLUMNS, sidecars.STORED_AS}


class ArrayFile(ABC):
    """Where named arrays are.

    Attributes
    ----------
    path : Path
        What errors name.
    heads : mapping
        Every array by name.
    samples_last : frozenset of str
        Arrays whose author may have put the samples into the last axis.
    remarks : mapping of str to str
        What a user should know of an array of pictures.
    own : bool
        Whether signdata wrote it.
    """

    path: Path
    heads: Mapping[str, Head]
    samples_last: frozenset[str] = frozenset()
    remarks: Mapping[str, str] = MappingProxyType({})
    own: bool = False

    @abstractmethod
    def load(self, name: str) -> NDArray[Any]:
        """All values of a small array."""

    @abstractmethod
    def block(self, name: str, form: Form, start: int, stop: int) -> NDArray[Any]:
        """Pictures `start` to `stop` of an array."""

    @abstractmethod
    def itemsize(self, name: str) -> int:
        """Bytes of one value."""


@dataclass(frozen=True)
class Columns:
    """What further arrays say of each sample: by field of a sample, and by other name."""

    arrays: set[str] = field(default_factory=set)
    fields: dict[str, list[str]] = field(default_factory=dict)
    meta: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """The pictures of one array, and what is known of each."""

    pair: Pair
    form: Form
    labels: list[str]
    columns: Columns


@dataclass(frozen=True)
class ArrayTable:
    """All samples of a file of named arrays, as columns.

    Attributes
    ----------
    parts : list of Part
        One for each array of pictures.
    classes : tuple of str
        Declared class names.
    labels, ids, splits, groups, sources : list of str
        One for each sample; a source is '' where nothing tells it.
    meta : dict of list
        Further columns by name.
    notes : tuple of Problem
        Arrays that were not read, and what was understood of others.
    class_names : str
        The array that the class names are in, or ''.
    """

    parts: list[Part]
    classes: tuple[str, ...]
    class_names: str
    labels: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    meta: dict[str, list[str]] = field(default_factory=dict)
    notes: tuple[Problem, ...] = ()

    @property
    def kind(self) -> str:
        """``clip`` where an item of an array is several frames, else ``still``."""
        return "clip" if self.parts[0].form.n_frames else "still"

    def place(self, i: int) -> tuple[Part, int]:
        """The part that sample `i` is in, and its index there."""
        for part in self.parts:
            if i < part.form.n:
                return part, i
            i -= part.form.n
        raise IndexError(i)

    def picture_summary(self, splits: Sequence[str], split: str | None) -> PictureSummary:
        """What the pictures, or those of one split, have in common; `splits` are the samples'."""
        counts: Counter[Form] = Counter()
        start = 0
        for part in self.parts:
            mine = splits[start : start + part.form.n]
            counts[part.form] += len(mine) if split is None else mine.count(split)
            start += part.form.n
        forms = [form for form, n in counts.items() if n]
        sizes = {(form.shape[0], form.shape[1]) for form in forms}
        channels = {form.channels for form in forms}
        return PictureSummary(
            sizes.pop() if len(sizes) == 1 else None,
            channels.pop() if len(channels) == 1 else None,
            True,
            sum(n * max(1, form.n_frames) for form, n in counts.items()),
        )


def table_of(file: ArrayFile, images: str | None = None, targets: str | None = None) -> ArrayTable:
    """Read everything but the pictures of a file of named arrays.

    Raises
    ------
    FormatError
        If it could be read in two ways, or holds no labelled pictures.
    UsageError
        If an array that the user named is not there.
    """
    return _Builder(file).build(pairs_of(file.heads, file.path, images, targets))


class _Builder:
    def __init__(self, file: ArrayFile) -> None:
        self.file = file
        self.notes: list[Problem] = []
        self.why: dict[str, str] = {}

    def build(self, pairs: list[Pair]) -> ArrayTable:
        heads = self.file.heads
        used = {name for pair in pairs for name in (pair.images, pair.targets)}
        class_names = next((name for name in CLASS_NAMES if name in heads and name not in used), "")
        classes = self._class_names(class_names) if class_names else ()
        rest = [name for name in heads if name not in used and name != class_names]
        parts = [self._part(pair, classes, rest, len(pairs) == 1) for pair in pairs]
        if len({bool(part.form.n_frames) for part in parts}) > 1:
            named = " and ".join(pair.images for pair in pairs)
            raise FormatError(f"pictures and clips ({named})", path=self.file.path)
        read = {name for part in parts for name in part.columns.arrays}
        for name in rest:
            if name not in read:
                why = self.why.get(name, "not one value a sample")
                self._note(name, f"array of shape {heads[name].shown}, {why}: not read")
        table = ArrayTable(parts, classes, class_names, notes=tuple(self.notes))
        for part in parts:
            _append(table, part)
        if len(set(table.ids)) != len(table.ids):
            raise FormatError("an id that appears twice", path=self.file.path, where="ids")
        return table

    def _note(self, name: str, message: str) -> None:
        self.notes.append(Problem(self.file.path.name, name, NOTE, message))

    def _class_names(self, name: str) -> tuple[str, ...]:
        values = self.file.load(name)
        if self.file.heads[name].is_list_of(values.size):
            values = values.reshape(-1)
        names = strings(values, self.file.path, name)
        if len(set(names)) != len(names):
            raise FormatError(
                "a class name that appears twice", path=self.file.path, where="class_names"
            )
        return tuple(names)

    def _part(self, pair: Pair, classes: tuple[str, ...], rest: list[str], alone: bool) -> Part:
        path, head = self.file.path, self.file.heads[pair.images]
        values = self._target_values(pair)
        count = _count_of(values, head) if pair.images in self.file.samples_last else None
        form, note = form_of(head, count, path, pair.images)
        for one in (note, self.file.remarks.get(pair.images, "")):
            if one:
                self._note(pair.images, one)
        labels = labels_of(_samples_first(values, form.n), classes, path, pair.targets)
        if len(labels) != form.n:
            what = f"shape {head.shown}; expected {len(labels)} pictures as in {pair.targets}"
            raise FormatError(what, path=path, where=pair.images)
        form, note = with_values(
            form,
            head,
            self.file.itemsize(pair.images),
            lambda start, stop: self.file.block(pair.images, form, start, stop),
            path,
            pair.images,
            own=self.file.own,
        )
        if note:
            self._note(pair.images, note)
        return Part(pair, form, labels, self._columns(pair, form.n, rest, alone))

    def _target_values(self, pair: Pair) -> NDArray[Any]:
        values = self.file.load(pair.targets)
        if not values.ndim or not values.size:
            raise FormatError("no samples", path=self.file.path, where=pair.targets)
        return values

    def _columns(self, pair: Pair, n: int, rest: list[str], alone: bool) -> Columns:
        found = Columns()
        for name in rest:
            split, short = without_split(name)
            if alone and not (split and split == pair.split):
                split, short = pair.split, name
            if split != pair.split:
                continue
            values = self._column(name, n, required=name in ("ids", "splits", "groups"))
            if values is not None:
                self._add(found, name, _column_name(short), values)
        return found

    def _add(self, found: Columns, name: str, column: str, values: list[str]) -> None:
        own = _OWN.get(column, "")
        if own == "split":
            splits = self._splits(name, values)
            if splits is None:
                self.why[name] = "no names of splits"
                return
            values = splits
        if own in found.fields or column in found.meta:
            self.why[name] = f"a second {own or column}"
        elif not own and column in _TAKEN:
            self.why[name] = f"a name that a manifest has for its own ({column})"
        else:
            found.arrays.add(name)
            (found.fields if own else found.meta)[own or column] = values

    def _column(self, name: str, n: int, *, required: bool) -> list[str] | None:
        head = self.file.heads[name]
        if not head.is_list_of(n):
            if required:
                what = f"{head.shape[0] if head.shape else 0} values; expected {n}"
                raise FormatError(what, path=self.file.path, where=name)
            return None
        return strings(self.file.load(name).reshape(-1), self.file.path, name)

    def _splits(self, name: str, values: list[str]) -> list[str] | None:
        """Split names as we spell them; None where none of the values is the name of a split."""
        known = {"": "", **SPLIT_NAMES}
        strange = {value for value in values if value.casefold() not in known}
        if strange and name != "splits" and not any(map(known.get, map(str.casefold, values))):
            return None
        if strange:
            what = f"split {min(strange)!r}; expected train, val, test or ''"
            raise FormatError(what, path=self.file.path, where=name)
        return [known[value.casefold()] for value in values]


def _column_name(name: str) -> str:
    """What the manifest calls an array of values."""
    return name.removeprefix("meta/").strip("/").replace("/", "_").replace("\0", "_")


def _count_of(values: NDArray[Any], head: Head) -> int:
    """How many samples there are, where pictures and labels may have them in any axis."""
    ends = (head.shape[-1], head.shape[0]) if head.shape else (0,)
    if values.ndim == 2 and 1 not in values.shape and values.dtype.kind in "uifb":
        for rows in (values, values.T):
            if len(rows) in ends and is_one_hot(rows):
                return len(rows)
    return values.size if values.size in ends else ends[0]


def _samples_first(values: NDArray[Any], n: int) -> NDArray[Any]:
    """Labels with one row or value a sample."""
    flat = np.squeeze(values)
    if values.ndim > 1 and flat.ndim <= 1 and values.size == n:
        return values.reshape(-1)
    if values.ndim == 2 and values.shape[0] != n and values.shape[1] == n:
        return values.T
    return values


def _append(table: ArrayTable, part: Part) -> None:
    n, split = part.form.n, part.pair.split
    digits = max(6, len(str(n)))
    numbered = [f"{split}/{i:0{digits}d}" if split else f"{i:0{digits}d}" for i in range(1, n + 1)]
    before = len(table.labels)
    table.labels.extend(part.labels)
    fields, meta = part.columns.fields, part.columns.meta
    signers = meta.get("signer") or meta.get("signers") or [""] * n
    table.ids.extend(fields.get("id", numbered))
    table.splits.extend(one or split for one in fields.get("split", [split] * n))
    table.groups.extend(fields.get("group", signers))
    table.sources.extend(fields.get("source", [""] * n))
    for name in {**table.meta, **meta}:
        column = table.meta.setdefault(name, [""] * before)
        column.extend(meta.get(name, [""] * n))
