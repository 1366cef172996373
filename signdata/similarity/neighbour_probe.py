"""The burst probe: does a nearest neighbour do much better where films or signers leak?

Pure: vectors and names in, accuracies out. Near-duplicates show only a small part of what
neighbouring frames of one film, or one signer's pictures, tell about each other. So a nearest
neighbour (by correlation) reads a random tenth of each class, and then a tenth that it has
seen nothing of: runs of consecutive numbers, or signers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signdata.media.suffixes import last_number
from signdata.similarity.near_duplicates import Vectors

WIDE = 0.1
"""Gap between the two accuracies from which a random split is taken to mislead."""

HELD_OUT = 10
"""One in N is held out."""

MAX_SAMPLES = 30_000
"""More are thinned out, evenly over each class's runs."""

ROUNDS = 3
_CHUNK = 256


@dataclass(frozen=True)
class Probe:
    """What a nearest neighbour reads.

    Attributes
    ----------
    unseen : {'blocks', 'signers'}
        What the second hold-out had been seen nothing of.
    random, apart : float
        Accuracies on a random hold-out and on the unseen one, 0..1.
    n : int
        Samples that took part.
    block : int
        Consecutive samples in a run; 0 for signers.
    """

    unseen: str
    random: float
    apart: float
    n: int
    block: int = 0

    @property
    def gap(self) -> float:
        """How much the random hold-out flatters."""
        return self.random - self.apart

    @property
    def is_wide(self) -> bool:
        """Whether the gap is a finding."""
        return self.gap >= WIDE

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "unseen": self.unseen,
            "random": round(self.random, 4),
            "apart": round(self.apart, 4),
            "gap": round(self.gap, 4),
            "samples": self.n,
        }


def by_numbers(
    vectors: Vectors, labels: Sequence[str], names: Sequence[str], seed: int = 0
) -> Probe | None:
    """Probe with runs of consecutive numbers; None if names carry none or there are too few."""
    numbers = [last_number(name) for name in names]
    if not vectors.size or None in numbers:
        return None
    runs: dict[str, list[int]] = defaultdict(list)
    for i in sorted(range(len(labels)), key=lambda i: (numbers[i], names[i])):
        runs[labels[i]].append(i)
    smallest = min(map(len, runs.values()))
    if len(runs) < 2 or smallest < 2 * HELD_OUT:
        return None
    runs = _thinned(runs)
    random = np.random.default_rng(seed)
    apart = []
    for k in range(ROUNDS):
        begin = (2 * k + 1) / (2 * ROUNDS)
        held = [
            i for run in runs.values() for i in _stretch(run, begin, max(1, len(run) // HELD_OUT))
        ]
        apart.append(_accuracy(vectors, labels, runs, held))
    held = [
        i
        for run in runs.values()
        for i in random.choice(run, max(1, len(run) // HELD_OUT), replace=False).tolist()
    ]
    block = max(2, min(map(len, runs.values())) // HELD_OUT)
    n = sum(map(len, runs.values()))
    same = _accuracy(vectors, labels, runs, held)
    return Probe("blocks", same, float(np.mean(apart)), n, block)


def by_signers(
    vectors: Vectors, labels: Sequence[str], signers: Sequence[str], seed: int = 0
) -> Probe | None:
    """Probe with signers who were not seen; None unless at least two are known."""
    known = sorted(set(signers) - {""})
    if len(known) < 2 or "" in signers:
        return None
    runs: dict[str, list[int]] = defaultdict(list)
    for i, label in enumerate(labels):
        runs[label].append(i)
    runs = _thinned(runs)
    used = {i for run in runs.values() for i in run}
    random = np.random.default_rng(seed)
    apart = [
        _accuracy(vectors, labels, runs, [i for i in sorted(used) if signers[i] == signer])
        for signer in random.permutation(known)[:ROUNDS].tolist()
    ]
    held = [
        i
        for run in runs.values()
        for i in random.choice(run, max(1, len(run) // HELD_OUT), replace=False).tolist()
    ]
    same = _accuracy(vectors, labels, runs, held)
    return Probe("signers", same, float(np.mean(apart)), len(used))


def _thinned(runs: dict[str, list[int]]) -> dict[str, list[int]]:
    step = -(-sum(map(len, runs.values())) // MAX_SAMPLES)
    return {label: run[::step] for label, run in runs.items()}


def _stretch(run: list[int], begin: float, length: int) -> list[int]:
    start = int(begin * (len(run) - length))
    return run[start : start + length]


def _accuracy(
    vectors: Vectors, labels: Sequence[str], runs: dict[str, list[int]], held: list[int]
) -> float:
    """Share of `held` whose nearest neighbour among all others has their label."""
    used = np.array(sorted(i for run in runs.values() for i in run), np.int64)
    known = vectors if len(used) == len(vectors) else vectors[used]
    out = np.isin(used, held)
    names = np.array(labels, object)
    right = 0
    for start in range(0, len(held), _CHUNK):
        some = np.array(held[start : start + _CHUNK], np.int64)
        alike = vectors[some] @ known.T
        alike[:, out] = -2
        nearest: NDArray[np.int64] = used[alike.argmax(axis=1)]
        right += int((names[some] == names[nearest]).sum())
    return right / len(held)
