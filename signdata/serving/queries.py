"""Which samples are asked for, and in which order: filters, sorting, counts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Annotated, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from signdata.serving.catalog import Catalog, Column
from signdata.serving.problems import ApiError

NONE = "none"
"""What is asked for to get samples without any finding, mark or answer."""

MOST = 200
"""Samples in one answer."""

KEPT = 16
"""Selections that are kept for the next page of the same question."""

Number = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Mark = Literal["exclude", "relabel", "group", "keep", "none"]
Answer = Literal["right", "wrong", "none"]


class Filter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which samples. Values of one field are alternatives, fields are all to hold.

    Attributes
    ----------
    label, split, signer, group : list of str
        Values of the dataset's columns.
    finding : list of str
        Kinds of finding, or ``none``.
    mark : list of str
        Kinds of mark, or ``none``.
    said : list of str
        Classes that the run `run` took them for.
    answer : list of str
        Whether that was right; ``none`` where the run did not see the sample.
    run : int
        Number of the run that `said`, `answer` and sorting by ``p_true`` are about.
    other : int
        Number of another run, which `other_answer` is about.
    missing : {'hide', 'show', 'only'}
        Samples that are known to be unreadable, such as videos that are not there.
    """

    label: tuple[str, ...] = ()
    split: tuple[str, ...] = ()
    signer: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    finding: tuple[str, ...] = ()
    mark: tuple[Mark, ...] = ()
    said: tuple[str, ...] = ()
    answer: tuple[Answer, ...] = ()
    other_answer: tuple[Answer, ...] = ()
    run: Number = 0
    other: Number = 1
    missing: Literal["hide", "show", "only"] = "hide"


Sort = Literal[
    "stored",
    "class",
    "sharpness",
    "brightness",
    "duration",
    "p_true",
    "-stored",
    "-class",
    "-sharpness",
    "-brightness",
    "-duration",
    "-p_true",
]


class Page(Filter, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which samples, in which order, and which part of them.

    Attributes
    ----------
    sort : str
        ``-`` in front of a name reverses it. Samples without a value come last.
    from : int
        The first one, counted from 0 under the filter.
    n : int
        How many, at most 200.
    """

    sort: Sort = "stored"
    from_: Number = msgspec.field(default=0, name="from")
    n: Annotated[int, msgspec.Meta(ge=1, le=MOST)] = 100


class Measures(msgspec.Struct):
    """What is known of every sample beyond its columns.

    Attributes
    ----------
    findings : ndarray of uint64, shape (N,)
        One bit for each of `kinds`.
    numbers : mapping of str to ndarray, shape (N,)
        ``sharpness``, ``brightness``, ``duration``: NaN where it is not known. Left out as a
        whole where nothing is known yet.
    """

    kinds: tuple[str, ...]
    findings: NDArray[np.uint64]
    numbers: dict[str, NDArray[np.float32]]


class Answers(msgspec.Struct):
    """What one run said of every sample.

    Attributes
    ----------
    said : Column
    p, p_true : ndarray, shape (N,)
        Probability of the class that was said, and of the true one; NaN without an answer.
    right : Column
        ``right``, ``wrong`` or ``none``.
    """

    said: Column
    p: NDArray[np.float32]
    p_true: NDArray[np.float32]
    right: Column


class Index:
    """Answers which samples a filter takes, and how many have each value under it.

    Parameters
    ----------
    catalog : Catalog
    runs : sequence of Answers
    marks : callable
        Returns the column of marks, ``none`` where there is none.
    measures : callable
        Returns what is known by now.
    revision : callable
        Returns something that changes whenever an answer may.
    """

    def __init__(
        self,
        catalog: Catalog,
        runs: Sequence[Answers],
        marks: Callable[[], Column],
        measures: Callable[[], Measures],
        revision: Callable[[], object],
    ) -> None:
        self._catalog, self._runs = catalog, runs
        self._marks, self._measures, self._revision = marks, measures, revision
        self._kept: OrderedDict[object, NDArray[np.int64]] = OrderedDict()
        self._lock = Lock()

    def run(self, number: int) -> Answers | None:
        """A run's answers; None if there is no such run."""
        return self._runs[number] if number < len(self._runs) else None

    def chosen(self, asked: Page) -> NDArray[np.int64]:
        """The numbers of all samples that a page is a part of, in its order."""
        key = (
            msgspec.structs.replace(asked, from_=0, n=1),
            self._revision(),
        )
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        mask = np.ones(len(self._catalog), bool)
        for one in self._masks(asked).values():
            mask &= one
        found = self._sorted(np.flatnonzero(mask), asked)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def facets(self, asked: Filter) -> dict[str, dict[str, int]]:
        """How many samples have each value of each field.

        The filter's own choice in a field is not applied to that field, so that its other
        values can be added to the choice. Values that no sample has under the rest are left
        out, save those that were chosen.
        """
        masks = self._masks(asked)
        found: dict[str, dict[str, int]] = {}
        for name, column in self._columns(asked).items():
            counts = column.counts(self._all_but(masks, name)).tolist()
            chosen = getattr(asked, name)
            found[name] = {
                value: n
                for value, n in zip(column.values, counts, strict=True)
                if n or value in chosen
            }
        found["finding"] = self._finding_counts(asked, self._all_but(masks, "finding"))
        rest = self._all_but(masks, "missing")
        hidden = int((rest & ~self._catalog.readable).sum())
        found["missing"] = {"hide": int(rest.sum()) - hidden, "only": hidden}
        return found

    def values(self, name: str, numbers: NDArray[np.int64]) -> NDArray[np.float32] | None:
        """A measure of some samples; None where it is not known yet."""
        some = self._measures().numbers.get(name)
        return None if some is None else some[numbers]

    def finding_names(self, number: int) -> list[str]:
        """The kinds of finding of one sample."""
        measures = self._measures()
        bits = int(measures.findings[number])
        return [kind for i, kind in enumerate(measures.kinds) if bits >> i & 1]

    def _columns(self, asked: Filter) -> dict[str, Column]:
        catalog = self._catalog
        columns = {
            "label": catalog.labels,
            "split": catalog.splits,
            "signer": catalog.signers,
            "group": catalog.groups,
            "mark": self._marks(),
        }
        run, other = self.run(asked.run), self.run(asked.other)
        if run is not None:
            columns |= {"said": run.said, "answer": run.right}
        if other is not None:
            columns["other_answer"] = other.right
        return columns

    def _masks(self, asked: Filter) -> dict[str, NDArray[np.bool_]]:
        """One mask for each field that chooses."""
        columns = self._columns(asked)
        masks = {}
        for name in ("label", "split", "signer", "group", "mark", "said", "answer", "other_answer"):
            wanted = getattr(asked, name)
            if wanted and name not in columns:
                raise ApiError(422, "no such run", where="other" if name[0] == "o" else "run")
            if wanted:
                masks[name] = columns[name].mask(wanted)
        if asked.finding:
            masks["finding"] = self._with_findings(asked.finding)
        if asked.missing != "show":
            readable = self._catalog.readable
            masks["missing"] = readable if asked.missing == "hide" else ~readable
        return masks

    def _with_findings(self, kinds: Sequence[str]) -> NDArray[np.bool_]:
        measures = self._measures()
        bits = sum(1 << i for i, kind in enumerate(measures.kinds) if kind in kinds)
        found: NDArray[np.bool_] = (measures.findings & np.uint64(bits)) != 0
        return found | (measures.findings == 0) if NONE in kinds else found

    def _finding_counts(self, asked: Filter, mask: NDArray[np.bool_]) -> dict[str, int]:
        measures = self._measures()
        bits = measures.findings[mask]
        counts = {
            kind: int(np.count_nonzero(bits & np.uint64(1 << i)))
            for i, kind in enumerate(measures.kinds)
        }
        counts[NONE] = int(np.count_nonzero(bits == 0))
        return {kind: n for kind, n in counts.items() if n or kind in asked.finding}

    def _all_but(self, masks: Mapping[str, NDArray[np.bool_]], name: str) -> NDArray[np.bool_]:
        found = np.ones(len(self._catalog), bool)
        for other, mask in masks.items():
            if other != name:
                found &= mask
        return found

    def _sorted(self, numbers: NDArray[np.int64], asked: Page) -> NDArray[np.int64]:
        name, down = asked.sort.removeprefix("-"), asked.sort.startswith("-")
        if name == "stored":
            return numbers[::-1] if down else numbers
        if name == "class":
            keys = self._catalog.labels.codes[numbers].astype(np.float32)
        elif name == "p_true":
            run = self.run(asked.run)
            if run is None:
                raise ApiError(422, "no such run", where="run")
            keys = run.p_true[numbers]
        else:
            found = self.values(name, numbers)
            if found is None:
                raise ApiError(
                    409,
                    f"{name} is not known yet: the audit has not ended",
                    where="sort",
                    remedy="Ask again when audit.state of /api/dataset is done.",
                )
            keys = found
        keys = -keys if down else keys
        return numbers[np.argsort(keys, kind="stable")]  # NaN, which is not known, comes last
