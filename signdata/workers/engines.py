"""Engines: what runs bundles of work on the nodes of a cluster.

An engine carries bytes to a node and back, and says which nodes there are; nothing more. What a
bundle is, how it runs on its node, and what becomes of one that is lost is the same for all
(`signdata.workers.bundles`, `signdata.workers.node`).
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol, TypeAlias, runtime_checkable

Ticket: TypeAlias = Hashable


class Lost(Exception):
    """A bundle whose node, or the process that ran it there, is gone."""


class Killer(Lost):
    """A bundle that was lost with several nodes, one after the other."""


class Stopped(Lost):
    """A bundle that a node gave up because it thought the run was over."""


@runtime_checkable
class Engine(Protocol):
    """Carries bundles to the nodes of a cluster."""

    def slots(self) -> int:
        """How many bundles can run at the same time; 0 while no node is there."""

    def submit(self, bundle: bytes) -> Ticket:
        """Have a bundle run by `signdata.workers.node.run` on some node."""

    def done(self, timeout: float) -> list[Ticket]:
        """The bundles that have ended since the last call; wait for the first one if there is none.

        Empty if none ends within `timeout` seconds.
        """

    def result(self, ticket: Ticket) -> bytes:
        """What came of a bundle that is done. Each is asked for once.

        Raises
        ------
        Lost
            If there is no result, and the bundle may be tried again.
        ClusterError
            If the whole cluster is gone.
        """

    def everywhere(self, bundle: bytes) -> dict[str, bytes]:
        """Run a bundle on every node; the results by the name of the node."""

    def close(self, *, cancel: bool) -> None:
        """Let go of the cluster; with `cancel`, of bundles that are still running too."""
