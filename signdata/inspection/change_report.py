"""What `signdata diff` returns: the differences counted, and shown class by class."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from signdata.inspection.changes import ADDED, KINDS, NO_SPLIT, REWRITTEN, Changes
from signdata.plurals import counted
from signdata.results import Result, table
from signdata.samples import SPLITS

SHOWN = 40
"""Lines of counts that are printed; the JSON object has all of them."""


def result(changes: Changes, b: Path) -> Result:
    """The result of comparing two manifests."""
    differs = bool(changes.n.total())
    made = Result("diff", str(b), read=sum(changes.samples), shows_counts=False)
    made.rejected = differs
    made.problems = changes.problems
    made.details = {"same": not differs, **details(changes)}
    made.summary = text(changes)
    return made


def text(changes: Changes) -> str:
    """The differences for people."""
    parts = [_headline(changes), _counts(changes)]
    if changes.n[REWRITTEN] and changes.n[REWRITTEN] == changes.samples[1] - changes.n[ADDED]:
        parts.append("every file is another one; signdata verify A B compares the pixels")
    return "\n\n".join(filter(None, parts))


def details(changes: Changes) -> dict[str, Any]:
    """The differences in numbers, for the JSON object."""
    moves: dict[str, dict[str, int]] = defaultdict(dict)
    for (old, new), n in sorted(changes.moves.items()):
        moves[old][new] = n
    classes: dict[str, dict[str, dict[str, int]]] = defaultdict(dict)
    for (label, split), (before, after) in sorted(changes.per_class.items()):
        classes[label][split] = {"a": before, "b": after}
    a, b = changes.samples
    return {
        "samples": {"a": a, "b": b},
        "unchanged": changes.unchanged,
        "changes": {kind: changes.n[kind] for kind in KINDS},
        "moves": moves,
        "classes": classes,
        "without_digest": changes.without_digest,
    }


def _headline(changes: Changes) -> str:
    a, b = changes.samples
    found = [f"{changes.n[kind]:,} {kind}" for kind in KINDS if changes.n[kind]]
    if found:
        text = f"{a:,} -> {b:,} samples: {', '.join(found)}; {changes.unchanged:,} unchanged"
    else:
        text = f"the same: {counted(a, 'sample')}"
    if changes.without_digest:
        text += f"; the bytes of {changes.without_digest:,} cannot be compared: no checksums"
    return text


def _counts(changes: Changes) -> str:
    """The classes and splits whose number of samples changed."""
    changed = [
        (label, split, before, after)
        for (label, split), (before, after) in changes.per_class.items()
        if before != after
    ]
    if not changed:
        return ""
    changed.sort(key=lambda one: (_rank(one[1]), one[0]))
    rows = [
        (label, split or NO_SPLIT, f"{before:,}", f"{after:,}", f"{after - before:+,}")
        for label, split, before, after in changed[:SHOWN]
    ]
    text = table(("class", "split", "before", "after", "change"), rows, left=(0, 1))
    more = len(changed) - SHOWN
    return text + (f"\n... and {more:,} more; --json has all of them" if more > 0 else "")


def _rank(split: str) -> int:
    return SPLITS.index(split) if split in SPLITS else -1
