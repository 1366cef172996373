"""Stratified splits: ids and labels in, split names out.

Pure: reads no files and no pixels. A class's samples are ordered by a random number that
depends only on (seed, id), so neither the order of the input nor the rest of the dataset
moves a sample. `signdata.splitting.grouped` does the same for groups of samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from signdata.errors import UsageError
from signdata.samples import SPLITS

TRAIN = SPLITS[0]

_TOLERANCE = 1e-6


def as_text(ratios: str | Sequence[float] | None) -> str | None:
    """Ratios as they are typed: ``90,10``."""
    if ratios is None or isinstance(ratios, str):
        return ratios
    return ",".join(f"{share:.12g}" for share in ratios)


def parse_ratios(text: str, keep: Sequence[str] = ()) -> dict[str, float]:
    """Parse ``80,10,10``: shares of train, val and test, in percent or as fractions.

    Parameters
    ----------
    text : str
        Two numbers mean train and test; with `keep`, the splits that are not kept.
    keep : sequence of str
        Splits that are kept.

    Returns
    -------
    dict
        Fraction of each split; they sum to 1.

    Raises
    ------
    UsageError
        If they are not numbers, negative, do not sum to 100 or 1, or are too many or too few.
    """
    try:
        shares = [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(f"ratios {text!r}; expected numbers such as '80,10,10'") from None
    names = [name for name in SPLITS if name not in keep]
    if not keep and len(shares) == 2:
        names = ["train", "test"]
    if len(shares) != len(names):
        wanted = "three numbers (train,val,test) or two (train,test)"
        if keep:
            wanted = f"{len(names)} for {','.join(names)}, as {','.join(keep)} is kept"
        raise UsageError(f"{len(shares)} ratios; expected {wanted}")
    total = sum(shares)
    if min(shares) < 0 or not (abs(total - 100) < 100 * _TOLERANCE or abs(total - 1) < _TOLERANCE):
        raise UsageError(f"ratios {text} sum to {total:g}; expected 100 or 1, none negative")
    return {name: share / total for name, share in zip(names, shares, strict=True)}


def stratified(
    ids: Sequence[str], labels: Sequence[str], ratios: Mapping[str, float], seed: int
) -> list[str]:
    """Assign a split to every sample, class by class.

    Parameters
    ----------
    ids : sequence of str
        Unique.
    labels : sequence of str
        Class of each sample, or any other property to distribute evenly.
    ratios : mapping of str to float
        Share of each split; they sum to 1.
    seed : int
        Random seed.

    Returns
    -------
    list of str
        Split of each sample. Every class has, in every split, its exact share rounded up or
        down; a split with share 0 gets none. Within that, a class is in ``train`` and in as many
        other splits as its samples allow; over all classes, rounding errors cancel.
    """
    codes, classes = coded(labels)
    order = np.lexsort((draws(ids, seed), codes))
    totals = np.bincount(codes, minlength=len(classes)).tolist()
    drawn = [np.repeat(np.arange(len(ratios)), counts) for counts in _table(totals, ratios)]
    chosen = np.empty(len(ids), np.int64)
    chosen[order] = np.concatenate(drawn) if drawn else []
    names = np.array(list(ratios), object)
    splits: list[str] = names[chosen].tolist()
    return splits


def coded(names: Sequence[str]) -> tuple[NDArray[np.int64], list[str]]:
    """The index of each name among the distinct names, and the distinct names, sorted."""
    different = sorted(set(names))
    index = {name: number for number, name in enumerate(different)}
    return np.fromiter(map(index.__getitem__, names), np.int64, len(names)), different


_PRIME = np.uint64(0x100000001B3)
_CHUNK = 1 << 16
_64_BITS = (1 << 64) - 1


def draws(ids: Sequence[str], seed: int) -> NDArray[np.uint64]:
    """A random number for each id, which depends only on the id and the seed.

    FNV-1a over the characters, mixed by the finaliser of SplitMix64 (Steele et al., 2014).
    """
    start = int(_mixed(np.array([seed % (1 << 64)], np.uint64))[0])
    parts = [_hashed(ids[i : i + _CHUNK], start) for i in range(0, len(ids), _CHUNK)]
    return _mixed(np.concatenate(parts)) if parts else np.empty(0, np.uint64)


def draw(one: str, seed: int) -> int:
    """The random number of one id; see `draws`."""
    value = int(_mixed(np.array([seed % (1 << 64)], np.uint64))[0]) if seed else _START
    prime = int(_PRIME)
    for letter in one:
        if letter != "\0":
            value = (value ^ ord(letter)) * prime & _64_BITS
    value = value + 0x9E3779B97F4A7C15 & _64_BITS
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & _64_BITS
    value = (value ^ value >> 27) * 0x94D049BB133111EB & _64_BITS
    return value ^ value >> 31


def _hashed(ids: Sequence[str], start: int) -> NDArray[np.uint64]:
    text = np.array(ids, np.str_)
    letters = text.view(np.uint32).reshape(len(ids), -1) if text.itemsize else None
    value = np.full(len(ids), start, np.uint64)
    for column in letters.T if letters is not None else ():
        value = np.where(column > 0, (value ^ column) * _PRIME, value)
    return value


def _mixed(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    value = value + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


_START = int(_mixed(np.zeros(1, np.uint64))[0])


def _table(totals: Sequence[int], ratios: Mapping[str, float]) -> list[list[int]]:
    """Samples of each class in each split."""
    owed = dict.fromkeys(ratios, 0.0)
    plain = [_counts(n, ratios, owed) for n in totals]
    asked = [split for split, share in ratios.items() if share > 0]
    if all(counts[split] for counts in plain for split in asked):
        return [list(counts.values()) for counts in plain]
    # Small classes have little choice, so they go first and the others compensate for them.
    owed = dict.fromkeys(ratios, 0.0)
    found: list[list[int]] = [[] for _ in totals]
    for place in sorted(range(len(totals)), key=lambda i: -_n_without(totals[i], ratios)):
        found[place] = list(_counts(totals[place], ratios, owed, spread=True).values())
    return found


def _n_without(n: int, ratios: Mapping[str, float]) -> int:
    """Number of splits whose share of `n` samples is less than one sample."""
    return sum(share > 0 and int(n * share + _TOLERANCE) == 0 for share in ratios.values())


def _counts(
    n: int, ratios: Mapping[str, float], owed: dict[str, float], *, spread: bool = False
) -> dict[str, int]:
    """Distribute `n` samples: each share rounded down, then one more where most is owed.

    Parameters
    ----------
    owed : dict
        The rounding errors of earlier classes; those of this one are added.
    spread : bool
        Whether splits without a sample come first, train before all others.
    """
    exact = {split: n * share for split, share in ratios.items()}
    counts = {split: int(value + _TOLERANCE) for split, value in exact.items()}
    fractions = {split: exact[split] - counts[split] for split in ratios}
    left = n - sum(counts.values())
    candidates = [split for split in ratios if fractions[split] > _TOLERANCE]
    candidates.sort(key=lambda split: (-(fractions[split] + owed[split]), -ratios[split]))
    if spread:
        candidates.sort(key=lambda split: 2 if counts[split] else split != TRAIN)
    for split in candidates[:left]:
        counts[split] += 1
    for split in ratios:
        owed[split] += exact[split] - counts[split]
    return counts
