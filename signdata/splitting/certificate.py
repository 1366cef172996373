"""The leak certificate: what a split keeps apart, what it does not, and what nobody can tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from signdata.errors import one_line
from signdata.media.suffixes import last_number
from signdata.results import table
from signdata.similarity import leakage
from signdata.similarity.leakage import Known, Leak
from signdata.similarity.near_duplicates import Pairs, clusters, numbered
from signdata.similarity.neighbour_probe import Probe
from signdata.splitting import unreached
from signdata.splitting.unreached import Drawn

STEPS = 5
"""Frames that are so few numbers apart are neighbours."""

_NOBODY = (
    "nothing says who signs or which film a picture is from: no split of it tells how "
    "well another person is read"
)


@dataclass(frozen=True)
class Evidence:
    """What was seen in the samples of a split.

    Attributes
    ----------
    digests : sequence of str
        Of each sample's pixels.
    twins : Pairs
        Pairs of twins, whatever their labels.
    probe : Probe or None
        What a nearest neighbour reads at random and apart.
    """

    digests: Sequence[str]
    twins: Pairs
    probe: Probe | None


@dataclass(frozen=True)
class Parted:
    """A split as it was decided, one entry a sample in each sequence.

    `knows` is whether its groups are people or films, not only pictures that look alike.
    """

    parts: Sequence[str]
    labels: Sequence[str]
    groups: Sequence[str]
    signers: Sequence[str]
    names: Sequence[str]
    knows: bool = False


@dataclass(frozen=True)
class Certificate:
    """What is known of a split; `to_dict` is what ``signdata.json`` keeps of it."""

    group_by: str
    why: str
    leaks: list[Leak]
    looked: bool
    shares: dict[str, dict[str, float | None]]
    worst: dict[str, Any]
    missing: dict[str, list[str]]
    neighbours: list[dict[str, Any]]
    probe: Probe | None
    warnings: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Keys for JSON; what was not looked for is null."""
        found = [leak.to_dict() for leak in self.leaks]
        if not self.looked:
            unknown = dict.fromkeys(("exact", "near", "linked", "share"))
            found = [{**one, **unknown} for one in found]
        return {
            "group_by": self.group_by,
            "why": self.why,
            "looked_for_near_duplicates": self.looked,
            "leaks": found,
            "shares": self.shares,
            "worst_class": self.worst,
            "missing_classes": self.missing,
            "neighbours": self.neighbours,
            "probe": None if self.probe is None else self.probe.to_dict(),
            "warnings": self.warnings,
        }

    @property
    def text(self) -> str:
        """For people."""
        lines = [f"grouped by {self.group_by}" + (f": {self.why}" if self.why else "")]
        if self.leaks:
            columns = ["between", "exact", "near", "share", "linked", "groups", "signers"]
            lines.append(table(columns, [self._cells(leak) for leak in self.leaks]))
        if self.worst:
            where = one_line(f"{self.worst['label']} in {self.worst['split']}")
            shares = f"{self.worst['reached']:.2%} for {self.worst['asked']:.2%}"
            lines.append(f"farthest from what was asked: {where}, {shares}")
        lines += (f"warning: {one_line(warning)}" for warning in self.warnings)
        return "\n".join(lines)

    def _cells(self, leak: Leak) -> list[object]:
        seen: list[object] = ["?"] * 4
        if self.looked:
            seen = [leak.exact, leak.near, f"{leak.share:.1%}", leak.linked]
        return [" / ".join(leak.between), *seen, leak.groups, leak.signers]


def certify(
    parted: Parted,
    order: Sequence[str],
    asked: Mapping[str, float],
    evidence: Evidence | None,
    group_by: str,
    why: str,
    drawn: Drawn,
) -> Certificate:
    """Look at a split from all sides.

    Parameters
    ----------
    parted : Parted
        The samples and where they are.
    order : sequence of str
        The parts, in the order in which they are named.
    asked : mapping
        Share of each part that was drawn.
    evidence : Evidence or None
        None where pixels were not looked at.
    group_by, why : str
        What was kept together.
    drawn : Drawn
        The samples that were shared out, without those whose split was kept.
    """
    n = len(parted.parts)
    twins = Pairs(np.empty((0, 2), np.int64), np.empty(0, np.float32))
    if evidence is not None:
        twins = evidence.twins
    cluster_of = clusters(n, twins.inside(numbered(parted.labels)))
    digests = evidence.digests if evidence else [""] * n
    known = Known(parted.parts, digests, parted.groups, parted.signers, twins, cluster_of)
    found = leakage.leaks(order, known)
    counts = _counts(parted)
    present = set(parted.parts)
    missing = {
        part: [label for label in sorted(counts) if not counts[label].get(part)]
        for part in order
        if (asked[part] > 0 if part in asked else part in present)
    }
    missing = {part: labels for part, labels in missing.items() if labels}
    return Certificate(
        group_by,
        why,
        found,
        evidence is not None,
        _shares(parted, order, asked),
        _worst(counts, asked),
        missing,
        _neighbours(parted, order),
        evidence.probe if evidence else None,
        [*unreached.sentences(drawn, missing), *_warnings(parted, found, evidence)],
    )


def _counts(parted: Parted) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for part, label in zip(parted.parts, parted.labels, strict=True):
        counts[label][part] += 1
    return {label: dict(by_part) for label, by_part in counts.items()}


def _shares(
    parted: Parted, order: Sequence[str], asked: Mapping[str, float]
) -> dict[str, dict[str, float | None]]:
    n_drawn = sum(part in asked for part in parted.parts)
    return {
        part: {
            "asked": round(asked[part], 6) if part in asked else None,
            "reached": round(sum(p == part for p in parted.parts) / max(1, n_drawn), 6)
            if part in asked
            else None,
        }
        for part in order
        if part in asked or part in set(parted.parts)
    }


def _worst(counts: Mapping[str, Mapping[str, int]], asked: Mapping[str, float]) -> dict[str, Any]:
    """The class and split whose share is farthest from what was asked."""
    worst: dict[str, Any] = {}
    farthest = -1.0
    for label in sorted(counts):
        total = sum(n for part, n in counts[label].items() if part in asked)
        for part, share in asked.items() if total else ():
            reached = counts[label].get(part, 0) / total
            if abs(reached - share) > farthest:
                farthest = abs(reached - share)
                worst = {"label": label, "split": part, "asked": share, "reached": reached}
    return worst


def _neighbours(parted: Parted, order: Sequence[str]) -> list[dict[str, Any]]:
    """How many samples are numbered within `STEPS` of a training sample of their class."""
    numbers = [last_number(name) for name in parted.names]
    if None in numbers or "train" not in order:
        return []
    trained: dict[str, list[int]] = defaultdict(list)
    for part, label, number in zip(parted.parts, parted.labels, numbers, strict=True):
        if part == "train" and number is not None:
            trained[label].append(number)
    sorted_numbers = {label: np.array(sorted(known)) for label, known in trained.items()}
    found = []
    for other in order:
        mine = [i for i, part in enumerate(parted.parts) if part == other]
        if other == "train" or not mine or not trained:
            continue
        near = sum(_is_near(numbers[i] or 0, sorted_numbers.get(parted.labels[i])) for i in mine)
        found.append(
            {
                "between": ["train", other],
                "steps": STEPS,
                "near": near,
                "share": round(near / len(mine), 6),
            }
        )
    return found


def _is_near(number: int, known: Any) -> bool:
    if known is None or not len(known):
        return False
    place = int(np.searchsorted(known, number))
    return any(abs(int(k) - number) <= STEPS for k in known[max(0, place - 1) : place + 1])


def _warnings(
    parted: Parted,
    found: Sequence[Leak],
    evidence: Evidence | None,
) -> Sequence[str]:
    warnings = []
    for leak in found:
        one, other = leak.between
        if evidence is not None and leak.near:
            warnings.append(
                f"{leak.near:,} of {leak.n:,} samples of {other} ({leak.share:.1%}) have a "
                f"near-twin in {one}: what is measured on them is not what a new picture gets"
            )
        if leak.groups or leak.signers:
            what = f"{leak.signers} signers" if leak.signers else f"{leak.groups} groups"
            warnings.append(f"{what} stand on both sides of {one} and {other}")
    if evidence is None:
        warnings.append("near-duplicates were not looked for (--no-look)")
    elif evidence.probe is not None and evidence.probe.is_wide:
        probe = evidence.probe
        told = f"a nearest neighbour reads {probe.random:.1%} at random and {probe.apart:.1%} of "
        told += "unseen signers" if probe.unseen == "signers" else "unseen runs of frames"
        warnings.append(told)
    if not parted.knows:
        warnings.append(_NOBODY)
    return warnings
