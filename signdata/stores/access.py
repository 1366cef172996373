"""How stores are reached, and where local copies are: what a user may say of it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signdata.errors import MissingError, UsageError
from signdata.stores.address import Address


@dataclass(frozen=True)
class Access:
    """How stores are reached.

    Attributes
    ----------
    options : mapping
        Options of the fsspec file system: credentials, ``endpoint_url``, ... Never shown.
    scratch : Path
        The folder of local copies.
    """

    options: Mapping[str, Any] = field(repr=False)
    scratch: Path

    @classmethod
    def of(
        cls, storage_options: Mapping[str, Any] | str | Path | None, scratch: str | Path | None
    ) -> Access:
        """What was said; `storage_options` may be the name of a JSON file."""
        given = storage_options or {}
        options = given if isinstance(given, Mapping) else _options_in(Path(given))
        folder = default_scratch() if scratch is None else Path(scratch)
        return cls(options, folder.absolute())

    @property
    def endpoint(self) -> str:
        """The address of the store itself, where it is not the usual one."""
        client = self.options.get("client_kwargs")
        inside = client.get("endpoint_url") if isinstance(client, Mapping) else None
        named = self.options.get("endpoint_url") or inside
        return str(named or os.environ.get("AWS_ENDPOINT_URL", ""))

    def folder(self, kind: str, address: Address, key: str) -> Path:
        """The folder of what belongs to a key of the same store."""
        host = address.host.rpartition("@")[2]
        identity = json.dumps([address.scheme, self.endpoint, host, key, address.query])
        digits = hashlib.sha256(identity.encode()).hexdigest()[:16]
        return self.scratch / kind / digits


def default_scratch() -> Path:
    """The folder of local copies where none is named: ``signdata`` in the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "signdata"


def _options_in(path: Path) -> Mapping[str, Any]:
    """The options in a JSON file. What is in it is never repeated: it is secret."""
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError as err:
        raise MissingError("not there", path=path) from err
    except OSError as err:
        raise MissingError(f"cannot be read ({err.strerror})", path=path) from err
    except (ValueError, RecursionError):
        raise UsageError(
            'not JSON; expected an object such as {"key": ..., "secret": ...}', path=path
        ) from None
    if not isinstance(found, dict):
        raise UsageError("not a JSON object; expected options by name", path=path)
    return found
