"""The cluster that a command was told to use, connected when it is needed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Hashable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signdata.errors import ClusterError, UsageError
from signdata.workers.engines import Engine

NO_NODES = 600.0
"""Seconds to wait for a first node, or for another one after the last was seen."""

FORMS = "dask:ADDRESS, dask:FILE.json or ray:ADDRESS"


@dataclass
class Cluster:
    """The cluster that a command uses; connected when the first bundle is due.

    Attributes
    ----------
    where : str, Engine or distributed.Client
        What the user named.
    allow_skew : bool
        Whether nodes may have other versions than this machine.
    shares : dict
        How many engine slots there are on a host, by the host's name.
    cores : int
        Cores of the largest node, to be shared in the same way.
    checked : set
        What all nodes have been asked already.
    """

    where: Any
    allow_skew: bool = False
    shares: dict[str, int] = field(default_factory=dict)
    cores: int = 1
    checked: set[Hashable] = field(default_factory=set)
    _engine: Engine | None = None
    _seen: float = 0.0

    @property
    def engine(self) -> Engine:
        """The engine, connected."""
        if self._engine is None:
            self._engine = _connected(self.where)
        return self._engine

    def slots(self) -> int:
        """How many bundles can run; `ClusterError` where there has been no node for long."""
        slots, now = self.engine.slots(), time.monotonic()
        if slots or not self._seen:
            self._seen = now
        elif now - self._seen > NO_NODES:
            raise ClusterError(
                f"the cluster has had no node for {NO_NODES:.0f} seconds",
                remedy="Start some, then run the same command again to resume.",
            )
        return slots

    def wait_for_nodes(self) -> None:
        """Wait until there is a node; `ClusterError` if none comes."""
        while not self.slots():
            time.sleep(0.2)

    def close(self, *, cancel: bool) -> None:
        """Disconnect, if connected."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close(cancel=cancel)


def _connected(where: Any) -> Engine:
    if not isinstance(where, str):
        if isinstance(where, Engine):
            return where
        from signdata.workers.dask_engine import DaskEngine

        return DaskEngine(where)
    kind, _, address = where.partition(":")
    if kind == "dask":
        from signdata.workers import dask_engine

        engine: Engine = dask_engine.connect(address)
        return engine
    from signdata.workers import ray_engine

    return ray_engine.connect(address)


_current: ContextVar[Cluster | None] = ContextVar("signdata_cluster", default=None)


def current() -> Cluster | None:
    """The cluster to be used here and now; None for this machine alone."""
    return _current.get()


@contextlib.contextmanager
def using(where: Any, *, allow_skew: bool = False) -> Iterator[None]:
    """Have batches run on a cluster; None changes nothing.

    Parameters
    ----------
    where : str, Engine, distributed.Client or None
        ``dask:ADDRESS``, ``dask:FILE.json``, ``ray:ADDRESS``, or what is connected already,
        which stays connected.
    allow_skew : bool
        Whether nodes may have other versions of the libraries that make pictures.

    Raises
    ------
    UsageError
        If it is none of these.
    """
    if where is None:
        yield
        return
    kind, _, address = where.partition(":") if isinstance(where, str) else ("", "", "")
    if isinstance(where, str) and not (kind in ("dask", "ray") and address):
        raise UsageError(f"--cluster {where!r}; expected {FORMS}")
    cluster = Cluster(where, allow_skew)
    token = _current.set(cluster)
    cancel = True
    try:
        yield
        cancel = False
    finally:
        _current.reset(token)
        cluster.close(cancel=cancel)


@dataclass(frozen=True)
class Shared:
    """What the nodes of a cluster must see under the same name as this machine.

    Attributes
    ----------
    reads : tuple of Path
        Files and folders that are read.
    run_file : Path or None
        The run file in the folder that is written; see `signdata.workers.heartbeat`.
    """

    reads: tuple[Path, ...] = ()
    run_file: Path | None = None
