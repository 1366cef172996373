"""Parts of a dataset that reading options name: classes, new names, at most N, one fold."""

from __future__ import annotations

import csv
import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from signdata import sidecars
from signdata.errors import DatasetError, FormatError, MissingError, UsageError
from signdata.formats.reader import DatasetInfo, Reader
from signdata.formats.views import FilteredReader, MappedReader
from signdata.labels import LabelSpace
from signdata.options import ReadOptions
from signdata.plurals import counted
from signdata.results import NOTE, Problem
from signdata.samples import Sample
from signdata.sidecars import FOLD, Row


def selected(reader: Reader, read: ReadOptions) -> Reader:
    """The part that was asked for of a dataset: corrected, renamed, then chosen, then limited."""
    further: list[Path] = []
    if read.corrections is not None:
        from signdata.formats.corrected import Corrected

        reader = Corrected(reader, Path(read.corrections))
    if read.rename is not None:
        further.append(Path(read.rename))
        reader = Renamed(reader, read_names(Path(read.rename)))
    if read.classes is not None:
        classes = read_class_list(read.classes)
        further += [Path(str(read.classes))] if _is_file(read.classes) else []
        reader = OnlyClasses(reader, classes)
    if read.fold is not None:
        reader = Folded(reader, read.fold, read.val_fold)
    elif read.val_fold is not None:
        raise UsageError("--val-fold goes with --fold")
    if read.max_per_class is not None:
        reader = AtMost(reader, read.max_per_class)
    if further:
        reader.inputs = (*reader.inputs, *further)
    return reader


def whole(read: ReadOptions) -> ReadOptions:
    """The same options without those that choose or rename samples."""
    return replace(
        read,
        split=None,
        corrections=None,
        classes=None,
        rename=None,
        max_per_class=None,
        fold=None,
        val_fold=None,
    )


def row_filter(read: ReadOptions) -> Callable[[Row], bool]:
    """Tells whether a manifest's row may be of the classes and the split that were asked for.

    Which of them `max_per_class` leaves out depends on all the others, and is not told.
    """
    names = {} if read.rename is None else read_names(Path(read.rename))
    labels: Mapping[str, str] = {}
    if read.corrections is not None:
        from signdata.formats.corrected import labels_in

        labels = labels_in(Path(read.corrections))
    classes = None if read.classes is None else frozenset(read_class_list(read.classes))

    def takes(row: Row) -> bool:
        if "label" not in row or "split" not in row:
            return True
        split = row["split"]
        if read.fold is not None:
            split = split_in_fold(row.get(FOLD, ""), split, read.fold, read.val_fold)
        label = labels.get(row.get("id", ""), row["label"])
        label = names.get(label, label)
        return (classes is None or label in classes) and read.split in (None, split)

    return takes


def read_class_list(value: Sequence[str] | str | Path) -> tuple[str, ...]:
    """Class names: as listed, with commas between them, or the lines of a file."""
    if _is_file(value):
        return sidecars.read_classes(Path(str(value)))
    names = str(value).split(",") if isinstance(value, str | Path) else list(value)
    classes = tuple(name.strip() for name in names)
    if len(set(classes)) < len(classes) or not all(classes):
        raise UsageError(f"--classes {value!r}; expected different names: A,B or a file")
    return classes


def _is_file(value: Sequence[str] | str | Path) -> bool:
    return isinstance(value, str | Path) and os.path.isfile(value)


def read_names(path: Path) -> dict[str, str]:
    """The pairs ``old,new`` of a file; several old names may become one.

    Raises
    ------
    MissingError
        If it is not there.
    FormatError
        If a line is no pair, or a name is renamed twice.
    """
    if not path.is_file():
        raise MissingError("not there", path=path)
    names: dict[str, str] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.reader(file), 1):
            where = f"line {number}"
            if row == ["old", "new"] or not row:
                continue
            if len(row) != 2 or not all(cell.strip() for cell in row):
                raise FormatError("not a pair; expected old,new", path=path, where=where)
            old, new = (cell.strip() for cell in row)
            if old in names:
                raise FormatError(f"{old!r} is renamed twice", path=path, where=where)
            names[old] = new
    return names


class _Redescribed(MappedReader):
    """Another dataset whose samples are described anew, from what an outline has of them."""

    @cached_property
    def outline(self) -> tuple[Sample, ...]:
        return tuple(map(self.describe, self._reader.outline))


class Renamed(_Redescribed):
    """Another dataset, some of its classes under other names."""

    def __init__(self, reader: Reader, names: Mapping[str, str]) -> None:
        super().__init__(reader)
        self._names = dict(names)
        known = {*reader.info.labels.classes, *(sample.label for sample in reader.outline)}
        unknown = sorted(set(names) - known)
        if unknown:
            raise DatasetError(
                f"no class {unknown[0]!r} to rename; expected one of {_some(known)}",
                path=reader.info.source_name,
            )
        self._classes = reader.info.labels.order(known)

    def describe(self, sample: Sample) -> Sample:
        return replace(sample, label=self._names.get(sample.label, sample.label))

    @cached_property
    def info(self) -> DatasetInfo:
        info = self._reader.info

        def new(names: Iterable[str]) -> tuple[str, ...]:
            return tuple(dict.fromkeys(self._names.get(name, name) for name in names))

        codes = {name: code for name, code in info.labels.codes.items() if name not in self._names}
        return replace(
            info,
            labels=LabelSpace(new(self._classes), codes),  # each in the place of its old name
            present=tuple(sorted(new(info.present))),
        )


class OnlyClasses(FilteredReader):
    """The samples of some classes of another dataset, which are then all that it has."""

    def __init__(self, reader: Reader, classes: Sequence[str]) -> None:
        super().__init__(reader)
        self._classes = tuple(classes)
        counts = Counter(sample.label for sample in reader.outline)
        known = {*counts, *reader.info.labels.classes}
        unknown = [name for name in classes if name not in known]
        if unknown:
            raise DatasetError(
                f"no class {unknown[0]!r}; expected some of {_some(known)}",
                path=reader.info.source_name,
            )
        self._left_out = sum(n for name, n in counts.items() if name not in classes)

    def takes(self, sample: Sample) -> bool:
        return sample.label in self._classes

    @cached_property
    def info(self) -> DatasetInfo:
        info = super().info
        labels = LabelSpace(self._classes, info.labels.codes)
        note = _note(self._left_out, "are of other classes than --classes names")
        return replace(info, labels=labels, notes=(*info.notes, *note))


class AtMost(FilteredReader):
    """At most N samples of each class, spread over its splits and groups.

    Which ones is decided by their ids alone: the same in every run, whatever else is there.
    """

    def __init__(self, reader: Reader, most: int) -> None:
        super().__init__(reader)
        if most < 1:
            raise UsageError(f"--max-per-class {most}; expected at least 1")
        parts: dict[str, dict[tuple[str, str], list[tuple[str, str]]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self._n = 0
        for sample in reader.outline:
            self._n += 1
            draw = hashlib.sha256(sample.id.encode("utf-8", "surrogateescape")).hexdigest()
            parts[sample.label][sample.split, sample.group].append((draw, sample.id))
        self._ids = frozenset(
            sample_id for of_class in parts.values() for sample_id in _spread(of_class, most)
        )

    def takes(self, sample: Sample) -> bool:
        return sample.id in self._ids

    @cached_property
    def info(self) -> DatasetInfo:
        info = super().info
        note = _note(self._n - len(self._ids), "are over --max-per-class")
        return replace(info, notes=(*info.notes, *note))


def _spread(parts: Mapping[tuple[str, str], list[tuple[str, str]]], most: int) -> list[str]:
    """The first ids of each part in turn, until there are enough: in proportion to their sizes."""
    total = sum(map(len, parts.values()))
    ranked = []
    for key in sorted(parts):
        ids = [sample_id for _, sample_id in sorted(parts[key])]
        ranked += [((rank + 0.5) / len(ids), key, sample_id) for rank, sample_id in enumerate(ids)]
    return [sample_id for _, _, sample_id in sorted(ranked)[: min(most, total)]]


def split_in_fold(number: str, split: str, fold: int, val_fold: int | None) -> str:
    """The split of a sample when one fold is test, perhaps another val, and the rest train.

    Parameters
    ----------
    number : str
        The sample's fold; '' where it has none, and then it stays in `split`.
    """
    if not number:
        return split
    if number == str(fold):
        return "test"
    return "val" if val_fold is not None and number == str(val_fold) else "train"


class Folded(_Redescribed):
    """Another dataset whose folds are its splits: one is test, another val, the rest train."""

    def __init__(self, reader: Reader, fold: int, val_fold: int | None) -> None:
        super().__init__(reader)
        if fold == val_fold:
            raise UsageError(f"--fold {fold} and --val-fold {val_fold}; expected two folds")
        self._folds = fold, val_fold
        self._splits = {str(fold): "test", **({} if val_fold is None else {str(val_fold): "val"})}
        counts = Counter(sample.meta.get(FOLD, "") for sample in reader.outline)
        if set(counts) <= {""}:
            raise DatasetError(
                "no column 'fold'; expected a dataset that split --folds K made",
                path=reader.info.source_name,
            )
        for number in self._splits:
            if number not in counts:
                raise DatasetError(
                    f"no fold {number}; expected one of {_some(set(counts) - {''})}",
                    path=reader.info.source_name,
                )
        self._given = {sample.split for sample in reader.outline if not sample.meta.get(FOLD)}

    def describe(self, sample: Sample) -> Sample:
        number = sample.meta.get(FOLD, "")
        return replace(sample, split=split_in_fold(number, sample.split, *self._folds))

    @cached_property
    def info(self) -> DatasetInfo:
        found = {"train", *self._splits.values(), *self._given}
        order = ("", "train", "val", "test")
        return replace(self._reader.info, splits=tuple(split for split in order if split in found))


def _note(n: int, why: str) -> tuple[Problem, ...]:
    return (Problem("", "", NOTE, f"{counted(n, 'sample')} left out: they {why}"),) if n else ()


def _some(names: Iterable[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:10]) + (", ..." if len(listed) > 10 else "")
