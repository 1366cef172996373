"""Bundles on a Dask cluster; needs the extra ``cluster``."""

from __future__ import annotations

import contextlib
import os
import queue
import time
from concurrent.futures import CancelledError
from typing import Any

from signdata.errors import ClusterError, DependencyError, NodeError, UsageError
from signdata.workers import node
from signdata.workers.engines import (
    ASK_AGAIN,
    LAST_BUNDLES,
    Killer,
    Lost,
    warn_of_open_network,
)

_CONNECT = 30.0

_USE_TLS = "Use tls:// with certificates (docs/cluster.md), or a network that is yours alone."


def connect(address: str) -> DaskEngine:
    """Connect to a scheduler: ``tcp://HOST:PORT``, ``tls://HOST:PORT`` or the file it wrote.

    The certificates of ``tls://`` are those of Dask's own configuration.
    """
    try:
        import distributed
    except ImportError as err:
        raise DependencyError(
            "distributed is not installed; a Dask cluster needs it",
            remedy="pip install 'signdata[cluster]'",
        ) from err
    where = {"scheduler_file": address} if address.endswith(".json") else {"address": address}
    try:
        client = distributed.Client(**where, timeout=_CONNECT, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as err:
        raise _gone(address, err) from err
    engine = DaskEngine(client, owned=True)
    warn_of_open_network((engine.address, *engine.workers()), _USE_TLS)
    return engine


def _gone(address: str, err: BaseException | None = None) -> ClusterError:
    why = f" ({err})" if err and str(err) else ""
    return ClusterError(
        f"the cluster is gone or cannot be reached{why}",
        path=address,
        remedy="Run the same command again to resume, there, elsewhere or on this machine alone.",
    )


class DaskEngine:
    """An `Engine` over the client of a Dask cluster whose workers have one thread each.

    Parameters
    ----------
    client : distributed.Client
        Connected.
    owned : bool
        Whether it is closed with the engine.

    Attributes
    ----------
    address : str
        Where the scheduler listens.
    """

    def __init__(self, client: Any, *, owned: bool = False) -> None:
        self._client, self._owned = client, owned
        self._ended: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._running: set[Any] = set()
        self._asked, self._n_workers = -ASK_AGAIN, 0
        self.address = str(getattr(client.scheduler, "address", ""))

    def slots(self) -> int:
        if time.monotonic() - self._asked > ASK_AGAIN:
            self._n_workers = len(self.workers())
            self._asked = time.monotonic()
        return self._n_workers

    def workers(self) -> dict[str, int]:
        """The threads of each worker, by its address."""
        try:
            threads: dict[str, int] = self._client.nthreads()
        except (OSError, RuntimeError, ValueError) as err:
            raise _gone(self.address, err) from err
        for address, n in threads.items():
            if n != 1:
                raise UsageError(
                    f"the Dask worker has {n} threads; expected 1: it takes all cores by itself",
                    path=address,
                    remedy="Start it with one thread (nthreads 1).",
                )
        return threads

    def submit(self, bundle: bytes, **where: Any) -> Any:
        try:
            future = self._client.submit(
                node.run,
                bundle,
                key=f"signdata-{os.urandom(8).hex()}",
                pure=False,
                retries=0,
                **where,
            )
        except (OSError, RuntimeError, ValueError) as err:
            raise _gone(self.address, err) from err
        self._running.add(future)
        future.add_done_callback(self._ended.put)
        return future

    def done(self, timeout: float) -> list[Any]:
        ended = []
        with contextlib.suppress(queue.Empty):
            ended.append(self._ended.get(timeout=timeout))
            while True:
                ended.append(self._ended.get_nowait())
        if not ended and self._client.status not in ("running", "connecting"):
            raise _gone(self.address)
        return [ticket for ticket in ended if ticket in self._running]

    def result(self, ticket: Any) -> bytes:
        from distributed import KilledWorker

        self._running.discard(ticket)
        try:
            answer: bytes = ticket.result(timeout=_CONNECT)
        except KilledWorker as err:  # Dask has tried it on others
            raise Killer(str(err)) from err
        except (CancelledError, OSError) as err:
            if self._client.status not in ("running", "connecting"):
                raise _gone(self.address, err) from err
            raise Lost(str(err)) from err
        except (ImportError, AttributeError) as err:
            raise NodeError(
                f"a worker of the cluster cannot import signdata ({err})",
                remedy="Install the same version there.",
            ) from err
        finally:
            ticket.release()  # else it is computed again if the worker that holds it dies
        return answer

    def everywhere(self, bundle: bytes) -> dict[str, bytes]:
        waiting = {
            self.submit(bundle, workers=[address], allow_other_workers=False): address
            for address in self.workers()
        }
        answers: dict[str, bytes] = {}
        while waiting:
            for ticket in self.done(ASK_AGAIN):
                address = waiting.pop(ticket)
                with contextlib.suppress(Lost):  # whoever comes in its place is asked, too
                    answers[address] = self.result(ticket)
            here = self.workers()
            for ticket in [one for one, address in waiting.items() if address not in here]:
                del waiting[ticket]
                self._drop([ticket])
        return answers

    def close(self, *, cancel: bool) -> None:
        if cancel and self._running:
            latest = time.monotonic() + LAST_BUNDLES
            while not all(one.done() for one in self._running) and time.monotonic() < latest:
                time.sleep(0.05)
            self._drop(list(self._running))
        if self._owned:
            self._client.close(timeout=LAST_BUNDLES)

    def _drop(self, tickets: list[Any]) -> None:
        self._running.difference_update(tickets)
        with contextlib.suppress(Exception):  # the cluster may be gone
            self._client.cancel(tickets, force=True)
