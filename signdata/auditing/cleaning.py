"""Which samples `audit --fix` leaves out and why, and a reader without them."""

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
from signdata.similarity.comparison import leaking_samples


def offenders(found: Audit) -> list[Finding]:
    """Samples of the first dataset to leave out, each once, in the dataset's order.

    Left out are unreadable samples, every sample whose pixels appear under two labels, all but
    the first of each set of exact duplicates, and samples of a later split that have a twin in
    an earlier split. If other datasets are audited too, every sample with a twin in one of them
    is left out, because the first dataset may be trained or tested together with them. What a
    file of corrections says is fine stays.
    """
    n = len(found.first.fingerprints.readable)
    accepted = found.first.info.accepted
    compared, samples = found.compared, found.fingerprints
    out = np.zeros(len(samples), bool)
    reasons: dict[int, tuple[str, str]] = {}
    labels: dict[int, set[str]] = defaultdict(set)
    for i, pixels in enumerate(compared.pixels.tolist()):
        labels[pixels].add(samples[i].label)
    for i, pixels in enumerate(compared.pixels[:n].tolist()):
        if len(labels[pixels]) > 1 and samples[i].id not in accepted:
            text = f"the same pixels appear under {', '.join(sorted(labels[pixels]))}"
            reasons[i] = "label-conflict", text
    out[list(reasons)] = True
    mine = [part for part in compared.order if part in found.first.order]
    others = [part for part in compared.order if part not in mine]
    for leak in leaking_samples(compared, [*others, *mine], out):
        if leak.index >= n:
            continue
        if samples[leak.index].id in accepted:
            out[leak.index] = False  # it stays, and may have twins in later splits
        else:
            reasons[leak.index] = "leak", how(compared, samples, leak)
    rank = {part: number for number, part in enumerate(mine)}
    kept: dict[int, int] = {}
    for i in sorted(range(n), key=lambda i: (rank.get(compared.parts[i], -1), i)):
        if i not in reasons:
            first = kept.setdefault(int(compared.pixels[i]), i)
            if first != i and samples[i].id not in accepted:
                reasons[i] = "exact-duplicate", f"the same pixels as {samples[first].id}"
    return [
        *(f for f in found.findings if f.kind in _UNREADABLE and f.path in _broken(found)),
        *(
            Finding(kind, samples[i].id, compared.parts[i], why)
            for i, (kind, why) in sorted(reasons.items())
        ),
    ]


_UNREADABLE = frozenset({"missing", "corrupt", "crash", "short"})


def _broken(found: Audit) -> set[str]:
    return {one.id for one in found.first.fingerprints.samples if one.error is not None}


def problems(left_out: Collection[Finding]) -> list[Problem]:
    """One problem for each sample left out, for the output's ``problems.csv``."""
    return [Problem(one.path, one.where, one.kind, f"left out: {one.message}") for one in left_out]


def record(left_out: Collection[Finding]) -> dict[str, Any]:
    """What is recorded so that two runs that leave out the same samples compare equal."""
    ids = "\n".join(sorted(one.path for one in left_out))
    return {"left_out": len(left_out), "left_out_sha256": hashlib.sha256(ids.encode()).hexdigest()}


def without(found: Audit, left_out: Collection[Finding]) -> Reader:
    """The first dataset of an audit without some samples."""
    ids = {one.path for one in left_out}
    kept = (one for one in found.first.fingerprints.samples if one.id not in ids)
    return Without(found.first.reader, ids, sum(one.n_frames for one in kept))
