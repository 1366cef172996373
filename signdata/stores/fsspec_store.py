"""Stores through fsspec: s3fs, gcsfs, adlfs, Hugging Face's hub, plain web servers, memory."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from signdata.stores import faults, store
from signdata.stores.address import Address
from signdata.stores.store import Found

_MD5 = re.compile(r"[0-9a-f]{32}")
_TAGS = (
    "ETag",
    "etag",
    "generation",
    "blob_id",
    "Last-Modified",
    "LastModified",
    "last_modified",
    "created",
)
"""What tells of a change, in the words of the file systems; the best first."""

CONNECT_SECONDS = 10


class FsspecStore:
    """A bucket of an fsspec file system.

    Parameters
    ----------
    address : Address
        Something in the bucket.
    options : mapping
        Options of the file system.
    """

    def __init__(self, address: Address, options: Mapping[str, Any]) -> None:
        self._address = address
        self._scheme = address.scheme
        for package in ("fsspec", address.kind.package):
            _need(package, address)
        given = {"skip_instance_cache": True, "use_listings_cache": False, **options}
        if self._scheme == "s3":
            given["config_kwargs"] = {
                "retries": {"total_max_attempts": 1},
                "connect_timeout": CONNECT_SECONDS,
                **given.get("config_kwargs", {}),
            }
            if not given.keys() & {"session", "profile"}:
                given["session"] = _session()
        try:
            self._fs: Any = _kind_of(self._scheme, given)(**given)
        except Exception as err:
            raise faults.explained(err, address, address.key, writing=False) from None
        if self._scheme == "s3":
            self._fs.retries = 1  # whoever calls tries again
        if self._scheme == "az":  # whose client would wait for a minute and more
            policy = getattr(self._fs.service_client._config, "retry_policy", None)
            if policy is not None:
                policy.total_retries = 0

    def _path(self, key: str) -> str:
        address = self._address
        if address.is_web:
            return f"{self._scheme}://{address.host}/{key}{address.query}"
        return f"{address.host}/{key}"

    def stat(self, key: str) -> Found | None:
        try:
            if self._scheme == "s3":
                head = self._fs.call_s3("head_object", Bucket=self._address.host, Key=key)
                found = _found(key, {**head, "size": head["ContentLength"]})
                return replace(found, md5="") if _is_encrypted(head) else found
            info = self._fs.info(self._path(key))
        except Exception as err:
            if faults.kind_of(err) == faults.MISSING:
                return None
            raise
        return None if info.get("type") == "directory" else _found(key, info)

    def list(self, prefix: str) -> list[Found]:
        if self._scheme == "s3":
            return sorted(self._pages(prefix), key=lambda one: one.key)
        if self._scheme == "az":  # which gives names alone where an object has that of a folder
            listed = self._fs.find(self._address.host, detail=True, prefix=prefix)
        else:
            listed = self._fs.find(self._path(prefix), detail=True)
        below = len(self._fs._strip_protocol(self._path("")).strip("/") + "/")
        found = [_found(name.strip("/")[below:], info) for name, info in listed.items()]
        keys = [one for one in found if one.key.startswith(prefix) and one.key != prefix]
        return sorted(keys, key=lambda one: one.key)

    def _pages(self, prefix: str) -> Iterator[Found]:
        """One request for a thousand objects; s3fs would make three for none."""
        words = {"Bucket": self._address.host, "Prefix": prefix}
        while True:
            answer = self._fs.call_s3("list_objects_v2", **words)
            for one in answer.get("Contents", []):
                yield _found(one["Key"], {**one, "size": one["Size"]})
            if not answer.get("IsTruncated"):
                return
            words["ContinuationToken"] = answer["NextContinuationToken"]

    def get(self, key: str, path: Path) -> None:
        words = _in_parts() if self._scheme == "s3" else {}
        self._fs.get_file(self._path(key), str(path), **words)

    def read(self, key: str) -> bytes:
        if self._scheme == "s3":
            from fsspec.asyn import sync

            return bytes(sync(self._fs.loop, self._body, key))
        return bytes(self._fs.cat_file(self._path(key)))

    async def _body(self, key: str) -> bytes:
        """The bytes of an object in one request; s3fs would ask for its size first."""
        answer = await self._fs._call_s3("get_object", Bucket=self._address.host, Key=key)
        async with answer["Body"] as body:
            return bytes(await body.read())

    def put(self, key: str, path: Path, sha256: str) -> None:
        if self._scheme == "az":
            with path.open("rb") as file:
                self._upload(key, file, sha256, overwrite=True)
            return
        words: dict[str, Any] = {}
        if self._scheme == "s3":
            words = {"Metadata": {"sha256": sha256}, **_in_parts()}
        elif self._scheme == "gs":
            words = {"metadata": {"sha256": sha256}}
        self._fs.put_file(str(path), self._path(key), **words)

    def create(self, key: str, data: bytes) -> bool:
        try:
            if self._scheme == "az":
                self._upload(key, data, hashlib.sha256(data).hexdigest(), overwrite=False)
            else:
                self._fs.pipe_file(self._path(key), data, mode="create")
        except Exception as err:
            if faults.kind_of(err) == faults.EXISTS:
                return False
            raise
        return True

    def _upload(self, key: str, data: BinaryIO | bytes, sha256: str, *, overwrite: bool) -> None:
        """Send something to Azure with its checksum, which adlfs does not take."""
        from fsspec.asyn import sync

        async def upload() -> None:
            container = self._address.host.partition("@")[0]
            async with self._fs.service_client.get_blob_client(container, key) as blob:
                metadata = {"is_directory": "false", "sha256": sha256}
                await blob.upload_blob(data, overwrite=overwrite, metadata=metadata)

        sync(self._fs.loop, upload)

    def delete(self, key: str) -> None:
        try:
            self._fs.rm_file(self._path(key))
        except Exception as err:
            if faults.kind_of(err) != faults.MISSING:
                raise

    def abort_uploads(self, prefix: str) -> None:
        if self._scheme != "s3":
            return
        bucket = self._address.host
        answer = self._fs.call_s3("list_multipart_uploads", Bucket=bucket, Prefix=prefix)
        for upload in answer.get("Uploads", []):
            self._fs.call_s3(
                "abort_multipart_upload",
                Bucket=bucket,
                Key=upload["Key"],
                UploadId=upload["UploadId"],
            )

    def close(self) -> None:
        session = getattr(self._fs, "_s3", None) or getattr(self._fs, "_session", None)
        if session is not None and hasattr(self._fs, "close_session"):
            with contextlib.suppress(Exception):  # nothing is lost with a connection
                self._fs.close_session(self._fs.loop, session)


def _kind_of(scheme: str, options: Mapping[str, Any]) -> Any:
    """The file system of a scheme.

    Of a store that imitates Google's, gcsfs would ask over gRPC what kind of bucket it is, for a
    minute: its plain file system does not ask.
    """
    if scheme == "gs" and (options.get("endpoint_url") or os.environ.get("STORAGE_EMULATOR_HOST")):
        return import_module("gcsfs.core").GCSFileSystem
    return import_module("fsspec").get_filesystem_class(scheme)


def _in_parts() -> dict[str, int]:
    """How s3fs sends and fetches large objects; by itself it would take 500 MB for each."""
    return {"chunksize": store.PART, "max_concurrency": store.PARTS_AT_ONCE}


@cache
def _loader() -> Any:
    from botocore.loaders import create_loader

    return create_loader()


def _session() -> Any:
    """A session of its own, which does not read the whole description of S3 again."""
    from aiobotocore.session import AioSession

    session = AioSession()
    session.register_component("data_loader", _loader())
    return session


def _need(package: str, address: Address) -> None:
    if package:
        try:
            import_module(package)
        except ImportError:
            raise faults.not_installed(package, address) from None


def _is_encrypted(head: Mapping[str, Any]) -> bool:
    """Whether S3 encrypted an object with a key of the user's: its tag is no MD5 then."""
    by = str(head.get("ServerSideEncryption", ""))
    return by.startswith("aws:kms") or bool(head.get("SSECustomerAlgorithm"))


def _found(key: str, info: Mapping[str, Any]) -> Found:
    """An object, from what one of the file systems says of it."""
    size = info.get("size")
    tag = next((str(info[name]) for name in _TAGS if info.get(name)), "").strip('"')
    metadata = info.get("metadata") or info.get("Metadata") or {}
    sha256 = str(metadata.get("sha256", "")) if isinstance(metadata, Mapping) else ""
    lfs = info.get("lfs")
    if lfs:
        sha256 = str(lfs["sha256"] if isinstance(lfs, Mapping) else lfs.sha256)
    return Found(key, -1 if size is None else int(size), tag, _md5_of(info, tag), sha256)


def _md5_of(info: Mapping[str, Any], tag: str) -> str:
    """The MD5 that a store tells of, as 32 digits, or ''."""
    if info.get("md5Hash"):
        return base64.b64decode(info["md5Hash"]).hex()
    settings = info.get("content_settings")
    stored = settings.get("content_md5") if isinstance(settings, Mapping) else None
    if stored:
        return bytes(stored).hex()
    return tag if "ETag" in info and _MD5.fullmatch(tag) else ""
