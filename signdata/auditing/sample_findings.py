"""Findings about single samples: unreadable, blank, dark, blurred, odd, short, frozen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Any

from signdata.auditing.findings import KINDS, Finding
from signdata.similarity.fingerprints import Fingerprint

FLAT = 3.0
"""Grey levels of deviation below which a picture is blank."""

DARK, BRIGHT = 25.0, 245.0
"""Mean grey levels beyond which nothing can be seen."""

BLURRED = 20
"""A picture is blurred whose Laplacian varies this many times less than the dataset's median."""

FEW = 8
"""Samples from which on a dataset has something that is usual for it."""

MANY = 0.1
"""Share of a dataset from which on something is no fault of single pictures any more."""

SHORT, SHORTER = 8, 4
"""A clip is short with fewer frames than this, and this many times fewer than the median clip."""


def unreadable(
    looks: Sequence[Fingerprint], place: Callable[[Fingerprint], str]
) -> Iterator[Finding]:
    """Samples that cannot be read; `place` names the split or dataset of one."""
    for look in looks:
        if look.error is not None:
            kind = look.error.kind if look.error.kind in KINDS else "corrupt"
            yield Finding(kind, look.id, place(look), look.error.what)


def pictures(
    looks: Sequence[Fingerprint], place: Callable[[Fingerprint], str]
) -> Iterator[Finding]:
    """Stills that show nothing, or less than the others; `looks` are readable."""
    usual = median(look.sharpness for look in looks) if len(looks) >= FEW else 0.0
    blank = {look.id for look in looks if look.deviation < FLAT}
    for look in looks:
        if look.id in blank:
            yield Finding("flat", look.id, place(look), f"one grey level, {look.mean:.0f}")
    rest = [look for look in looks if look.id not in blank]
    yield from _of_many(
        "dark", "mean grey level {:.0f}", rest, place, lambda look: look.mean, below=DARK
    )
    yield from _of_many(
        "bright", "mean grey level {:.0f}", rest, place, lambda look: look.mean, above=BRIGHT
    )
    yield from _of_many(
        "blurred",
        f"sharpness {{:.1f}}, where {usual:.0f} is usual",
        rest,
        place,
        lambda look: look.sharpness,
        below=usual / BLURRED,
    )


def _of_many(
    kind: str,
    message: str,
    looks: Sequence[Fingerprint],
    place: Callable[[Fingerprint], str],
    value: Callable[[Fingerprint], float],
    *,
    below: float = float("-inf"),
    above: float = float("inf"),
) -> Iterator[Finding]:
    """Each sample beyond a limit, or one line where many are: then the dataset is like that."""
    found = [look for look in looks if not below <= value(look) <= above]
    if len(found) > max(FEW, MANY * len(looks)):
        text = f"{len(found):,} of {len(looks):,} pictures: the dataset is like that"
        yield Finding(kind, "", "", text, counts=False)
        return
    for look in found:
        text = message.format(value(look))
        yield Finding(kind, look.id, place(look), text, counts=False)


def shapes(looks: Sequence[Fingerprint], place: Callable[[Fingerprint], str]) -> Iterator[Finding]:
    """Samples of an odd size or mode, or one line where there is no usual one."""

    def size(look: Fingerprint) -> str:
        return f"{look.size_hw[1]}x{look.size_hw[0]}"

    yield from _unlike("odd-size", "sizes", looks, place, size)
    yield from _unlike(
        "odd-mode", "modes", looks, place, lambda look: "grey" if look.channels == 1 else "colour"
    )
    for look in looks:
        for note in look.notes:
            if not note.startswith("not preserved"):
                kind = "odd-mode" if look.n_frames == 1 else "changed"
                yield Finding(kind, look.id, place(look), note, counts=False)


def _unlike(
    kind: str,
    plural: str,
    looks: Sequence[Fingerprint],
    place: Callable[[Fingerprint], str],
    value: Callable[[Fingerprint], Any],
) -> Iterator[Finding]:
    counts = Counter(map(value, looks))
    if len(counts) < 2:
        return
    [(usual, n), *others] = counts.most_common()
    if n < (1 - MANY) * len(looks):
        text = ", ".join(f"{name}: {count:,}" for name, count in [(usual, n), *others][:5])
        more = ", ..." if len(counts) > 5 else ""
        message = f"{len(counts):,} {plural} ({text}{more})"
        yield Finding(kind, "", "", message, counts=False)
        return
    for look in looks:
        if value(look) != usual:
            message = f"{value(look)}, where {usual} is usual"
            yield Finding(kind, look.id, place(look), message, counts=False)


def clips(looks: Sequence[Fingerprint], place: Callable[[Fingerprint], str]) -> Iterator[Finding]:
    """Clips that are short, do not move, or have poses for some frames only."""
    usual = median(look.n_frames for look in looks) if looks else 0
    for look in looks:
        if usual > 1 and look.n_frames < max(2, min(SHORT, usual / SHORTER)):
            text = f"{look.n_frames} frames, where {usual:.0f} are usual"
            yield Finding("short", look.id, place(look), text)
        if look.frozen:
            text = f"all {look.n_frames} frames are the same"
            yield Finding("frozen", look.id, place(look), text)
        if look.n_poses not in (0, look.n_frames):
            text = f"{look.n_poses} poses for {look.n_frames} frames"
            yield Finding("pose-mismatch", look.id, place(look), text)
