"""Findings about a dataset as a whole: classes, class sizes, signers and stray files."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from signdata.auditing.findings import Finding
from signdata.formats.reader import DatasetInfo
from signdata.labels import LETTERS, MOTION_LETTERS, SIGN_MNIST_CODES
from signdata.plurals import counted
from signdata.similarity.fingerprints import Fingerprint
from signdata.similarity.neighbour_probe import Probe

UNEQUAL = 3
"""Ratio of the largest to the smallest class above which imbalance is reported."""

_SPLIT_WORDS = re.compile(
    r"(^|[-_. ])(train|training|val|valid|validation|dev|eval|test|testing)([-_. ]|$)", re.I
)
_SHOWN = 10

_TREES = {"folders", "frames", "videos"}
"""Formats whose notes are of files that were found and are no samples."""


def _some(names: Sequence[str]) -> str:
    more = f", ... ({len(names)} in all)" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def classes(name: str, info: DatasetInfo, samples: Sequence[Fingerprint]) -> Iterator[Finding]:
    """Empty classes, class order and suspicious class names of the dataset `name`."""
    present = sorted({sample.label for sample in samples if sample.label})
    declared = info.labels.classes
    empty = [label for label in declared if label not in present]
    if empty:
        text = f"in the class list, but without samples: {_some(empty)}"
        yield Finding("empty-class", name, "", text)
    for note in info.notes:
        if note.message.endswith(": no class"):
            yield Finding("empty-class", note.path, name, note.message)
    if declared and list(declared) != sorted(declared):
        text = (
            f"the class list starts with {_some(declared[:4])}, sorted it would start with "
            f"{_some(sorted(declared)[:4])}: a loader that sorts class names assigns other indices"
        )
        yield Finding("class-order", name, "", text, counts=False)
    yield from _splits_as_classes(name, present)
    if fact := _fact(present):
        yield Finding("label-space", name, "", fact, counts=False)


def _splits_as_classes(name: str, present: Sequence[str]) -> Iterator[Finding]:
    likely = [label for label in present if _SPLIT_WORDS.search(label)]
    if likely and 2 * len(likely) > len(present):
        text = (
            f"{_some(likely)}: look like splits but were read as classes. Pass the folder below "
            "them, or rename them train, val, test"
        )
        yield Finding("split-as-class", name, "", text)


def _fact(present: Sequence[str]) -> str:
    """A remark on a well-known label space; '' for any other."""
    upper = {label.upper() for label in present}
    if upper == set(SIGN_MNIST_CODES.values()):
        return (
            "24 letters, A to Y without J: a network needs 24 outputs; of 25 or 26, some would "
            "never be used"
        )
    if upper == {*LETTERS, "DEL", "NOTHING", "SPACE"}:
        return "29 classes: the letters and del, nothing, space"
    letters = upper & set(LETTERS)
    if len(letters) == len(upper) > 12:
        lacking = sorted(set(LETTERS) - upper)
        still = "; J and Z are movements, which a still picture cannot show" * (
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
    """Classes that some parts lack; it counts only for the first part, which is for training."""
    everything = sorted({label for labels in labels_of.values() for label in labels})
    first = next(iter(labels_of), "")
    for part, labels in labels_of.items():
        lacking = [label for label in everything if label not in set(labels)]
        if lacking and len(labels_of) > 1:
            text = f"has no samples of {_some(lacking)}"
            yield Finding("class-sets", part, "", text, counts=part == first)


def imbalance(name: str, samples: Sequence[Fingerprint]) -> Iterator[Finding]:
    """Report it if the largest class is many times the size of the smallest."""
    counts = Counter(sample.label for sample in samples if sample.label)
    if not counts:
        return
    (large, most), (small, fewest) = counts.most_common()[0], counts.most_common()[-1]
    if most > UNEQUAL * fewest:
        text = f"{large} has {counted(most, 'sample')}, {small} has {fewest:,}"
        yield Finding("imbalance", name, "", text, counts=False)


def shared(parts: Sequence[str], samples: Sequence[Fingerprint]) -> Iterator[Finding]:
    """Signers and groups that appear in several parts."""
    for kind, names in (
        ("shared-signer", [sample.signer for sample in samples]),
        ("shared-group", [sample.group for sample in samples]),
    ):
        places: dict[str, dict[str, int]] = defaultdict(dict)
        for name, part in zip(names, parts, strict=True):
            if name and part:
                places[name][part] = places[name].get(part, 0) + 1
        for name, counts in sorted(places.items()):
            if len(counts) > 1:
                text = ", ".join(
                    f"{counted(count, 'sample')} in {part}" for part, count in counts.items()
                )
                yield Finding(kind, name, "", text)


def protection(name: str, samples: Sequence[Fingerprint], probe: Probe | None) -> Iterator[Finding]:
    """Whether a random split would leak, and whether signers or groups prevent it."""
    if probe is not None and probe.is_wide:
        by = "signer" if probe.unseen == "signers" else f"blocks:{probe.block}"
        unseen = "unseen signers" if probe.unseen == "signers" else "unseen runs of numbered names"
        text = (
            f"a nearest-neighbour classifier gets {probe.random:.1%} of a random tenth right, but "
            f"only {probe.apart:.1%} of {unseen}. Split with --group-by {by}"
        )
        yield Finding("burst", name, "", text)
    elif not any(sample.signer or sample.group for sample in samples):
        text = (
            "neither signers nor groups are known: NOTHING PROTECTS against leaks by signer or "
            "recording; only near-duplicates can be detected"
        )
        if probe is not None:
            text += (
                " (no sign of films that leak: a nearest neighbour reads unseen runs of numbered "
                "names as well as a random tenth)"
            )
        yield Finding("unprotected", name, "", text, counts=False)


def notes(name: str, info: DatasetInfo) -> Iterator[Finding]:
    """What the reader noted: files that are not samples, and what an index means otherwise."""
    formats = set(info.format.split("+"))
    kind = "stray" if formats <= _TREES else "changed"
    for note in info.notes:
        if note.message.endswith(": no class"):
            continue
        if "frames" in formats and note.path.lower().endswith(".json"):
            yield Finding("pose-mismatch", note.path, name, "a pose file without a frame")
        else:
            yield Finding(kind, note.path, name, note.message, counts=False)
