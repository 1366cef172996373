"""What `serve` costs: to start, to hold a large dataset, and for each question about it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.data import Place, write_csv
from benchmarks.measure import ROOT, Figure, signdata

TIMES = 4
"""The dataset has so many times the rows of Sign-MNIST's training set."""

QUESTIONS = 40
"""How often each question is asked, each time another one of its kind."""

TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


class Served:
    """``signdata serve`` without the audit, asked over HTTP."""

    def __init__(self, source: Path) -> None:
        import httpx2

        words = [sys.executable, "-m", "signdata", "serve", str(source), "--no-open", "--no-audit"]
        self.process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        link = urlsplit(self.process.stdout.readline().strip())
        self.started = self.cpu()
        self._client = httpx2.Client(
            base_url=f"http://{link.netloc}",
            headers={"Authorization": f"Bearer {link.query.removeprefix('token=')}"},
            timeout=120,
        )

    def cpu(self) -> float:
        """Processor seconds of the server and the decoders that it started."""
        return sum(self._seconds(pid) for pid in (self.process.pid, *self._children()))

    def memory(self) -> float:
        """Megabytes that the server holds, its decoders not counted."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1000
        raise RuntimeError("no VmRSS")

    def each(self, paths: Sequence[str]) -> float:
        """Milliseconds of processor time for each of these questions, asked one by one."""
        before = self.cpu()
        for path in paths:
            self._client.get(path).raise_for_status()
        return 1000 * (self.cpu() - before) / len(paths)

    def get(self, path: str) -> Any:
        """The answer to one question."""
        return self._client.get(path).raise_for_status().json()

    def size(self, path: str) -> float:
        """Kilobytes of an answer."""
        return len(self._client.get(path).raise_for_status().content) / 1000

    def close(self) -> None:
        self._client.close()
        self.process.kill()
        self.process.communicate()

    def _children(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(pid) for file in children for pid in file.read_text().split()]

    def _seconds(self, pid: int) -> float:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:  # it has ended since
            return 0.0
        return (int(fields[11]) + int(fields[12])) / TICK


def questions(total: int) -> dict[str, tuple[list[str], str]]:
    """Paths of each kind of question, no two the same, and what is asked of them."""
    starts = [total * i // (QUESTIONS + 1) for i in range(QUESTIONS)]
    letters = [chr(65 + i) for i in range(25) if i != 9]
    some = [(letters[i % 24], letters[(i * 7 + 1 + i // 24) % 24]) for i in range(QUESTIONS)]
    names = [f"label={a}&label={b}" for a, b in some]
    lists = [f"/api/samples?from={start}&n=100" for start in starts]
    return {
        "a page of 100": (lists, "<= 10"),
        "a filter": ([f"/api/samples?{one}&n=100" for one in names], "<= 10"),
        "a sort": ([f"/api/samples?sort=-class&{one}" for one in names], "<= 10"),
        "facets": ([f"/api/facets?{one}" for one in names], "<= 10"),
        "a sheet of 100": ([f"/api/sheet?from={start}&n=100" for start in starts], "<= 150"),
    }


def rows(place: Place) -> Iterator[Figure]:
    """A CSV of small pictures, four times as many as Sign-MNIST has."""
    csv = place.memory / "large.csv"
    write_csv(csv, TIMES * place.rows)
    title = f"{TIMES * place.rows:,} rows"
    yield from _asked(place, csv, title, "serve")


def photos(place: Place) -> Iterator[Figure]:
    """A folder of JPEGs of 200x200 pixels, whose thumbnails are made by a decoder."""
    yield from _asked(place, place.photo_tree, f"{place.photos:,} photos", "serve-photos")


def _asked(place: Place, source: Path, title: str, job: str) -> Iterator[Figure]:
    if not Path("/proc/self/stat").exists():
        print(f"{job}: needs /proc", file=sys.stderr)
        return
    started, read, memory, sizes = [], [], [], []
    took: dict[str, list[float]] = {}
    limits: dict[str, str] = {}
    for _ in range(place.rounds):
        read.append(signdata("info", source).cpu)
        served = Served(source)
        try:
            started.append(served.started)
            total = served.get("/api/samples?n=1")["total"]
            sizes.append(served.size("/api/sheet?n=100"))
            for name, (paths, limit) in questions(total).items():
                took.setdefault(name, []).append(served.each(paths))
                limits[name] = limit
            memory.append(served.memory())
        finally:
            served.close()
    what = f"{job}: {title}, until the link"
    yield Figure(what, "signdata info", "s CPU", started, read, "<= 2x")
    yield Figure(f"{job}: memory of the server", "", "MB", memory, [], "<= 250")
    yield Figure(f"{job}: a sheet of 100", "", "KB", sizes, [])
    for name, some in took.items():
        yield Figure(f"{job}: {name}", "", "ms CPU", some, [], limits[name])


JOBS = {"serve": rows, "serve-photos": photos}
