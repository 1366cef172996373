"""Findings about a dataset as a whole: its classes, their sizes, its signers, its strays."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from signdata.auditing.findings import Finding
from signdata.formats.reader import DatasetInfo
from signdata.labels import LETTERS, MOTION_LETTERS, SIGN_MNIST_CODES
from signdata.similarity.fingerprints import Fingerprint
from signdata.similarity.neighbour_probe import Probe

UNEQUAL = 3
"""The largest class is this many times the smallest when that is worth a line."""

_SPLIT_WORDS = re.compile(
    r"(^|[-_. ])(train|training|val|valid|validation|dev|eval|test|testing)([-_. ]|$)", re.I
)
_SHOWN = 10


def _some(names: Sequence[str]) -> str:
    more = f", ... ({len(names)} in all)" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def classes(name: str, info: DatasetInfo, looks: Sequence[Fingerprint]) -> Iterator[Finding]:
    """What the classes of a dataset called `name` look like from outside."""
    present = sorted({look.label for look in looks if look.label})
    declared = info.labels.classes
    empty = [label for label in declared if label not in present]
    if empty:
        text = f"in the list of classes, but without a sample: {_some(empty)}"
        yield Finding("empty-class", name, "", text)
    for note in info.notes:
        if note.message.endswith(": no class"):
            yield Finding("empty-class", note.path, name, note.message)
    if declared and list(declared) != sorted(declared):
        text = (
            f"the list of classes begins {_some(declared[:4])}, sorted folders would begin "
            f"{_some(sorted(declared)[:4])}: a loader that sorts numbers them otherwise"
        )
        yield Finding("class-order", name, "", text, counts=False)
    yield from _splits_as_classes(name, present)
    if fact := _fact(present):
        yield Finding("label-space", name, "", fact, counts=False)


def _splits_as_classes(name: str, present: Sequence[str]) -> Iterator[Finding]:
    likely = [label for label in present if _SPLIT_WORDS.search(label)]
    if likely and 2 * len(likely) > len(present):
        text = (
            f"{_some(likely)}: named like splits, read as classes. Name the folder below them, "
            "or rename them train, val, test"
        )
        yield Finding("split-as-class", name, "", text)


def _fact(present: Sequence[str]) -> str:
    """What is known of label spaces like this one; '' for others."""
    upper = {label.upper() for label in present}
    if upper == set(SIGN_MNIST_CODES.values()):
        return (
            "24 letters, A to Y without J: a network needs 24 outputs, or 25 or 26 of which some "
            "are never right"
        )
    if upper == {*LETTERS, "DEL", "NOTHING", "SPACE"}:
        return "29 classes: the letters and del, nothing, space"
    letters = upper & set(LETTERS)
    if len(letters) == len(upper) > 12:
        lacking = sorted(set(LETTERS) - upper)
        still = "; J and Z are movements, no still shows them" * (
            not lacking and all(letter in upper for letter in MOTION_LETTERS)
        )
        return f"{len(letters)} letters" + (
            f", without {_some(lacking)}" if lacking else f", all of them{still}"
        )
    if len(present) > 1 and all(label.isdecimal() for label in present):
        codes = sorted(map(int, present))
        gaps = sorted(set(map(str, range(codes[0], codes[-1]))) - set(present), key=int)
        if gaps or codes[0]:
            return (
                f"codes {codes[0]} to {codes[-1]} without {_some(gaps) or 'a gap'}: "
                f"{len(codes)} classes, not {codes[-1] + 1}"
            )
    return ""


def class_sets(labels_of: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """Classes that some parts have and others lack; the first part is the one to learn from."""
    everything = sorted({label for labels in labels_of.values() for label in labels})
    first = next(iter(labels_of), "")
    for part, labels in labels_of.items():
        lacking = [label for label in everything if label not in set(labels)]
        if lacking and len(labels_of) > 1:
            text = f"has no sample of {_some(lacking)}"
            yield Finding("class-sets", part, "", text, counts=part == first)


def imbalance(name: str, looks: Sequence[Fingerprint]) -> Iterator[Finding]:
    """Whether the largest class is many times the smallest."""
    counts = Counter(look.label for look in looks if look.label)
    if not counts:
        return
    (large, most), (small, fewest) = counts.most_common()[0], counts.most_common()[-1]
    if most > UNEQUAL * fewest:
        text = f"{large} has {most:,} samples, {small} has {fewest:,}"
        yield Finding("imbalance", name, "", text, counts=False)


def shared(parts: Sequence[str], looks: Sequence[Fingerprint]) -> Iterator[Finding]:
    """Signers and groups that stand in several parts."""
    for kind, names in (
        ("shared-signer", [look.signer for look in looks]),
        ("shared-group", [look.group for look in looks]),
    ):
        places: dict[str, dict[str, int]] = defaultdict(dict)
        for name, part in zip(names, parts, strict=True):
            if name and part:
                places[name][part] = places[name].get(part, 0) + 1
        for name, counts in sorted(places.items()):
            if len(counts) > 1:
                text = ", ".join(f"{count:,} samples in {part}" for part, count in counts.items())
                yield Finding(kind, name, "", text)


def protection(name: str, looks: Sequence[Fingerprint], probe: Probe | None) -> Iterator[Finding]:
    """What a random split would not know: films, signers."""
    if probe is not None and probe.is_wide:
        by = "signer" if probe.unseen == "signers" else f"blocks:{probe.block}"
        unseen = "signers it has not seen" if probe.unseen == "signers" else "runs it has not seen"
        text = (
            f"a nearest neighbour reads {probe.random:.1%} of a random tenth, {probe.apart:.1%} "
            f"of {unseen}. Split with --group-by {by}"
        )
        yield Finding("burst", name, "", text)
    elif not any(look.signer or look.group for look in looks):
        text = (
            "neither signers nor groups are known: NOTHING PROTECTS against leaks by person or by "
            "film; only near-duplicates can be seen"
        )
        if probe is not None:
            text += f" (runs of numbers in the names show no gap: {probe.gap:+.1%})"
        yield Finding("unprotected", name, "", text, counts=False)


def strays(name: str, info: DatasetInfo) -> Iterator[Finding]:
    """What lies in the dataset and is no sample."""
    for note in info.notes:
        if note.message.endswith(": no class"):
            continue
        if info.kind == "clip" and note.path.lower().endswith(".json"):
            yield Finding("pose-mismatch", note.path, name, "a pose without its frame")
        else:
            yield Finding("stray", note.path, name, note.message, counts=False)
