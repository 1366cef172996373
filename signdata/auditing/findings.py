"""The kinds of finding an audit reports, and how they are listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from signdata.auditing.pairs import Pair
from signdata.errors import one_line
from signdata.results import MAX_LISTED
from signdata.sidecars import csv_text

KINDS = {
    "leak": "twins of samples in an earlier split or dataset",
    "label-conflict": "the same pixels under two labels",
    "near-label-conflict": "almost the same pixels under two labels",
    "shared-signer": "a signer in several splits",
    "shared-group": "a group in several splits",
    "burst": "a random split would give a misleadingly high accuracy",
    "missing": "does not exist",
    "corrupt": "cannot be read",
    "crash": "cannot be read",
    "short": "too short",
    "exact-duplicate": "the same pixels as an earlier sample",
    "near-duplicates": "groups of near-duplicates",
    "near-duplicate": "a sample of such a group, and the one it is most similar to",
    "flat": "blank",
    "frozen": "clips without motion",
    "pose-mismatch": "poses that do not fit the frames",
    "split-as-class": "a split that was read as a class",
    "class-sets": "classes that are not in every split or dataset",
    "empty-class": "classes without samples",
    "label-space": "about the classes",
    "class-order": "class order differs from the sorted order",
    "odd-size": "pictures of an unusual size",
    "odd-mode": "pictures of an unusual colour mode",
    "changed": "differs from what its file or its index says",
    "dark": "nearly black",
    "bright": "nearly white",
    "blurred": "blurred",
    "imbalance": "classes of very different size",
    "unprotected": "signers are unknown",
    "related": "similar, but not duplicates",
    "stray": "files that are not samples and were not read",
}
"""Every kind and what it means, the most important first."""


@dataclass(frozen=True)
class Finding:
    """One problem, or a note.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    path : str
        The sample, file or dataset.
    where : str
        Split, dataset or class, or ''.
    message : str
        One line.
    counts : bool
        Whether `--strict` makes the exit code 4 because of it; otherwise it is a note.
    pair : Pair or None
        The two samples that it is about, if it is about two.
    """

    kind: str
    path: str
    where: str
    message: str
    counts: bool = True
    pair: Pair | None = None

    def to_dict(self) -> dict[str, str]:
        """For JSON, and a row of a table; see `COLUMNS`."""
        return {
            "kind": self.kind,
            "path": self.path,
            "where": self.where,
            "message": self.message,
            "partner": self.pair.partner_id if self.pair else "",
            "correlation": self.pair.correlation_text if self.pair else "",
        }


SILENCED = frozenset(
    {
        "flat",
        "frozen",
        "pose-mismatch",
        "odd-size",
        "odd-mode",
        "changed",
        "dark",
        "bright",
        "blurred",
    }
)
"""Findings about one sample that a person may have accepted; that it cannot be read is none."""


COLUMNS = ("kind", "path", "where", "message", "partner", "correlation")
"""The columns of a table of findings."""


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Sorted by importance of their kind; the order within a kind is kept."""
    rank = {kind: number for number, kind in enumerate(KINDS)}
    return sorted(findings, key=lambda finding: (not finding.counts, rank[finding.kind]))


def listed(findings: Sequence[Finding]) -> list[dict[str, str]]:
    """For JSON: the first 1,000 of each kind."""
    seen: Counter[str] = Counter()
    found = []
    for finding in findings:
        seen[finding.kind] += 1
        if seen[finding.kind] <= MAX_LISTED:
            found.append(finding.to_dict())
    return found


def as_table(findings: Iterable[Finding]) -> bytes:
    """All findings as a CSV."""
    rows = ([finding.to_dict()[name] for name in COLUMNS] for finding in findings)
    return csv_text([COLUMNS, *rows]).encode("utf-8", "backslashreplace")


def counted(findings: Sequence[Finding]) -> dict[str, int]:
    """Number of findings of each kind."""
    return dict(Counter(finding.kind for finding in findings))


SHOWN = 3
"""How many findings of one kind are printed."""


def shown(findings: Sequence[Finding]) -> list[str]:
    """Lines to print: a heading for each kind, and its first few findings."""
    lines = []
    for counts, heading in ((True, "PROBLEMS"), (False, "NOTES")):
        some = [finding for finding in findings if finding.counts == counts]
        if some:
            lines += ["", heading]
        for kind in dict.fromkeys(finding.kind for finding in some):
            lines += _of_kind(kind, [finding for finding in some if finding.kind == kind])
    return lines


def _of_kind(kind: str, some: Sequence[Finding]) -> list[str]:
    lines = [f"  {kind}: {KINDS[kind]}" + (f" ({len(some):,})" if len(some) > 1 else "")]
    for finding in some[:SHOWN]:
        place = " ".join(f"{text}:" for text in (finding.where, finding.path) if text)
        lines.append(f"    {one_line(f'{place} {finding.message}'.strip())}")
    if len(some) > SHOWN:
        lines.append(f"    ... and {len(some) - SHOWN:,} more")
    return lines
