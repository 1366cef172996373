"""Bundles on a Ray cluster; Ray is installed by whoever has one."""

from __future__ import annotations

import contextlib
import os
import time
from typing import Any

from signdata.errors import ClusterError, DependencyError
from signdata.workers import node
from signdata.workers.engines import ASK_AGAIN, LAST_BUNDLES, Lost, warn_of_open_network

_USE_TOKEN = "Set RAY_AUTH_MODE=token, or use a network that is yours alone."


def connect(address: str) -> RayEngine:
    """Connect to a Ray cluster: ``auto``, or the address of its head.

    An own cluster is never started.
    """
    try:
        import ray
    except ImportError as err:
        raise DependencyError(
            "ray is not installed; a Ray cluster needs it", remedy="pip install ray"
        ) from err
    owned = not ray.is_initialized()
    if owned:
        try:
            ray.init(address=address, log_to_driver=False, configure_logging=False)
        except (OSError, ValueError, RuntimeError) as err:
            raise ClusterError(f"the cluster cannot be reached ({err})", path=address) from err
        if os.environ.get("RAY_AUTH_MODE") != "token":
            head = ray.get_runtime_context().gcs_address
            warn_of_open_network([f"ray://{head}"], _USE_TOKEN)
    return RayEngine(ray, owned=owned)


class _Runner:
    """An actor that has a node to itself."""

    def run(self, bundle: bytes) -> bytes:
        return node.run(bundle)


class RayEngine:
    """An `Engine` over Ray: one actor a node, each with one bundle at a time.

    Parameters
    ----------
    ray : module
        Connected.
    owned : bool
        Whether it is disconnected with the engine.
    """

    def __init__(self, ray: Any, *, owned: bool) -> None:
        self._ray, self._owned = ray, owned
        self._actor = ray.remote(num_cpus=0, max_restarts=0, max_task_retries=0)(_Runner)
        self._actors: dict[str, Any] = {}
        self._running: dict[Any, str] = {}
        self._asked = -ASK_AGAIN

    def slots(self) -> int:
        if time.monotonic() - self._asked > ASK_AGAIN:
            alive = {one["NodeID"] for one in self._ray.nodes() if one["Alive"]}
            for place in self._actors.keys() - alive:
                del self._actors[place]
            for place in alive - self._actors.keys():
                self._actors[place] = self._started(place)
            self._asked = time.monotonic()
        return len(self._actors)

    def _started(self, place: str) -> Any:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        there = NodeAffinitySchedulingStrategy(node_id=place, soft=False)
        return self._actor.options(scheduling_strategy=there).remote()

    def submit(self, bundle: bytes) -> Any:
        busy = set(self._running.values())
        free = [place for place in self._actors if place not in busy]
        return self._submitted((free or list(self._actors))[0], bundle)

    def _submitted(self, place: str, bundle: bytes) -> Any:
        ticket = self._actors[place].run.remote(bundle)
        self._running[ticket] = place
        return ticket

    def done(self, timeout: float) -> list[Any]:
        if not self._running:
            time.sleep(timeout)
            return []
        ended, _ = self._ray.wait(list(self._running), num_returns=1, timeout=timeout)
        return list(ended)

    def result(self, ticket: Any) -> bytes:
        place = self._running.pop(ticket)
        try:
            answer: bytes = self._ray.get(ticket)
        except self._ray.exceptions.RayTaskError:
            raise
        except self._ray.exceptions.RayError as err:
            self._actors.pop(place, None)  # a new one is started if its node is alive
            self._asked = -ASK_AGAIN
            raise Lost(str(err)) from err
        return answer

    def everywhere(self, bundle: bytes) -> dict[str, bytes]:
        self.slots()
        waiting = {self._submitted(place, bundle): place for place in self._actors}
        answers: dict[str, bytes] = {}
        for ticket, place in waiting.items():
            with contextlib.suppress(Lost):  # whoever comes in its place is asked, too
                answers[place] = self.result(ticket)
        return answers

    def close(self, *, cancel: bool) -> None:
        if cancel and self._running:
            running = list(self._running)
            self._ray.wait(running, num_returns=len(running), timeout=LAST_BUNDLES)
        for actor in self._actors.values():
            self._ray.kill(actor)
        self._actors.clear()
        if self._owned:
            self._ray.shutdown()
