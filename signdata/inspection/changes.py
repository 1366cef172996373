"""What changed between two versions of a dataset, from their manifests alone.

Samples are paired by id; what is left over is paired by the checksum of the stored bytes, which
finds samples that were renamed. Memory does not grow with the manifests.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from signdata import sidecars
from signdata.errors import FormatError, MissingError
from signdata.inspection.partitions import Item, Partitions
from signdata.output import existing
from signdata.results import MAX_LISTED, Problem
from signdata.sidecars import Row, refuse_partial

ADDED, REMOVED, RENAMED = "added", "removed", "renamed"
RELABELLED, MOVED, REGROUPED, REWRITTEN = "relabelled", "moved", "regrouped", "rewritten"
RENUMBERED = "renumbered"
KINDS = (ADDED, REMOVED, RENAMED, RELABELLED, MOVED, REGROUPED, REWRITTEN, RENUMBERED)

NO_SPLIT = "no split"


@dataclass
class Changes:
    """The differences between two manifests.

    Attributes
    ----------
    n : Counter
        How many differences of each of `KINDS`.
    samples : tuple of int
        How many samples either has.
    per_class : dict
        Samples of each (label, split), in A and in B.
    moves : Counter
        How many samples went from one split to another.
    unchanged : int
        Samples without any difference.
    without_digest : int
        Pairs whose bytes could not be compared, as no checksum is recorded.
    """

    n: Counter[str] = field(default_factory=Counter)
    samples: tuple[int, int] = (0, 0)
    per_class: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    unchanged: int = 0
    without_digest: int = 0
    _listed: dict[str, list[Problem]] = field(default_factory=lambda: defaultdict(list))

    def add(self, kind: str, sample_id: str, where: str, message: str) -> None:
        """Count a difference, and list it if it is one of the first of its kind, by id."""
        self.n[kind] += 1
        listed = self._listed[kind]
        listed.append(Problem(sample_id, where, kind, message))
        if len(listed) == 2 * MAX_LISTED:
            listed.sort()
            del listed[MAX_LISTED:]

    @property
    def problems(self) -> list[Problem]:
        """The differences that are listed; rare kinds come first, so that none hides them."""
        kinds = sorted(self._listed, key=lambda kind: (self.n[kind], KINDS.index(kind)))
        return [one for kind in kinds for one in sorted(self._listed[kind])][:MAX_LISTED]


def between(a: Path, b: Path) -> Changes:
    """What changed from dataset `a` to dataset `b`; each may be the manifest itself.

    Raises
    ------
    MissingError
        If one of them is not there.
    FormatError
        If one has no manifest, or a damaged one.
    """
    changes = Changes()
    with Partitions() as before, Partitions() as after:
        changes.samples = _fill(before, a, 0, changes), _fill(after, b, 1, changes)
        with Partitions() as gone, Partitions() as new:
            for left, right in zip(before, after, strict=True):
                _pair_by_id(_by_id(left, a), _by_id(right, b), gone, new, changes)
            for left, right in zip(gone, new, strict=True):
                _pair_by_digest(left, right, changes)
    _compare_classes(a, b, changes)
    return changes


def rows_of(path: Path) -> Iterator[Row]:
    """The rows of the manifest that a path has, or is."""
    if not path.exists():
        raise MissingError("not there", path=path)
    if path.is_file() and path.name.endswith(sidecars.MANIFEST):
        return sidecars.read_rows(path, distinct=False)
    refuse_partial(path)
    own = existing.own_record_of(path)
    has_rows = (
        own.document(path) if own else sidecars.sidecar_path(path, sidecars.MANIFEST).exists()
    )
    if not has_rows:
        raise FormatError(
            "has no manifest; expected a dataset that signdata wrote, or a manifest.csv",
            path=path,
            remedy="Write one with signdata convert.",
        )
    return existing.read_rows(path, distinct=False)


def _fill(into: Partitions, path: Path, side: int, changes: Changes) -> int:
    """Read a manifest into parts by id; return how many samples it lists."""
    per_class, n = changes.per_class, 0
    for row in rows_of(path):
        label, split = row["label"], row.get("split", "")
        per_class.setdefault((label, split), [0, 0])[side] += 1
        into.add(
            row["id"],
            Item(row["id"], label, split, row.get("group", ""), row.get("sha256", "")),
        )
        n += 1
    return n


def _by_id(items: list[Item], path: Path) -> dict[str, Item]:
    found = {item.id: item for item in items}
    if len(found) < len(items):
        twice, _ = Counter(item.id for item in items).most_common(1)[0]
        raise FormatError(f"id {twice!r} appears twice", path=path)
    return found


def _pair_by_id(
    before: dict[str, Item],
    after: dict[str, Item],
    gone: Partitions,
    new: Partitions,
    changes: Changes,
) -> None:
    """Compare the samples of one id; what only one side has goes to `gone` and `new`."""
    for sample_id, item in after.items():
        old = before.pop(sample_id, None)
        if old is not None:
            _compare(old, item, changes)
        else:
            new.add(item.digest or item.id, item)
    for item in before.values():
        gone.add(item.digest or item.id, item)


def _pair_by_digest(before: list[Item], after: list[Item], changes: Changes) -> None:
    """Take a sample that is gone and a new one with the same bytes for one that was renamed."""
    gone, new = sorted(before), sorted(after)
    # Of several copies, those go together that differ in nothing else.
    for key in (lambda item: item[1:], lambda item: item.digest):
        gone, new = _pair(gone, new, key, changes)
    for kind, items in ((ADDED, new), (REMOVED, gone)):
        for item in items:
            changes.add(kind, item.id, "", f"label {item.label!r}, {item.split or NO_SPLIT}")


def _pair(
    gone: list[Item], new: list[Item], key: Callable[[Item], Hashable], changes: Changes
) -> tuple[list[Item], list[Item]]:
    """Compare items that have the same key, in order; return those that are left."""
    waiting: dict[Hashable, deque[Item]] = defaultdict(deque)
    for item in gone:
        waiting[key(item)].append(item)
    left = []
    for item in new:
        same = waiting.get(key(item)) if item.digest else None
        if same:
            _compare(same.popleft(), item, changes)
        else:
            left.append(item)
    return [item for items in waiting.values() for item in items], left


def _compare(old: Item, new: Item, changes: Changes) -> None:
    """Count the differences of a sample between two versions."""
    n = changes.n.total()
    if old.id != new.id:
        changes.add(RENAMED, new.id, "id", f"{old.id!r} -> {new.id!r}")
    if old.label != new.label:
        changes.add(RELABELLED, new.id, "label", f"{old.label!r} -> {new.label!r}")
    if old.split != new.split:
        changes.moves[old.split, new.split] += 1
        changes.add(MOVED, new.id, "split", f"{old.split or NO_SPLIT} -> {new.split or NO_SPLIT}")
    if old.group != new.group:
        changes.add(REGROUPED, new.id, "group", f"{old.group!r} -> {new.group!r}")
    if not (old.digest and new.digest):
        changes.without_digest += 1
    elif old.digest != new.digest:
        changes.add(REWRITTEN, new.id, "sha256", f"{old.digest[:12]}... -> {new.digest[:12]}...")
    changes.unchanged += changes.n.total() == n


def _compare_classes(a: Path, b: Path, changes: Changes) -> None:
    """Find classes whose number is another one now: labels of trained networks would be off."""
    before, after = _class_numbers(a), _class_numbers(b)
    for label in before.keys() & after.keys():
        if before[label] != after[label]:
            message = f"class {label!r} was number {before[label]}, is {after[label]}"
            changes.add(RENUMBERED, label, "", message)


def _class_numbers(path: Path) -> dict[str, int]:
    """The number of each class, from 0, as far as they are recorded."""
    document = None if path.name.endswith(sidecars.MANIFEST) else existing.read_document(path)
    counts = (document or {}).get("counts")
    classes = counts.get("classes") if isinstance(counts, dict) else None
    return {name: i for i, name in enumerate(classes)} if isinstance(classes, dict) else {}
