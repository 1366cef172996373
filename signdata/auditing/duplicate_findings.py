"""Findings about duplicates: exact and near-duplicates, label conflicts, leaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from signdata.auditing.findings import Finding
from signdata.similarity.comparison import Comparison, LeakingSample
from signdata.similarity.fingerprints import Fingerprint
from signdata.similarity.near_duplicates import RELATED

_SHOWN = 5

Place = Callable[[int], str]
"""Returns the split or dataset of a sample, given its index."""


def copies(compared: Comparison, samples: Sequence[Fingerprint], place: Place) -> Iterator[Finding]:
    """Samples with the same pixels as an earlier one."""
    for i in compared.copies:
        first = samples[compared.copy_of[i]]
        there = f" ({place(compared.copy_of[i])})" if place(i) != place(compared.copy_of[i]) else ""
        text = f"the same pixels as {first.id}{there}"
        yield Finding("exact-duplicate", samples[i].id, place(i), text)


def conflicts(
    compared: Comparison, samples: Sequence[Fingerprint], place: Place
) -> Iterator[Finding]:
    """Exact or near-duplicates with different labels."""
    for i in compared.copies:
        first = samples[compared.copy_of[i]]
        if first.label != samples[i].label:
            text = f"labelled {samples[i].label}; {first.id} has the same pixels and is labelled "
            yield Finding("label-conflict", samples[i].id, place(i), text + first.label)
    for (i, j), value in zip(
        compared.twins.index.tolist(), compared.twins.correlation.tolist(), strict=True
    ):
        if samples[i].label != samples[j].label and compared.pixels[i] != compared.pixels[j]:
            text = (
                f"labelled {samples[j].label}; correlation {value:.3f} with {samples[i].id}, "
                f"which is labelled {samples[i].label}"
            )
            yield Finding("near-label-conflict", samples[j].id, place(j), text)


def groups(compared: Comparison, samples: Sequence[Fingerprint]) -> Iterator[Finding]:
    """Clusters of near-duplicates, the largest first.

    A cluster counts unless it cannot leak: all its members are in one of several splits or
    datasets, or in one known group.
    """
    for members in compared.clusters():
        some = [samples[i] for i in members.tolist()]
        parts = list(dict.fromkeys(compared.parts[i] for i in members.tolist()))
        kept = len(compared.order) > 1 and len(parts) == 1 and parts != [""]
        kept |= len({sample.group for sample in some}) == 1 and some[0].group != ""
        names = [sample.id for sample in some[1 : _SHOWN + 1]]
        more = ", ..." if len(some) > _SHOWN + 1 else ""
        text = f"{len(some):,} near-duplicates, among them {', '.join(names)}{more}"
        if len(parts) > 1:
            text += f"; in {', '.join(part or 'no split' for part in parts)}"
        yield Finding("near-duplicates", some[0].id, some[0].label, text, counts=not kept)


def leaked(
    compared: Comparison, samples: Sequence[Fingerprint], found: Sequence[LeakingSample]
) -> Iterator[Finding]:
    """Samples of later parts with a twin in an earlier one, as found by `leaking_samples`."""
    for leak in found:
        yield Finding(
            "leak", samples[leak.index].id, compared.parts[leak.index], how(compared, samples, leak)
        )


def how(compared: Comparison, samples: Sequence[Fingerprint], leak: LeakingSample) -> str:
    """Describe what a leaking sample has in common with an earlier one."""
    other = f"{samples[leak.partner].id} of {compared.parts[leak.partner]}"
    if compared.pixels[leak.index] == compared.pixels[leak.partner]:
        return f"the same pixels as {other}"
    return f"correlation {leak.correlation:.3f} with {other}"


def related(compared: Comparison, name: str, threshold: float) -> Iterator[Finding]:
    """One line about similar pairs below the threshold: bursts or sessions, not duplicates."""
    if len(compared.related):
        text = (
            f"outside these groups, {len(compared.related):,} pairs within classes have a "
            f"correlation of {RELATED:g} to {threshold:g}: bursts or sessions, not duplicates"
        )
        yield Finding("related", name, "", text, counts=False)
