"""Deciding which split a sample belongs to: ids and labels in, split names out.

Pure: touches no file and no pixel. The order of a class's samples is drawn from
(seed, id) alone, so neither the order of the input nor the rest of the dataset
moves a sample.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence

from signdata.errors import UsageError
from signdata.samples import SPLITS

_TOLERANCE = 1e-6


def parse_ratios(text: str, keep: Sequence[str] = ()) -> dict[str, float]:
    """Read ``80,10,10``: shares of train, val and test, in percent or as fractions.

    Parameters
    ----------
    text : str
        Two numbers mean train and test; with `keep`, the splits that are not kept.
    keep : sequence of str
        Splits that stay as they are.

    Returns
    -------
    dict
        Fraction of each split; they sum to 1.

    Raises
    ------
    UsageError
        If they are no numbers, negative, do not sum to 100 or 1, or are too many or too few.
    """
    try:
        shares = [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(f"ratios {text!r}; expected numbers such as 80,10,10") from None
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
        Class of each.
    ratios : mapping of str to float
        Share of each split; they sum to 1.
    seed : int
        Another seed draws another order.

    Returns
    -------
    list of str
        Split of each sample. Every class has, in every split, its exact share rounded up
        or down; a split of share 0 gets none; over all classes the roundings cancel.
    """
    by_class: dict[str, list[int]] = defaultdict(list)
    for i, label in enumerate(labels):
        by_class[label].append(i)
    splits = [""] * len(ids)
    owed = dict.fromkeys(ratios, 0.0)
    for label in sorted(by_class):
        members = sorted(by_class[label], key=lambda i: (_draw(seed, ids[i]), ids[i]))
        start = 0
        for split, count in _counts(len(members), ratios, owed).items():
            for i in members[start : start + count]:
                splits[i] = split
            start += count
    return splits


def _draw(seed: int, sample_id: str) -> bytes:
    """A random key that depends on the seed and the id alone."""
    text = f"{seed}\0{sample_id}".encode("utf-8", "surrogateescape")
    return hashlib.blake2b(text, digest_size=8).digest()


def _counts(n: int, ratios: Mapping[str, float], owed: dict[str, float]) -> dict[str, int]:
    """Share out `n` samples: each share rounded down, then one more where most is owed.

    `owed` carries what earlier classes had too little or too much of.
    """
    exact = {split: n * share for split, share in ratios.items()}
    counts = {split: int(value + _TOLERANCE) for split, value in exact.items()}
    fractions = {split: exact[split] - counts[split] for split in ratios}
    left = n - sum(counts.values())
    candidates = [split for split in ratios if fractions[split] > _TOLERANCE]
    candidates.sort(key=lambda split: (-(fractions[split] + owed[split]), -ratios[split]))
    for split in candidates[:left]:
        counts[split] += 1
    for split in ratios:
        owed[split] += exact[split] - counts[split]
    return counts
