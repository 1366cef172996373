"""Rows of a manifest that stay on disk, and columns of text in a few bytes."""

from __future__ import annotations

import pickle

import pytest

from signdata import sidecars
from signdata.columns import TextColumn
from signdata.errors import FormatError
from signdata.formats.batches import SampleRange, list_batches
from signdata.formats.stored_rows import StoredRows
from signdata.samples import Sample, Unread

ROWS = [
    {"id": f"{i}", "label": label, "split": split, "note": note}
    for i, (label, split, note) in enumerate(
        [
            ("A", "train", ""),
            ("Ä", "test", "two\nlines"),
            ("B", "train", 'a "quote", é'),
            ("B", "", "\r"),
        ]
    )
]


@pytest.fixture(params=["", "\ufeff"], ids=["plain", "with a BOM"])
def path(request, tmp_path):
    path = tmp_path / "manifest.csv"
    sidecars.write_rows(path, ["id", "label", "split", "note"], ROWS)
    path.write_bytes(request.param.encode() + path.read_bytes())
    return path


def test_any_range_of_rows_is_read_as_it_is(path):
    stored = StoredRows.scan(path)
    assert (len(stored), dict(stored.splits)) == (4, {"train": 2, "test": 1, "": 1})
    assert list(sidecars.read_rows(path)) == ROWS
    for start in range(5):
        for stop in range(start, 5):
            kept = pickle.loads(pickle.dumps(stored.between(start, stop)))
            assert kept.read() == ROWS[start:stop]
    assert [row["id"] for row in stored.prefixed("test/").between(1, 3).read()] == [
        "test/1",
        "test/2",
    ]


def test_a_manifest_that_changes_meanwhile_is_noticed(path):
    rows = StoredRows.scan(path).between(0, 4)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(FormatError, match="changed while it was read"):
        rows.read()


def test_an_id_twice_is_refused_with_its_line(path):
    with path.open("a") as file:
        file.write("2,C,,\n")
    with pytest.raises(FormatError, match=r"line \d+: id '2' appears twice"):
        StoredRows.scan(path)


def test_texts_in_one_block():
    texts = ["", "a", "é", "train/000001", "\udc80", ""]
    column = TextColumn(texts)
    assert (len(column), list(column), column[1:4]) == (6, texts, texts[1:4])
    assert column.repeats()
    assert not TextColumn(texts[:5]).repeats()
    with pytest.raises(IndexError):
        column[6]


def test_batches_make_their_samples_when_asked():
    made = []

    def make(start, stop):
        made.append((start, stop))
        return [Sample(str(i), "A", Unread()) for i in range(start, stop)]

    batches = list(list_batches(SampleRange(150, make)))
    assert made == []
    assert [batch.key for batch in batches] == ["0", "64", "128"]
    assert [sample.id for sample in batches[2]] == [str(i) for i in range(128, 150)]
    sent = pickle.loads(pickle.dumps(batches[2]))
    assert (sent.key, sent.samples) == ("128", batches[2].samples)
    assert [len(one.samples) for one in (sent.without(["128"]), *sent.divide()[:1])] == [21, 1]
