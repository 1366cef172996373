"""Run a function over many items on a cluster: bundles of items, each for one node.

A bundle is some seconds of work, so that a cluster's scheduler has little to do. Near the end
bundles get smaller, so that all nodes end at about the same time. A bundle that is lost with
its node is tried on others. One that is lost again and again is cut: into its items, and an
item into its parts; only what is still lost then is given up.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import pickle
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

from signdata.errors import NodeError, OutputError
from signdata.workers.cluster import Cluster
from signdata.workers.engines import Killer, Lost, Stopped, Ticket
from signdata.workers.forks import R, T
from signdata.workers.messages import Answer, Bundle
from signdata.workers.pool import WorkerDied

SECONDS = 20.0
"""Work in one bundle."""

MAX_RESULTS = 16 << 20
"""Bytes that one bundle should return."""

MAX_JOB = 1 << 20
"""Bytes of a job that go with each bundle; a larger one goes through a file."""

TRIES = 3
"""Nodes that a bundle is tried on before it is cut, or given up."""

WINDOW = 8
"""Bundles per slot, running or waiting for an earlier one, where results come in order."""

_GROWTH = 4
_PAUSE = 0.5


@dataclass(frozen=True)
class Node:
    """What is asked of every node, and how its bundles run."""

    prepare: bytes
    run_file: str
    workers: int | None


@dataclass
class _Unit(Generic[T]):
    """An item, or a part of one that was divided."""

    number: int
    item: T
    part: int | None = None


@dataclass
class _Sent(Generic[T]):
    """Units that travel together."""

    units: list[_Unit[T]]
    tries: int = 0
    stops: int = 0


def run(
    cluster: Cluster,
    node: Node,
    function: Callable[[T], R],
    items: Iterable[T],
    *,
    divide: Callable[[T], list[T]],
    ordered: bool,
) -> Generator[tuple[T, list[R | WorkerDied[T]]], None, None]:
    """Yield ``(item, results)``, as `signdata.workers.pool.run` does.

    Parameters
    ----------
    cluster : Cluster
        Where.
    node : Node
        How nodes prepare, and what they watch.
    function, items, divide
        As in `signdata.workers.pool.run`. Everything must be picklable.
    ordered : bool
        Whether results are yielded in the order of the items, or as soon as they are there.
    """
    yield from _Run(cluster, node, function, items, divide, ordered).run()


class _Run(Generic[T, R]):
    def __init__(
        self,
        cluster: Cluster,
        node: Node,
        function: Callable[[T], R],
        items: Iterable[T],
        divide: Callable[[T], list[T]],
        ordered: bool,
    ) -> None:
        self._cluster, self._node, self._divide = cluster, node, divide
        self._ordered = ordered
        self._job = _carried(pickle.dumps((function, divide)), node.run_file)
        self._feed = _Feed(items)
        self._again: deque[_Sent[T]] = deque()
        self._running: dict[Ticket, _Sent[T]] = {}
        self._divided: dict[int, list[list[R | WorkerDied[T]] | None]] = {}
        self._items: dict[int, T] = {}
        self._finished: dict[int, list[R | WorkerDied[T]]] = {}
        self._next = 0
        self._size = _Size(cluster.cores)

    def run(self) -> Iterator[tuple[T, list[R | WorkerDied[T]]]]:
        ended = False
        try:
            while True:
                self._fill()
                if not self._running and not self._again and self._feed.is_empty:
                    ended = True
                    return
                for ticket in self._cluster.engine.done(_PAUSE):
                    self._collect(ticket)
                    yield from self._ready()
        finally:
            if not ended:
                self._break_off()

    def _break_off(self) -> None:
        """Have the nodes stop at once what they are doing."""
        if self._node.run_file:
            with contextlib.suppress(OSError):
                os.unlink(self._node.run_file)
        self._cluster.close(cancel=True)

    # -- Out

    def _fill(self) -> None:
        """Send bundles while there are nodes without one."""
        slots = self._cluster.slots()
        while len(self._running) < slots:
            if self._again:
                self._send(self._again.popleft())
                continue
            if self._ordered and self._is_far_ahead(slots):
                return
            taken = self._feed.take(self._size.of_next(self._feed, slots))
            if not taken:
                return
            for unit in taken:
                self._items[unit.number] = unit.item
            self._send(_Sent(taken))

    def _is_far_ahead(self, slots: int) -> bool:
        waiting = len(self._finished) + sum(len(sent.units) for sent in self._running.values())
        return waiting >= WINDOW * slots * self._size.last

    def _send(self, sent: _Sent[T]) -> None:
        bundle = Bundle(
            os.getcwd(),
            self._node.run_file,
            self._node.prepare,
            self._job,
            pickle.dumps([unit.item for unit in sent.units]),
            self._node.workers,
            self._cluster.shares,
        )
        self._running[self._cluster.engine.submit(pickle.dumps(bundle))] = sent

    # -- Back

    def _collect(self, ticket: Ticket) -> None:
        sent = self._running.pop(ticket)
        try:
            answer: Answer = pickle.loads(self._cluster.engine.result(ticket))
            if answer.error is not None:
                raise answer.error
        except Stopped as err:
            self._stopped(sent, err)
            return
        except Lost as err:
            self._lost(sent, TRIES if isinstance(err, Killer) else 1)
            return
        self._size.learn(len(sent.units), answer)
        for unit, results in zip(sent.units, pickle.loads(answer.results), strict=True):
            self._keep(unit, results)

    def _stopped(self, sent: _Sent[T], err: Stopped) -> None:
        """Have another try at what a node gave up, as this process may have been asleep."""
        sent.stops += 1
        if sent.stops > TRIES:
            raise NodeError(
                "a node of the cluster does not see that this run is alive",
                path=self._node.run_file,
                remedy="All nodes must have the same folders under the same names.",
            ) from err
        self._again.append(sent)

    def _lost(self, sent: _Sent[T], tries: int) -> None:
        """Have what was lost with its nodes tried again, or cut."""
        sent.tries += tries
        if sent.tries < TRIES:
            self._again.append(sent)
        elif len(sent.units) > 1:
            self._again += (_Sent([unit]) for unit in sent.units)
        else:
            self._given_up(sent.units[0])

    def _given_up(self, unit: _Unit[T]) -> None:
        parts = self._divide(unit.item) if unit.part is None else [unit.item]
        if not parts or parts[0] is unit.item:
            self._keep(unit, [WorkerDied(unit.item)])
            return
        self._divided[unit.number] = [None] * len(parts)
        self._again += (
            _Sent([_Unit(unit.number, part, place)]) for place, part in enumerate(parts)
        )

    def _keep(self, unit: _Unit[T], results: list[R | WorkerDied[T]]) -> None:
        if unit.part is None:
            self._finished[unit.number] = results
            return
        found = self._divided[unit.number]
        found[unit.part] = results
        if all(part is not None for part in found):
            del self._divided[unit.number]
            self._finished[unit.number] = [one for part in found if part for one in part]

    def _ready(self) -> Iterator[tuple[T, list[R | WorkerDied[T]]]]:
        """What can be yielded now."""
        numbers: Iterable[int] = list(self._finished)
        if self._ordered:
            numbers = itertools.takewhile(self._finished.__contains__, itertools.count(self._next))
        for number in numbers:
            self._next = number + 1
            yield self._items.pop(number), self._finished.pop(number)


def _carried(job: bytes, run_file: str) -> bytes | str:
    """What goes with each bundle: a job, or the name of a file with it where it is large."""
    if len(job) <= MAX_JOB or not run_file:
        return job
    file = Path(run_file).with_name(f"job-{hashlib.sha256(job).hexdigest()}")
    try:
        file.write_bytes(job)
    except OSError as err:
        raise OutputError(f"cannot be written ({err.strerror})", path=file) from err
    return str(file)


class _Feed(Generic[T]):
    """The items, looked at a little ahead, so that the end is seen coming."""

    def __init__(self, items: Iterable[T]) -> None:
        self._items = enumerate(items)
        self._ahead: deque[_Unit[T]] = deque()

    def look(self, n: int) -> int:
        """How many of the next `n` items there are."""
        if len(self._ahead) < n:
            self._ahead += (
                _Unit(number, item)
                for number, item in itertools.islice(self._items, n - len(self._ahead))
            )
        return min(n, len(self._ahead))

    @property
    def is_empty(self) -> bool:
        return not self.look(1)

    def take(self, n: int) -> list[_Unit[T]]:
        """The next `n` items, or those that are left."""
        return [self._ahead.popleft() for _ in range(self.look(n))]


class _Size:
    """How many items a bundle gets, by what the last ones took."""

    def __init__(self, cores: int) -> None:
        self._cores = cores
        self._seconds = self._bytes = 0.0
        self.last = cores

    def learn(self, n: int, answer: Answer) -> None:
        """Take note of what a bundle of `n` items took."""
        for name, value in (("_seconds", answer.seconds / n), ("_bytes", len(answer.results) / n)):
            known = getattr(self, name)
            setattr(self, name, (known + value) / 2 if known else value)

    def of_next(self, feed: _Feed[Any], slots: int) -> int:
        """How many items the next bundle gets: all cores of a node have some, even at the end."""
        if not self._seconds:
            return self._cores
        wanted = min(
            SECONDS / self._seconds, MAX_RESULTS / max(self._bytes, 1.0), self.last * _GROWTH
        )
        size = max(1, int(wanted))
        left = feed.look(2 * slots * size)
        if left < 2 * slots * size:
            size = max(min(size, self._cores), -(-left // (2 * slots)))
        self.last = max(1, size)
        return self.last
