"""A run on a Dask cluster of two workers gives the bytes of a run on this machine alone."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import signdata
from signdata.errors import ClusterError, NodeError
from signdata.output.journal import Journal
from signdata.workers import bundles, cluster
from signdata.workers.dask_engine import DaskEngine
from tests.conftest import Ran, listing, picture
from tests.reliability.test_workers import Painted, write, writers
from tests.videos import make_index, make_video
from tests.workers.farm import Farm

pytest.importorskip("distributed")

N_ROWS = 1200


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    with Farm(tmp_path_factory.mktemp("farm")) as farm:
        yield farm


@pytest.fixture(autouse=True)
def _small_bundles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "SECONDS", 0.05)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV, a tree with two spoiled pictures, and a WLASL index with a missing video."""
    root = tmp_path_factory.mktemp("data")
    header = ",".join(["label", *(f"pixel{i}" for i in range(1, 17))])
    lines = [",".join(map(str, [i % 9, *picture(i).ravel()])) for i in range(N_ROWS)]
    (root / "pixels.csv").write_text("\n".join([header, *lines]) + "\n")
    signdata.csv_to_folders(root / "pixels.csv", root / "tree", workers=1)
    for name in ("A/000001.png", "C/000003.png"):
        (root / "tree" / name).write_bytes(b"no picture")
    for number in range(4):
        make_video(root / "videos" / f"{number:05d}.mp4", n_frames=6)
    make_index(root / "index.json", [{"gloss": gloss} for gloss in ["book", "drink"] * 2 + ["go"]])
    return root


COMMANDS: dict[str, tuple[str, list[str], int]] = {
    "folders": ("csv-to-folders", ["pixels.csv", "OUT"], 0),
    "hdf5": ("convert", ["pixels.csv", "OUT.h5"], 0),
    "encoded": ("convert", ["tree", "OUT.h5", "--hdf5-layout", "encoded", "--on-error", "skip"], 3),
    "csv": ("convert", ["tree", "OUT.csv", "--on-error", "skip"], 3),
    "parquet": ("convert", ["pixels.csv", "OUT", "--to", "parquet", "--shards", "5"], 0),
    "clips": ("convert", ["index.json", "OUT", "--to", "parquet", "--on-error", "skip"], 3),
    "webdataset": ("convert", ["pixels.csv", "OUT", "--to", "webdataset", "--shards", "5"], 0),
    "augment": (
        "augment",
        ["tree", "OUT", "--variants", "1", "--max-per-class", "4"],
        0,
    ),
    "split": (
        "split",
        ["tree", "OUT", "--ratios", "80,20", "--group-by", "near-duplicates"],
        0,
    ),
    "frames": ("extract-frames", ["index.json", "OUT"], 3),
    "trim": ("trim", ["index.json", "OUT"], 3),
}


def run(main: Callable[..., Ran], command: str, words: list[str], *more: str) -> dict[str, Any]:
    ran = main(command, *words, "--json", *more)
    found: dict[str, Any] = json.loads(ran.stdout)
    return {**found, "seconds": 0, "exit": ran.returncode}


@pytest.mark.parametrize("name", COMMANDS)
def test_an_output_has_the_same_bytes(
    name: str,
    farm: Farm,
    data: Path,
    tmp_path: Path,
    main: Callable[..., Ran],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(data)  # paths are relative to a folder that is none of the workers'
    command, words, code = COMMANDS[name]
    made = {}
    for place, more in (("here", ["-j", "1"]), ("there", ["--cluster", farm.address])):
        out = tmp_path / place / "x"
        typed = [word.replace("OUT", str(out)) for word in words]
        made[place] = run(main, command, typed, *more), listing(out.parent)
    (here, files), (there, same) = made["here"], made["there"]
    assert same == files
    assert {**there, "output": ""} == {**here, "output": ""}
    assert here["exit"] == code
    assert sum(map(len, files.values())) > 10_000


@pytest.mark.parametrize(
    "words", [["audit", "tree"], ["verify", "tree"], ["verify", "tree", "pixels.csv"]]
)
def test_a_report_is_the_same(
    words: list[str],
    farm: Farm,
    data: Path,
    main: Callable[..., Ran],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(data)
    monkeypatch.setenv("SIGNDATA_CLUSTER", farm.address)
    there = run(main, words[0], words[1:])
    monkeypatch.delenv("SIGNDATA_CLUSTER")
    here = run(main, words[0], words[1:], "-j", "1")
    assert there == here
    assert here["failed"] == 2 or words[0] == "audit"


@pytest.mark.parametrize("name", ["out", "out.h5"])
def test_a_deadly_sample_costs_itself_alone(name: str, farm: Farm, tmp_path: Path) -> None:
    """And large items, which travel through a file: the bytes of a run on this machine."""
    pixels = [Painted(i, size=700, dies="always" if i in (5, 14) else "") for i in range(20)]
    here, there = tmp_path / "here" / name, tmp_path / "there" / name
    write(pixels, here, 2, writers(here))
    with cluster.using(farm.address):
        result = write(pixels, there, 1, writers(there))
    assert (result.read, result.written, result.failed) == (20, 18, 2)
    assert [problem.path for problem in result.problems] == ["005.src", "014.src"]
    assert listing(there.parent) == listing(here.parent)
    assert "Restarting" not in farm.log()


def test_a_client_of_the_user_is_used_and_stays_connected(
    farm: Farm, data: Path, tmp_path: Path
) -> None:
    from distributed import Client

    with Client(farm.scheduler_address, set_as_default=False) as client:
        done = signdata.csv_to_folders(data / "pixels.csv", tmp_path / "out", cluster=client)
        assert done.written == N_ROWS
        assert client.status == "running"


AS_JPEGS: dict[str, Any] = {"image_format": "jpg", "on_error": "skip"}


@pytest.fixture(scope="module")
def jpegs(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What is made of the tree on this machine alone."""
    out = tmp_path_factory.mktemp("whole") / "out"
    signdata.convert(data / "tree", out, **AS_JPEGS, workers=1)
    return listing(out)


def at_entry(n: int, act: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Do something before the n-th entry of a journal is written."""
    kept, added = Journal.add, []

    def add(journal: Journal, *entry: Any) -> None:
        added.append(entry)
        if len(added) == n:
            act()
        kept(journal, *entry)

    monkeypatch.setattr(Journal, "add", add)


def test_a_run_that_was_killed_here_is_finished_there(
    farm: Farm,
    data: Path,
    jpegs: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Killed(BaseException):
        pass

    def kill() -> None:
        raise Killed

    out = tmp_path / "out"
    at_entry(4, kill, monkeypatch)
    with pytest.raises(Killed):
        signdata.convert(data / "tree", out, **AS_JPEGS, workers=1)
    assert (out / ".signdata-partial").is_dir()
    signdata.convert(data / "tree", out, **AS_JPEGS, cluster=farm.address)
    assert listing(out) == jpegs


def test_a_worker_that_is_killed_costs_nothing(
    farm: Farm,
    data: Path,
    jpegs: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def replace() -> None:
        farm.kill(farm.workers[0])
        farm.start_worker()
        replaced.append(True)

    replaced: list[bool] = []
    at_entry(3, replace, monkeypatch)
    signdata.convert(data / "tree", tmp_path / "out", **AS_JPEGS, cluster=farm.address)
    assert replaced
    assert listing(tmp_path / "out") == jpegs


def test_an_unfit_node_is_refused_before_anything_is_made(
    farm: Farm, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from signdata.media import canary

    here = {**canary.versions(), "pillow": "1.2.3"}
    monkeypatch.setattr(canary, "versions", lambda: here)
    with pytest.raises(NodeError, match=r"pillow \S+; expected 1\.2\.3, as here"):
        signdata.csv_to_folders(data / "pixels.csv", tmp_path / "out", cluster=farm.address)
    assert not (tmp_path / "out").exists()
    signdata.csv_to_folders(
        data / "pixels.csv", tmp_path / "out", cluster=farm.address, allow_skew=True
    )
    assert len(list((tmp_path / "out").glob("*/*.png"))) == N_ROWS


@pytest.fixture
def certificates(tmp_path: Path) -> Iterator[list[str]]:
    """Options of a scheduler and a worker; what Dask is configured with here."""
    import dask

    program = shutil.which("openssl") or pytest.skip("no openssl")
    words = [program, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test"]
    names = {"key": tmp_path / "key.pem", "cert": tmp_path / "cert.pem"}
    words += ["-keyout", str(names["key"]), "-out", str(names["cert"])]
    subprocess.run(words, check=True, capture_output=True)
    cert, key = str(names["cert"]), str(names["key"])
    configured = {"ca-file": cert, "client.cert": cert, "client.key": key}
    with dask.config.set({f"distributed.comm.tls.{k}": v for k, v in configured.items()}):
        yield ["--tls-ca-file", cert, "--tls-cert", cert, "--tls-key", key]


def test_certificates_of_dask_are_used(
    certificates: list[str], data: Path, tmp_path: Path, main: Callable[..., Ran]
) -> None:
    (tmp_path / "farm").mkdir()
    with Farm(tmp_path / "farm", 1, options=certificates) as farm:
        assert farm.scheduler_address.startswith("tls://")
        where = f"dask:{farm.scheduler_address}"
        ran = main("convert", data / "pixels.csv", tmp_path / "out.h5", "--cluster", where)
        assert ran.returncode == 0, ran.stderr
        assert "warning" not in ran.stderr
        signdata.convert(data / "pixels.csv", tmp_path / "here.h5", workers=1)
        assert (tmp_path / "out.h5").read_bytes() == (tmp_path / "here.h5").read_bytes()


def test_a_worker_with_many_threads_is_refused() -> None:
    class Client:
        scheduler = None

        def nthreads(self) -> dict[str, int]:
            return {"tcp://1": 1, "tcp://2": 8}

    with pytest.raises(ValueError, match="tcp://2: the Dask worker has 8 threads; expected 1"):
        DaskEngine(Client()).slots()


def test_a_cluster_that_is_not_there(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from signdata.workers import dask_engine

    monkeypatch.setattr(dask_engine, "_CONNECT", 0.5)
    with pytest.raises(ClusterError, match="is gone or cannot be reached") as caught:
        signdata.csv_to_folders(
            data / "pixels.csv", tmp_path / "out", cluster="dask:tcp://127.0.0.1:9"
        )
    assert caught.value.exit_code == 5
    assert not (tmp_path / "out").exists()
