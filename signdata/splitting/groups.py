"""Grouping: which samples must stay in the same split.

Pure: names, numbers and pairs in, group names out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from signdata.errors import UsageError
from signdata.media.suffixes import last_number
from signdata.options import one_group
from signdata.plurals import counted
from signdata.similarity.near_duplicates import Pairs, clusters, numbered

GUARD = 10
"""At a border between splits, a run's length divided by this many samples is left out."""

FILM = 0.5
"""Fraction of a class in one cluster of twins from which the class counts as one recording."""


@dataclass(frozen=True)
class Grouping:
    """Which samples belong together.

    Attributes
    ----------
    groups : sequence of str
        Group of each sample; '' if it has none.
    how : str
        ``none``, ``group``, ``signer``, ``near-duplicates``, ``blocks:K``, a column's name or a
        pattern.
    why : str
        The reason for this grouping, as text.
    """

    groups: Sequence[str]
    how: str
    why: str = ""

    @property
    def n_groups(self) -> int:
        """Number of distinct groups."""
        return len(set(self.groups) - {""})


def by_pattern(paths: Sequence[str], text: str) -> list[str]:
    """What the group of a regular expression matches in each path.

    Raises
    ------
    UsageError
        If the expression is invalid, does not have exactly one group, or does not match a path.
    """
    pattern = one_group(text, "--group-by")
    groups, known = [], {"": ""}
    for path in paths:
        match = pattern.search(path)
        if match is None:
            raise UsageError(f"--group-by {text!r} does not match {path!r}")
        group = match[1] or ""
        groups.append(known.setdefault(group, group))
    return groups


def by_twins(ids: Sequence[str], twins: Pairs, groups: Sequence[str] = ()) -> list[str]:
    """Name every cluster of twins by its first member; groups that share twins become one.

    Parameters
    ----------
    ids : sequence of str
        One per sample.
    twins : Pairs
        Pairs of near-duplicate samples.
    groups : sequence of str, optional
        Group of each sample, to be merged with the twins'; '' if it has none.
    """
    links = [twins.index]
    if len(groups):
        codes = numbered(groups)
        order = np.argsort(codes, kind="stable")
        same = (codes[order][1:] == codes[order][:-1]) & (codes[order][1:] >= 0)
        links.append(np.stack([order[:-1][same], order[1:][same]], axis=1))
    index = np.concatenate(links)
    cluster_of = clusters(len(ids), Pairs(index, np.ones(len(index), np.float32)))
    size = np.bincount(cluster_of, minlength=len(ids))
    named = [ids[first] if size[first] > 1 else "" for first in cluster_of.tolist()]
    return [name or group for name, group in zip(named, groups or [""] * len(ids), strict=True)]


def joined(found: Grouping, ids: Sequence[str], together: Mapping[str, str]) -> Grouping:
    """The same grouping, but that samples for which a person named one group are in one.

    Parameters
    ----------
    ids : sequence of str
        One per sample.
    together : mapping of str to str
        The group that a person named, by the id of the sample.
    """
    named: dict[str, list[int]] = defaultdict(list)
    for i, sample_id in enumerate(ids):
        if sample_id in together:
            named[together[sample_id]].append(i)
    links = [pair for some in named.values() for pair in pairwise(some)]
    if all(found.groups[i] and found.groups[i] == found.groups[j] for i, j in links):
        return found
    index = np.array(links, np.int64).reshape(-1, 2)
    twins = Pairs(index, np.ones(len(index), np.float32))
    n = sum(len(some) for some in named.values() if len(some) > 1)
    why = "; ".join(filter(None, (found.why, f"{counted(n, 'sample')} joined by --corrections")))
    merged = by_twins(ids, twins, found.groups)
    names: dict[str, str] = {}
    for name, some in named.items():
        if len(some) > 1:
            names.setdefault(merged[some[0]], name)
    groups = [names.get(new, old) for new, old in zip(merged, found.groups, strict=True)]
    return replace(found, groups=groups, why=why)


def film_like(labels: Sequence[str], cluster_of: NDArray[np.int64]) -> str:
    """A class that is mostly one cluster of twins, like the frames of a recording; '' if none."""
    total: dict[str, int] = defaultdict(int)
    biggest: dict[str, int] = defaultdict(int)
    size = np.bincount(cluster_of, minlength=len(labels))
    for label, cluster in zip(labels, cluster_of.tolist(), strict=True):
        total[label] += 1
        biggest[label] = max(biggest[label], int(size[cluster]))
    found = [label for label in sorted(total) if biggest[label] > max(20, FILM * total[label])]
    return found[0] if found else ""


def runs(labels: Sequence[str], names: Sequence[str]) -> dict[str, list[int]]:
    """Samples of each class in the order of the numbers in their names.

    Raises
    ------
    UsageError
        If a name has no number.
    """
    numbers = [last_number(name) for name in names]
    if None in numbers:
        name = names[numbers.index(None)]
        raise UsageError(f"--group-by blocks: {name!r} has no number to sort by")
    ordered: dict[str, list[int]] = defaultdict(list)
    for i in sorted(range(len(names)), key=lambda i: (labels[i], numbers[i], names[i])):
        ordered[labels[i]].append(i)
    return dict(ordered)


def by_blocks(labels: Sequence[str], names: Sequence[str], length: int) -> list[str]:
    """Groups of `length` consecutive samples of a class."""
    groups = [""] * len(labels)
    for label, run in runs(labels, names).items():
        for position, i in enumerate(run):
            groups[i] = f"{label}/{position // length:06d}"
    return groups


def guarded(
    labels: Sequence[str], names: Sequence[str], splits: Sequence[str], length: int
) -> list[int]:
    """Samples to leave out where runs of different splits meet, preferably training samples.

    Parameters
    ----------
    splits : sequence of str
        Split of each sample.
    length : int
        Samples in a run; a tenth of them, at least one, is left out at each border.
    """
    gap = max(1, length // GUARD)
    left_out: set[int] = set()
    for run in runs(labels, names).values():
        for border in range(1, len(run)):
            before, after = splits[run[border - 1]], splits[run[border]]
            if before == after:
                continue
            side = run[max(0, border - gap) : border]
            if before != "train":
                side = run[border : border + gap]
            split = splits[side[0]]
            left_out.update(i for i in side if splits[i] == split)
    return sorted(left_out)
