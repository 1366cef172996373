"""Items in bundles: sent, lost with their nodes, cut, and put together again."""

from __future__ import annotations

import pickle
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from signdata.errors import ClusterError, NodeError
from signdata.workers import bundles
from signdata.workers import cluster as clusters
from signdata.workers.bundles import Node
from signdata.workers.cluster import Cluster
from signdata.workers.engines import Engine, Killer, Lost, Stopped, warn_of_open_network
from signdata.workers.messages import Answer, Bundle
from signdata.workers.pool import WorkerDied

NODE = Node(b"", "", None)


def square(x: int) -> int:
    return x * x


def tens(item: int) -> list[int]:
    """An item of two digits can be cut into its digits."""
    return [item // 10, item % 10] if item > 9 else [item]


class Fake:
    """An engine that runs bundles in this process; `fate` says what becomes of each.

    It ends the youngest bundle first. `slots_seen` is what it says of its nodes, call by call.
    """

    def __init__(
        self,
        fate: Callable[[list[int], int], Exception | None] = lambda items, tries: None,
        slots: Iterator[int] | None = None,
    ) -> None:
        self._fate, self._slots = fate, slots
        self._waiting: dict[int, list[int]] = {}
        self._tries: dict[tuple[int, ...], int] = {}
        self.sent: list[list[int]] = []
        self.most = 0
        self.closed: list[bool] = []
        self.bundles: list[Bundle] = []

    def slots(self) -> int:
        return next(self._slots) if self._slots else 3

    def submit(self, bundle: bytes) -> int:
        self.bundles.append(pickle.loads(bundle))
        items = pickle.loads(self.bundles[-1].items)
        self.sent.append(items)
        self._waiting[len(self.sent)] = items
        self.most = max(self.most, len(self._waiting))
        return len(self.sent)

    def done(self, timeout: float) -> list[Any]:
        return list(self._waiting)[-1:]

    def result(self, ticket: Any) -> bytes:
        items = self._waiting.pop(ticket)
        tries = self._tries[tuple(items)] = self._tries.get(tuple(items), 0) + 1
        fault = self._fate(items, tries)
        if isinstance(fault, Lost):
            raise fault
        results = pickle.dumps([[square(item)] for item in items])
        return pickle.dumps(Answer(None, results, 0.001 * len(items), fault))

    def everywhere(self, bundle: bytes) -> dict[str, bytes]:
        raise NotImplementedError

    def close(self, *, cancel: bool) -> None:
        self.closed.append(cancel)


def run(engine: Fake, items: Any, *, ordered: bool = True) -> list[tuple[int, list[Any]]]:
    made = bundles.run(Cluster(engine), NODE, square, items, divide=tens, ordered=ordered)
    with closing(made) as results:
        return list(results)


EXPECTED = [(n, [n * n]) for n in range(1000)]


@pytest.mark.parametrize("ordered", [True, False])
def test_every_item_comes_back_once(ordered: bool) -> None:
    engine = Fake()
    assert isinstance(engine, Engine)
    found = run(engine, iter(range(1000)), ordered=ordered)
    assert (found == EXPECTED) is ordered
    assert sorted(found) == EXPECTED
    assert sorted(item for sent in engine.sent for item in sent) == list(range(1000))
    assert engine.most == 3
    assert engine.closed == []


def test_bundles_grow_and_get_smaller_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "SECONDS", 0.1)  # that is 100 items
    engine = Fake()
    run(engine, range(1000))
    sizes = [len(sent) for sent in engine.sent]
    assert max(sizes) == 100
    assert sizes[0] == sizes[-1] == 1
    assert len(sizes) < 40


def test_few_results_wait_where_they_come_in_order() -> None:
    """The first item comes back last of all that may run before it."""

    def late(items: list[int], tries: int) -> Exception | None:
        return Lost() if 0 in items and tries < 3 else None

    engine = Fake(late)
    assert run(engine, range(1000)) == EXPECTED


def test_what_is_lost_twice_is_done_elsewhere() -> None:
    engine = Fake(lambda items, tries: Lost() if tries < 3 else None)
    assert run(engine, range(1000)) == EXPECTED
    assert len(engine.sent) % 3 == 0


def test_a_deadly_item_is_found_and_given_up_alone() -> None:
    engine = Fake(lambda items, tries: Lost() if 7 in items or 37 in items else None)
    found = dict(run(engine, range(50)))
    assert [n for n in found if found[n] != [n * n]] == [7, 37]
    [dead] = found[7]
    assert isinstance(dead, WorkerDied)
    assert dead.item == 7
    three, seven = found[37]  # cut into its parts, of which one is as deadly
    assert three == 9
    assert isinstance(seven, WorkerDied)


def test_what_has_killed_several_nodes_is_cut_at_once() -> None:
    engine = Fake(lambda items, tries: Killer() if 20 in items else None)
    found = dict(run(engine, range(50)))
    assert found[20] == [4, 0]  # its parts are harmless
    assert sum(20 in items for items in engine.sent) <= 2


def test_an_end_without_nodes_is_no_end() -> None:
    slots = iter([2, 0, 0, 0, *[2] * 10_000])
    assert run(Fake(slots=slots), range(100)) == EXPECTED[:100]


def test_no_node_for_a_long_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "NO_NODES", -1.0)
    engine = Fake(slots=iter([1, *[0] * 100]))
    with pytest.raises(ClusterError, match="has had no node"):
        run(engine, range(100))
    assert engine.closed == [True]


def test_a_node_that_sees_no_heartbeat_ends_the_run() -> None:
    engine = Fake(lambda items, tries: Stopped() if 30 in items else None)
    with pytest.raises(NodeError, match="does not see that this run is alive"):
        run(engine, range(100))


def test_a_run_that_was_asleep_goes_on() -> None:
    engine = Fake(lambda items, tries: Stopped() if tries == 1 else None)
    assert run(engine, range(100)) == EXPECTED[:100]


def test_breaking_off_takes_the_run_file_away_first(tmp_path: Path) -> None:
    file = tmp_path / "run-1"
    file.write_bytes(b"0")

    class Watching(Fake):
        def close(self, *, cancel: bool) -> None:
            super().close(cancel=cancel and not file.exists())

    engine, node = Watching(), Node(b"", str(file), None)
    made = bundles.run(Cluster(engine), node, square, range(100), divide=tens, ordered=True)
    with closing(made) as results:
        next(results)
    assert engine.closed == [True]


def test_an_error_of_the_work_ends_the_run_and_cancels() -> None:
    engine = Fake(lambda items, tries: ZeroDivisionError("x") if 50 in items else None)
    with pytest.raises(ZeroDivisionError):
        run(engine, range(100))
    assert engine.closed == [True]


def test_leaving_early_cancels() -> None:
    engine = Fake()
    made = bundles.run(Cluster(engine), NODE, square, range(100), divide=tens, ordered=True)
    with closing(made) as results:
        next(results)
    assert engine.closed == [True]


def test_a_straggler_costs_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hundred items on eight slots, one of them sixty times as long: by a clock of our own."""
    monkeypatch.setattr(bundles, "SECONDS", 20.0)
    clock = Clock(8)
    found = run(clock, range(200), ordered=False)
    assert sorted(found) == EXPECTED[:200]
    ideal = max(60.0, (199 + 60) / 8)
    assert clock.now <= 1.3 * ideal


class Clock(Fake):
    """An engine with a clock: every item takes a second, number 100 takes sixty."""

    def __init__(self, slots: int) -> None:
        super().__init__()
        self._n = slots
        self._ends: dict[int, float] = {}
        self.now = 0.0

    def slots(self) -> int:
        return self._n

    def submit(self, bundle: bytes) -> int:
        ticket = super().submit(bundle)
        self._ends[ticket] = self.now + self._seconds(self._waiting[ticket])
        return ticket

    @staticmethod
    def _seconds(items: list[int]) -> float:
        return sum(60.0 if item == 100 else 1.0 for item in items)

    def done(self, timeout: float) -> list[Any]:
        first = min(self._waiting, key=self._ends.__getitem__)
        self.now = self._ends[first]
        return [first]

    def result(self, ticket: Any) -> bytes:
        seconds = self._seconds(self._waiting[ticket])
        answer = pickle.loads(super().result(ticket))
        return pickle.dumps(Answer(None, answer.results, seconds))


@pytest.mark.parametrize(
    ("address", "is_open"),
    [
        ("tcp://192.0.2.1:8786", True),
        ("tcp://[2001:db8::1]:8786", True),
        ("tcp://127.0.0.1:8786", False),
        ("tls://192.0.2.1:8786", False),
        ("inproc://192.0.2.1/1/1", False),
        ("", False),
    ],
)
def test_what_leaves_this_machine_in_the_clear_is_warned_of(address: str, is_open: bool) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_open_network(["tcp://127.0.0.1:1", address, address], "Use tls://.")
    assert [str(one.message) for one in caught] == is_open * [
        f"{address} is not encrypted, and whoever reaches it can run code there. Use tls://."
    ]


@pytest.mark.parametrize("where", ["spark:host", "dask:", "dask", "ray:", ""])
def test_a_cluster_that_is_none(where: str) -> None:
    with pytest.raises(ValueError, match="expected dask:ADDRESS"), clusters.using(where):
        pass


def test_a_cluster_is_used_inside_only() -> None:
    engine = Fake()
    assert clusters.current() is None
    with clusters.using(engine, allow_skew=True):
        cluster = clusters.current()
        assert cluster is not None
        assert cluster.engine is engine
        assert cluster.allow_skew
    assert clusters.current() is None
    assert engine.closed == [False]


def test_waiting_for_the_first_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    Cluster(Fake(slots=iter([0, 0, 1]))).wait_for_nodes()
    monkeypatch.setattr(clusters, "NO_NODES", -1.0)
    with pytest.raises(ClusterError, match="has had no node"):
        Cluster(Fake(slots=iter([0, 0]))).wait_for_nodes()


def test_a_bundle_says_where_it_comes_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.chdir(tmp_path)
    engine = Fake()
    run(engine, [1])
    [bundle] = engine.bundles
    assert bundle.folder == str(tmp_path)
