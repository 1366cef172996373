"""Samples packed some at a time."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from dataclasses import replace

import pytest

from signdata.errors import FormatError
from signdata.formats import packed
from signdata.formats.folders import FoldersReader
from signdata.formats.packed import AT_ONCE, Packed
from signdata.formats.sample_columns import SampleColumns
from signdata.formats.trees import packed_samples
from signdata.formats.trees.packed_samples import PackedSamples
from signdata.formats.trees.picture_files import PictureFiles
from signdata.samples import Broken, Sample, Unread

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
    reader = FoldersReader(root)
    plain, info = list(reader), reader.info
    monkeypatch.setattr(packed_samples, "FEW", 1)
    monkeypatch.setattr(packed_samples, "BATCH", 4)
    small = FoldersReader(root)
    assert len(small._samples._parts._parts) == 3
    assert list(small) == plain
    assert [sample.pixels.of_masks for sample in small] == [listed] * 11
    assert small.info == info
    ids = [sample.id for sample in small]
    assert {"B/01.png", "B/01.jpg"} <= {*ids} if not listed else ids[:2] == ["n0", "n1"]


def test_a_path_twice_in_a_manifest_is_refused(make_tree):
    root = make_tree({"A/1.png": b"x"})
    (root / "manifest.csv").write_text("id,path,label\n1,A/1.png,A\n2,A/1.png,A\n")
    with pytest.raises(FormatError, match=r"path 'A/1.png' appears twice"):
        FoldersReader(root)


def _mixed() -> list[Sample]:
    """Two parts of pictures, of which one is broken, and one that is not of pictures alone."""
    broken = Sample(
        "A/x", "A", Broken(FormatError("no picture")), split="val", meta={"signer": "1"}
    )
    posed = replace(ITEMS[0], pixels=replace(ITEMS[0].pixels, poses=True))
    return [*ITEMS[:70], broken, *ITEMS[70:140], posed, *ITEMS[140:150]]


def _told(samples: Iterable[Sample]) -> list[tuple[Sample, object]]:
    """Samples so that they can be compared, which errors cannot."""
    return [
        (replace(one, pixels=Unread()), str(getattr(one.pixels, "error", one.pixels)))
        for one in samples
    ]


@pytest.mark.parametrize("few", [1, 1024])
def test_samples_of_a_tree_come_back_as_they_were(monkeypatch, few):
    monkeypatch.setattr(packed_samples, "FEW", few)
    given = _mixed()
    samples = PackedSamples.of(iter(given))
    assert len(samples) == len(given)
    assert _told(samples) == _told(samples[:]) == _told(given)
    for part in (slice(60, 130), slice(-3, None), slice(2, 140, 50), slice(9, 3)):
        assert _told(samples[part]) == _told(given[part])
    numbers = (0, 64, 70, -1)
    assert _told(samples[i] for i in numbers) == _told(given[i] for i in numbers)
    with pytest.raises(IndexError):
        samples[len(given)]


def test_columns_and_files_of_a_tree_are_those_of_its_samples():
    given = _mixed()
    samples = PackedSamples.of(given)
    parts = [given[i : i + 64] for i in range(0, len(given), 64)]
    assert list(samples.columns()) == list(map(SampleColumns.of, parts))
    assert list(samples.files()) == [file for sample in given for file in sample.pixels.files]
    assert list(samples.files("val")) == []


def test_only_pictures_become_masks():
    given = _mixed()
    seen = list(PackedSamples.of(given).as_masks())
    assert [getattr(one.pixels, "of_masks", None) for one in seen] == [
        None if isinstance(one.pixels, Broken) else True for one in given
    ]
