"""The neighbour probe: would a random split leak through recordings or signers?

Pure: vectors and names in, accuracies out. Near-duplicates reveal only a small part of what
neighbouring frames of a recording, or pictures of one signer, have in common. So a
nearest-neighbour classifier (by correlation) is tested on a random tenth of each class, and
then on a tenth of which it has seen nothing similar: runs of consecutive numbers, or signers.
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
"""Gap between the two accuracies from which a random split is considered misleading."""

HELD_OUT = 10
"""One sample in this many is held out."""

MAX_SAMPLES = 30_000
"""If there are more samples, every N-th of each class is used."""

ROUNDS = 3
_CHUNK = 256


@dataclass(frozen=True)
class Probe:
    """Accuracies of a nearest-neighbour classifier.

    Attributes
    ----------
    unseen : {'blocks', 'signers'}
        What the second hold-out consists of: runs of consecutive numbers, or whole signers.
    random, apart : float
        Accuracy on the random hold-out and on the unseen one, 0..1.
    n : int
        Number of samples used.
    block : int
        Length of a run of consecutive samples; 0 for signers.
    """

    unseen: str
    random: float
    apart: float
    n: int
    block: int = 0

    @property
    def gap(self) -> float:
        """How much higher the accuracy on the random hold-out is."""
        return self.random - self.apart

    @property
    def is_wide(self) -> bool:
        """Whether the gap is large enough to report."""
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
    """Probe with runs of consecutive numbers in names; None without numbers or with too few."""
    numbers = [last_number(name) for name in names]
    if not vectors.size or None in numbers:
        return None
    runs: dict[str, list[int]] = defaultdict(list)
    for i in sorted(range(len(labels)), key=lambda i: (numbers[i], names[i])):
        runs[labels[i]].append(i)
    smallest = min(map(len, runs.values()))
    if len(runs) < 2 or smallest < 2 * HELD_OUT:
        return None
    runs = _subsampled(runs)
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
    """Probe with unseen signers; None unless at least two are known."""
    known = sorted(set(signers) - {""})
    if len(known) < 2 or "" in signers:
        return None
    runs: dict[str, list[int]] = defaultdict(list)
    for i, label in enumerate(labels):
        runs[label].append(i)
    runs = _subsampled(runs)
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


def _subsampled(runs: dict[str, list[int]]) -> dict[str, list[int]]:
    step = -(-sum(map(len, runs.values())) // MAX_SAMPLES)
    return {label: run[::step] for label, run in runs.items()}


def _stretch(run: list[int], begin: float, length: int) -> list[int]:
    start = int(begin * (len(run) - length))
    return run[start : start + length]


def _accuracy(
    vectors: Vectors, labels: Sequence[str], runs: dict[str, list[int]], held: list[int]
) -> float:
    """Fraction of `held` whose nearest neighbour among all others has the same label."""
    used = np.array(sorted(i for run in runs.values() for i in run), np.int64)
    known = vectors if len(used) == len(vectors) else vectors[used]
    out = np.isin(used, held)
    names = np.array(labels, object)
    right = 0
    room = np.empty((min(_CHUNK, len(held)), len(known)), vectors.dtype)  # for one chunk, not two
    for start in range(0, len(held), _CHUNK):
        some = np.array(held[start : start + _CHUNK], np.int64)
        correlation = np.matmul(vectors[some], known.T, out=room[: len(some)])
        correlation[:, out] = -2
        nearest: NDArray[np.int64] = used[correlation.argmax(axis=1)]
        right += int((names[some] == names[nearest]).sum())
    return right / len(held)
