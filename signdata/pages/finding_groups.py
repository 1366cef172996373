"""The findings of an audit by kind, each with some pictures: leaks and conflicts as pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from signdata.auditing.findings import KINDS, Finding
from signdata.auditing.run import Audit
from signdata.pages.album import Album, Shot
from signdata.similarity.comparison import LeakingSample

SHOWN = 12
"""Findings of each kind that are shown."""

_OF_A_GROUP = 6
"""Pictures of a group of near-duplicates."""

Hide = Callable[[str], str]
"""Takes a message and returns it, or '' if it tells who signs."""


@dataclass(frozen=True)
class Item:
    """One finding that is shown.

    Attributes
    ----------
    shots : tuple of Shot
        Its picture; a pair has two.
    captions : tuple of str
        What each picture is called.
    message : str
        What is wrong, or ''.
    """

    shots: tuple[Shot, ...]
    captions: tuple[str, ...]
    message: str


@dataclass(frozen=True)
class FindingGroup:
    """All findings of one kind.

    Attributes
    ----------
    kind, meaning : str
        As in `signdata.auditing.findings.KINDS`.
    n : int
        How many there are.
    counts : bool
        Whether they count, or are notes.
    items : tuple of Item
        The first of them.
    """

    kind: str
    meaning: str
    n: int
    counts: bool
    items: tuple[Item, ...]


def finding_groups(
    found: Audit, albums: Sequence[Album], most: int | None, hide: Hide
) -> list[FindingGroup]:
    """The findings by kind, those that count first, the gravest first.

    Parameters
    ----------
    albums : sequence of Album
        One for each dataset of the audit.
    most : int or None
        Findings of each kind that are shown with pictures; None for `SHOWN`, 0 for none.
    hide : callable
        Asked what may be said of each message.
    """
    shown = SHOWN if most is None else most
    look = _Look(found, albums)
    groups = []
    for counts in (True, False):
        for kind, meaning in KINDS.items():
            some = [one for one in found.findings if one.kind == kind and one.counts == counts]
            if some:
                items = tuple(look.items(kind, some, shown, hide)) if shown else _told(some, hide)
                groups.append(FindingGroup(kind, meaning, len(some), counts, items))
    return groups


def pairs(found: Audit, albums: Sequence[Album], most: int) -> list[Item]:
    """The first leaks between two datasets, each as the earlier sample and its twin."""
    look, places = _Look(found, albums), found.places
    across = [one for one in found.leaking if places[one.index][0] != places[one.partner][0]]
    return list(look.leaks(most, across))


def _told(some: Sequence[Finding], hide: Hide) -> tuple[Item, ...]:
    """The first findings in words alone."""
    items = (Item((), (), hide(f"{one.path}: {one.message}")) for one in some[:SHOWN])
    return tuple(item for item in items if item.message)


class _Look:
    """Finds the samples that findings are about."""

    def __init__(self, found: Audit, albums: Sequence[Album]) -> None:
        self.found, self.albums = found, albums
        self.at = {
            sample.id: (number, position)
            for number, album in reversed(list(enumerate(albums)))
            for position, sample in enumerate(album.samples)
        }

    def items(self, kind: str, some: Sequence[Finding], most: int, hide: Hide) -> Iterator[Item]:
        if kind == "leak":
            yield from self.leaks(most, self.found.leaking)
        elif kind == "exact-duplicate":
            yield from self._pairs(list(self._copies())[:most])
        elif kind == "label-conflict":
            yield from self._pairs([pair for pair in self._copies() if self._differ(pair)][:most])
        elif kind == "near-label-conflict":
            yield from self._pairs(self._near_conflicts()[:most])
        elif kind == "near-duplicates":
            yield from self._groups(most)
        else:
            yield from (self._single(one, hide) for one in some[:most])

    def leaks(self, most: int, some: Sequence[LeakingSample]) -> Iterator[Item]:
        for leak in some[:most]:
            yield self._pair(leak.partner, leak.index, leak.correlation)

    def _copies(self) -> Iterator[tuple[int, int, float]]:
        compared = self.found.compared
        return ((int(compared.copy_of[i]), i, 1.0) for i in compared.copies)

    def _differ(self, pair: tuple[int, int, float]) -> bool:
        samples = self.found.fingerprints
        return samples[pair[0]].label != samples[pair[1]].label

    def _near_conflicts(self) -> list[tuple[int, int, float]]:
        compared = self.found.compared
        rows = zip(compared.twins.index.tolist(), compared.twins.correlation.tolist(), strict=True)
        return [
            (i, j, value)
            for (i, j), value in rows
            if self._differ((i, j, value)) and compared.pixels[i] != compared.pixels[j]
        ]

    def _pairs(self, some: Sequence[tuple[int, int, float]]) -> Iterator[Item]:
        return (self._pair(*each) for each in some)

    def _pair(self, one: int, other: int, correlation: float) -> Item:
        same = self.found.compared.pixels[one] == self.found.compared.pixels[other]
        message = "the same pixels" if same else f"correlation {correlation:.3f}"
        shots = [self._shot([i]) for i in (one, other)]
        return Item(tuple(shots), (self._called(one), self._called(other)), message)

    def _groups(self, most: int) -> Iterator[Item]:
        for members in self.found.compared.clusters()[:most]:
            chosen = members[:_OF_A_GROUP].tolist()
            label = self.found.fingerprints[chosen[0]].label
            what = f"{len(members):,} near-duplicates of {label}"
            yield Item((self._shot(chosen),), (what,), "")

    def _single(self, finding: Finding, hide: Hide) -> Item:
        place = self.at.get(finding.path)
        if place is None:
            return Item((), (), hide(f"{finding.path}: {finding.message}"))
        album = self.albums[place[0]]
        readable = album.samples[place[1]].error is None
        shots = (album.shot([place[1]]),) if readable else ()
        return Item(shots, (album.name(place[1]),), hide(finding.message))

    def _shot(self, some: Sequence[int]) -> Shot:
        places = [self.found.places[i] for i in some]
        return self.albums[places[0][0]].shot(
            [position for number, position in places if number == places[0][0]]
        )

    def _called(self, i: int) -> str:
        number, position = self.found.places[i]
        part = self.found.compared.parts[i]
        name = self.albums[number].name(position)
        return f"{name} ({part})" if part else name
