"""The findings of an audit by kind, each with some pictures: leaks and conflicts as pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from signdata.auditing.findings import KINDS, Finding
from signdata.auditing.pairs import Pair
from signdata.auditing.run import Audit
from signdata.pages.album import Album, Shot

SHOWN = 12
"""Findings of each kind that are shown."""

_OF_A_GROUP = 6
"""Pictures of a group of near-duplicates."""

_IN_PAIRS = frozenset({"leak", "exact-duplicate", "label-conflict", "near-label-conflict"})
"""Kinds whose findings are two samples."""

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
                items = look.items(kind, some, shown, hide) if shown else _told(some, hide)
                said = tuple(item for item in items if item.shots or item.captions or item.message)
                groups.append(FindingGroup(kind, meaning, len(some), counts, said))
    return groups


def pairs(found: Audit, albums: Sequence[Album], most: int) -> list[Item]:
    """The first leaks between two datasets, each as the earlier sample and its twin."""
    look, places = _Look(found, albums), found.places
    across = [
        pair
        for pair in found.pairs
        if pair.kind == "leak" and places[pair.sample][0] != places[pair.partner][0]
    ]
    return list(look.pairs(across[:most]))


def _told(some: Sequence[Finding], hide: Hide) -> Iterator[Item]:
    """The first findings in words alone."""
    return (Item((), (), hide(_in_words(one))) for one in some[:SHOWN])


def _in_words(finding: Finding) -> str:
    return f"{finding.path}: {finding.message}" if finding.path else finding.message


class _Look:
    """Finds the samples that findings are about."""

    def __init__(self, found: Audit, albums: Sequence[Album]) -> None:
        self.found, self.albums = found, albums
        self.at = {
            sample.id: (number, position)
            for number, album in reversed(list(enumerate(albums)))
            for position, sample in enumerate(album.samples)
        }
        self.groups = {
            found.fingerprints[members[0]].id: members.tolist()
            for members in found.compared.clusters()
        }

    def items(self, kind: str, some: Sequence[Finding], most: int, hide: Hide) -> Iterator[Item]:
        if kind in _IN_PAIRS:
            yield from self.pairs([pair for pair in self.found.pairs if pair.kind == kind][:most])
        elif kind == "near-duplicates":
            yield from (self._group(one) for one in some[:most])
        else:
            yield from (self._single(one, hide) for one in some[:most])

    def pairs(self, some: Sequence[Pair]) -> Iterator[Item]:
        for pair in some:
            same = pair.same_pixels
            message = "the same pixels" if same else f"correlation {pair.correlation_text}"
            both = (pair.partner, pair.sample)
            yield Item(
                tuple(self._shot([i]) for i in both), tuple(self._called(i) for i in both), message
            )

    def _group(self, finding: Finding) -> Item:
        members = self.groups[finding.path]
        label = self.found.fingerprints[members[0]].label
        what = f"{len(members):,} near-duplicates of {label}"
        return Item((self._shot(members[:_OF_A_GROUP]),), (what,), "")

    def _single(self, finding: Finding, hide: Hide) -> Item:
        place = self.at.get(finding.path)
        if place is None:
            return Item((), (), hide(_in_words(finding)))
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
