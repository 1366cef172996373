"""Azure's, Google's and Hugging Face's stores, by programs that imitate them where installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import signdata
from signdata.errors import FormatError, MissingError, OutputError, OutputExistsError, StoreError
from signdata.formats.open import open_dataset
from signdata.stores.access import Access
from signdata.stores.fetching import fetch
from signdata.stores.fsspec_store import FsspecStore
from signdata.stores.publishing import publish
from tests.conftest import Ran, listing, picture
from tests.formats.conformance import facts
from tests.reliability.conftest import write_csv
from tests.stores import emulators
from tests.stores.conftest import proxy
from tests.stores.emulators import Emulator

STARTS = {
    "azurite": emulators.azurite,
    "fake-gcs-server": emulators.fake_gcs_server,
}


@pytest.fixture(scope="module", params=STARTS)
def running(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    with STARTS[request.param]() as made:
        yield made


@pytest.fixture
def store(running: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    if running.scheme == "gs":  # whose library waits for seconds before it tries again
        monkeypatch.setattr("gcsfs.retry.min", lambda *_: 0.001, raising=False)
    return running.with_bucket()


@pytest.fixture
def access(store: Emulator, tmp_path: Path) -> Access:
    return Access(store.options, tmp_path / "scratch")


def below(root: Path) -> dict[str, bytes]:
    return {f"s/{name}": data for name, data in listing(root).items()}


def test_published_and_read_back(
    store: Emulator, make_tree: Callable[..., Path], tmp_path: Path
) -> None:
    names = [
        f"{split}/{label}/{i}.png" for split in ("train", "val") for label in "AB" for i in (0, 1)
    ]
    tree = make_tree({name: picture(i, 5, 4, 3) for i, name in enumerate(names)})
    options: dict[str, Any] = {
        "storage_options": store.options,
        "scratch": tmp_path / "scratch",
        "workers": 1,
    }
    result = signdata.convert(tree, store.url("x/set"), to_format="webdataset", shards=2, **options)
    assert result.details["published"]["conditional"] is True
    again = signdata.convert(tree, store.url("x/set"), to_format="webdataset", shards=2, **options)
    assert again.details["already_done"]
    signdata.convert(store.url("x/set/"), tmp_path / "back", to_format="folders", **options)
    assert [facts(one) for one in open_dataset(tmp_path / "back")] == [
        facts(one) for one in open_dataset(tree)
    ]
    assert signdata.verify(store.url("x/set"), tree, **options).exit_code == 0


def test_only_what_is_missing_is_sent(
    store: Emulator, access: Access, make_shards: Callable[..., Path]
) -> None:
    root = make_shards()
    done = publish(root, store.url("s"), access)
    assert store.listing() == below(root)
    assert (done.objects, done.sent, done.conditional) == (9, 9, True)
    assert publish(root, store.url("s"), access).sent == 0
    store.delete("s/data/train-00001-of-00003.tar")
    assert publish(root, store.url("s"), access).sent == 1
    assert store.listing() == below(root)


def test_a_killed_publication_is_finished(
    store: Emulator,
    access: Access,
    make_shards: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = make_shards()
    put, count = FsspecStore.put, iter(range(100))

    def until_killed(self: FsspecStore, key: str, path: Path, sha256: str) -> None:
        if next(count) >= 4:
            raise KeyboardInterrupt
        put(self, key, path, sha256)

    monkeypatch.setattr(FsspecStore, "put", until_killed)
    with pytest.raises(KeyboardInterrupt):
        publish(root, store.url("s"), access)
    monkeypatch.undo()
    with pytest.raises(FormatError, match="not published to its end"):
        fetch(store.url("s"), access)
    assert publish(root, store.url("s"), access).sent <= 5
    assert store.listing() == below(root)


def test_another_dataset_is_refused_or_replaced(
    store: Emulator, access: Access, make_shards: Callable[..., Path]
) -> None:
    publish(make_shards(), store.url("s"), access)
    other = make_shards("other", seed=1, n=2)
    with pytest.raises(OutputExistsError):
        publish(other, store.url("s"), access)
    publish(other, store.url("s"), access, replace=True)
    assert store.listing() == below(other)


@pytest.mark.parametrize("kind", ["flip", "cut", "reset", "503"])
def test_nothing_wrong_is_read(
    store: Emulator, tmp_path: Path, make_shards: Callable[..., Path], kind: str
) -> None:
    root = make_shards()
    publish(root, store.url("s"), Access(store.options, tmp_path / "direct"))
    with proxy(store.endpoint) as (address, faults):
        access = Access(replace(store, endpoint=address).options, tmp_path / "spoiled")
        faults.kind, faults.every = kind, 5
        made = fetch(store.url("s"), access)
        assert faults.hits
    assert listing(made.path) == listing(root)


@pytest.mark.parametrize("kind", ["reset", "503", "lost-answer"])
def test_published_over_a_bad_network(
    store: Emulator, tmp_path: Path, make_shards: Callable[..., Path], kind: str
) -> None:
    root = make_shards()
    with proxy(store.endpoint) as (address, faults):
        access = Access(replace(store, endpoint=address).options, tmp_path / "spoiled")
        faults.kind, faults.every = kind, 4
        publish(root, store.url("s"), access)
        assert faults.hits
    assert store.listing() == below(root)


def test_what_is_not_there_is_said_in_a_line(
    store: Emulator, access: Access, make_shards: Callable[..., Path]
) -> None:
    with pytest.raises(MissingError, match="not there"):
        fetch(store.url("nothing/"), access)
    nowhere = f"{store.scheme}://b-none-here/s"
    with pytest.raises(MissingError):
        fetch(nowhere, access)
    with pytest.raises(OutputError, match="no such bucket"):
        publish(make_shards(), nowhere, access)


def test_an_object_alone(store: Emulator, access: Access, tmp_path: Path) -> None:
    root = tmp_path / "files"
    root.mkdir()
    (root / "a.csv").write_text("label,pixel1\n0,7\n")
    (root / "a.csv.manifest.csv").write_text("id\n000001\n")
    (root / "ä +#%.csv").write_text("x")
    store.fill(root, "deep/")
    made = fetch(store.url("deep/a.csv"), access)
    assert sorted(one.name for one in made.path.parent.glob("[!.]*")) == [
        "a.csv",
        "a.csv.manifest.csv",
    ]
    assert fetch(store.url("deep/ä +#%.csv"), access).path.read_text() == "x"
    assert listing(fetch(store.url("deep/"), access).path) == listing(root)


# -- Hugging Face's Hub


@pytest.fixture
def hub(make_shards: Callable[..., Path]) -> Iterator[tuple[Emulator, Path]]:
    root = make_shards()
    with emulators.hub(root, "user/signs") as made:
        yield made, root


def test_a_dataset_of_the_hub(hub: tuple[Emulator, Path], tmp_path: Path) -> None:
    store, root = hub
    access = Access(store.options, tmp_path / "scratch")
    made = fetch(store.url(), access)
    assert listing(made.path) == listing(root)
    assert fetch(store.url(), access).fetched == 0
    one = fetch(store.url("data/train-00000-of-00003.tar"), access)
    assert one.path.read_bytes() == (root / "data/train-00000-of-00003.tar").read_bytes()
    assert one.unchecked == 0
    part = fetch(store.url(), Access(store.options, tmp_path / "part"), split="train")
    assert len(list((part.path / "data").iterdir())) == 3


@pytest.mark.parametrize("kind", ["flip", "cut", "503"])
def test_the_hub_over_a_bad_network(hub: tuple[Emulator, Path], tmp_path: Path, kind: str) -> None:
    store, root = hub
    with proxy(store.endpoint) as (address, faults):
        access = Access(replace(store, endpoint=address).options, tmp_path / "scratch")
        faults.kind, faults.every = kind, 3
        try:
            made = fetch(store.url(), access)
        except StoreError:
            return
    for name, data in listing(made.path).items():
        if name.startswith("data/"):
            assert data == (root / name).read_bytes()


def test_what_the_hub_has_not(
    hub: tuple[Emulator, Path], tmp_path: Path, main: Callable[..., Ran]
) -> None:
    store, _ = hub
    access = Access(store.options, tmp_path / "scratch")
    with pytest.raises(MissingError):
        fetch("hf://datasets/user/other", access)
    with pytest.raises(MissingError):
        fetch(store.url("nothing/"), access)
    ran = main("convert", write_csv(tmp_path / "a.csv"), store.url("new"), "--to", "webdataset")
    assert ran.returncode == 2
    assert "hf upload" in ran.error
