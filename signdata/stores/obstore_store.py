"""S3 through obstore, which takes a tenth of the processor time, where it is installed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from signdata.filesystem import write_all
from signdata.stores import faults, store
from signdata.stores.address import Address
from signdata.stores.fsspec_store import FsspecStore
from signdata.stores.store import Found

_KEYS = {
    "key": "access_key_id",
    "secret": "secret_access_key",
    "token": "session_token",
    "endpoint_url": "endpoint",
    "region_name": "region",
    "anon": "skip_signature",
    "aws_access_key_id": "access_key_id",
    "aws_secret_access_key": "secret_access_key",
    "aws_session_token": "session_token",
}
"""Options of s3fs, and what obstore calls them."""


def settings_for(address: Address, options: Mapping[str, Any]) -> dict[str, Any] | None:
    """How obstore would be told the same; None where it cannot be, or is not installed.

    It knows no profiles and no single sign-on, so only keys that are said or in the environment
    will do.
    """
    if address.scheme != "s3":
        return None
    flat = {name: value for name, value in options.items() if name != "client_kwargs"}
    flat |= dict(options.get("client_kwargs") or {})
    if not flat.keys() <= _KEYS.keys():
        return None
    made = {_KEYS[name]: value for name, value in flat.items() if value not in (None, False)}
    named = made.get("access_key_id") and made.get("secret_access_key")
    if not (named or made.get("skip_signature") or os.environ.get("AWS_ACCESS_KEY_ID")):
        return None
    made.setdefault("region", os.environ.get("AWS_DEFAULT_REGION") or "us-east-1")
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if endpoint:
        made.setdefault("endpoint", endpoint)
    try:
        import obstore  # noqa: F401
    except ImportError:
        return None
    return made


class ObstoreStore:
    """A bucket of S3.

    Parameters
    ----------
    address : Address
        Something in the bucket.
    options : mapping
        Options of s3fs.
    settings : mapping
        See `settings_for`.
    """

    def __init__(
        self, address: Address, options: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> None:
        from datetime import timedelta

        from obstore.store import S3Store

        self._address, self._options = address, options
        plain = str(settings.get("endpoint", "")).startswith("http://")
        try:
            self._store: Any = S3Store(
                address.host,
                client_options={"allow_http": plain, "timeout": timedelta(seconds=600)},
                retry_config={"max_retries": 0},  # whoever calls tries again
                **settings,
            )
        except Exception as err:
            raise faults.explained(err, address, address.key, writing=False) from None

    def stat(self, key: str) -> Found | None:
        import obstore

        try:
            answer = obstore.get(self._store, key, options={"head": True})
        except FileNotFoundError:
            return None
        found = _found(answer.meta, answer.attributes)
        if found.sha256:
            return found
        # Whether the tag is an MD5 depends on how the object is encrypted, which obstore hides.
        thorough = FsspecStore(self._address, self._options)
        try:
            return thorough.stat(key)
        finally:
            thorough.close()

    def list(self, prefix: str) -> list[Found]:
        listed = self._store.list(prefix or None)
        found = [_found(meta, {}) for batch in listed for meta in batch]
        return sorted((one for one in found if one.key.startswith(prefix)), key=lambda one: one.key)

    def get(self, key: str, path: Path) -> None:
        import obstore

        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        try:
            for part in obstore.get(self._store, key).stream(min_chunk_size=store.PART):
                write_all(file, bytes(part))
        finally:
            os.close(file)

    def read(self, key: str) -> bytes:
        import obstore

        return bytes(obstore.get(self._store, key).bytes())

    def put(self, key: str, path: Path, sha256: str) -> None:
        import obstore

        obstore.put(
            self._store,
            key,
            path,
            attributes={"sha256": sha256},
            chunk_size=store.PART,
            max_concurrency=store.PARTS_AT_ONCE,
            use_multipart=path.stat().st_size >= 2 * store.PART,
        )

    def create(self, key: str, data: bytes) -> bool:
        import obstore

        try:
            obstore.put(self._store, key, data, mode="create", use_multipart=False)
        except Exception as err:
            if faults.kind_of(err) == faults.EXISTS:
                return False
            raise
        return True

    def delete(self, key: str) -> None:
        import obstore

        try:
            obstore.delete(self._store, key)
        except FileNotFoundError:
            return

    def abort_uploads(self, prefix: str) -> None:
        """Nothing: obstore cannot list them; a lifecycle rule of the bucket removes them."""

    def close(self) -> None:
        """Nothing: connections go with the store."""


def _found(meta: Mapping[str, Any], attributes: Mapping[str, Any]) -> Found:
    tag = str(meta.get("e_tag") or meta.get("last_modified") or "").strip('"')
    md5 = tag if len(tag) == 32 and "-" not in tag else ""
    return Found(meta["path"], int(meta["size"]), tag, md5, str(attributes.get("sha256", "")))
