"""How many samples of a split are next to a training sample, by their numbers."""

from __future__ import annotations

import random

import pytest

from signdata.media.suffixes import last_number
from signdata.splitting.certificate import STEPS, SplitSamples, _neighbours


@pytest.mark.parametrize("start", [0, 10**18, 2**63 - 40, 10**30])
def test_neighbours_are_counted_as_one_would_by_hand(start: int) -> None:
    rng = random.Random(start)
    names = [f"f_{start + n}" for n in rng.sample(range(400), 60)]
    labels = [rng.choice("ABC") for _ in names]
    parts = [rng.choice(["train", "val", "test"]) for _ in names]
    samples = list(zip(parts, labels, map(last_number, names), strict=True))
    trained = [(label, number) for part, label, number in samples if part == "train"]
    wanted = {
        other: sum(
            part == other and any(a == label and abs(b - number) <= STEPS for a, b in trained)
            for part, label, number in samples
        )
        for other in ("val", "test")
    }
    nothing = [""] * len(names)
    found = _neighbours(
        SplitSamples(parts, labels, nothing, nothing, names), ["train", "val", "test"]
    )
    assert {one["between"][1]: one["near"] for one in found} == wanted
    assert 0 < sum(wanted.values()) < 60
