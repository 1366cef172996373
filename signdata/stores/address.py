"""Addresses of stores: taken apart, and shown without what is secret in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from signdata.errors import UsageError

_USER = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+://)[^/?#]*:[^/?#]*@")
_HTTP_USER = re.compile(r"^(https?://)[^/?#]*@", re.IGNORECASE)


@dataclass(frozen=True)
class Scheme:
    """A kind of store.

    Attributes
    ----------
    package : str
        The package that speaks to it, besides fsspec; '' where fsspec alone does.
    extra : str
        The extra of signdata that installs it.
    listed : bool
        Whether the objects below a prefix can be listed.
    written : bool
        Whether datasets are published there.
    """

    package: str
    extra: str
    listed: bool = True
    written: bool = True


SCHEMES = {
    "s3": Scheme("s3fs", "s3"),
    "gs": Scheme("gcsfs", "gcs"),
    "az": Scheme("adlfs", "azure"),
    "hf": Scheme("huggingface_hub", "hf", written=False),
    "https": Scheme("aiohttp", "http", listed=False, written=False),
    "http": Scheme("aiohttp", "http", listed=False, written=False),
    "memory": Scheme("", "s3"),
}


def public(url: str) -> str:
    """An address as it may be shown: without user, password, query and fragment."""
    plain = _HTTP_USER.sub(r"\1", _USER.sub(r"\1", url))
    return re.split(r"[?#]", plain, maxsplit=1)[0]


@dataclass(frozen=True)
class Address:
    """An address in a store.

    Attributes
    ----------
    scheme : str
        ``s3``, ``https``, ...
    host : str
        The bucket, container or host, with user and password where they were typed.
    key : str
        The path below it, without a slash at either end.
    query : str
        What follows the path of an ``https`` address, with its ``?``, or ''.
    is_folder : bool
        Whether it was typed as a folder: it ends in a slash, or is a bucket.
    """

    scheme: str
    host: str
    key: str
    query: str
    is_folder: bool

    @classmethod
    def parse(cls, url: str) -> Address:
        """Take an address apart.

        Raises
        ------
        UsageError
            If the scheme is unknown, no bucket or host is named, or a password is in an address
            where it does not belong.
        """
        scheme, _, rest = url.partition("://")
        scheme = scheme.lower()
        if scheme not in SCHEMES:
            known = ", ".join(f"{name}://" for name in SCHEMES if name != "memory")
            raise UsageError(f"{scheme}:// is not supported; expected one of {known}")
        web = scheme in ("http", "https")
        rest, query = _without_query(rest) if web else (rest, "")
        host, _, key = rest.partition("/")
        if not host:
            raise UsageError(f"{public(url)} names no {'host' if web else 'bucket'}")
        if not web and ":" in host.rpartition("@")[0]:
            raise UsageError(
                "a password in the address; expected only the bucket and the path",
                path=public(url),
                remedy="Set it in the environment, or name a file of storage options.",
            )
        is_folder = not key.strip("/") or key.endswith("/")
        return cls(scheme, host, key.strip("/"), query, is_folder)

    @property
    def kind(self) -> Scheme:
        """What kind of store it is in."""
        return SCHEMES[self.scheme]

    @property
    def is_web(self) -> bool:
        """Whether it is on a plain web server."""
        return self.scheme in ("http", "https")

    @property
    def public(self) -> str:
        """The address as it may be shown."""
        return self.shown(self.key)

    def shown(self, key: str) -> str:
        """The address of another object in the same bucket, as it may be shown."""
        return public(f"{self.scheme}://{self.host}/{key}".rstrip("/"))

    @property
    def name(self) -> str:
        """What the dataset is called: the last part of the path, or the bucket."""
        last = self.key.rpartition("/")[2]
        host = self.host.rpartition("@")[2].partition(":")[0]
        return (unquote(last) if self.is_web else last) or host

    @property
    def parent(self) -> str:
        """The key of the folder that it is in, with a slash at its end, or ''."""
        head = self.key.rpartition("/")[0]
        return f"{head}/" if head else ""

    def holds(self, other: Address) -> bool:
        """Whether another address is this one or lies below it."""
        here, there = (one.host.rpartition("@")[2] for one in (self, other))
        return (self.scheme, here) == (other.scheme, there) and (
            f"{other.key}/".startswith(f"{self.key}/" if self.key else "")
        )


def _without_query(rest: str) -> tuple[str, str]:
    rest = rest.partition("#")[0]
    path, mark, query = rest.partition("?")
    return path, mark + query
