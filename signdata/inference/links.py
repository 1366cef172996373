"""Fetching a link that a user typed: one deadline and one limit of bytes for all of it.

Redirects are part of the exchange: they share its deadline and its limit, and none leads from
the public network into a private one. Every host is resolved here, all of its addresses are
checked, and the connection is made to an address that was checked.
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
"""More is not received: headers, redirects and all."""

SECONDS = 60.0
"""An exchange that takes longer is given up."""

SILENT = 15.0
"""And a server that says nothing for so long."""

MAX_REDIRECTS = 10

MAX_LENGTH = 8192
"""Characters of a link, typed or in a redirect."""

_MAX_HOST = 253
_SHOWN = 100
_REDIRECTS = {301, 302, 303, 307, 308}
_LOCAL_SUFFIXES = (".local", ".localhost", ".internal", ".lan", ".home.arpa")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_link(word: str) -> bool:
    """Whether what a user typed is a link rather than a path."""
    return word.lower().startswith(("http://", "https://"))


def fetch(link: str) -> bytes:
    """Receive what an http(s) link leads to.

    A link to this machine or a private network is followed where the user typed just that;
    nothing that is public leads there.

    Raises
    ------
    DecodeError
        If it cannot be fetched, in one line; its path is the link.
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
        """Count bytes that came, of whatever kind."""
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
        """A connection to the first of these addresses that takes one."""
        fault = OSError("it has no address")
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
        """All addresses of a host; the system's resolver knows no deadline, so a thread asks."""
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
        """Refuse a way from what is public to what is not."""
        if not (typed or self.public):
            return
        inner = next((address for address in addresses if not _is_public(address)), "")
        if not inner:
            return
        if typed:
            remedy = "Type the address itself if that is meant."
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
            raise OSError(f"ended after {len(data):,} bytes; {answer.length:,} more were announced")
        return bytes(data)


class _Connection(HTTPConnection):
    """HTTP over a connection that is there already, to an address that was checked."""

    def __init__(self, host: str, port: int, secure: bool, plain: _Metered) -> None:
        self.default_port = 443 if secure else 80
        super().__init__(f"[{host}]" if ":" in host else host, port)
        self.sock = plain

    def connect(self) -> None:
        """Refuse to connect once more: nobody would check that address."""
        raise ConnectionError("the connection was closed")


class _Metered:
    """What http.client needs of a socket; each call keeps the deadline and counts its bytes."""

    def __init__(self, exchange: _Exchange, plain: socket.socket) -> None:
        self._exchange, self._plain = exchange, plain

    def sendall(self, data: bytes) -> None:
        self._plain.settimeout(min(SILENT, self._exchange.remaining()))
        self._plain.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Received(self._exchange, self._plain))

    def close(self) -> None:
        """Nothing yet: http.client calls this before the body has been read."""


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
            self._exchange.remaining()  # says so where it was the deadline
            raise TimeoutError(f"nothing came for {SILENT:g} s") from None
        self._exchange.received(n)
        return n


def _too_much() -> DecodeError:
    size = f"{MAX_BYTES >> 20} MiB" if MAX_BYTES >> 20 else f"{MAX_BYTES} bytes"
    return DecodeError(f"over {size}; more is not fetched")


def _checked(url: str) -> SplitResult:
    """A link in parts; what is no web address, or absurd, is refused."""
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
    """Whether a host, as it is written, can only be meant to be one of this network."""
    with contextlib.suppress(ValueError):
        return not _is_public(host)
    name = host.rstrip(".").lower()
    return "." not in name or name.endswith(_LOCAL_SUFFIXES)


def _is_public(address: str) -> bool:
    """Whether an address is one of the public network, also when it is wrapped in an IPv6 one."""
    return all(one.is_global and not one.is_multicast for one in _meanings(address))


def _meanings(address: str) -> Iterator[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """An address and the IPv4 addresses that it stands for."""
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
