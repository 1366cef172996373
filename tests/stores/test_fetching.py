"""Reading a dataset from a store: the right bytes or an error, whatever the network does."""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from signdata.errors import (
    FormatError,
    MissingError,
    OutputError,
    StoreError,
    UnsafeNameError,
)
from signdata.stores.access import Access
from signdata.stores.fetching import ABANDONED, fetch
from tests.conftest import listing
from tests.reliability import tally
from tests.stores.conftest import Bucket, proxy

ATTACKS = bool(os.environ.get("SIGNDATA_ATTACKS"))
EVERY = range(2, 21) if ATTACKS else (3,)


@pytest.fixture
def access(bucket: Bucket, tmp_path: Path) -> Access:
    return Access(bucket.options, tmp_path / "scratch")


def test_a_prefix_becomes_the_same_folder(
    bucket: Bucket, access: Access, library: str, make_shards: Callable[..., Path]
) -> None:
    root = make_shards()
    (root / "odd name+#ä.txt").write_text("x")
    bucket.fill(root, "deep/asl/")
    made = fetch(bucket.url("deep/asl"), access)
    assert made.path.name == "asl"
    assert listing(made.path) == listing(root)
    assert (made.objects, made.fetched, made.unchecked) == (10, 10, 0)
    again = fetch(bucket.url("deep/asl/"), access)
    assert (again.path, again.fetched) == (made.path, 0)


def test_an_object_comes_with_its_sidecars(bucket: Bucket, access: Access, tmp_path: Path) -> None:
    for name in ("a.csv", "a.csv.manifest.csv", "b.csv"):
        (tmp_path / name).write_text(name)
        bucket.fill(tmp_path / name, "x/")
    made = fetch(bucket.url("x/a.csv"), access)
    assert made.path.read_text() == "a.csv"
    assert sorted(one.name for one in made.path.parent.glob("[!.]*")) == [
        "a.csv",
        "a.csv.manifest.csv",
    ]


def test_only_what_changed_is_fetched_again(
    bucket: Bucket, access: Access, make_shards: Callable[..., Path]
) -> None:
    bucket.fill(make_shards(), "s/")
    first = fetch(bucket.url("s"), access)
    bucket.client.put_object(Bucket=bucket.name, Key="s/manifest.csv", Body=b"other")
    bucket.client.delete_object(Bucket=bucket.name, Key="s/signdata.json")
    second = fetch(bucket.url("s"), access)
    assert second.fetched == 1
    assert (second.path / "manifest.csv").read_bytes() == b"other"
    assert not (first.path / "signdata.json").exists()


def test_a_copy_that_was_touched_is_fetched_again(
    bucket: Bucket, access: Access, make_shards: Callable[..., Path]
) -> None:
    root = make_shards()
    bucket.fill(root, "s/")
    copy = fetch(bucket.url("s"), access).path / "manifest.csv"
    copy.write_bytes(b"x" * copy.stat().st_size)
    assert fetch(bucket.url("s"), access).fetched == 1
    assert copy.read_bytes() == (root / "manifest.csv").read_bytes()


def test_only_the_shards_of_a_split(
    bucket: Bucket, access: Access, make_shards: Callable[..., Path]
) -> None:
    root = make_shards()
    bucket.fill(root, "s/")
    made = fetch(bucket.url("s"), access, split="val")
    names = sorted(one.name for one in (made.path / "data").iterdir())
    assert [name.partition("-")[0] for name in names] == ["validation"] * 3
    assert fetch(bucket.url("s"), access).fetched == 3
    assert listing(made.path) == listing(root)


def test_a_shard_that_is_not_what_the_list_says(
    bucket: Bucket, access: Access, library: str, make_shards: Callable[..., Path]
) -> None:
    root = make_shards()
    shard = root / "data" / "train-00001-of-00003.tar"
    shard.write_bytes(bytes([shard.read_bytes()[0] ^ 1]) + shard.read_bytes()[1:])
    bucket.fill(root, "s/")
    with pytest.raises(StoreError, match=r"train-00001-of-00003\.tar: damaged; expected SHA-256"):
        fetch(bucket.url("s"), access)
    bucket.client.put_object(Bucket=bucket.name, Key=f"s/data/{shard.name}", Body=b"short")
    with pytest.raises(StoreError, match=r"5 bytes; expected 3,200, as shards\.csv says"):
        fetch(bucket.url("s"), access)
    bucket.client.delete_object(Bucket=bucket.name, Key=f"s/data/{shard.name}")
    with pytest.raises(MissingError, match=r"not there, and shards\.csv lists it"):
        fetch(bucket.url("s"), access)


def test_what_is_not_published_to_its_end_is_refused(
    bucket: Bucket, access: Access, make_shards: Callable[..., Path]
) -> None:
    root = make_shards()
    (root / "signdata.json").unlink()
    (root / ".signdata-partial").mkdir()
    (root / ".signdata-partial" / "1.json").write_text("{}")
    bucket.fill(root, "s/")
    with pytest.raises(FormatError, match="not published to its end"):
        fetch(bucket.url("s"), access)


@pytest.mark.parametrize("key", ["s/../../evil", "s//x", "s/./x"])
def test_keys_stay_below_the_copy(
    bucket: Bucket, access: Access, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from signdata.stores.fsspec_store import FsspecStore
    from signdata.stores.obstore_store import ObstoreStore
    from signdata.stores.store import Found

    for made in (FsspecStore, ObstoreStore):
        monkeypatch.setattr(made, "list", lambda *_: [Found(key, 1, "t")])
    with pytest.raises(UnsafeNameError, match="would leave its folder"):
        fetch(bucket.url("s/"), access)


@pytest.mark.parametrize("kind", ["503", "reset", "lost-answer", "cut", "flip"])
@pytest.mark.parametrize("every", EVERY)
def test_a_bad_network_spoils_nothing(
    bucket: Bucket,
    tmp_path: Path,
    library: str,
    make_shards: Callable[..., Path],
    kind: str,
    every: int,
) -> None:
    root = make_shards(n=12 if ATTACKS else 3)
    bucket.fill(root, "s/")
    with tally.attack("R12"), proxy(bucket.endpoint) as (bucket.via, faults):
        faults.kind, faults.every = kind, every
        access = Access(bucket.options, tmp_path / "scratch")
        for _ in range(8):  # a listing has no checksum: a flipped one fails, and is asked for again
            try:
                made = fetch(bucket.url("s"), access)
            except (StoreError, MissingError, FormatError):
                continue
            break
        else:
            pytest.fail("never fetched")
        assert faults.hits
        assert listing(made.path) == listing(root)


def test_the_tag_of_an_object_encrypted_with_a_key_is_no_md5(
    bucket: Bucket, access: Access, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from signdata.stores import fetching
    from signdata.stores.digests import Digests, digests_of

    def other_md5(path: Path) -> Digests:
        found = digests_of(path)
        return Digests(found.sha256, "0" * 32, found.size)

    put = bucket.client.put_object
    put(Bucket=bucket.name, Key="plain", Body=b"abc")
    put(Bucket=bucket.name, Key="kms", Body=b"abc", ServerSideEncryption="aws:kms")
    monkeypatch.setattr(fetching, "digests_of", other_md5)
    made = fetch(bucket.url("kms"), access)
    assert (made.path.read_bytes(), made.unchecked) == (b"abc", 1)
    with pytest.raises(StoreError, match="arrived damaged 4 times"):
        fetch(bucket.url("plain"), access)


def test_the_copies_are_kept_apart(bucket: Bucket, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / "a.csv").write_text(name)
        bucket.fill(tmp_path / "a.csv", f"{name}/")
    access = Access(bucket.options, tmp_path / "scratch")
    found = {fetch(bucket.url(f"{name}/a.csv"), access).path.read_text() for name in ("one", "two")}
    assert found == {"one", "two"}


def test_torn_lines_of_the_list_of_copies_are_not_read(
    bucket: Bucket, access: Access, make_shards: Callable[..., Path]
) -> None:
    bucket.fill(make_shards(), "s/")
    made = fetch(bucket.url("s"), access)
    copies = made.path.parent / ".copies.jsonl"
    lines = [json.loads(line) for line in copies.read_bytes().splitlines() if line]
    assert len(lines) == made.objects
    copies.write_bytes(copies.read_bytes()[:-30])
    assert fetch(bucket.url("s"), access).fetched == 1


def test_what_a_killed_run_left_is_removed_in_time(
    bucket: Bucket, access: Access, make_shards: Callable[..., Path]
) -> None:
    bucket.fill(make_shards(), "s/")
    arriving = fetch(bucket.url("s"), access).path.parent / ".arriving"
    for name, age in (("old", 2 * ABANDONED), ("new", 0)):
        (arriving / name).write_bytes(b"x")
        os.utime(arriving / name, (time.time() - age,) * 2)
    fetch(bucket.url("s"), access)
    assert [one.name for one in arriving.iterdir()] == ["new"]


def test_a_full_disk_is_not_the_stores_fault(
    bucket: Bucket, access: Access, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from signdata.stores.fsspec_store import FsspecStore
    from signdata.stores.obstore_store import ObstoreStore

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "a.csv").write_text("x")
    bucket.fill(tmp_path / "a.csv")
    for made in (FsspecStore, ObstoreStore):
        monkeypatch.setattr(made, "get", full)
    with pytest.raises(OutputError, match="the disk is full"):
        fetch(bucket.url("a.csv"), access)
