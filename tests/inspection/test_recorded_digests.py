"""Checksums by id, in a few bytes each."""

from __future__ import annotations

import hashlib

from signdata.inspection.recorded_digests import RecordedDigests, agrees

DIGESTS = {f"id {i}": hashlib.sha256(b"%d" % i).hexdigest() for i in range(100)}
ROWS = [{"id": one, "sha256": digest} for one, digest in DIGESTS.items()]


def test_each_id_has_its_own():
    recorded = RecordedDigests(ROWS)
    assert recorded.any
    assert all(agrees(digest, recorded.ask(one)) for one, digest in DIGESTS.items())
    assert not agrees(DIGESTS["id 1"], recorded.ask("id 2"))
    assert recorded.ask("id 100") == []
    assert recorded.all_asked


def test_who_was_never_asked_for():
    recorded = RecordedDigests(ROWS)
    for one in [*DIGESTS][:98]:
        recorded.ask(one)
    assert not recorded.all_asked
    assert list(recorded.never_asked(DIGESTS)) == ["id 98", "id 99"]


def test_no_checksums_and_other_texts():
    recorded = RecordedDigests([{"id": "1"}, {"id": "2", "sha256": ""}])
    assert (recorded.any, recorded.ask("1"), recorded.ask("2")) == (False, [], [])
    recorded = RecordedDigests([{"id": "1", "sha256": "no checksum"}])
    assert agrees("no checksum", recorded.ask("1"))
    assert not agrees("0" * 64, recorded.ask("1"))


def test_two_ids_with_one_hash_may_have_either(monkeypatch):
    monkeypatch.setattr(
        "signdata.inspection.recorded_digests.hash", lambda text: len(text), raising=False
    )
    recorded = RecordedDigests(ROWS)
    assert all(agrees(digest, recorded.ask(one)) for one, digest in DIGESTS.items())
    assert recorded.all_asked
