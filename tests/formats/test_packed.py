"""Samples packed some at a time."""

from __future__ import annotations

import pickle

import pytest

from signdata.formats import packed
from signdata.formats.packed import AT_ONCE, Packed
from signdata.formats.trees.picture_files import PictureFiles
from signdata.samples import Sample

ITEMS = [
    Sample(f"A/{i}", "A", PictureFiles((f"/data/A/{i}.png",)), meta={"signer": str(i % 3)})
    for i in range(3 * AT_ONCE + 5)
]


@pytest.mark.parametrize("few", [1, 10_000])
def test_packed_items_are_those_that_were_given(monkeypatch, few):
    monkeypatch.setattr(packed, "FEW", few)
    made = Packed(iter(ITEMS))
    assert bool(made._parts) == (few == 1)
    assert (len(made), list(made), list(made)) == (len(ITEMS), ITEMS, ITEMS)
    for part in (slice(None), slice(60, 70), slice(-3, None), slice(2, 200, 50)):
        assert made[part] == ITEMS[part]
    assert (made[0], made[-1], made[100]) == (ITEMS[0], ITEMS[-1], ITEMS[100])
    assert list(pickle.loads(pickle.dumps(made))) == ITEMS
    with pytest.raises(IndexError):
        made[len(ITEMS)]


def test_nothing_packed():
    assert not Packed([])
    assert (len(Packed([])), list(Packed([])), Packed([])[-1:]) == (0, [], [])
