"""Engines: what runs bundles of work on the nodes of a cluster.

An engine carries bytes to a node and back, and says which nodes there are; nothing more. What a
bundle is, how it runs on its node, and what becomes of one that is lost is the same for all
(`signdata.workers.bundles`, `signdata.workers.node`).
"""

from __future__ import annotations

import contextlib
import socket
import warnings
from collections.abc import Hashable, Iterable
from typing import Protocol, TypeAlias, runtime_checkable

from signdata.errors import ClusterWarning

Ticket: TypeAlias = Hashable

ASK_AGAIN = 1.0
"""Seconds for which the nodes are taken to be the same."""

LAST_BUNDLES = 3.0
"""Seconds that running bundles get to notice that they are no longer wanted."""


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


def warn_of_open_network(addresses: Iterable[str], remedy: str) -> None:
    """Warn, once, where tasks travel to another machine in the clear.

    Parameters
    ----------
    addresses : iterable of str
        ``PROTOCOL://HOST:PORT`` of what is spoken to.
    remedy : str
        How to protect it.
    """
    for address in addresses:
        protocol, _, place = address.partition("://")
        host = place.rpartition(":")[0].strip("[]")
        if protocol not in ("tls", "wss", "inproc") and host and not _is_here(host):
            text = f"{address} is not encrypted, and whoever reaches it can run code there."
            warnings.warn(ClusterWarning(f"{text} {remedy}"), stacklevel=2)
            return


def _is_here(host: str) -> bool:
    """Whether a host is this machine: only then can one listen at its address."""
    with contextlib.suppress(OSError):
        family, kind, *_, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as one:
            one.bind(address)
            return True
    return False
