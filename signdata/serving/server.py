"""The server: binds, tells its link, serves until a signal comes."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from signdata.errors import OutputError, UsageError
from signdata.serving.guard import LOOPBACK

GRACE = 2
"""Seconds that answers under way get after a signal."""

CONNECTIONS = 64
"""Requests at a time; more are answered 503."""

MAX_HEADERS = 32 << 10


@dataclass(frozen=True)
class Address:
    """Where the server listens.

    Attributes
    ----------
    host : str
    port : int
        0 takes a free one.
    """

    host: str = "127.0.0.1"
    port: int = 0

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host.lower() in LOOPBACK

    def link(self, port: int, token: str) -> str:
        """The link that lets in."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{port}/?token={token}"


def bound(address: Address) -> socket.socket:
    """A socket that listens at an address.

    Raises
    ------
    UsageError
        If there is no such address.
    OutputError
        If the port is taken, or may not be used.
    """
    try:
        found = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError) as err:
        raise UsageError(f"--host {address.host!r} is no address of this machine") from err
    family, kind, protocol, _, place = found[0]
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(place)
    except OSError as err:
        made.close()
        if err.errno == errno.EADDRNOTAVAIL:
            raise UsageError(f"--host {address.host!r} is no address of this machine") from err
        taken = err.errno == errno.EADDRINUSE
        what = "is taken" if taken else f"cannot be used ({err.strerror})"
        raise OutputError(
            f"port {address.port} {what}", remedy="Leave out --port to get a free one."
        ) from err
    made.listen(CONNECTIONS * 2)
    return made


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever started it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def run(app: ASGIApp, listening: socket.socket, ready: Callable[[], None]) -> int:
    """Serve until SIGINT or SIGTERM; returns its number.

    Called elsewhere than in the main thread, where no signal arrives, it ends with the process.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,  # links have the token
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        h11_max_incomplete_event_size=MAX_HEADERS,
        timeout_graceful_shutdown=GRACE,
        http="h11",
        ws="none",
    )
    server = _Server(config)
    received = 0

    def end(number: int, _: Any) -> None:
        nonlocal received
        received = received or number
        server.force_exit = server.should_exit
        server.should_exit = True

    async def serve() -> None:
        task = asyncio.create_task(server.serve([listening]))
        while not server.started and not task.done():
            await asyncio.sleep(0.01)
        if not task.done():
            ready()
        await task

    with _handling(end):
        asyncio.run(serve())
    return received


@contextlib.contextmanager
def _handling(handler: Callable[[int, Any], None]) -> Iterator[None]:
    """Have signals that ask a process to end handled so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, one in before.items():
            signal.signal(number, one)
