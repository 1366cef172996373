"""Checksums by id, in a few bytes each."""

from __future__ import annotations

import hashlib

import pytest

from signdata.inspection.recorded_digests import OTHER, SAME, UNKNOWN, RecordedDigests

DIGESTS = {f"id {i}": hashlib.sha256(b"%d" % i).hexdigest() for i in range(100)}
BYTES = bytes.fromhex("".join(DIGESTS.values()))
PARTS = [([*DIGESTS][:60], [*DIGESTS.values()][:60]), ([*DIGESTS][60:], [*DIGESTS.values()][60:])]


def test_each_id_has_its_own():
    recorded = RecordedDigests(PARTS)
    assert recorded.any
    assert set(recorded.compare([*DIGESTS], BYTES)) == {SAME}
    other = bytes.fromhex(DIGESTS["id 1"])
    assert recorded.compare(["id 2", "id 100", "id 1"], other * 3).tolist() == [
        OTHER,
        UNKNOWN,
        SAME,
    ]
    assert recorded.all_asked


def test_who_was_never_asked_for():
    recorded = RecordedDigests(PARTS)
    recorded.compare([*DIGESTS][:98], BYTES[: 98 * 32])
    assert not recorded.all_asked
    assert list(recorded.never_asked(DIGESTS)) == ["id 98", "id 99"]


def test_no_checksums_and_other_texts():
    recorded = RecordedDigests([(["1", "2"], ["", ""])])
    assert not recorded.any
    assert recorded.compare(["1", "2"], bytes(64)).tolist() == [UNKNOWN, UNKNOWN]
    recorded = RecordedDigests([(["1"], ["no checksum"])])
    assert recorded.compare(["1"], hashlib.sha256(b"no checksum").digest()).tolist() == [SAME]
    assert recorded.compare(["1"], b"0" * 32).tolist() == [OTHER]


@pytest.mark.parametrize("digest", ["", "ab " * 21 + "a", DIGESTS["id 1"]])
def test_one_text_that_is_no_checksum_leaves_the_others_as_they_are(digest):
    recorded = RecordedDigests([(["1", "2"], [digest, DIGESTS["id 2"]])])
    assert recorded.compare(["2"], bytes.fromhex(DIGESTS["id 2"])).tolist() == [SAME]


def test_two_ids_with_one_hash_may_have_either(monkeypatch):
    monkeypatch.setattr(
        "signdata.inspection.recorded_digests.hash", lambda text: len(text), raising=False
    )
    recorded = RecordedDigests(PARTS)
    assert set(recorded.compare([*DIGESTS], BYTES)) == {SAME}
    assert recorded.all_asked
