"""Publishing to a store: whole or absent, whoever is killed, raced or cut off."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from signdata.errors import (
    FormatError,
    MissingError,
    OutputError,
    OutputExistsError,
    OutputLockedError,
    SigndataError,
)
from signdata.stores import obstore_store, publishing, store
from signdata.stores.access import Access
from signdata.stores.fetching import fetch
from signdata.stores.publishing import publish
from tests.conftest import listing
from tests.reliability import tally
from tests.stores.conftest import Bucket, proxy

ATTACKS = int(os.environ.get("SIGNDATA_ATTACKS", "0"))
EVERY = range(2, 21) if ATTACKS else (3,)


@pytest.fixture
def access(bucket: Bucket, tmp_path: Path) -> Access:
    return Access(bucket.options, tmp_path / "scratch")


def below(root: Path, prefix: str = "s/") -> dict[str, bytes]:
    return {prefix + name: data for name, data in listing(root).items()}


def test_all_of_it_and_nothing_else(
    bucket: Bucket, access: Access, library: str, make_shards: Callable[..., Path]
) -> None:
    root = make_shards()
    done = publish(root, bucket.url("s"), access)
    assert bucket.listing() == below(root)
    assert (done.objects, done.sent, done.conditional) == (9, 9, True)
    head = bucket.client.head_object(Bucket=bucket.name, Key="s/shards.csv")
    assert len(head["Metadata"]["sha256"]) == 64
    again = publish(root, bucket.url("s/"), access)
    assert (again.sent, again.objects) == (0, 9)


def test_the_record_comes_last(
    bucket: Bucket, access: Access, make_shards: Callable[..., Path]
) -> None:
    root = make_shards()
    stored = []
    with proxy(bucket.endpoint) as (bucket.via, faults):
        before = faults.next

        def next_() -> str:
            stored.append(set(bucket.listing()))
            return before()

        faults.next = next_  # type: ignore[method-assign]  # what is there at each request
        publish(root, bucket.url("s"), Access(bucket.options, access.scratch))
    for names in stored:
        if "s/signdata.json" in names:
            assert set(below(root)) <= names
        elif names:
            assert any(name.startswith("s/.signdata-partial/") for name in names)


def test_another_dataset_is_refused_or_replaced(
    bucket: Bucket, access: Access, make_shards: Callable[..., Path]
) -> None:
    one, other = make_shards("one", 1, 3), make_shards("other", 2, 2)
    publish(one, bucket.url("s"), access)
    with pytest.raises(OutputExistsError, match="made with other options"):
        publish(other, bucket.url("s"), access)
    assert bucket.listing() == below(one)
    bucket.client.put_object(Bucket=bucket.name, Key="s/notes.txt", Body=b"a user's")
    publish(other, bucket.url("s"), access, replace=True)
    assert bucket.listing() == {**below(other), "s/notes.txt": b"a user's"}


@pytest.mark.parametrize("replace", [False, True])
def test_what_something_else_made_stays(
    bucket: Bucket, access: Access, make_shards: Callable[..., Path], replace: bool
) -> None:
    bucket.client.put_object(Bucket=bucket.name, Key="s/data/train-0.tar", Body=b"theirs")
    with pytest.raises(OutputExistsError, match=r"by something else \(data/train-0\.tar\)"):
        publish(make_shards(), bucket.url("s"), access, replace=replace)
    assert bucket.listing() == {"s/data/train-0.tar": b"theirs"}


def test_another_unfinished_publication_is_refused(
    bucket: Bucket,
    access: Access,
    make_shards: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = make_shards("one", 1), make_shards("other", 2)
    with monkeypatch.context() as patched:
        patched.setattr(publishing._Publication, "_finish", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            publish(one, bucket.url("s"), access)
    with pytest.raises(OutputLockedError, match="another dataset is being published"):
        publish(other, bucket.url("s"), access)
    with pytest.raises(FormatError, match="not published to its end"):
        fetch(bucket.url("s"), access)
    assert publish(one, bucket.url("s"), access).sent == 1
    assert bucket.listing() == below(one)


def test_a_store_that_ignores_conditional_puts_is_told(
    bucket: Bucket, access: Access, library: str, make_shards: Callable[..., Path]
) -> None:
    one, other = make_shards("one", 1), make_shards("other", 2)
    with proxy(bucket.endpoint) as (bucket.via, faults):
        faults.ignores_conditions = True
        access = Access(bucket.options, access.scratch)
        assert not publish(one, bucket.url("s"), access).conditional
        assert bucket.listing() == below(one)
        outcomes = _race(bucket.url("r"), access, one, other)
    _check_race(outcomes, bucket, one, other)


@pytest.mark.parametrize("kind", ["503", "reset", "lost-answer", "cut"])
@pytest.mark.parametrize("every", EVERY)
def test_a_bad_network_publishes_all_or_nothing(
    bucket: Bucket,
    tmp_path: Path,
    library: str,
    make_shards: Callable[..., Path],
    kind: str,
    every: int,
) -> None:
    root = make_shards(n=12 if ATTACKS else 3)
    with tally.attack("R12"), proxy(bucket.endpoint) as (bucket.via, faults):
        faults.kind, faults.every = kind, every
        access = Access(bucket.options, tmp_path / "scratch")
        for _ in range(8):  # where every other request fails, six attempts may not be enough
            try:
                publish(root, bucket.url("s"), access)
            except OutputError:
                seen = bucket.listing()
                assert "s/signdata.json" not in seen or seen.items() >= below(root).items()
                continue
            break
        else:
            pytest.fail("never published")
        assert faults.hits
        assert bucket.listing() == below(root)


def test_bytes_that_changed_on_the_way_are_sent_again(
    bucket: Bucket, access: Access, make_shards: Callable[..., Path]
) -> None:
    root = make_shards()
    publish(root, bucket.url("s"), access)
    bucket.client.put_object(
        Bucket=bucket.name,
        Key="s/shards.csv",
        Body=b"x" * len((root / "shards.csv").read_bytes()),
    )
    assert publish(root, bucket.url("s"), access).sent == 1
    assert bucket.listing() == below(root)


def test_a_shard_that_changed_before_it_was_sent(
    bucket: Bucket, access: Access, make_shards: Callable[..., Path]
) -> None:
    root = make_shards()
    (root / "data" / "train-00000-of-00003.tar").write_bytes(b"x")
    with pytest.raises(OutputError, match="changed since it was written"):
        publish(root, bucket.url("s"), access)
    (root / "data" / "train-00000-of-00003.tar").unlink()
    with pytest.raises(OutputError, match=r"train-00000-of-00003\.tar of it has been removed"):
        publish(root, bucket.url("s"), access)
    assert bucket.listing() == {}


def test_no_bucket(bucket: Bucket, access: Access, make_shards: Callable[..., Path]) -> None:
    with pytest.raises(OutputError, match="s3://nowhere: no such bucket"):
        publish(make_shards(), "s3://nowhere/s", access)


def test_large_objects_travel_in_parts(
    bucket: Bucket,
    access: Access,
    library: str,
    make_shards: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store, "PART", 5 << 20)
    root = make_shards()
    large = root / "large.bin"
    large.write_bytes(random.Random(0).randbytes(11 << 20))
    publish(root, bucket.url("s"), access)
    head = bucket.client.head_object(Bucket=bucket.name, Key="s/large.bin")
    assert head["ETag"].endswith('-3"')
    made = fetch(bucket.url("s/large.bin"), access)
    assert (made.path.read_bytes() == large.read_bytes(), made.unchecked) == (True, 0)
    assert publish(root, bucket.url("s"), access).sent == 0


def test_parts_of_a_killed_run_are_removed(
    bucket: Bucket,
    access: Access,
    make_shards: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(obstore_store, "settings_for", lambda *_: None)
    client = bucket.client
    for key in ("s/data/x.tar", "other/y.tar"):
        client.create_multipart_upload(Bucket=bucket.name, Key=key)
    publish(make_shards(), bucket.url("s"), access)
    left = client.list_multipart_uploads(Bucket=bucket.name)["Uploads"]
    assert [one["Key"] for one in left] == ["other/y.tar"]


def _race(url: str, access: Access, *roots: Path) -> list[str]:
    """Publish several outputs to one address at the same time; how each ended."""
    outcomes: dict[int, str] = {}

    def one(number: int, root: Path) -> None:
        try:
            publish(root, url, access)
            outcomes[number] = "published"
        except OutputError as err:
            outcomes[number] = type(err).__name__

    threads = [Thread(target=one, args=(i, root)) for i, root in enumerate(roots)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [outcomes[i] for i in range(len(roots))]


def _check_race(outcomes: list[str], bucket: Bucket, *roots: Path) -> None:
    """At most one was published, and then it alone is there."""
    winners = [root for root, one in zip(roots, outcomes, strict=True) if one == "published"]
    assert len(winners) <= 1, outcomes
    found = {name: data for name, data in bucket.listing().items() if name.startswith("r/")}
    assert found == (below(winners[0], "r/") if winners else {})


@pytest.mark.parametrize("number", range(20 if ATTACKS else 1))
def test_two_at_once(
    bucket: Bucket, access: Access, make_shards: Callable[..., Path], number: int
) -> None:
    one, other = make_shards("one", 1), make_shards("other", 2)
    with tally.attack("R12", n=2):
        _check_race(_race(bucket.url("r"), access, one, other), bucket, one, other)
        assert _race(bucket.url("same"), access, one, one) == ["published", "published"]


def _killed(root: Path, url: str, options: dict[str, Any], scratch: Path) -> None:
    publish(root, url, Access(options, scratch))


@pytest.mark.skipif(not ATTACKS, reason="SIGNDATA_ATTACKS is not set")
@pytest.mark.parametrize("number", range(50))
def test_killed_at_any_moment(
    bucket: Bucket, access: Access, make_shards: Callable[..., Path], number: int
) -> None:
    root = make_shards(n=12)
    context = multiprocessing.get_context("spawn")
    words = (root, bucket.url("s"), bucket.options, access.scratch)
    process = context.Process(target=_killed, args=words)
    process.start()
    begun = time.monotonic()
    while not bucket.listing() and process.is_alive() and time.monotonic() < begun + 60:
        time.sleep(0.01)
    time.sleep(random.Random(number).uniform(0, 0.8))
    process.kill()
    process.join()
    with tally.attack("R12"):
        seen = bucket.listing()
        try:
            made = fetch(bucket.url("s"), access)
        except (MissingError, FormatError):
            assert "s/signdata.json" not in seen
        else:
            assert listing(made.path) == listing(root)
        publish(root, bucket.url("s"), access)
        assert bucket.listing() == below(root)


def test_nothing_secret_is_in_an_error(
    bucket: Bucket, tmp_path: Path, library: str, make_shards: Callable[..., Path]
) -> None:
    from tests.stores.conftest import KEY, SECRET

    root = make_shards()
    bucket.via = "http://127.0.0.1:9"
    access = Access(bucket.options, tmp_path / "scratch")
    for call in (
        lambda: publish(root, bucket.url("s"), access),
        lambda: fetch(bucket.url("s"), access),
    ):
        with pytest.raises(SigndataError, match=r"the store cannot be reached") as caught:
            call()
        assert KEY not in str(caught.value)
        assert SECRET not in repr(caught.value)
        assert caught.value.__suppress_context__
    assert SECRET not in repr(access)
