"""Findings about single samples: unreadable, blank, dark, blurred, unusual, short, frozen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Any

from signdata.auditing.findings import KINDS, Finding
from signdata.similarity.fingerprints import Fingerprint

FLAT = 3.0
"""Standard deviation, in grey levels, below which a picture is blank."""

DARK, BRIGHT = 25.0, 245.0
"""Mean grey levels below and above which a picture is dark or bright."""

BLURRED = 20
"""A picture is blurred if its sharpness is less than the dataset's median divided by this."""

FEW = 8
"""Fewest samples from which a median is meaningful."""

MANY = 0.1
"""Share of samples above which a property belongs to the dataset, not to single pictures."""

SHORT, SHORTER = 8, 4
"""A clip is short if it has fewer frames than `SHORT` and than the median divided by `SHORTER`."""


def unreadable(
    samples: Sequence[Fingerprint], place: Callable[[Fingerprint], str]
) -> Iterator[Finding]:
    """Unreadable samples; `place` returns a sample's split or dataset."""
    for sample in samples:
        if sample.error is not None:
            kind = sample.error.kind if sample.error.kind in KINDS else "corrupt"
            yield Finding(kind, sample.id, place(sample), sample.error.what)


def pictures(
    samples: Sequence[Fingerprint], place: Callable[[Fingerprint], str]
) -> Iterator[Finding]:
    """Stills that are blank, dark, bright or blurred; `samples` are readable."""
    usual = median(sample.sharpness for sample in samples) if len(samples) >= FEW else 0.0
    blank = {sample.id for sample in samples if sample.deviation < FLAT}
    for sample in samples:
        if sample.id in blank:
            yield Finding(
                "flat", sample.id, place(sample), f"uniform, grey level {sample.mean:.0f}"
            )
    rest = [sample for sample in samples if sample.id not in blank]
    yield from _of_many(
        "dark", "mean grey level {:.0f}", rest, place, lambda sample: sample.mean, below=DARK
    )
    yield from _of_many(
        "bright", "mean grey level {:.0f}", rest, place, lambda sample: sample.mean, above=BRIGHT
    )
    yield from _of_many(
        "blurred",
        f"sharpness {{:.1f}}; the median is {usual:.0f}",
        rest,
        place,
        lambda sample: sample.sharpness,
        below=usual / BLURRED,
    )


def _of_many(
    kind: str,
    message: str,
    samples: Sequence[Fingerprint],
    place: Callable[[Fingerprint], str],
    value: Callable[[Fingerprint], float],
    *,
    below: float = float("-inf"),
    above: float = float("inf"),
) -> Iterator[Finding]:
    """One finding for each sample beyond a limit, or a single one if that is common."""
    found = [sample for sample in samples if not below <= value(sample) <= above]
    if len(found) > max(FEW, MANY * len(samples)):
        text = f"{len(found):,} of {len(samples):,} pictures: common in this dataset"
        yield Finding(kind, "", "", text, counts=False)
        return
    for sample in found:
        text = message.format(value(sample))
        yield Finding(kind, sample.id, place(sample), text, counts=False)


def shapes(
    samples: Sequence[Fingerprint], place: Callable[[Fingerprint], str]
) -> Iterator[Finding]:
    """Samples of an unusual size or colour mode, or a single finding if none is usual."""

    def size(sample: Fingerprint) -> str:
        return f"{sample.size_hw[1]}x{sample.size_hw[0]}"

    yield from _unlike("odd-size", "sizes", samples, place, size)
    yield from _unlike(
        "odd-mode",
        "modes",
        samples,
        place,
        lambda sample: "grey" if sample.channels == 1 else "colour",
    )
    for sample in samples:
        for note in sample.notes:
            if not note.startswith("not preserved"):
                kind = "odd-mode" if sample.n_frames == 1 else "changed"
                yield Finding(kind, sample.id, place(sample), note, counts=False)


def _unlike(
    kind: str,
    plural: str,
    samples: Sequence[Fingerprint],
    place: Callable[[Fingerprint], str],
    value: Callable[[Fingerprint], Any],
) -> Iterator[Finding]:
    counts = Counter(map(value, samples))
    if len(counts) < 2:
        return
    [(usual, n), *others] = counts.most_common()
    if n < (1 - MANY) * len(samples):
        text = ", ".join(f"{name}: {count:,}" for name, count in [(usual, n), *others][:5])
        more = ", ..." if len(counts) > 5 else ""
        message = f"{len(counts):,} {plural} ({text}{more})"
        yield Finding(kind, "", "", message, counts=False)
        return
    for sample in samples:
        if value(sample) != usual:
            message = f"{value(sample)}; most are {usual}"
            yield Finding(kind, sample.id, place(sample), message, counts=False)


def clips(samples: Sequence[Fingerprint], place: Callable[[Fingerprint], str]) -> Iterator[Finding]:
    """Clips that are short, have no motion, or have poses for only some frames."""
    usual = median(sample.n_frames for sample in samples) if samples else 0
    for sample in samples:
        if usual > 1 and sample.n_frames < max(2, min(SHORT, usual / SHORTER)):
            text = f"{sample.n_frames} frames; the median is {usual:.0f}"
            yield Finding("short", sample.id, place(sample), text)
        if sample.frozen:
            text = f"all {sample.n_frames} frames are the same"
            yield Finding("frozen", sample.id, place(sample), text)
        if sample.n_poses not in (0, sample.n_frames):
            text = f"{sample.n_poses} poses for {sample.n_frames} frames"
            yield Finding("pose-mismatch", sample.id, place(sample), text)
