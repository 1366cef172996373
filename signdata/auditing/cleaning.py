"""What `audit --fix` leaves out, and why; a dataset without some of its samples."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection
from typing import Any

import numpy as np

from signdata.auditing.duplicate_findings import how
from signdata.auditing.findings import Finding
from signdata.auditing.run import Audit
from signdata.formats.reader import Reader
from signdata.formats.views import Without
from signdata.results import Problem
from signdata.similarity.comparison import leaking


def offenders(found: Audit) -> list[Finding]:
    """Samples of the first dataset that are left out, each once, in the dataset's order.

    These are the ones that cannot be read; all of those whose pixels stand under two labels;
    all but the first of those with the same pixels; and those of a later split with a twin in
    an earlier one. Beside other datasets, all with a twin in one of those are left out: the
    others are taken to be what the first one will be tested on, or learn with.
    """
    n = len(found.first.looks.readable)
    like, looks = found.like, found.looks
    out = np.zeros(len(looks), bool)
    reasons: dict[int, tuple[str, str]] = {}
    labels: dict[int, set[str]] = defaultdict(set)
    for i, pixels in enumerate(like.pixels.tolist()):
        labels[pixels].add(looks[i].label)
    for i, pixels in enumerate(like.pixels[:n].tolist()):
        if len(labels[pixels]) > 1:
            text = f"its pixels stand under {', '.join(sorted(labels[pixels]))}"
            reasons[i] = "label-conflict", text
    out[list(reasons)] = True
    mine = [part for part in like.order if part in found.first.order]
    others = [part for part in like.order if part not in mine]
    for leak in leaking(like, [*others, *mine], out):
        if leak.index < n:
            reasons[leak.index] = "leak", how(like, looks, leak)
    rank = {part: number for number, part in enumerate(mine)}
    kept: dict[int, int] = {}
    for i in sorted(range(n), key=lambda i: (rank.get(like.parts[i], -1), i)):
        if i not in reasons:
            first = kept.setdefault(int(like.pixels[i]), i)
            if first != i:
                reasons[i] = "exact-duplicate", f"the same pixels as {looks[first].id}"
    return [
        *(f for f in found.findings if f.kind in _UNREADABLE and f.path in _broken(found)),
        *(
            Finding(kind, looks[i].id, like.parts[i], why)
            for i, (kind, why) in sorted(reasons.items())
        ),
    ]


_UNREADABLE = frozenset({"missing", "corrupt", "crash", "short"})


def _broken(found: Audit) -> set[str]:
    return {one.id for one in found.first.looks.looks if one.error is not None}


def problems(left_out: Collection[Finding]) -> list[Problem]:
    """Each sample that was left out, for the list beside the output."""
    return [Problem(one.path, one.where, one.kind, f"left out: {one.message}") for one in left_out]


def record(left_out: Collection[Finding]) -> dict[str, Any]:
    """What tells whether two runs leave out the same."""
    ids = "\n".join(sorted(one.path for one in left_out))
    return {"left_out": len(left_out), "left_out_sha256": hashlib.sha256(ids.encode()).hexdigest()}


def without(found: Audit, left_out: Collection[Finding]) -> Reader:
    """The first dataset of an audit without some samples."""
    ids = {one.path for one in left_out}
    kept = (one for one in found.first.looks.looks if one.id not in ids)
    return Without(found.first.reader, ids, sum(one.n_frames for one in kept))
