"""Commands whose sources and outputs are at addresses."""

from __future__ import annotations

import functools
import importlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import signdata
from signdata import options
from signdata.cli.app import COMMANDS
from signdata.errors import UsageError
from tests.conftest import Ran, listing, picture
from tests.stores.conftest import KEY, SECRET, Bucket
from tests.videos import make_index, make_video

Main = Callable[..., Ran]


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Callable[[Path, str], str]]:
    """Copy a file or a folder into the store of this process; its address."""
    fsspec = pytest.importorskip("fsspec")
    store = fsspec.filesystem("memory")
    store.store.clear()

    def fill(root: Path, key: str) -> str:
        files = {"": root} if root.is_file() else dict(_below(root))
        for name, path in files.items():
            store.pipe_file(f"/b/{key}/{name}".rstrip("/"), path.read_bytes())
        return f"memory://b/{key}"

    yield fill
    store.store.clear()


def _below(root: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(root.rglob("*")):
        if path.is_file():
            yield path.relative_to(root).as_posix(), path


@pytest.fixture
def options_file(bucket: Bucket, tmp_path: Path) -> Path:
    file = tmp_path / "options.json"
    file.write_text(json.dumps(bucket.options))
    return file


# -- Reading


@pytest.mark.parametrize(
    "words",
    [
        ("convert", "{}", "{out}.h5"),
        ("convert", "{}", "{out}", "--split", "train"),
        ("split", "{}", "{out}", "--pool", "--ratios", "50,50", "--allow-empty"),
        ("folders-to-csv", "{}", "{out}.csv", "--split", "test"),
        ("augment", "{}", "{out}", "--variants", "1"),
        ("audit", "{}", "--fix", "{out}"),
    ],
    ids=" ".join,
)
def test_the_same_bytes_as_from_disk(
    main: Main,
    memory: Callable[[Path, str], str],
    make_tree: Callable[..., Path],
    tmp_path: Path,
    words: tuple[str, ...],
) -> None:
    tree = make_tree(
        {f"{s}/{c}/{i}.png": picture(hash((s, c, i)) % 999) for s in ("train", "test")
         for c in "AB" for i in range(3)},
        "asl",
    )  # fmt: skip
    url = memory(tree, "deep/asl")
    results = {}
    for name, source in (("disk", str(tree)), ("store", url)):
        (tmp_path / name).mkdir()
        typed = [word.format(source, out=tmp_path / name / "out") for word in words]
        done = main(*typed, "-j", "1", "--json")
        assert done.returncode == 0, done.stderr
        results[name] = done.json, listing(tmp_path / name)
    assert results["store"][1] == results["disk"][1]
    assert results["disk"][1]
    fetched = results["store"][0].pop("fetched")
    assert fetched == [
        {"source": url, "objects": 12, "fetched": 12, "bytes": fetched[0]["bytes"], "unchecked": 12}
    ]


def test_every_command_that_reads_can_be_told_how() -> None:
    reads = set()
    for name in COMMANDS:
        keywords = set(_parameters(name))
        if keywords & {"split"} and name != "sample":
            reads.add(name)
            assert {"storage_options", "scratch"} <= keywords, name
            assert keywords & options_sources(), name
    assert {"convert", "info", "extract-frames", "trim", "serve", "csv-to-folders"} <= reads


def _parameters(name: str) -> list[str]:
    import inspect

    return list(inspect.signature(getattr(signdata, name.replace("-", "_"))).parameters)


def options_sources() -> frozenset[str]:
    from signdata.stores.arguments import SOURCES

    return SOURCES


def test_how_a_store_is_reached_is_not_recorded() -> None:
    read = options.ReadOptions(storage_options={"key": "x"}, scratch="y")
    assert read.record() == options.ReadOptions().record()


def test_splits_at_addresses(
    main: Main, memory: Callable[[Path, str], str], make_tree: Callable[..., Path]
) -> None:
    train = memory(make_tree({"A/1.png": picture(1), "B/2.png": picture(2)}, "one"), "one")
    other = make_tree({"A/3.png": picture(3)}, "two")
    done = main("info", f"train={train}", f"test={other}", "--json")
    assert done.returncode == 0, done.stderr
    assert done.json["read"] == 3
    assert [one["source"] for one in done.json["fetched"]] == [train]


def test_videos_at_an_address(
    main: Main, memory: Callable[[Path, str], str], tmp_path: Path
) -> None:
    make_video(tmp_path / "clips" / "1.mp4", 6)
    videos = memory(tmp_path / "clips", "clips")
    index = memory(make_index(tmp_path / "index.json", [{"video_id": "1"}]), "index.json")
    out = tmp_path / "out"
    done = main("extract-frames", index, out, "--videos", videos, "-j", "1", "--json")
    assert done.returncode == 0, done.stderr
    assert (done.json["written"], len(list(out.rglob("*.jpg")))) == (1, 6)
    assert [one["source"] for one in done.json["fetched"]] == [index, videos]
    assert "no such folder of videos" in main("info", index).error


def test_the_files_of_a_table_at_an_address(
    main: Main,
    memory: Callable[[Path, str], str],
    make_tree: Callable[..., Path],
    tmp_path: Path,
) -> None:
    pictures = memory(make_tree({"1.png": picture(1), "2.png": picture(2)}, "pics"), "pics")
    table = tmp_path / "table.csv"
    table.write_text("path,label\n1.png,A\n2.png,B\n")
    url = memory(table, "table.csv")
    done = main("info", url, "--root", pictures, "--json")
    assert done.returncode == 0, done.stderr
    assert done.json["read"] == 2


def test_the_library_reads_addresses(
    memory: Callable[[Path, str], str], make_tree: Callable[..., Path], tmp_path: Path
) -> None:
    url = memory(make_tree(), "asl")
    with signdata.open_dataset(url, scratch=tmp_path / "scratch") as reader:
        frames = [next(sample.frames()) for sample in reader]
    assert len(frames) == 6
    assert (tmp_path / "scratch" / "fetched").is_dir()
    assert not (tmp_path / "cache").exists()


def test_copies_are_not_written_into_a_source(
    main: Main, memory: Callable[[Path, str], str], make_tree: Callable[..., Path]
) -> None:
    test = memory(make_tree({"A/3.png": picture(3)}, "two"), "two")
    local = make_tree({"A/1.png": picture(1)}, "one")
    before = listing(local)
    done = main("info", f"train={local}", f"test={test}", "--scratch", local / "A" / "copies")
    assert done.returncode == 2
    assert f"lies inside the source {local}" in done.error
    assert listing(local) == before


def test_an_error_names_the_address(
    main: Main, memory: Callable[[Path, str], str], tmp_path: Path
) -> None:
    (tmp_path / "bad.h5").write_bytes(b"no HDF5")
    url = memory(tmp_path / "bad.h5", "bad.h5")
    done = main("info", url)
    assert done.returncode == 4
    assert done.error.startswith(f"error: {url}: ")
    assert str(tmp_path) not in done.error


# -- Writing


@pytest.fixture
def tree(make_tree: Callable[..., Path]) -> Path:
    return make_tree(
        {
            f"{split}/{label}/{i}.png": np.full((4, 4, 1), 16 * i + len(split), np.uint8)
            for split in ("train", "val", "test")
            for label in "AB"
            for i in range(4)
        },
        "asl",
    )


def convert(main: Main, tree: Path, url: str, file: Path, *more: str) -> Ran:
    words = ("--to", "webdataset", "--shards", "2", "--storage-options", file, "-j", "1")
    return main("convert", tree, url, *words, *more, "--json")


def test_published_read_back_and_published_again(
    main: Main, bucket: Bucket, library: str, options_file: Path, tree: Path, tmp_path: Path
) -> None:
    url = bucket.url("sets/asl")
    local = tmp_path / "local"
    assert main("convert", tree, local, "--to", "webdataset", "--shards", "2").returncode == 0
    done = convert(main, tree, url, options_file)
    assert done.returncode == 0, done.stderr
    assert done.json["output"] == url
    assert (done.json["read"], done.json["written"]) == (24, 24)
    assert done.json["published"]["conditional"] is True
    stored = bucket.listing()
    assert stored == {f"sets/asl/{name}": data for name, data in listing(local).items()}
    assert not list((tmp_path / "cache" / "signdata" / "outputs").iterdir())

    reach = ("--storage-options", options_file)
    assert main("verify", url, *reach, "-j", "1").returncode == 0
    assert main("verify", url, local, *reach, "-j", "1").returncode == 0
    again = convert(main, tree, url, options_file)
    assert (again.returncode, again.json["already_done"]) == (0, True)
    assert bucket.listing() == stored


def test_only_the_asked_split_is_fetched(
    main: Main, bucket: Bucket, options_file: Path, tree: Path, tmp_path: Path
) -> None:
    url = bucket.url("asl")
    assert convert(main, tree, url, options_file).returncode == 0
    words = ("--storage-options", options_file, "--split", "val", "-j", "1")
    done = main("convert", url, tmp_path / "val.h5", *words, "--json")
    assert done.returncode == 0, done.stderr
    assert done.json["written"] == 8
    shards = [name for name in listing(tmp_path / "cache") if name.endswith(".tar")]
    assert [name.rpartition("/")[2].partition("-")[0] for name in shards] == ["validation"] * 2


def test_versions_are_compared_by_their_manifests_alone(
    main: Main, bucket: Bucket, options_file: Path, tree: Path, tmp_path: Path
) -> None:
    old, new = bucket.url("old"), bucket.url("new")
    assert convert(main, tree, old, options_file).returncode == 0
    (tree / "test" / "A" / "0.png").unlink()
    assert convert(main, tree, new, options_file).returncode == 0
    done = main("diff", old, new, "--storage-options", options_file, "--json")
    assert (done.returncode, done.json["changes"]["removed"]) == (4, 1), done.stderr
    assert not [name for name in listing(tmp_path / "cache") if name.endswith(".tar")]


def test_made_again_from_an_address(
    main: Main, bucket: Bucket, options_file: Path, tree: Path, tmp_path: Path
) -> None:
    bucket.fill(tree, "asl/")
    made = bucket.url("made")
    assert convert(main, bucket.url("asl"), made, options_file).returncode == 0
    again = tmp_path / "again"
    words = ("--source", f"asl={bucket.url('asl')}", "--storage-options", options_file)
    done = main("replay", made, again, *words, "-j", "1", "--json")
    assert (done.returncode, done.json["identical"]) == (0, True), done.stderr
    assert listing(again) == {
        name.removeprefix("made/"): data
        for name, data in bucket.listing().items()
        if name.startswith("made/")
    }


def test_described_at_an_address(
    main: Main, memory: Callable[[Path, str], str], tree: Path
) -> None:
    words = ("--url", "https://example.org/asl", "--json")
    found = main("croissant", memory(tree, "asl"), *words).json["croissant"]
    assert found == main("croissant", tree, *words).json["croissant"]


def test_what_is_there_decides_as_on_disk(
    main: Main, bucket: Bucket, options_file: Path, tree: Path
) -> None:
    url = bucket.url("asl")
    assert convert(main, tree, url, options_file).returncode == 0
    stored = bucket.listing()
    other = convert(main, tree, url, options_file, "--size", "2x2")
    assert other.returncode == 5
    assert f"{url}: exists and was made with other options" in other.stderr
    (tree / "train" / "A" / "0.png").write_bytes((tree / "test" / "B" / "3.png").read_bytes())
    changed = convert(main, tree, url, options_file)
    assert changed.returncode == 5
    assert "was made from another version of" in changed.stderr
    assert bucket.listing() == stored
    replaced = convert(main, tree, url, options_file, "--overwrite")
    assert replaced.returncode == 0, replaced.stderr
    assert bucket.listing().keys() == stored.keys()
    assert bucket.listing() != stored


def test_a_shard_that_was_removed_is_no_complete_output(
    main: Main, bucket: Bucket, options_file: Path, tree: Path
) -> None:
    url = bucket.url("asl")
    assert convert(main, tree, url, options_file).returncode == 0
    stored = bucket.listing()
    gone = next(name for name in stored if name.endswith(".tar"))
    bucket.client.delete_object(Bucket=bucket.name, Key=gone)
    done = convert(main, tree, url, options_file)
    assert done.returncode == 5
    assert f"{gone.removeprefix('asl/')} of it has been removed or changed" in done.stderr
    again = convert(main, tree, url, options_file, "--overwrite")
    assert (again.returncode, again.json["published"]["sent"]) == (0, 1), again.stderr
    assert bucket.listing() == stored


def test_a_sample_that_was_missing_is_added(
    main: Main, bucket: Bucket, options_file: Path, tree: Path
) -> None:
    url = bucket.url("asl")
    spoiled = tree / "train" / "A" / "0.png"
    whole = spoiled.read_bytes()
    spoiled.write_bytes(whole[:20])
    first = convert(main, tree, url, options_file, "--on-error", "skip")
    assert (first.returncode, first.json["written"]) == (3, 23)
    spoiled.write_bytes(whole)
    second = convert(main, tree, url, options_file, "--on-error", "skip")
    assert (second.returncode, second.json["written"]) == (0, 24), second.stderr
    assert "asl/problems.csv" not in bucket.listing()


def test_dry_run_sends_nothing(main: Main, bucket: Bucket, options_file: Path, tree: Path) -> None:
    done = convert(main, tree, bucket.url("asl"), options_file, "--dry-run")
    assert (done.returncode, done.json["written"]) == (0, 24), done.stderr
    assert bucket.listing() == {}


def test_nothing_secret_is_kept_or_shown(
    main: Main,
    bucket: Bucket,
    options_file: Path,
    tree: Path,
    make_csv: Callable[..., Path],
    tmp_path: Path,
) -> None:
    make_csv()
    url = bucket.url("asl")
    said = [
        convert(main, tree, url, options_file),
        main("info", url, "--storage-options", options_file),
        main("info", bucket.url("none"), "--storage-options", options_file),
        main("convert", url, tmp_path / "out", "--storage-options", options_file, "-j", "1"),
        main("info", f"https://user:{SECRET}@127.0.0.1:9/x.h5?sig={KEY}"),
    ]
    assert [one.returncode for one in said] == [0, 0, 4, 0, 4]
    options_file.unlink()
    # The library is given the options themselves, and a signed link.
    with pytest.raises(UsageError, match="--storage-options list; expected") as caught:
        signdata.info(url, storage_options=[SECRET])
    assert SECRET not in str(caught.value)
    words = {"storage_options": bucket.options, "workers": 1}
    signdata.convert(url, tmp_path / "again", **words)
    with served(tree.parent) as (host, _):
        secret = f"?{SECRET}={KEY}"
        signdata.convert(f"{host}/pixels.csv{secret}", tmp_path / "linked", workers=1)
    for text in (*(one.stdout + one.stderr for one in said), *bucket.listing()):
        assert SECRET not in text
        assert KEY not in text
    for data in (*listing(tmp_path).values(), *bucket.listing().values()):
        assert SECRET.encode() not in data
        assert KEY.encode() not in data


# -- Errors


def test_errors_are_one_line_with_the_remedy(
    main: Main, bucket: Bucket, library: str, options_file: Path, tree: Path, tmp_path: Path
) -> None:
    down = tmp_path / "down.json"
    bucket.via = "http://127.0.0.1:9"
    down.write_text(json.dumps(bucket.options))
    for words, code, text in (
        ((bucket.url("none"), options_file), 4, "/none: not there"),
        (("s3://nowhere/asl/", options_file), 4, "s3://nowhere: no such bucket. Check"),
        ((bucket.url("asl"), down), 4, "the store cannot be reached ("),
        ((bucket.url("asl"), tmp_path / "no.json"), 4, "no.json: not there"),
        ((bucket.url("asl"), tree / "train" / "A" / "0.png"), 2, "not JSON; expected an object"),
        (("ftp://x/y", options_file), 2, "ftp:// is not supported; expected one of s3://, gs://"),
        (("s3://k:hush@b/y", options_file), 2, "a password in the address"),
    ):
        done = main("info", words[0], "--storage-options", words[1])
        assert (done.returncode, text in done.error) == (code, True), done.stderr
        assert "hush" not in done.error
    done = convert(main, tree, "s3://nowhere/asl", options_file)
    assert done.returncode == 5
    assert "error: s3://nowhere: no such bucket. Check its name, or create it first." in done.stderr


def test_no_credentials(main: Main) -> None:
    pytest.importorskip("s3fs")
    done = main("info", "s3://bucket/asl")
    assert done.returncode == 4
    assert "no credentials for it were found. Set AWS_ACCESS_KEY_ID and" in done.error


@pytest.mark.parametrize(
    ("url", "package", "extra"),
    [
        ("s3://b/a", "s3fs", "s3"),
        ("gs://b/a", "gcsfs", "gcs"),
        ("az://b/a", "adlfs", "azure"),
        ("hf://datasets/u/n", "huggingface_hub", "hf"),
        ("https://h/a", "aiohttp", "http"),
        ("s3://b/a", "fsspec", "s3"),
    ],
)
def test_a_package_that_is_not_installed(
    main: Main, monkeypatch: pytest.MonkeyPatch, url: str, package: str, extra: str
) -> None:
    from signdata.stores import fsspec_store

    def without(name: str) -> Any:
        if name == package:
            raise ImportError(name)
        return importlib.import_module(name) if name == "fsspec" else None

    monkeypatch.setattr(fsspec_store, "import_module", without)
    done = main("info", url)
    assert done.returncode == 2
    assert f"{package} is not installed; {url.partition(':')[0]}:// addresses" in done.error
    assert f"pip install 'signdata[{extra}]'" in done.error


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("convert", "{}", "hf://datasets/u/n", "--to", "webdataset"), "addresses are only read"),
        (("convert", "{}", "https://h/a", "--to", "webdataset"), "addresses are only read"),
        (("convert", "{}", "memory://b/a"), "a store takes formats of shards; expected"),
        (("convert", "{}", "memory://b/a.h5"), "a store takes formats of shards; expected"),
        (("split", "{}", "s3://b/a", "--pool"), "a s3:// address for an output; expected a path"),
        (
            ("audit", "{}", "--findings", "s3://b/a.csv"),
            "findings is an address; expected a path on this machine",
        ),
    ],
)
def test_outputs_that_are_no_place_in_a_store(
    main: Main, tree: Path, words: tuple[str, ...], text: str
) -> None:
    done = main(*(word.format(tree) for word in words))
    assert (done.returncode, text in done.error) == (2, True), done.stderr


def test_an_output_inside_its_source(
    main: Main, memory: Callable[[Path, str], str], tree: Path
) -> None:
    url = memory(tree, "asl")
    for out in (url, f"{url}/deeper", "memory://b"):
        done = main("convert", url, out, "--to", "webdataset")
        assert done.returncode == 2
        assert f"is, holds or lies inside its source {url}" in done.error


# -- Web servers


@contextmanager
def served(root: Path) -> Iterator[tuple[str, list[str]]]:
    """A plain web server of a folder: its address, and what it was asked for."""
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            asked.append(self.path)
            super().do_GET()

    made = functools.partial(Handler, directory=str(root))
    server = ThreadingHTTPServer(("127.0.0.1", 0), made)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_shards_on_a_web_server(main: Main, tree: Path, tmp_path: Path) -> None:
    pytest.importorskip("aiohttp")
    root = tmp_path / "www" / "my sets"
    assert main("convert", tree, root, "--to", "webdataset", "--shards", "2").returncode == 0
    with served(root.parent) as (host, asked):
        url = f"{host}/my%20sets"
        done = main("info", f"{url}?token={SECRET}", "--split", "test", "--json")
        assert done.returncode == 0, done.stderr
        assert done.json["read"] == 8
        assert done.json["fetched"][0]["source"] == url
        tars = {one.partition("?")[0] for one in asked if ".tar" in one}
        assert len(tars) == 2
        assert all(one.endswith(f"?token={SECRET}") for one in asked)
        whole = main("verify", f"{url}/", root, "-j", "1")
        assert whole.returncode == 0, whole.stderr
        missing = main("info", f"{host}/none")
        assert "neither an object nor a folder with shards.csv" in missing.error


def test_a_web_server_that_fails_is_not_taken_for_one_without_the_file(
    main: Main, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("aiohttp")
    with served(tmp_path) as (host, _):
        monkeypatch.setattr(SimpleHTTPRequestHandler, "send_head", lambda at: at.send_error(503))
        done = main("info", f"{host}/asl")
        assert done.returncode == 4
        assert "the store failed (ClientResponseError, 503)" in done.error
    done = main("info", f"{host}/asl")  # nobody listens any more
    assert (done.returncode, "the store cannot be reached (" in done.error) == (4, True)


def test_a_file_on_a_web_server(main: Main, make_csv: Callable[..., Path], tmp_path: Path) -> None:
    pytest.importorskip("aiohttp")
    make_csv()
    with served(tmp_path) as (host, _):
        for fetched in (1, 0):
            done = main("info", f"{host}/pixels.csv", "--json")
            assert done.returncode == 0, done.stderr
            assert done.json["fetched"][0]["fetched"] == fetched
