"""A store of its own for each test, and a proxy that spoils every k-th request to it."""

from __future__ import annotations

import csv
import hashlib
import http.client
import json
import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from signdata.stores import obstore_store, retrying

KEY, SECRET = "AKIDVISIBLE", "hush-this-is-secret"


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The address of an S3 that runs in this process."""
    pytest.importorskip("moto")
    server = pytest.importorskip("moto.server")
    logging.getLogger("werkzeug").disabled = True
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No waiting between attempts, and no copies in the home folder."""
    monkeypatch.setattr(retrying, "PAUSE", 0.001)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))


@cache
def _client(endpoint: str) -> Any:
    import boto3

    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
    )


@dataclass
class Bucket:
    """A bucket of the S3 of these tests, past whatever is between."""

    name: str
    endpoint: str
    via: str = ""

    @property
    def options(self) -> dict[str, Any]:
        """How it is reached."""
        return {
            "key": KEY,
            "secret": SECRET,
            "client_kwargs": {
                "endpoint_url": self.via or self.endpoint,
                "region_name": "us-east-1",
            },
        }

    @property
    def client(self) -> Any:
        """Another library, past everything that is tested."""
        return _client(self.endpoint)

    def url(self, key: str = "") -> str:
        return f"s3://{self.name}/{key}"

    def listing(self) -> dict[str, bytes]:
        """Every object and its bytes."""
        client = self.client
        found = client.list_objects_v2(Bucket=self.name).get("Contents", [])
        return {
            one["Key"]: client.get_object(Bucket=self.name, Key=one["Key"])["Body"].read()
            for one in found
        }

    def fill(self, root: Path, prefix: str = "") -> None:
        """Copy a file, or all below a folder."""
        client = self.client
        files = [root] if root.is_file() else [one for one in root.rglob("*") if one.is_file()]
        for one in files:
            name = one.name if root.is_file() else one.relative_to(root).as_posix()
            client.put_object(Bucket=self.name, Key=prefix + name, Body=one.read_bytes())


@pytest.fixture
def bucket(endpoint: str) -> Bucket:
    """An empty bucket."""
    made = Bucket(f"b-{uuid.uuid4().hex[:12]}", endpoint)
    made.client.create_bucket(Bucket=made.name)
    return made


@pytest.fixture(params=["s3fs", "obstore"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The library that speaks to the store."""
    pytest.importorskip(request.param)
    if request.param == "s3fs":
        monkeypatch.setattr(obstore_store, "settings_for", lambda *_: None)
    return str(request.param)


def shard_folder(root: Path, seed: int = 0, n: int = 3) -> Path:
    """A finished output as formats of shards write it: shards, their list, a record."""
    (root / "data").mkdir(parents=True)
    rows = []
    for i in range(n):
        for split in ("train", "validation"):
            name = f"data/{split}-{i:05d}-of-{n:05d}.tar"
            data = hashlib.sha256(f"{seed}{name}".encode()).digest() * 100
            (root / name).write_bytes(data)
            rows.append((name, 1, len(data), hashlib.sha256(data).hexdigest()))
    with (root / "shards.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(
            [("shard", "samples", "bytes", "sha256"), *rows]
        )
    (root / "manifest.csv").write_text(f"id,path\n{seed},x\n")
    (root / "signdata.json").write_text(json.dumps({"signdata": "1", "command": "x", "seed": seed}))
    return root


@pytest.fixture
def make_shards(tmp_path: Path) -> Any:
    """Make a `shard_folder` below `tmp_path`."""

    def make(name: str = "set", seed: int = 0, n: int = 3) -> Path:
        return shard_folder(tmp_path / name, seed, n)

    return make


# -- Faults between us and the store


@dataclass
class Faults:
    """What is spoiled: every `every`-th request, in the way that `kind` says."""

    upstream: str
    kind: str = ""
    every: int = 4
    hits: int = 0
    seen: int = 0
    ignores_conditions: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self) -> str:
        """What is wrong with the next request, or ''."""
        with self.lock:
            self.seen += 1
            if not self.kind or self.seen % self.every:
                return ""
            self.hits += 1
            return self.kind


class _Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    faults: Faults

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def _hang_up(self) -> None:
        with suppress(OSError):
            self.connection.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER: a reset
            self.connection.close()
        self.close_connection = True

    def go(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        kind = self.faults.next()
        if kind == "503":
            answer = b"<?xml version='1.0'?><Error><Code>SlowDown</Code></Error>"
            self.send_response(503)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer)
            return
        if kind == "reset":
            self._hang_up()
            return
        headers = dict(self.headers)
        if self.faults.ignores_conditions:
            headers = {k: v for k, v in headers.items() if k.lower() != "if-none-match"}
        asked = http.client.HTTPConnection(urlsplit(self.faults.upstream).netloc, timeout=30)
        asked.request(self.command, self.path, body, headers)
        answer_ = asked.getresponse()
        data = answer_.read()
        asked.close()
        if kind == "lost-answer":  # done at the store, and nobody hears of it
            self._hang_up()
            return
        if kind == "flip" and self.command == "GET" and data:
            data = bytes([data[0] ^ 1]) + data[1:]
        self.send_response(answer_.status)
        for name, value in answer_.getheaders():
            if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                self.send_header(name, value)
        size = answer_.getheader("Content-Length") if self.command == "HEAD" else len(data)
        self.send_header("Content-Length", str(size or 0))
        self.end_headers()
        if self.command == "HEAD":
            return
        if kind == "cut" and self.command == "GET" and len(data) > 10:
            self.wfile.write(data[: len(data) // 2])
            self._hang_up()
            return
        self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = go


@contextmanager
def proxy(upstream: str) -> Iterator[tuple[str, Faults]]:
    """A proxy before a store: its address, and what it does wrong."""
    faults = Faults(upstream)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Proxy", (_Proxy,), {"faults": faults}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", faults
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
