"""Imitations of Azure's, Google's and Hugging Face's stores, as far as they are installed."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""What every installation of azurite lets in."""

SECONDS = 20
"""How long a server may take to start."""


@dataclass(frozen=True)
class Emulator:
    """A store that runs here.

    Attributes
    ----------
    name : str
        The program.
    scheme : str
        What its addresses begin with.
    endpoint : str
        Where it listens.
    bucket : str
        A bucket for one test.
    """

    name: str
    scheme: str
    endpoint: str
    bucket: str = ""

    @property
    def options(self) -> dict[str, Any]:
        """The storage options with which it is reached."""
        if self.scheme == "az":
            text = (
                f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
                f"BlobEndpoint={self.endpoint}/{ACCOUNT};"
            )
            return {"connection_string": text}
        if self.scheme == "hf":
            return {"endpoint": self.endpoint, "token": False}
        return {"endpoint_url": self.endpoint, "token": "anon", "project": "p"}

    def url(self, key: str = "") -> str:
        return f"{self.scheme}://{self.bucket}/{key}"

    def with_bucket(self) -> Emulator:
        """The same store with a new, empty bucket."""
        made = replace(self, bucket=f"b-{uuid.uuid4().hex[:12]}")
        if self.scheme == "az":
            made.file_system().mkdir(made.bucket)
        else:
            body = json.dumps({"name": made.bucket}).encode()
            asked = urllib.request.Request(
                f"{self.endpoint}/storage/v1/b?project=p",
                body,
                {"Content-Type": "application/json"},
            )
            urllib.request.urlopen(asked, timeout=SECONDS).read()
        return made

    def file_system(self) -> Any:
        """The store past everything that is tested."""
        if self.scheme == "az":
            import adlfs

            return adlfs.AzureBlobFileSystem(**self.options, skip_instance_cache=True)
        from gcsfs.core import GCSFileSystem

        return GCSFileSystem(**self.options, skip_instance_cache=True)

    def listing(self) -> dict[str, bytes]:
        """Every object and its bytes."""
        files = self.file_system()
        names = [name for name in files.find(self.bucket) if not name.endswith("/")]
        return {name.strip("/").partition("/")[2]: files.cat_file(name) for name in names}

    def fill(self, root: Path, prefix: str = "") -> None:
        """Copy all below a folder."""
        files = self.file_system()
        for path in root.rglob("*"):
            if path.is_file():
                name = f"{self.bucket}/{prefix}{path.relative_to(root).as_posix()}"
                files.pipe_file(name, path.read_bytes())

    def delete(self, key: str) -> None:
        self.file_system().rm_file(f"{self.bucket}/{key}")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def _program(name: str, *words: str, port: int) -> Iterator[None]:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    running = subprocess.Popen(
        [found, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and running.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield
    finally:
        running.terminate()
        running.wait()


@contextmanager
def azurite() -> Iterator[Emulator]:
    """Azure's Blob storage (npm install azurite)."""
    pytest.importorskip("adlfs")
    port = _free_port()
    words = ("--inMemoryPersistence", "--silent", "--skipApiVersionCheck", "--disableTelemetry")
    with _program("azurite-blob", *words, "--blobPort", str(port), port=port):
        yield Emulator("azurite", "az", f"http://127.0.0.1:{port}")


@contextmanager
def fake_gcs_server() -> Iterator[Emulator]:
    """Google's storage (the program fake-gcs-server)."""
    pytest.importorskip("gcsfs")
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    words = ("-backend", "memory", "-scheme", "http", "-host", "127.0.0.1", "-port", str(port))
    with _program("fake-gcs-server", *words, "-external-url", address, port=port):
        yield Emulator("fake-gcs-server", "gs", address)


# -- Hugging Face's Hub


class _Hub(BaseHTTPRequestHandler):
    """As much of the Hub's HTTP as its file system asks of a dataset."""

    protocol_version = "HTTP/1.1"
    root: Path
    repo: str

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Repo-Commit", "c" * 40)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _entry(self, path: Path) -> dict[str, Any]:
        name = path.relative_to(self.root).as_posix()
        if path.is_dir():
            return {"type": "directory", "oid": "d" * 40, "size": 0, "path": name}
        data = path.read_bytes()
        entry: dict[str, Any] = {"type": "file", "size": len(data), "path": name}
        entry["oid"] = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        if path.suffix in (".tar", ".parquet", ".h5"):
            oid = hashlib.sha256(data).hexdigest()
            entry["lfs"] = {"oid": oid, "size": len(data), "pointerSize": 134}
        return entry

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        sent = self.rfile.read(length).decode() if length else ""
        path = unquote(urlsplit(self.path).path)
        api, tree, files = (
            f"/api/datasets/{self.repo}",
            f"/api/datasets/{self.repo}/tree/main",
            f"/datasets/{self.repo}/resolve/main/",
        )
        if path in (api, f"{api}/revision/main"):
            told = {"id": self.repo, "sha": "c" * 40, "private": False, "siblings": []}
            self._answer(200, json.dumps(told).encode())
        elif path.startswith(tree):
            self._tree(self.root / path[len(tree) :].strip("/"))
        elif path == f"{api}/paths-info/main":
            asked = json.loads(sent)["paths"] if sent[:1] == "{" else parse_qs(sent)["paths"]
            found = [self.root / name for name in asked]
            told_ = [self._entry(one) for one in found if one.exists()]
            self._answer(200, json.dumps(told_).encode())
        elif path.startswith(files) and (self.root / path[len(files) :]).is_file():
            self._file((self.root / path[len(files) :]).read_bytes())
        else:
            code = "EntryNotFound" if self.repo in path else "RepoNotFound"
            self._answer(404, b"{}", X_Error_Code=code)

    do_POST = do_HEAD = do_GET

    def _tree(self, folder: Path) -> None:
        if not folder.is_dir():
            self._answer(404, b"{}", X_Error_Code="EntryNotFound")
            return
        deep = "recursive=true" in self.path.lower()
        found = sorted(folder.rglob("*") if deep else folder.iterdir())
        self._answer(200, json.dumps([self._entry(one) for one in found]).encode())

    def _file(self, data: bytes) -> None:
        tag = f'"{hashlib.sha256(data).hexdigest()}"'
        ranged = self.headers.get("Range", "")
        if ranged:
            first, _, last = ranged.removeprefix("bytes=").partition("-")
            part = data[int(first) : int(last) + 1 if last else None]
            end = int(first) + len(part) - 1
            self._answer(206, part, ETag=tag, Content_Range=f"bytes {first}-{end}/{len(data)}")
        else:
            self._answer(200, data, ETag=tag)


@contextmanager
def hub(root: Path, repo: str) -> Iterator[Emulator]:
    """A Hub with one dataset, which is a folder here."""
    pytest.importorskip("huggingface_hub")
    kind = type("Hub", (_Hub,), {"root": root, "repo": repo})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        yield Emulator("hub", "hf", address, bucket=f"datasets/{repo}")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
