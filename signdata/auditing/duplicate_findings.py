"""Findings about duplicates: exact and near-duplicates, label conflicts, leaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from signdata.auditing.findings import Finding
from signdata.auditing.pairs import Compared, Group
from signdata.plurals import counted
from signdata.similarity.comparison import Comparison, LeakingSample
from signdata.similarity.fingerprints import Fingerprint
from signdata.similarity.near_duplicates import RELATED, Pairs, numbered

_SHOWN = 5


def copies(all_of: Compared) -> Iterator[Finding]:
    """Samples with the same pixels as an earlier one."""
    samples = all_of.samples
    for i in all_of.compared.copies:
        first = int(all_of.compared.copy_of[i])
        there = f" ({all_of.part(first)})" if all_of.part(i) != all_of.part(first) else ""
        text = f"the same pixels as {samples[first].id}{there}"
        pair = all_of.pair("exact-duplicate", i, first, 1.0)
        yield Finding(pair.kind, samples[i].id, all_of.part(i), text, pair=pair)


def conflicts(all_of: Compared) -> Iterator[Finding]:
    """Exact or near-duplicates with different labels."""
    compared, samples = all_of.compared, all_of.samples
    for i in compared.copies:
        j = int(compared.copy_of[i])
        first = samples[j]
        if first.label != samples[i].label:
            text = f"labelled {samples[i].label}; {first.id} has the same pixels and is labelled "
            pair = all_of.pair("label-conflict", i, j, 1.0)
            yield Finding(pair.kind, samples[i].id, all_of.part(i), text + first.label, pair=pair)
    some = _of_two_labels(all_of)
    for (i, j), value in zip(some.index.tolist(), some.correlation.tolist(), strict=True):
        text = (
            f"labelled {samples[j].label}; correlation {value:.3f} with {samples[i].id}, "
            f"which is labelled {samples[i].label}"
        )
        pair = all_of.pair("near-label-conflict", j, i, value)
        yield Finding(pair.kind, samples[j].id, all_of.part(j), text, pair=pair)


def _of_two_labels(all_of: Compared) -> Pairs:
    """The twins with different labels and pixels: of hundreds of thousands nearly none."""
    labels, pixels = numbered([one.label for one in all_of.samples]), all_of.compared.pixels
    left, right = all_of.compared.twins.index.T
    return all_of.compared.twins.where(
        (labels[left] != labels[right]) & (pixels[left] != pixels[right])
    )


def groups(all_of: Compared, found: Sequence[Group]) -> Iterator[Finding]:
    """Clusters of near-duplicates, the largest first.

    A cluster counts unless it cannot leak: all its members are in one of several splits or
    datasets, or in one known group.
    """
    for group in found:
        some = [all_of.samples[i] for i in group.members]
        parts = list(dict.fromkeys(all_of.part(i) for i in group.members))
        names = [sample.id for sample in some[1 : _SHOWN + 1]]
        more = ", ..." if len(some) > _SHOWN + 1 else ""
        text = f"{len(some):,} near-duplicates, among them {', '.join(names)}{more}"
        if len(parts) > 1:
            text += f"; in {', '.join(part or 'no split' for part in parts)}"
        yield Finding(
            *("near-duplicates", some[0].id, some[0].label, text),
            counts=_can_leak(all_of, group),
            pair=group.pairs[0],
        )


def _can_leak(all_of: Compared, group: Group) -> bool:
    parts = {all_of.part(i) for i in group.members}
    groups = {all_of.samples[i].group for i in group.members}
    divided = len(all_of.compared.order) > 1 and len(parts) == 1 and parts != {""}
    return not divided and (len(groups) > 1 or groups == {""})


def members(all_of: Compared, found: Sequence[Group]) -> Iterator[Finding]:
    """The members of clusters but the first, each with the one that it is most similar to."""
    for group in found:
        text, counts = f"of the group of {group.pairs[0].sample_id}", _can_leak(all_of, group)
        for pair in group.pairs[1:]:
            yield Finding(
                pair.kind, pair.sample_id, pair.sample_split, text, counts=counts, pair=pair
            )


def leaked(all_of: Compared, found: Sequence[LeakingSample]) -> Iterator[Finding]:
    """Samples of later parts with a twin in an earlier one, as found by `leaking_samples`."""
    for leak in found:
        pair = all_of.pair("leak", leak.index, leak.partner, leak.correlation)
        text = how(all_of.compared, all_of.samples, leak)
        yield Finding(pair.kind, pair.sample_id, pair.sample_split, text, pair=pair)


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
            f"outside these groups, {counted(len(compared.related), 'pair')} within classes with a "
            f"correlation of {RELATED:g} to {threshold:g}: bursts or sessions, not duplicates"
        )
        yield Finding("related", name, "", text, counts=False)
