"""Fetch a link that a user typed, with one deadline and one size limit for the whole exchange.

Redirects share the deadline and the limit, and none may lead from the public network to a
private one. Every host is resolved here, all its addresses are checked, and the connection is
made to an address that was checked.
"""

from __future__ import annotations

import contextlib
import io
import ipaddress
import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from signdata.errors import DecodeError

MAX_BYTES = 64 << 20
"""Limit of the bytes received, including headers and redirects."""

SECONDS = 60.0
"""Limit of the time for the whole exchange."""

SILENT = 15.0
"""Limit of the time, in seconds, without any data from the server."""

MAX_REDIRECTS = 10

MAX_LENGTH = 8192
"""Characters in a link, typed or in a redirect."""

_MAX_HOST = 253
_SHOWN = 100
_REDIRECTS = {301, 302, 303, 307, 308}
_LOCAL_SUFFIXES = (".local", ".localhost", ".internal", ".lan", ".home.arpa")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_link(word: str) -> bool:
    """Whether an argument is a link rather than a path."""
    return word.lower().startswith(("http://", "https://"))


def fetch(link: str) -> bytes:
    """Download an http(s) link.

    A link to this machine or a private network is allowed only if the user typed it as such; no
    public name or redirect may lead there.

    Raises
    ------
    DecodeError
        If it cannot be fetched; its path is the link.
    """
    shown = link if len(link) <= MAX_LENGTH else f"{link[:_SHOWN]}..."
    exchange = _Exchange(time.monotonic() + SECONDS, MAX_BYTES)
    try:
        return exchange.run(link.strip().replace(" ", "%20"))
    except DecodeError as err:
        err.path = shown
        raise
    except (OSError, ValueError, HTTPException) as err:
        reason = str(err) or type(err).__name__
        raise DecodeError(f"cannot be fetched ({reason})", path=shown) from err


@dataclass
class _Exchange:
    """All that is sent and received for one link."""

    deadline: float
    left: int
    public: bool = field(default=False)

    def run(self, url: str) -> bytes:
        typed = True
        for _ in range(MAX_REDIRECTS + 1):
            parts = _checked(url)
            with self._connected(parts, typed) as connection:
                answer = self._ask(connection, parts)
                target = answer.getheader("Location")
                if answer.status not in _REDIRECTS or not target:
                    return self._body(answer)
            url, typed = urljoin(url, target), False
        raise OSError(f"over {MAX_REDIRECTS} redirects")

    def remaining(self) -> float:
        """Seconds until the deadline."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"took over {SECONDS:g} s")
        return left

    def received(self, n: int) -> None:
        """Count received bytes of any kind."""
        self.left -= n
        if self.left < 0:
            raise _too_much()

    # -- Connecting

    @contextlib.contextmanager
    def _connected(self, parts: SplitResult, typed: bool) -> Iterator[_Connection]:
        host, secure = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        addresses = self._resolved(host, port)
        if not (typed and _is_local(host)):
            self._check(host, addresses, typed)
        plain = self._socket(addresses, port)
        try:
            if secure:
                plain.settimeout(min(SILENT, self.remaining()))
                context = ssl.create_default_context()
                plain = context.wrap_socket(plain, server_hostname=host)
            yield _Connection(host, port, secure, _Metered(self, plain))
        finally:
            plain.close()

    def _socket(self, addresses: list[str], port: int) -> socket.socket:
        """A connection to the first of these addresses that accepts one."""
        fault = OSError("the host has no address")
        for address in addresses:
            try:
                plain = socket.create_connection(
                    (address, port), timeout=min(SILENT, self.remaining())
                )
            except OSError as err:
                fault = err
                continue
            self.public = self.public or _is_public(address)
            return plain
        self.remaining()
        raise fault

    def _resolved(self, host: str, port: int) -> list[str]:
        """All addresses of a host; resolved in a thread, because the resolver has no timeout."""
        answers: queue.Queue[list[Any] | Exception] = queue.Queue()

        def ask() -> None:
            try:
                answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
            except Exception as err:
                answers.put(err)

        threading.Thread(target=ask, daemon=True).start()
        try:
            found = answers.get(timeout=min(SILENT, self.remaining()))
        except queue.Empty:
            raise TimeoutError(f"the address of {host} was not found in time") from None
        if isinstance(found, Exception):
            raise found
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))

    def _check(self, host: str, addresses: list[str], typed: bool) -> None:
        """Refuse to go from a public address to a private one."""
        if not (typed or self.public):
            return
        inner = next((address for address in addresses if not _is_public(address)), "")
        if not inner:
            return
        if typed:
            remedy = "Type the address itself if you mean it."
            raise DecodeError(f"leads to {inner}, which is not a public address", remedy=remedy)
        raise DecodeError(f"redirected to {host} ({inner}), which is not a public address")

    # -- Asking and receiving

    def _ask(self, connection: _Connection, parts: SplitResult) -> HTTPResponse:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"User-Agent": "signdata", "Accept-Encoding": "identity", "Connection": "close"}
        connection.request("GET", target, headers=headers)
        return connection.getresponse()

    def _body(self, answer: HTTPResponse) -> bytes:
        if answer.status != 200:
            raise OSError(f"HTTP status {answer.status}: {answer.reason}")
        if (answer.length or 0) > self.left:
            raise _too_much()
        data = bytearray()
        while part := answer.read1(1 << 16):
            data += part
        if answer.length:
            raise OSError(f"ended after {len(data):,} bytes; expected {answer.length:,} more")
        return bytes(data)


class _Connection(HTTPConnection):
    """HTTP over an existing connection, to an address that was checked."""

    def __init__(self, host: str, port: int, secure: bool, plain: _Metered) -> None:
        self.default_port = 443 if secure else 80
        super().__init__(f"[{host}]" if ":" in host else host, port)
        self.sock = plain

    def connect(self) -> None:
        """Refuse to reconnect, because that address would not be checked."""
        raise ConnectionError("the connection was closed")


class _Metered:
    """The socket interface for http.client; enforces the deadline and counts bytes."""

    def __init__(self, exchange: _Exchange, plain: socket.socket) -> None:
        self._exchange, self._plain = exchange, plain

    def sendall(self, data: bytes) -> None:
        self._plain.settimeout(min(SILENT, self._exchange.remaining()))
        self._plain.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Received(self._exchange, self._plain))

    def close(self) -> None:
        """Do nothing: http.client calls this before the body has been read."""


class _Received(io.RawIOBase):
    def __init__(self, exchange: _Exchange, plain: socket.socket) -> None:
        self._exchange, self._plain = exchange, plain

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._plain.settimeout(min(SILENT, self._exchange.remaining()))
        try:
            n = self._plain.recv_into(buffer)
        except TimeoutError:
            self._exchange.remaining()  # raises if the deadline has passed
            raise TimeoutError(f"no data for {SILENT:g} s") from None
        self._exchange.received(n)
        return n


def _too_much() -> DecodeError:
    size = f"{MAX_BYTES >> 20} MiB" if MAX_BYTES >> 20 else f"{MAX_BYTES} bytes"
    return DecodeError(f"over {size}; more is not fetched")


def _checked(url: str) -> SplitResult:
    """The parts of a link; raise `ValueError` if it is not a valid web address."""
    if len(url) > MAX_LENGTH:
        raise ValueError(f"{len(url):,} characters; expected at most {MAX_LENGTH:,}")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"redirected to {url}; expected http or https")
    host = parts.hostname or ""
    if not host or len(host) > _MAX_HOST or re.search(r"[\s\0]", host):
        raise ValueError(f"a host of {len(host)} characters; expected 1 to {_MAX_HOST}")
    return parts


def _is_local(host: str) -> bool:
    """Whether a host name, as typed, can only mean a local one."""
    with contextlib.suppress(ValueError):
        return not _is_public(host)
    name = host.rstrip(".").lower()
    return "." not in name or name.endswith(_LOCAL_SUFFIXES)


def _is_public(address: str) -> bool:
    """Whether an address is public, including IPv4 addresses embedded in IPv6 ones."""
    return all(one.is_global and not one.is_multicast for one in _meanings(address))


def _meanings(address: str) -> Iterator[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """The address, or the IPv4 addresses embedded in it."""
    one = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(one, ipaddress.IPv6Address):
        if one.ipv4_mapped:
            yield one.ipv4_mapped
            return
        if one in _NAT64:
            yield ipaddress.IPv4Address(int(one) & 0xFFFFFFFF)
            return
        if one.sixtofour:
            yield one.sixtofour
        if one.teredo:
            yield from one.teredo
    yield one
