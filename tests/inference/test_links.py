"""Links: one deadline and one limit for a whole exchange, and no way into a private network.

All servers are threads of this process on 127.0.0.1. What is to look public is a name that a
stub resolver gives a public address; connections to that address end at 127.0.0.1 as well.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from signdata.errors import DecodeError
from signdata.inference import links

PUBLIC = "93.184.216.34"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
Answer = Callable[[socket.socket, str], None]


class Server:
    """Answers each request as `answer` says; remembers what was asked for."""

    def __init__(self, answer: Answer) -> None:
        self.asked: list[str] = []
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                request = connection.recv(65536).decode()
                if request:
                    self.asked.append(request)
                    self._answer(connection, request.split()[1])

    def stop(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], Server]]:
    started: list[Server] = []

    def start(answer: Answer) -> Server:
        started.append(Server(answer))
        return started[-1]

    yield start
    for server in started:
        server.stop()


def to(target: str, body: bytes = b"") -> bytes:
    head = f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, list[str]], list[str]]:
    """Addresses by name, to be filled; and the addresses that were connected to."""
    names: dict[str, list[str]] = {}
    connected: list[str] = []
    real_lookup, real_connect = socket.getaddrinfo, socket.create_connection

    def lookup(host: str, port: int, *rest: object, **more: object) -> list[object]:
        if host in names:
            return [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in names[host]
            ]
        return list(real_lookup(host, port, *rest, **more))  # type: ignore[call-overload]

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        connected.append(address[0])
        return real_connect(("127.0.0.1", address[1]), timeout=timeout)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr(socket, "create_connection", connect)
    return names, connected


def test_a_link_to_this_machine_that_was_typed(serve):
    server = serve(lambda connection, path: connection.sendall(OK))
    assert links.fetch(f"http://127.0.0.1:{server.port}/a b.png?x=1") == b"hello"
    assert links.fetch(f" http://localhost:{server.port}") == b"hello"
    first, second = (request.split("\r\n") for request in server.asked)
    assert first[0] == "GET /a%20b.png?x=1 HTTP/1.1"
    assert f"Host: 127.0.0.1:{server.port}" in first
    assert second[0] == "GET / HTTP/1.1"


def test_redirects_are_followed(serve):
    def answer(connection: socket.socket, path: str) -> None:
        connection.sendall(to("/end", b"moved") if path == "/begin" else OK)

    server = serve(answer)
    assert links.fetch(f"http://127.0.0.1:{server.port}/begin") == b"hello"


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("/again", "over 10 redirects"),
        ("file:///etc/passwd", "expected http or https"),
        ("ftp://127.0.0.1/x", "expected http or https"),
        ("https://", "a host of 0 characters"),
        ("http://" + "a" * 300 + "/", "a host of 300 characters; expected 1 to 253"),
        ("http://" + "a" * 9000 + "/", "characters; expected at most 8,192"),
    ],
)
def test_redirects_that_are_not_followed(serve, target, said):
    server = serve(lambda connection, path: connection.sendall(to(target)))
    with pytest.raises(DecodeError, match=said):
        links.fetch(f"http://127.0.0.1:{server.port}/")


def test_absurd_links(serve):
    with pytest.raises(DecodeError, match="expected at most 8,192") as caught:
        links.fetch("http://" + "a" * 100_000)
    assert len(str(caught.value)) < 300
    for link in ("http://" + "a" * 240 + "/x", "http://[bad/x", "http://127.0.0.1:99999/"):
        with pytest.raises(DecodeError, match="cannot be fetched"):
            links.fetch(link)


def test_the_body_of_a_redirect_is_not_read(serve, monkeypatch):
    """An endless one neither fills the memory nor takes time."""
    monkeypatch.setattr(links, "MAX_BYTES", 1 << 20)
    sent = []

    def answer(connection: socket.socket, path: str) -> None:
        if path == "/end":
            connection.sendall(OK)
            return
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /end\r\n\r\n")
        for _ in range(1000):
            connection.sendall(bytes(1 << 16))
            sent.append(1 << 16)

    server = serve(answer)
    assert links.fetch(f"http://127.0.0.1:{server.port}/") == b"hello"
    assert sum(sent) < 64 << 20


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_what_never_ends_is_left(serve, monkeypatch, head):
    """A body without a length, and one `100 Continue` after the other."""
    monkeypatch.setattr(links, "MAX_BYTES", 100_000)

    def answer(connection: socket.socket, path: str) -> None:
        for part in itertools.chain([head], itertools.repeat(head * 1000)):
            connection.sendall(part)

    server = serve(answer)
    with pytest.raises(DecodeError, match="over 100000 bytes; more is not fetched"):
        links.fetch(f"http://127.0.0.1:{server.port}/")


def test_one_limit_for_all_redirects_together(serve, monkeypatch):
    """Each answer is small enough; together they are not."""
    monkeypatch.setattr(links, "MAX_BYTES", 100_000)
    filler = b"".join(b"X-%d: %s\r\n" % (k, b"x" * 500) for k in range(50))

    def answer(connection: socket.socket, path: str) -> None:
        connection.sendall(
            b"HTTP/1.1 302 Found\r\n" + filler + b"Location: /on\r\nContent-Length: 0\r\n\r\n"
        )

    server = serve(answer)
    with pytest.raises(DecodeError, match="more is not fetched"):
        links.fetch(f"http://127.0.0.1:{server.port}/")
    assert 3 <= len(server.asked) <= 5


def test_a_length_over_the_limit_is_refused_at_once(serve, monkeypatch):
    monkeypatch.setattr(links, "MAX_BYTES", 100_000)
    server = serve(
        lambda connection, path: connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"
        )
    )
    with pytest.raises(DecodeError, match="more is not fetched"):
        links.fetch(f"http://127.0.0.1:{server.port}/")


def test_one_deadline_for_all_redirects_together(serve, monkeypatch):
    """A chain in which every answer comes soon enough, a byte at a time."""
    monkeypatch.setattr(links, "SECONDS", 0.5)

    def answer(connection: socket.socket, path: str) -> None:
        for byte in to("/on"):
            connection.sendall(bytes([byte]))
            time.sleep(0.005)  # a server that trickles, which is what is tested

    server = serve(answer)
    with pytest.raises(DecodeError, match=r"took over 0\.5 s"):
        links.fetch(f"http://127.0.0.1:{server.port}/")
    assert len(server.asked) >= 1


def test_a_server_that_says_nothing(serve, monkeypatch):
    monkeypatch.setattr(links, "SILENT", 0.1)
    ended = threading.Event()
    server = serve(lambda connection, path: ended.wait(20) and None)
    with pytest.raises(DecodeError, match=r"no data for 0\.1 s"):
        links.fetch(f"http://127.0.0.1:{server.port}/")
    ended.set()


def test_a_resolver_that_does_not_come_back(monkeypatch):
    monkeypatch.setattr(links, "SECONDS", 0.1)
    ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *rest, **more: ended.wait(20))
    with pytest.raises(DecodeError, match=r"the address of slow\.example was not found in time"):
        links.fetch("http://slow.example/x.png")
    ended.set()


# -- Public and private


def test_a_public_link_is_connected_to_at_the_address_that_was_checked(serve, resolver):
    names, connected = resolver
    names["public.example"] = [PUBLIC]
    server = serve(lambda connection, path: connection.sendall(OK))
    assert links.fetch(f"http://public.example:{server.port}/x") == b"hello"
    assert connected == [PUBLIC]
    assert f"Host: public.example:{server.port}" in server.asked[0]


@pytest.mark.parametrize(
    "target",
    [
        "127.0.0.1",
        "localhost",
        "inner.example",
        "mixed.example",
        "10.1.2.3",
        "192.168.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "2130706433",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[fe80::1]",
        "[fd00::1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
    ],
)
def test_a_public_link_does_not_lead_into_a_private_network(serve, resolver, target):
    names, connected = resolver
    names |= {"public.example": [PUBLIC], "inner.example": ["10.0.0.7"]}
    names["mixed.example"] = [PUBLIC, "127.0.0.1"]
    server = serve(lambda connection, path: connection.sendall(to(f"http://{target}/secret")))
    with pytest.raises(DecodeError, match="which is not a public address"):
        links.fetch(f"http://public.example:{server.port}/")
    assert connected == [PUBLIC]


@pytest.mark.parametrize("addresses", [["127.0.0.1"], [PUBLIC, "192.168.1.1"]])
def test_a_public_name_with_a_private_address(resolver, addresses):
    names, connected = resolver
    names["public.example"] = addresses
    with pytest.raises(DecodeError, match=f"leads to {addresses[-1]}, which is not") as caught:
        links.fetch("http://public.example/x.png")
    assert "Type the address itself" in str(caught.value)
    assert connected == []


def test_a_private_link_may_lead_anywhere_until_it_is_public(serve, resolver):
    names, connected = resolver
    names |= {"public.example": [PUBLIC], "nas.local": ["192.168.1.5"], "nas": ["10.0.0.9"]}

    def answer(connection: socket.socket, path: str) -> None:
        after = {"/1": "nas", "/2": "public.example", "/3": "nas"}
        connection.sendall(to(f"http://{after[path]}:{server.port}/{int(path[1:]) + 1}"))

    server = serve(answer)
    with pytest.raises(DecodeError, match=r"redirected to nas \(10\.0\.0\.9\)"):
        links.fetch(f"http://nas.local:{server.port}/1")
    assert connected == ["192.168.1.5", "10.0.0.9", PUBLIC]
