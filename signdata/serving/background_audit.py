"""The audit, in a process of its own while the app is already looked at.

Started by `BackgroundAudit`, it opens the dataset again, prints progress as lines, and last
what it found.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing import spawn
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

import msgspec

from signdata.errors import SigndataError
from signdata.formats.open import open_source
from signdata.formats.reader import OpenOptions, Reader
from signdata.formats.sources import shown
from signdata.similarity.comparison import Comparison

_START = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "from signdata.serving import background_audit; background_audit.main()"
)

MOST_PAIRS, MOST_FINDINGS = 100_000, 2_000
"""Pairs and findings of one kind that are told one by one."""

ALMOST = 0.9999
"""The highest correlation that is told of pictures which are not the same."""

EVERY = 0.25
"""Seconds between two messages on how far it is."""


class FoundFinding(msgspec.Struct, frozen=True):
    """One finding; `number` is that of the sample it is about, -1 where it is about none."""

    kind: str
    path: str
    where: str
    message: str
    counts: bool
    number: int


class FoundPairs(msgspec.Struct, frozen=True):
    """Pairs of one kind: numbers of the samples, and their correlation.

    In a leak the first is the sample of the later split. The most similar `MOST_PAIRS` of `total`.
    """

    first: list[int]
    second: list[int]
    correlation: list[float]
    total: int


class Audited(msgspec.Struct, tag="done", frozen=True):
    """What an audit found; lists are in the order of the samples.

    `findings` has the first `MOST_FINDINGS` of each kind, `numbers` the samples of all of them.
    """

    findings: list[FoundFinding]
    numbers: dict[str, list[int]]
    pairs: dict[str, FoundPairs]
    clusters: list[list[int]]
    sharpness: list[float | None]
    brightness: list[float | None]
    frames: list[int | None]
    errors: dict[int, str]
    details: dict[str, Any]


class Progress(msgspec.Struct, tag="progress", frozen=True):
    """How far it is, in samples; each counts twice, read and compared."""

    done: int
    total: int | None


class Failure(msgspec.Struct, tag="failed", frozen=True):
    """Why there is none."""

    what: str


Message = Audited | Progress | Failure
State = Literal["off", "running", "done", "failed"]


def main() -> None:
    """Audit what standard input names, and print messages."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server handles Ctrl-C
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    sources, read, workers = pickle.load(asked)
    threading.Thread(target=_end_with_server, args=(asked,), daemon=True).start()
    last = 0.0

    def progress(done: int, total: int | None) -> None:
        nonlocal last
        if time.monotonic() - last > EVERY:
            last = time.monotonic()
            _print(answers, Progress(done, total))

    try:
        with open_source(sources, OpenOptions(read)) as reader:
            _print(answers, audited(reader, sources, workers, progress))
    except SigndataError as err:
        _print(answers, Failure(str(err)))


def _end_with_server(asked: BinaryIO) -> None:
    """End this process, and with it its workers, once the server has gone."""
    while asked.read(1):
        pass
    os._exit(1)


def _print(answers: BinaryIO, message: Message) -> None:
    answers.write(msgspec.json.encode(message) + b"\n")
    answers.flush()


def audited(
    reader: Reader,
    sources: Sequence[Path],
    workers: int | None,
    progress: Callable[[int, int | None], None] | None,
) -> Audited:
    """Audit a dataset, by the numbers of its samples."""
    from signdata.auditing import findings, run
    from signdata.pages.facts import dataset_facts
    from signdata.pages.verdict import certificate_words, verdict

    options = run.AuditOptions(workers=workers, progress=progress)
    found = run.audit([reader], [shown(list(sources))], options)
    everything = found.first.fingerprints.samples
    numbers = [position for _, position in found.places]
    by_id = {one.id: n for n, one in reversed(list(enumerate(everything)))}
    facts = dataset_facts(reader, shown(list(sources)).name, found)
    compared = found.compared
    clusters = [[numbers[i] for i in members.tolist()] for members in compared.clusters()]
    of_kind: dict[str, list[FoundFinding]] = {}
    for one in found.findings:
        made = FoundFinding(
            *(one.kind, one.path, one.where, one.message, one.counts), by_id.get(one.path, -1)
        )
        of_kind.setdefault(one.kind, []).append(made)
    members_of = {kind: [one.number for one in some] for kind, some in of_kind.items()}
    if "near-duplicates" in members_of:
        members_of["near-duplicates"] = [n for some in clusters for n in some]
    readable = [one.error is None for one in everything]
    return Audited(
        [one for some in of_kind.values() for one in some[:MOST_FINDINGS]],
        {kind: [n for n in some if n >= 0] for kind, some in members_of.items()},
        _pairs(found, numbers),
        clusters,
        [one.sharpness if ok else None for one, ok in zip(everything, readable, strict=True)],
        [one.mean if ok else None for one, ok in zip(everything, readable, strict=True)],
        [one.n_frames if ok else None for one, ok in zip(everything, readable, strict=True)],
        {n: one.error.what for n, one in enumerate(everything) if one.error is not None},
        {
            "found": findings.counted(found.findings),
            "verdict": verdict(facts).to_dict(),
            "certificate": certificate_words(facts),
        },
    )


def _pairs(found: Any, numbers: list[int]) -> dict[str, FoundPairs]:
    """Leaks, near-duplicates and conflicts, the most similar first."""
    compared, samples = found.compared, found.fingerprints
    leaks = [
        (one.index, one.partner, _told(one.correlation, compared, one.index, one.partner))
        for one in found.leaking
    ]
    twins = [
        (i, j, _told(value, compared, i, j))
        for (i, j), value in zip(
            compared.twins.index.tolist(), compared.twins.correlation.tolist(), strict=True
        )
        if compared.pixels[i] != compared.pixels[j]
    ]
    copies = [(i, int(compared.copy_of[i]), 1.0) for i in compared.copies]
    same = [one for one in twins if samples[one[0]].label == samples[one[1]].label]
    other = [one for one in (*copies, *twins) if samples[one[0]].label != samples[one[1]].label]
    kinds = {"leak": leaks, "near": same, "duplicate": copies, "conflict": other}
    return {
        kind: FoundPairs(
            [numbers[i] for i, _, _ in some[:MOST_PAIRS]],
            [numbers[j] for _, j, _ in some[:MOST_PAIRS]],
            [round(float(value), 4) for _, _, value in some[:MOST_PAIRS]],
            len(some),
        )
        for kind, some in (
            (kind, sorted(some, key=lambda one: (-one[2], one[0], one[1])))
            for kind, some in kinds.items()
        )
    }


def _told(value: float, compared: Comparison, i: int, j: int) -> float:
    """A correlation as it is told: 1 only where the pixels are the same."""
    return 1.0 if compared.pixels[i] == compared.pixels[j] else min(value, ALMOST)


class BackgroundAudit:
    """An audit that runs, and what it found.

    Attributes
    ----------
    state : {'off', 'running', 'done', 'failed'}
    done, total : int
        How far it is.
    found : Audited or None
    failure : str
    then : callable
        Called from another thread when it has ended.
    """

    def __init__(self) -> None:
        self.state: State = "off"
        self.done, self.total = 0, 0
        self.found: Audited | None = None
        self.failure = ""
        self.then: Callable[[], object] = lambda: None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, sources: Sequence[Path], read: Any, workers: int | None) -> None:
        """Start it; see `then`."""
        modules = json.dumps([os.path.abspath(place) for place in sys.path])
        self.state = "running"
        self._process = subprocess.Popen(
            [os.fsdecode(spawn.get_executable()), "-P", "-c", _START, modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            start_new_session=True,  # Ctrl-C is for the server
        )
        asked = cast(BinaryIO, self._process.stdin)
        asked.write(pickle.dumps((list(sources), read, workers)))
        asked.flush()
        threading.Thread(target=self._listen, args=(self._process,), daemon=True).start()

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        with cast(BinaryIO, process.stdout) as lines:
            for line in lines:
                self._take(msgspec.json.decode(line, type=Message))
        process.wait()
        if self.state == "running":
            self.failure, self.state = "its process ended without an answer", "failed"
        self.then()

    def _take(self, message: Message) -> None:
        if isinstance(message, Progress):
            self.done, self.total = message.done, message.total or 0
        elif isinstance(message, Failure):
            self.failure, self.state = message.what, "failed"
        else:
            self.found, self.done = message, self.total
            self.state = "done"

    def close(self) -> None:
        """End it, whatever it is doing."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        with contextlib.suppress(OSError):
            cast(BinaryIO, process.stdin).close()
