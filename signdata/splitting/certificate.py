"""The leak certificate: what a split keeps apart, what leaks, and what is unknown."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signdata.errors import one_line
from signdata.media.suffixes import last_number
from signdata.results import table
from signdata.similarity import leakage
from signdata.similarity.leakage import Known, Leak
from signdata.similarity.near_duplicates import Pairs, clusters, numbered
from signdata.similarity.neighbour_probe import Probe
from signdata.splitting import split_warnings
from signdata.splitting.split_warnings import AssignedSamples

STEPS = 5
"""Frames whose numbers differ by at most this are neighbours."""

_UNKNOWN_SIGNERS = (
    "neither signers nor recordings are known: no split of this dataset can measure the accuracy "
    "on a new signer"
)


@dataclass(frozen=True)
class Evidence:
    """What the samples' pixels show.

    Attributes
    ----------
    digests : sequence of str
        Checksum of each sample's pixels.
    twins : Pairs
        Pairs of twins with any labels.
    probe : Probe or None
        The neighbour probe.
    """

    digests: Sequence[str]
    twins: Pairs
    probe: Probe | None


@dataclass(frozen=True)
class SplitSamples:
    """The samples of a decided split; each sequence has one entry per sample.

    `knows` tells whether its groups are signers or recordings, not only near-duplicates.
    """

    parts: Sequence[str]
    labels: Sequence[str]
    groups: Sequence[str]
    signers: Sequence[str]
    names: Sequence[str]
    knows: bool = False


@dataclass(frozen=True)
class Certificate:
    """What is known about a split; `to_dict` is stored in ``signdata.json``."""

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
        """Keys for JSON; what was not checked is null."""
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
        """The certificate as text to print."""
        lines = [f"grouped by {self.group_by}" + (f": {self.why}" if self.why else "")]
        if self.leaks:
            columns = ["between", "exact", "near", "share", "linked", "groups", "signers"]
            lines.append(table(columns, [self._cells(leak) for leak in self.leaks]))
        if self.worst:
            where = one_line(f"{self.worst['label']} in {self.worst['split']}")
            shares = f"{self.worst['reached']:.2%} instead of {self.worst['asked']:.2%}"
            lines.append(f"largest deviation from the ratios: {where}, {shares}")
        lines += (f"warning: {one_line(warning)}" for warning in self.warnings)
        return "\n".join(lines)

    def _cells(self, leak: Leak) -> list[object]:
        seen: list[object] = ["?"] * 4
        if self.looked:
            seen = [leak.exact, leak.near, f"{leak.share:.1%}", leak.linked]
        return [" / ".join(leak.between), *seen, leak.groups, leak.signers]


def certify(
    samples: SplitSamples,
    order: Sequence[str],
    asked: Mapping[str, float],
    evidence: Evidence | None,
    group_by: str,
    why: str,
    drawn: AssignedSamples,
) -> Certificate:
    """Make the certificate of a split.

    Parameters
    ----------
    samples : SplitSamples
        The samples and their splits.
    order : sequence of str
        The parts, in the order in which they are listed.
    asked : mapping
        Requested share of each part that was drawn.
    evidence : Evidence or None
        None if pixels were not compared.
    group_by, why : str
        What was kept together, and the reason.
    drawn : AssignedSamples
        The newly assigned samples, without those whose split was kept.
    """
    n = len(samples.parts)
    twins = Pairs(np.empty((0, 2), np.int64), np.empty(0, np.float32))
    if evidence is not None:
        twins = evidence.twins
    cluster_of = clusters(n, twins.inside(numbered(samples.labels)))
    digests: Sequence[str] = evidence.digests if evidence else [""] * n
    known = Known(samples.parts, digests, samples.groups, samples.signers, twins, cluster_of)
    found = leakage.leaks(order, known)
    counts = _counts(samples)
    present = set(samples.parts)
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
        _shares(samples, order, asked),
        _worst(counts, asked),
        missing,
        _neighbours(samples, order),
        evidence.probe if evidence else None,
        [*split_warnings.sentences(drawn, missing), *_warnings(samples, found, evidence)],
    )


def _counts(samples: SplitSamples) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    pairs = Counter(zip(samples.labels, samples.parts, strict=True))
    for (label, part), n in pairs.items():
        counts[label][part] = n
    return dict(counts)


def _shares(
    samples: SplitSamples, order: Sequence[str], asked: Mapping[str, float]
) -> dict[str, dict[str, float | None]]:
    sizes = Counter(samples.parts)
    n_drawn = sum(sizes[part] for part in asked)
    return {
        part: {
            "asked": round(asked[part], 6) if part in asked else None,
            "reached": round(sizes[part] / max(1, n_drawn), 6) if part in asked else None,
        }
        for part in order
        if part in asked or part in sizes
    }


def _worst(counts: Mapping[str, Mapping[str, int]], asked: Mapping[str, float]) -> dict[str, Any]:
    """The class and split whose share differs most from the requested one."""
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


def _neighbours(samples: SplitSamples, order: Sequence[str]) -> list[dict[str, Any]]:
    """Number of samples whose number is within `STEPS` of a training sample of their class."""
    numbers = _numbers(samples.names) if "train" in order else None
    if numbers is None:
        return []
    part_of = np.array(samples.parts, object)
    label_of = numbered(samples.labels)
    trained = part_of == "train"
    found = []
    for other in order:
        mine = part_of == other
        n = int(mine.sum())
        if other == "train" or not n or not trained.any():
            continue
        near = sum(
            _n_near(numbers[mine & (label_of == label)], numbers[trained & (label_of == label)])
            for label in np.unique(label_of[mine]).tolist()
        )
        found.append(
            {
                "between": ["train", other],
                "steps": STEPS,
                "near": near,
                "share": round(near / n, 6),
            }
        )
    return found


def _numbers(names: Sequence[str]) -> NDArray[Any] | None:
    """The number in each name, None where one has none; of too many digits as Python's own."""
    numbers = [number for number in map(last_number, names) if number is not None]
    if len(numbers) < len(names):
        return None
    return np.array(numbers, np.int64 if max(numbers, default=0) < _LARGEST else object)


_LARGEST = 1 << 62
"""Numbers from here on are too large for 64 bits, or for what is added to them."""


def _n_near(numbers: NDArray[Any], known: NDArray[Any]) -> int:
    """How many numbers are within `STEPS` of one of some others."""
    known = np.sort(known)
    low = np.searchsorted(known, numbers - STEPS, "left")
    return int((np.searchsorted(known, numbers + STEPS, "right") > low).sum())


def _warnings(
    samples: SplitSamples,
    found: Sequence[Leak],
    evidence: Evidence | None,
) -> Sequence[str]:
    warnings = []
    for leak in found:
        one, other = leak.between
        if evidence is not None and leak.near:
            warnings.append(
                f"{leak.near:,} of {leak.n:,} samples of {other} ({leak.share:.1%}) have a "
                f"near-twin in {one}: accuracy on them overestimates that on new pictures"
            )
        if leak.groups or leak.signers:
            what = f"{leak.signers} signers" if leak.signers else f"{leak.groups} groups"
            warnings.append(f"{what} are in both {one} and {other}")
    if evidence is None:
        warnings.append("near-duplicates were not checked (--no-look)")
    elif evidence.probe is not None and evidence.probe.is_wide:
        probe = evidence.probe
        text = f"nearest-neighbour accuracy is {probe.random:.1%} on a random tenth, but "
        text += f"{probe.apart:.1%} on unseen "
        warnings.append(text + ("signers" if probe.unseen == "signers" else "runs of frames"))
    if not samples.knows:
        warnings.append(_UNKNOWN_SIGNERS)
    return warnings
