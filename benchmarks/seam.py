"""What a cluster costs: a conversion here, and the same over one Dask worker with one process.

    python -m benchmarks.seam --pictures 1500 --rounds 3

Counted is the processor time of the command, of the worker and of its child process, from the
start of the command to its end; not of the scheduler, and not what the worker took to start.

Two figures are told. The whole of one less the whole of the other is what is asked for, but on a
busy machine the same work takes 10 to 30 percent more or less. What is all but the work itself
does not drown in that: the command, the worker, and the child process without the processes in
which it does the work; less what the command takes for one picture here.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = (1280, 960)


def pictures(root: Path, n: int) -> Path:
    """A tree of photos: smooth, with grain; they are links to a few different files."""
    rng = np.random.default_rng(0)
    originals = []
    for i in range(8):
        small = Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8))
        smooth = np.asarray(small.resize(SIDE, Image.Resampling.BICUBIC), np.int16)
        grainy = np.clip(smooth + rng.normal(0, 6, smooth.shape), 0, 255).astype(np.uint8)
        path = root / f"{i}.png"
        Image.fromarray(grainy).save(path, compress_level=1)
        originals.append(path)
    for i in range(n):
        folder = root / "tree" / "ABCD"[i % 4]
        folder.mkdir(parents=True, exist_ok=True)
        os.link(originals[i % 8], folder / f"{i:06d}.png")
    return root / "tree"


def seconds_of(pid: int, *, children: bool = True) -> float:
    """Processor time of a process, and of those of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11 : 15 if children else 13])) / os.sysconf("SC_CLK_TCK")


def children_of(pid: int) -> list[int]:
    """The processes that any of its threads has started and that are alive."""
    found = (file.read_text() for file in Path(f"/proc/{pid}/task").glob("*/children"))
    return [int(one) for text in found for one in text.split()]


def command(words: list[str]) -> float:
    """Processor time of a command and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "signdata", *words, "--quiet"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def clear(out: Path) -> Path:
    shutil.rmtree(out, ignore_errors=True)
    return out


def here(tree: Path, out: Path) -> dict[str, float]:
    return {"command": command([*WORDS, str(tree), str(out), "-j", "1"])}


def there(tree: Path, out: Path, folder: Path) -> dict[str, float]:
    """The same on a cluster that is started for it."""
    file = folder / "scheduler.json"
    file.unlink(missing_ok=True)
    python = [sys.executable, "-m"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    scheduler = subprocess.Popen(
        [*python, "distributed.cli.dask_scheduler", *ALONE, "--scheduler-file", str(file)],
        **quiet,  # type: ignore[call-overload]
    )
    worker = subprocess.Popen(
        [*python, "distributed.cli.dask_worker", *ONE, "--scheduler-file", str(file)],
        env={**os.environ, **CALM},
        cwd=folder,
        **quiet,  # type: ignore[call-overload]
    )
    try:
        from distributed import Client

        while not file.exists():
            time.sleep(0.1)
        with Client(scheduler_file=str(file)) as client:
            client.wait_for_workers(1)
            time.sleep(1)
            idle = seconds_of(worker.pid)
        words = [str(tree), str(out), "--workers", "1", "--cluster", f"dask:{file}"]
        took = command([*WORDS, *words])
        child = sum(map(seconds_of, children_of(worker.pid)))
        itself = sum(seconds_of(pid, children=False) for pid in children_of(worker.pid))
        watching = seconds_of(worker.pid) - idle
        parts = {"command": took, "worker": watching, "child": itself, "work": child - itself}
        return parts
    finally:
        for process in (worker, scheduler):
            process.terminate()
            process.wait()


WORDS = ["convert", "--image-format", "jpg"]
ALONE = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
ONE = ["--nthreads", "1", "--no-nanny", "--memory-limit", "0", "--no-dashboard"]
CALM = {
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
    "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "1s",
    "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__INTERVAL": "5s",
}
"""What docs/cluster.md recommends: a worker has little to observe in itself."""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--pictures", type=int, default=1500)
    asked.add_argument("--rounds", type=int, default=3)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        root = Path(name)
        tree = pictures(root, options.pictures)
        (root / "one/A").mkdir(parents=True)
        os.link(root / "0.png", root / "one/A/0.png")
        taken: dict[str, list[float]] = {"here": [], "there": []}
        around = []
        for _ in range(options.rounds):
            for way in ("here", "there"):
                out = clear(root / way)
                parts = here(tree, out) if way == "here" else there(tree, out, root)
                taken[way].append(sum(parts.values()))
                if "work" in parts:
                    one = command([*WORDS, str(root / "one"), str(clear(root / "1")), "-j", "1"])
                    around.append(sum(parts.values()) - parts["work"] - one)
                told = ", ".join(f"{part} {seconds:.2f}" for part, seconds in parts.items())
                print(
                    f"{way:6} {taken[way][-1]:7.2f} s ({told})  load {os.getloadavg()[0]:.1f}",
                    flush=True,
                )
            files = [sum(1 for _ in (root / way).rglob("*.jpg")) for way in taken]
            assert files[0] == files[1] == options.pictures, files
        medians = {way: statistics.median(values) for way, values in taken.items()}
        more = medians["there"] - medians["here"]
        print(f"{more:.2f} s more: {100 * more / medians['here']:.1f} %")
        seconds = statistics.median(around)
        print(f"{seconds:.2f} s around the work: {100 * seconds / medians['here']:.1f} %")


if __name__ == "__main__":
    main()
