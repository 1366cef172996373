"""Warnings about requested splits that the groups did not allow.

Pure: names and shares in, sentences out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

FAR = 0.05
"""Deviation from the requested share above which there is a warning."""

LISTED = 10
"""Most classes listed in a sentence."""


@dataclass(frozen=True)
class AssignedSamples:
    """The newly assigned samples, one entry each, and the requested shares.

    Attributes
    ----------
    parts, labels, groups : sequence of str
        One per sample; a sample with the group '' is a group of its own.
    asked : mapping
        Requested share of each split or fold.
    are_folds : bool
        Whether the parts are folds.
    """

    parts: Sequence[str]
    labels: Sequence[str]
    groups: Sequence[str]
    asked: Mapping[str, float]
    are_folds: bool

    @property
    def requested(self) -> list[str]:
        """The parts that should have samples."""
        return [part for part, share in self.asked.items() if share > 0]

    @property
    def empty(self) -> list[str]:
        """The parts that should have samples, but have none."""
        present = set(self.parts)
        return [part for part in self.requested if part not in present]

    @property
    def n_groups(self) -> int:
        """Number of groups; each sample without a group counts as one."""
        sizes = Counter(self.groups)
        alone = sizes.pop("", 0)
        return len(sizes) + alone

    @cached_property
    def groups_of(self) -> dict[str, int]:
        """Number of groups of each class."""
        found: Counter[str] = Counter()
        for (label, group), n in Counter(zip(self.labels, self.groups, strict=True)).items():
            found[label] += 1 if group else n
        return dict(sorted(found.items()))


def sentences(drawn: AssignedSamples, missing: Mapping[str, Sequence[str]]) -> list[str]:
    """Warnings, the most serious first.

    Parameters
    ----------
    drawn : AssignedSamples
    missing : mapping
        Classes without samples in a split, by split.
    """
    found = [emptiness(drawn)] if drawn.empty else []
    found += _untrained(drawn, missing)
    found += _too_few(drawn)
    filled = [part for part in missing if part not in drawn.empty and part != "train"]
    if not drawn.are_folds:
        found += (lacking(part, missing[part]) for part in filled)
    return found + _uneven(drawn)


def emptiness(drawn: AssignedSamples) -> str:
    """Which parts are empty, and why."""
    kind = "fold" if drawn.are_folds else "split"
    names = ", ".join(drawn.empty)
    what = f"{kind} {names} is" if len(drawn.empty) == 1 else f"{kind}s {names} are"
    groups = counted(drawn.n_groups, "group")
    return f"{what} empty: there are {groups} for {len(drawn.requested)} {kind}s".replace(
        "there are 1 group ", "there is 1 group "
    )


def lacking(part: str, labels: Sequence[str]) -> str:
    """Which classes a part lacks."""
    return f"{part} has no samples of {counted(len(labels), 'class')}: {_listed(labels)}"


def counted(n: int, what: str) -> str:
    """A number with its noun."""
    plural = f"{what}es" if what.endswith("s") else f"{what}s"
    return f"{n:,} {what if n == 1 else plural}"


def _untrained(drawn: AssignedSamples, missing: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Classes without training samples."""
    if untrained := missing.get("train"):
        verb = "has" if len(untrained) == 1 else "have"
        classes = counted(len(untrained), "class")
        yield f"{classes} {verb} no training samples: {_listed(untrained)}"
    if drawn.are_folds:
        parts_of: dict[str, set[str]] = defaultdict(set)
        for label, part in zip(drawn.labels, drawn.parts, strict=True):
            parts_of[label].add(part)
        alone = [label for label, parts in sorted(parts_of.items()) if len(parts) == 1]
        if alone:
            verb = "is" if len(alone) == 1 else "are each"
            classes = counted(len(alone), "class")
            yield (
                f"{classes} {verb} in one fold only, without training samples when that fold is "
                f"tested: {_listed(alone)}"
            )


def _too_few(drawn: AssignedSamples) -> Iterator[str]:
    n_parts = len(drawn.requested)
    few = {label: n for label, n in drawn.groups_of.items() if n < n_parts}
    if few:
        kind = "folds" if drawn.are_folds else "splits"
        verb = "has" if len(few) == 1 else "have"
        named = _listed([f"{label} ({counted(n, 'group')})" for label, n in few.items()])
        classes = counted(len(few), "class")
        yield f"{classes} {verb} too few groups to be in all {n_parts} {kind}: {named}"


def _uneven(drawn: AssignedSamples) -> list[str]:
    n = max(1, len(drawn.parts))
    far, sizes = [], Counter(drawn.parts)
    for part in drawn.requested:
        reached = sizes[part] / n
        if abs(reached - drawn.asked[part]) > FAR and part not in drawn.empty:
            far.append(f"{part} {reached:.1%} (asked {drawn.asked[part]:.1%})")
    if not far:
        return []
    kind = "folds" if drawn.are_folds else "shares"
    what = "the groups" if any(drawn.groups) else "the sizes of the classes"
    return [f"{what} do not allow the requested {kind}: {', '.join(far)}"]


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join(every[:LISTED]) + (", ..." if len(every) > LISTED else "")
