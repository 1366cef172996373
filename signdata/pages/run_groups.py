"""What a run made of single samples: the worst of each kind, with pictures where they are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from signdata.pages.album import Album, Shot
from signdata.pages.runs import ClassScore, ConfusedPair, RunFacts
from signdata.training.predictions import Prediction

WORST, PAIRS, TOP5 = 10, 10, 12
"""Classes, confused pairs and single samples that are shown of a run."""

_EACH = 6
"""Pictures of a class or of a pair."""


@dataclass(frozen=True)
class WorstClass:
    """A class that is read badly, and some of its samples that were taken for others."""

    name: str
    score: ClassScore
    shot: Shot | None


@dataclass(frozen=True)
class PairShown:
    """A confused pair: samples of the one that were taken for the other, and one of the other."""

    pair: ConfusedPair
    taken: Shot | None
    other: Shot | None


@dataclass(frozen=True)
class Guess:
    """One of the likeliest classes of a sample."""

    name: str
    share: float
    right: bool


@dataclass(frozen=True)
class WorstSample:
    """A sample that was read wrong, with its likeliest classes."""

    name: str
    label: str
    guesses: tuple[Guess, ...]
    shot: Shot | None


class Answered:
    """The answers of a run, and where the samples are in a dataset.

    Parameters
    ----------
    run : RunFacts
        The run.
    album : Album or None
        Pictures of the dataset, if there is one.
    pictures : bool
        Whether pictures are shown.
    """

    def __init__(self, run: RunFacts, album: Album | None, *, pictures: bool) -> None:
        self.run, self._album, self._pictures = run, album, pictures
        mine = run.about.measured_on
        split = mine if any(one.split == mine for one in run.answers) else ""
        self.answers = [one for one in run.answers if not split or one.split == split]
        positions = {one.id: at for at, one in enumerate(album.samples)} if album else {}
        self.at: Mapping[str, int] = {
            one.id: positions[one.id]
            for one in self.answers
            if one.id in positions and album and album.samples[positions[one.id]].label == one.label
        }

    @property
    def known(self) -> int:
        """How many of the answered samples are in the dataset, under the same label."""
        return len(self.at)

    def worst_classes(self) -> list[WorstClass]:
        """The worst classes, and what was wrong in them."""
        wrong = self._wrong()
        return [
            WorstClass(
                name,
                self.run.numbers.per_class[name],
                self._shot(
                    [one for one in wrong if one.label == name], f"{name}, taken for others"
                ),
            )
            for name in self.run.numbers.worst_classes[:WORST]
            if name in self.run.numbers.per_class and self.run.numbers.per_class[name].f1 < 1
        ]

    def confused_pairs(self) -> list[PairShown]:
        """The most confused pairs."""
        wrong = self._wrong()
        return [
            PairShown(
                pair,
                self._shot(
                    [
                        one
                        for one in wrong
                        if (one.label, one.predicted) == (pair.true, pair.predicted)
                    ],
                    f"{pair.true}, taken for {pair.predicted}",
                ),
                self._shot(
                    [one for one in self.answers if one.label == pair.predicted and _right(one)],
                    f"{pair.predicted}, for comparison",
                    1,
                ),
            )
            for pair in self.run.numbers.confused_pairs[:PAIRS]
        ]

    def worst_samples(self) -> list[WorstSample]:
        """The samples whose own class was held least likely; no right one."""
        return [
            WorstSample(
                self._name(one),
                one.label,
                tuple(Guess(name, share, name == one.label) for name, share in one.top),
                self._shot([one], one.label, 1),
            )
            for one in self._wrong()[:TOP5]
        ]

    def _wrong(self) -> list[Prediction]:
        found = [one for one in self.answers if not _right(one)]
        return sorted(found, key=lambda one: one.p_true)

    def _name(self, one: Prediction) -> str:
        if one.id in self.at and self._album is not None:
            return self._album.name(self.at[one.id])
        return ""

    def _shot(self, some: Sequence[Prediction], what: str, most: int = _EACH) -> Shot | None:
        if self._album is None or not self._pictures:
            return None
        positions = [self.at[one.id] for one in some if one.id in self.at][:most]
        return self._album.shot(positions, what) if positions else None


def _right(one: Prediction) -> bool:
    return one.predicted == one.label


@dataclass(frozen=True)
class Agreement:
    """How often two runs were right on the samples that both were measured on."""

    one: str
    other: str
    both: int
    only_one: int
    only_other: int
    neither: int


def agreement(one: RunFacts, other: RunFacts) -> Agreement | None:
    """Compare two runs sample by sample; None if they have no samples in common."""
    split = one.about.measured_on
    mine = {each.id: _right(each) for each in one.answers if each.split in (split, "")}
    theirs = {each.id: _right(each) for each in other.answers if each.split in (split, "")}
    shared = [key for key in mine if key in theirs]
    if not shared:
        return None
    both = sum(mine[key] and theirs[key] for key in shared)
    only_one = sum(mine[key] and not theirs[key] for key in shared)
    only_other = sum(theirs[key] and not mine[key] for key in shared)
    neither = len(shared) - both - only_one - only_other
    return Agreement(one.name, other.name, both, only_one, only_other, neither)


def accuracy_without(answers: Sequence[Prediction], out: set[str]) -> tuple[int, int]:
    """How many answers are right, and how many there are, without the samples in `out`."""
    kept = [one for one in answers if one.id not in out]
    return sum(_right(one) for one in kept), len(kept)
