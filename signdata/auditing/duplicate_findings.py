"""Findings about samples that are alike: duplicates, conflicts, leaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from signdata.auditing.findings import Finding
from signdata.similarity.comparison import Leaking, Likeness
from signdata.similarity.fingerprints import Fingerprint
from signdata.similarity.near_duplicates import RELATED

_SHOWN = 5

Place = Callable[[int], str]
"""Names the split, dataset or class of a sample by its number."""


def copies(like: Likeness, looks: Sequence[Fingerprint], place: Place) -> Iterator[Finding]:
    """Samples whose pixels an earlier one has."""
    for i in like.copies:
        first = looks[like.copy_of[i]]
        there = f" ({place(like.copy_of[i])})" if place(i) != place(like.copy_of[i]) else ""
        text = f"the same pixels as {first.id}{there}"
        yield Finding("exact-duplicate", looks[i].id, place(i), text)


def conflicts(like: Likeness, looks: Sequence[Fingerprint], place: Place) -> Iterator[Finding]:
    """Pictures, or near-duplicates, that have two labels."""
    for i in like.copies:
        first = looks[like.copy_of[i]]
        if first.label != looks[i].label:
            text = f"labelled {looks[i].label}; the same pixels are labelled {first.label} at "
            yield Finding("label-conflict", looks[i].id, place(i), text + first.id)
    for (i, j), value in zip(
        like.twins.index.tolist(), like.twins.correlation.tolist(), strict=True
    ):
        if looks[i].label != looks[j].label and like.pixels[i] != like.pixels[j]:
            text = (
                f"labelled {looks[j].label}; correlates {value:.3f} with {looks[i].id}, which is "
                f"labelled {looks[i].label}"
            )
            yield Finding("near-label-conflict", looks[j].id, place(j), text)


def groups(like: Likeness, looks: Sequence[Fingerprint]) -> Iterator[Finding]:
    """Clusters of near-duplicates, the largest first.

    One counts unless something keeps it together: all its members are in one split or dataset
    of several, or in one known group.
    """
    for members in like.clusters():
        some = [looks[i] for i in members.tolist()]
        parts = list(dict.fromkeys(like.parts[i] for i in members.tolist()))
        kept = len(like.order) > 1 and len(parts) == 1 and parts != [""]
        kept |= len({look.group for look in some}) == 1 and some[0].group != ""
        names = [look.id for look in some[1 : _SHOWN + 1]]
        more = ", ..." if len(some) > _SHOWN + 1 else ""
        text = f"{len(some):,} alike, with {', '.join(names)}{more}"
        if len(parts) > 1:
            text += f"; in {', '.join(part or 'no split' for part in parts)}"
        yield Finding("near-duplicates", some[0].id, some[0].label, text, counts=not kept)


def leaked(
    like: Likeness, looks: Sequence[Fingerprint], found: Sequence[Leaking]
) -> Iterator[Finding]:
    """Samples of later parts with a twin in an earlier one, as `likeness.leaking` found them."""
    for leak in found:
        yield Finding("leak", looks[leak.index].id, like.parts[leak.index], how(like, looks, leak))


def how(like: Likeness, looks: Sequence[Fingerprint], leak: Leaking) -> str:
    """What a leaking sample has in common with an earlier one, in words."""
    other = f"{looks[leak.partner].id} of {like.parts[leak.partner]}"
    if like.pixels[leak.index] == like.pixels[leak.partner]:
        return f"the same pixels as {other}"
    return f"correlates {leak.correlation:.3f} with {other}"


def related(like: Likeness, name: str, threshold: float) -> Iterator[Finding]:
    """One line on pairs below the threshold: bursts and sessions, not duplicates."""
    if len(like.related):
        text = (
            f"{len(like.related):,} pairs inside classes correlate between {RELATED:g} and "
            f"{threshold:g} beyond these groups: bursts or sessions, not duplicates"
        )
        yield Finding("related", name, "", text, counts=False)
