"""Tell whether two datasets hold the same samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from signdata.columns import CodedColumn, ColumnMaker, TextColumn
from signdata.command_results import VerifyResult
from signdata.formats.reader import Reader
from signdata.inspection.digests import LENGTH, OfPixels, digests_of
from signdata.options import ProgressCallback
from signdata.plurals import counted
from signdata.results import Problem

Column = CodedColumn | TextColumn


@dataclass(frozen=True)
class _Compared:
    """A dataset to compare, one value a sample; there may be millions.

    Attributes
    ----------
    digests : ndarray
        (N, 4) checksums of the pixels.
    errors : dict
        Why some samples, by place, could not be read.
    """

    path: Path
    ids: Column
    labels: Column
    splits: Sequence[str]
    digests: NDArray[np.uint64]
    errors: dict[int, str]

    @classmethod
    def of(
        cls, reader: Reader, path: Path, workers: int | None, progress: ProgressCallback | None
    ) -> _Compared:
        ids, labels, splits = ColumnMaker(), ColumnMaker(), ColumnMaker()
        digests, errors, n = bytearray(), dict[int, str](), 0
        for part in digests_of(reader, OfPixels(), workers, progress, described=True):
            ids.extend(part.ids)
            labels.extend(part.labels)
            splits.extend(part.splits)
            digests += part.digests
            errors.update((n + place, what) for place, (what, _) in part.errors.items())
            n += len(part)
        found = np.frombuffer(digests, np.uint64).reshape(-1, LENGTH // 8)
        return cls(path, ids.column, labels.column, splits.column, found, errors)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def unreadable(self) -> list[Problem]:
        """What could not be read."""
        return [
            Problem(self.ids[place], str(self.path), "corrupt", what)
            for place, what in self.errors.items()
        ]


def compare(
    a: Reader,
    b: Reader,
    path_a: Path,
    path_b: Path,
    workers: int | None = None,
    progress: ProgressCallback | None = None,
) -> VerifyResult:
    """Compare two datasets; see `signdata.verify`."""
    one = _Compared.of(a, path_a, workers, progress)
    other = _Compared.of(b, path_b, workers, progress)
    n_read = len(one) + len(other)
    result = VerifyResult("verify", str(path_b), read=n_read, shows_counts=False)
    unreadable = [*one.unreadable, *other.unreadable]
    one, other = _align_splits(one, other)
    places = _places_by_id(one, other)
    if places is not None:
        differences = list(_differences_by_id(one, other, places))
        how = "paired by id"
    else:
        differences = list(_differences_as_multisets(one, other))
        how = "paired by split, label and pixels, because their ids differ"
    result.extend([*unreadable, *differences])
    n = len(unreadable) + len(differences)
    result.failed = len(unreadable)
    result.rejected = bool(n)
    by = "content" if places is None else "id"
    result.details = {"same": not n, "differences": n, "paired_by": by}
    result.leave_out(a.info.left_out)
    counts = f"{len(one):,} and {len(other):,} samples, {how}"
    result.summary = f"the same: {counts}" if not n else f"{counted(n, 'difference')}: {counts}"
    return result


def _align_splits(a: _Compared, b: _Compared) -> tuple[_Compared, _Compared]:
    """Ignore splits if one dataset has none and the other has only one."""
    splits_a, splits_b = set(a.splits), set(b.splits)
    if splits_a != splits_b and len(splits_a) == len(splits_b) == 1 and "" in splits_a | splits_b:
        return replace(a, splits=[""] * len(a)), replace(b, splits=[""] * len(b))
    return a, b


def _places_by_id(a: _Compared, b: _Compared) -> NDArray[np.int64] | None:
    """Where in `b` each sample of `a` is, by its id; None unless both have the same ids."""
    hashes_a = np.fromiter(map(hash, a.ids), np.int64, len(a))
    hashes_b = np.fromiter(map(hash, b.ids), np.int64, len(b))
    order = np.argsort(hashes_b, kind="stable")
    ordered = hashes_b[order]
    if len(a) == len(b) and not (ordered[1:] == ordered[:-1]).any():
        found = np.searchsorted(ordered, hashes_a)
        places = order[np.minimum(found, len(b) - 1)]
        each_once = len(np.unique(places)) == len(b)
        if each_once and all(
            b_id == a_id for b_id, a_id in zip(_at(b.ids, places), a.ids, strict=True)
        ):
            return places
    # Ids that appear twice, two with one hash, or other ids: looked up one by one.
    if set(a.ids) != set(b.ids):
        return None
    place_of = {one: place for place, one in enumerate(b.ids)}
    return np.array([place_of[one] for one in a.ids], np.int64)


def _at(values: Sequence[str], places: NDArray[np.int64]) -> Iterator[str]:
    """The values at some places, in order."""
    if (places == np.arange(len(places))).all():
        return iter(values)
    return (values[place] for place in places.tolist())


def _numbered(a: Sequence[str], b: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A number for each value of two columns, equal for equal ones."""
    numbers: dict[str, int] = {}
    found = [
        np.fromiter(
            (numbers.setdefault(one, len(numbers)) for one in column), np.int64, len(column)
        )
        for column in (a, b)
    ]
    return found[0], found[1]


def _differences_by_id(a: _Compared, b: _Compared, places: NDArray[np.int64]) -> Iterator[Problem]:
    different = (a.digests != b.digests[places]).any(axis=1)
    for column in ("labels", "splits"):
        left, right = _numbered(getattr(a, column), getattr(b, column))
        different |= left != right[places]
    for i in np.flatnonzero(different).tolist():
        j = int(places[i])
        if i in a.errors or j in b.errors:
            continue
        for what, mine, theirs in (
            ("label", a.labels[i], b.labels[j]),
            ("split", a.splits[i], b.splits[j]),
        ):
            if mine != theirs:
                yield Problem(a.ids[i], what, "differs", f"{what} {mine!r} / {theirs!r}")
        if (a.digests[i] != b.digests[j]).any():
            yield Problem(a.ids[i], "pixels", "differs", "pixels differ")


def _differences_as_multisets(a: _Compared, b: _Compared) -> Iterator[Problem]:
    labels = _numbered(a.labels, b.labels)
    splits = _numbered(a.splits, b.splits)
    of_a, of_b = (
        np.column_stack([splits[k].view(np.uint64), labels[k].view(np.uint64), one.digests])
        for k, one in enumerate((a, b))
    )
    yield from _only_in(a, of_a, b, of_b)
    yield from _only_in(b, of_b, a, of_a)


def _only_in(
    one: _Compared, mine: NDArray[np.uint64], other: _Compared, theirs: NDArray[np.uint64]
) -> Iterator[Problem]:
    """The samples of a dataset for which another has none of the same split, label and pixels."""
    left = Counter(row.tobytes() for i, row in enumerate(theirs) if i not in other.errors)
    for i, row in enumerate(mine):
        content = row.tobytes()
        if i in one.errors:
            continue
        if left[content]:
            left[content] -= 1
            continue
        where = f"split {one.splits[i]}, " if one.splits[i] else ""
        yield Problem(one.ids[i], f"{where}label {one.labels[i]}", "only", f"only in {one.path}")
