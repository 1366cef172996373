"""Tars of samples: writing them, and reading pictures out of them in any order."""

from __future__ import annotations

import io
import json
import os
import random
import tarfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.data import Place, clear
from benchmarks.measure import Figure, call, compare, cpu, signdata

if TYPE_CHECKING:
    from signdata.formats.webdataset.pixels import Extent

SIZE = 13_000
"""Bytes of a picture: those of a hand of 256 pixels as a JPEG."""

N = 4000


def photos_to_tar(folder: str, out: str) -> None:
    """The usual way: each photo's file, its class and what is known of it through TarWriter."""
    import webdataset

    os.makedirs(out)
    paths = sorted(Path(folder).glob("*/*.jpg"))
    classes = sorted({path.parent.name for path in paths})
    with webdataset.TarWriter(f"{out}/train-00000-of-00001.tar") as sink:
        for number, path in enumerate(paths):
            sink.write(
                {
                    "__key__": f"{number:09d}",
                    "jpg": path.read_bytes(),
                    "cls": classes.index(path.parent.name),
                    "json": {"id": path.stem, "label": path.parent.name},
                }
            )


def same_members(ours: Path, usual: Path) -> None:
    """Raise unless both hold the same pictures and classes."""
    found = []
    for root in (ours, usual):
        pictures = {}
        for tar in sorted(root.rglob("*.tar")):
            with tarfile.open(tar) as file:
                for member in file:
                    data = file.extractfile(member)
                    if data is not None and not member.name.endswith(".json"):
                        pictures[member.name] = data.read()
        found.append(pictures)
    if found[0] != found[1]:
        raise AssertionError(f"other pictures or classes in {ours} than in {usual}")


def photos_to_tars(place: Place) -> Iterator[Figure]:
    mine, theirs = place.memory / "ours", place.memory / "usual"
    ours, usual = compare(
        place.rounds,
        lambda: signdata("convert", place.photo_tree, clear(mine), "--to", "webdataset", "-j", "1"),
        lambda: call(photos_to_tar, place.photo_tree, clear(theirs)),
        lambda: same_members(mine, theirs),
    )
    yield Figure(
        "photos to tars", "webdataset.TarWriter, unchecked", "s CPU", cpu(ours), cpu(usual)
    )
    clear(mine)
    clear(theirs)


def _seconds(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def _pictures() -> list[bytes]:
    draw = random.Random(0)
    return [draw.randbytes(SIZE) for _ in range(N)]


def _described(number: int) -> dict[str, str]:
    name = f"{number:06d}"
    digest = "0" * 64
    return {"id": name, "label": "A", "split": "train", "source": f"{name}.jpg", "sha256": digest}


def _write_ours(root: Path, pictures: list[bytes]) -> None:
    from signdata.formats.webdataset.writer import TarFiles
    from signdata.formats.writer import EncodedItem

    files = TarFiles(str(root), "data/train-00000-of-00001.tar", {"A": 0}, ())
    for number, data in enumerate(pictures):
        key = f"{number:09d}"
        files.put(EncodedItem(f"{key}.jpg", data))
        files.finish({**_described(number), "shard_key": key})
    files.close(whole=True)


def _write_plainly(path: Path, pictures: list[bytes]) -> None:
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for number, data in enumerate(pictures):
            described = json.dumps(_described(number)).encode()
            for field, content in (("jpg", data), ("cls", b"0"), ("json", described)):
                member = tarfile.TarInfo(f"{number:09d}.{field}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))


def rates(place: Place) -> Iterator[Figure]:
    """One thread that writes members, and one that reads them, all in memory."""
    pictures, megabytes = _pictures(), N * SIZE / 1e6
    root, plain = clear(place.memory / "tars"), place.memory / "plain.tar"
    root.mkdir()
    tar = root / "data/train-00000-of-00001.tar"
    costs: dict[str, list[float]] = {}
    _write_ours(root, pictures[:1])  # which imports what it needs
    _read(_extents(tar))

    def measure(name: str, work: Callable[[], object]) -> None:
        costs.setdefault(name, []).append(_seconds(work))

    for _ in range(place.rounds):
        measure("write", lambda: _write_ours(root, pictures))
        measure("tarfile write", lambda: _write_plainly(plain, pictures))
        extents = _extents(tar)
        random.Random(1).shuffle(extents)
        measure("pread", partial(_read_plainly, tar, extents))
        measure("read", partial(_read, extents))
        measure("tarfile read", lambda: _read_in_order(tar))
    rate = {name: [megabytes / one for one in seconds] for name, seconds in costs.items()}
    each = {name: [one / N * 1e6 for one in seconds] for name, seconds in costs.items()}
    yield Figure("writing tars", "", "MB/s a core", rate["write"], [], ">= 250")
    yield Figure("writing tars", "tarfile", "us/sample", each["write"], each["tarfile write"])
    yield Figure("random samples by the index", "", "MB/s a core", rate["read"], [], ">= 2000")
    yield Figure(
        "random samples by the index",
        "pread alone",
        "us/sample",
        each["read"],
        each["pread"],
        "<= 1.5x",
    )
    yield Figure(
        "random samples by the index",
        "tarfile, in order",
        "us/sample",
        each["read"],
        each["tarfile read"],
    )
    clear(root)
    clear(plain)


def _extents(tar: Path) -> list[Extent]:
    from signdata.formats.webdataset import scan

    return [one.extent for one in scan.samples(tar, scan.Wanted(), ())]


def _read(extents: list[Extent]) -> None:
    for one in extents:
        one.read()


def _read_plainly(tar: Path, extents: list[Extent]) -> None:
    with tar.open("rb") as file:
        number = file.fileno()
        for one in extents:
            os.pread(number, one.length, one.offset)


def _read_in_order(tar: Path) -> None:
    with tarfile.open(tar) as file:
        for member in file:
            data = file.extractfile(member)
            if data is not None:
                data.read()


JOBS = {"tars": photos_to_tars, "tar-rates": rates}
