"""Samples packed some at a time."""

from __future__ import annotations

import pickle

import pytest

from signdata.errors import FormatError
from signdata.formats import packed
from signdata.formats.folders import FoldersReader
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


@pytest.mark.parametrize("listed", [False, True])
def test_a_tree_is_read_the_same_when_it_is_packed(make_tree, monkeypatch, listed):
    """With and without a manifest, in another order than that of the paths, and with masks."""
    files = {f"{'AB'[i % 2]}/{i:02d}.{'png' if i else 'jpg'}": b"x" for i in range(9)}
    root = make_tree({**files, "A/01.jpg": b"x", "B/01.jpg": b"x"})
    if listed:
        rows = [f"n{i},{path},A,,g{i}" for i, path in enumerate(reversed([*files][2:]))]
        (root / "manifest.csv").write_text("\n".join(["id,path,label,split,group", *rows, ""]))
        (root / "signdata.json").write_text('{"origin": {"masks": true}}')
    plain = FoldersReader(root)
    monkeypatch.setattr(packed, "FEW", 1)
    monkeypatch.setattr(packed, "AT_ONCE", 2)
    small = FoldersReader(root)
    assert small._samples._parts
    assert list(small) == list(plain)
    assert [sample.pixels.of_masks for sample in small] == [listed] * 11
    assert small.info == plain.info
    ids = [sample.id for sample in small]
    assert {"B/01.png", "B/01.jpg"} <= {*ids} if not listed else ids[:2] == ["n0", "n1"]


def test_a_path_twice_in_a_manifest_is_refused(make_tree):
    root = make_tree({"A/1.png": b"x"})
    (root / "manifest.csv").write_text("id,path,label\n1,A/1.png,A\n2,A/1.png,A\n")
    with pytest.raises(FormatError, match=r"path 'A/1.png' appears twice"):
        FoldersReader(root)
