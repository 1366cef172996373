"""A million samples on one machine: what the driving process takes, apart from its workers."""

from __future__ import annotations

import hashlib
import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.data import CODES, Place, clear
from benchmarks.measure import ROOT, Figure

MILLION = 1_000_000
TEN_MILLION = 10_000_000
QUICK = 20_000
DIFFERS = 4
"""The exit code of `diff` where there are differences."""

BASE, PER_SAMPLE = 300.0, 100.0
"""MB, and bytes a sample, that the driving process may take."""


def write_rows(path: Path, n: int) -> Path:
    """A CSV of pictures of 4x4 random pixels."""
    import random

    rng = random.Random(0)
    with path.open("w") as file:
        file.write(",".join(["label", *(f"pixel{i}" for i in range(1, 17))]) + "\n")
        for i in range(n):
            pixels = ",".join(map(str, rng.randbytes(16)))
            file.write(f"{CODES[i % len(CODES)]},{pixels}\n")
    return path


def drive(*words: str) -> None:
    """Run a command in this process; print the CPU seconds and the MB that the process took."""
    from signdata.cli import errors

    try:
        errors.main([*words, "--quiet"])
    except SystemExit as ended:
        if ended.code not in (0, None, DIFFERS):
            raise
    _print_usage()


def resume_journal(path: str, n: str) -> None:
    """Open a journal of so many entries; print what it took."""
    from signdata.output.journal import Journal

    journal = Journal(Path(path))
    assert len(journal) == journal.read == int(n)
    journal.close()
    _print_usage()


def write_journal(path: Path, n: int) -> None:
    """A journal of so many entries of one sample each."""
    from signdata.output.journal import Journal, JournalEntry, JournalRows, pack

    row = {"id": "train/000001", "path": "train/A/000001.png", "label": "A", "sha256": "0" * 64}
    part = pack(JournalRows([row], [[300]]))
    journal = Journal(path)
    for i in range(n):
        journal.add(JournalEntry(f"train/{i:07d}", 1, 0, 0, []), part)
    journal.close()


def _print_usage() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    unit = 1 if sys.platform == "darwin" else 1024
    print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss * unit / 1e6]))


def _driver(function: str, *args: str | Path) -> tuple[float, float]:
    """CPU seconds and MB of a process that calls a function of this file."""
    code = f"import sys; from benchmarks.million import {function}; {function}(*sys.argv[1:])"
    words = [sys.executable, "-c", code, *map(str, args)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(words)}\nfailed:\n{done.stderr}")
    cpu, peak = json.loads(done.stdout.splitlines()[-1])
    return cpu, peak


def million(place: Place) -> Iterator[Figure]:
    n = MILLION if place.rows > 2000 else QUICK
    csv = write_rows(place.memory / "million.csv", n)
    most = f"<= {BASE + PER_SAMPLE * n / 1e6:.0f}"
    hdf5, again = place.memory / "million.h5", place.memory / "again.csv"
    parted, again_parted = place.memory / "parted.h5", place.memory / "parted-again.h5"
    jobs: dict[str, list[str | Path]] = {
        "info of a CSV": ["info", csv],
        "convert a CSV to HDF5": ["convert", csv, hdf5, "-j", "2"],
        "info of HDF5": ["info", hdf5],
        "verify HDF5": ["verify", hdf5, "-j", "2"],
        "verify a CSV and HDF5, twice a million": ["verify", csv, hdf5, "-j", "2"],
        "convert HDF5 to a CSV": ["convert", hdf5, again, "-j", "2"],
        "verify a CSV": ["verify", again, "-j", "2"],
        "diff of HDF5 and itself": ["diff", hdf5, hdf5],
        "split a CSV, not looking": ["split", csv, parted, "--no-look", "-j", "2"],
        "split HDF5, not looking": ["split", hdf5, again_parted, "--no-look", "-j", "2"],
    }
    for title, words in jobs.items():
        cpu, peak = _driver("drive", *words)
        yield Figure(f"{title}, {n:,}", "", "us/sample, driver", [cpu / n * 1e6], [], "<= 10")
        yield Figure(f"{title}, {n:,}", "", "MB, driver", [peak], [], most)
    for path in (csv, hdf5, again, parted, again_parted):
        clear(path)
    journal = place.memory / "journal"
    write_journal(journal, n)
    cpu, peak = _driver("resume_journal", journal, str(n))
    yield Figure(f"opening a journal of {n:,} entries", "", "s CPU", [cpu], [], "<= 10")
    yield Figure(f"opening a journal of {n:,} entries", "", "MB", [peak], [], most)
    clear(journal)


def write_manifest(path: Path, n: int, *, changed: bool) -> Path:
    """A manifest of so many samples; of `changed` ones, one in 1,000 in each of five ways."""
    with path.open("w") as file:
        file.write("id,path,label,split,group,source,sha256\n")
        for i in range(n):
            way = i % 1000 if changed else 0
            if way == 1:  # removed
                continue
            number = -i if way == 2 else i
            digest = hashlib.md5(b"%d" % number).hexdigest() * 2  # as long as a SHA-256
            code = CODES[(i + (way == 3)) % len(CODES)]
            split = "val" if way == 4 else "train"
            letter = "y" if way == 5 else "x"
            file.write(f"{letter}{i:08d},{split}/{code}/{i}.png,{code},{split},,a.csv,{digest}\n")
    return path


def ten_million(place: Place) -> Iterator[Figure]:
    """`diff` of two manifests: what does not fit into memory waits on the disk for temporaries."""
    n = TEN_MILLION if place.rows > 2000 else QUICK
    one, other = (
        write_manifest(place.memory / f"{name}.manifest.csv", n, changed=name == "other")
        for name in ("one", "other")
    )
    cpu, peak = _driver("drive", "diff", one, other)
    title = f"diff of two manifests of {n:,} rows"
    yield Figure(title, "", "us/row", [cpu / n / 2 * 1e6], [], "<= 10")
    yield Figure(title, "", "MB", [peak], [], "<= 200")
    clear(one)
    clear(other)


JOBS = {"million": million, "ten-million": ten_million}
