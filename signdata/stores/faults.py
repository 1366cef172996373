"""What went wrong in a store, in one line that holds nothing secret.

The texts of the libraries are never repeated: they hold addresses with their signatures.
"""

from __future__ import annotations

import errno
import re
from typing import Any

from signdata.errors import (
    DependencyError,
    MissingError,
    OutputError,
    SigndataError,
    StoreError,
    UsageError,
)
from signdata.stores.address import Address

MISSING, DENIED, CREDENTIALS, EXISTS, NETWORK, OTHER = (
    "missing",
    "denied",
    "credentials",
    "exists",
    "network",
    "other",
)

_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ENAMETOOLONG)

_NO_CREDENTIALS = re.compile(
    r"NoCredentials|PartialCredentials|CredentialRetrieval|TokenRetrieval|ProfileNotFound"
    r"|NoAuthToken|DefaultCredentialsError|RefreshError|Unauthenticated|LocalTokenNotFound"
)
_NETWORK = re.compile(
    r"EndpointConnection|ConnectTimeout|ReadTimeout|ConnectionClosed|ClientConnect|ServerDisconnect"
    r"|ConnectionError|HTTPClientError|ConnectionRefused|ConnectionReset|gaierror|Timeout"
    r"|ConnectError|ReadError|RemoteProtocol|OfflineMode|ProxyConnection|ClientOSError|SSLError|ClientPayloadError|IncompleteRead"
)
_OBSTORE_STATUS = re.compile(r"status code: (\d{3})")
_OBSTORE_NETWORK = re.compile(r"error sending request|error decoding response body|timed out")
_SERVER_FAILED = re.compile(r"5\d\d|429")
_CONDITION_FAILED = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}


def kind_of(err: BaseException) -> str:
    """What kind of failure an exception of a library is."""
    chain = _chain(err)
    names = [type(one).__name__ for one in chain]
    codes = {_code(one) for one in chain}
    if any(isinstance(one, FileExistsError) for one in chain) or codes & _CONDITION_FAILED:
        return EXISTS
    if any(name in ("AlreadyExistsError", "PreconditionError") for name in names):
        return EXISTS
    if any(map(_NO_CREDENTIALS.search, names)):
        return CREDENTIALS
    if any(isinstance(one, PermissionError) for one in chain) or codes & {"401", "403"}:
        return DENIED
    if "PermissionDeniedError" in names:
        return DENIED
    if "404" in codes:
        return MISSING
    # fsspec says of whatever fails at a web server that there is no such file.
    if any(map(_NETWORK.search, names)) or isinstance(err, ConnectionError | TimeoutError):
        return NETWORK
    if any(map(_SERVER_FAILED.fullmatch, codes)):
        return OTHER
    if any(isinstance(one, FileNotFoundError) for one in chain):
        return MISSING
    if _OBSTORE_NETWORK.search(_said_by_obstore(err)):
        return NETWORK
    return OTHER


def _said_by_obstore(err: BaseException) -> str:
    """The text of an error of obstore, whose one class stands for nearly all; else ''."""
    return str(err) if type(err).__module__.startswith("obstore") else ""


def _chain(err: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    one: BaseException | None = err
    while one is not None and one not in found:
        found.append(one)
        one = one.__cause__
    return found


def _code(err: BaseException) -> str:
    """The code of an answer: ``NoSuchKey`` or an HTTP status, or ''."""
    told = _OBSTORE_STATUS.search(_said_by_obstore(err))
    if told:
        return told[1]
    status = getattr(err, "status", None) or getattr(err, "status_code", None)
    if isinstance(status, int):
        return str(status)
    answer: Any = getattr(err, "response", None)
    if isinstance(answer, dict):
        return str(answer.get("Error", {}).get("Code", ""))
    status = getattr(answer, "status_code", None)
    return str(status) if isinstance(status, int) else ""


def is_transient(err: BaseException) -> bool:
    """Whether the same request may succeed when it is made again."""
    if isinstance(err, SigndataError | ImportError | TypeError) or is_local(err):
        return False
    return kind_of(err) in (NETWORK, OTHER)


def is_local(err: BaseException) -> bool:
    """Whether it is this machine's disk that failed, and not the store."""
    return isinstance(err, OSError) and err.errno in _OF_THE_DISK


def explained(err: BaseException, address: Address, key: str, *, writing: bool) -> SigndataError:
    """The error that users see for an exception of a library."""
    kind, where = kind_of(err), address.shown(key)
    made: type[SigndataError] = OutputError if writing else StoreError
    if kind == MISSING:
        return MissingError("not there", path=where) if not writing else no_bucket(address)
    if kind == CREDENTIALS:
        return made(
            "no credentials for it were found", path=where, remedy=_set_credentials(address)
        )
    if kind == DENIED:
        return made(
            "access was denied",
            path=where,
            remedy="Check the credentials and what they may do there.",
        )
    if isinstance(err, TypeError):
        return UsageError(
            f"the storage options do not fit {address.scheme}:// addresses", path=where
        )
    if kind == NETWORK:
        return made(
            f"the store cannot be reached ({_innermost(err)})",
            path=where,
            remedy="Check the network and the endpoint, and run the same command again.",
        )
    code = next(filter(None, map(_code, _chain(err))), "")
    detail = ", ".join(part for part in (_innermost(err), code) if part)
    return made(f"the store failed ({detail})", path=where, remedy="Run the same command again.")


def no_bucket(address: Address) -> OutputError:
    """The error for a place where nothing can be written."""
    return OutputError(
        "no such bucket", path=address.shown(""), remedy="Check its name, or create it first."
    )


def not_written(address: Address) -> UsageError:
    """The error for a store that nothing is published in."""
    remedy = "Write it to a folder, and copy that."
    if address.scheme == "hf":
        remedy = "Write it to a folder, and send that with hf upload."
    return UsageError(
        f"{address.scheme}:// addresses are only read", path=address.public, remedy=remedy
    )


def not_installed(package: str, address: Address) -> DependencyError:
    """The error for a package that is not there."""
    return DependencyError(
        f"{package} is not installed; {address.scheme}:// addresses need it",
        remedy=f"pip install 'signdata[{address.kind.extra}]'",
    )


def _innermost(err: BaseException) -> str:
    return type(_chain(err)[-1]).__name__


def _set_credentials(address: Address) -> str:
    how = {
        "s3": "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a file of storage options "
        '({"anon": true} for public buckets).',
        "gs": "Run gcloud auth application-default login, or name a file of storage options "
        '({"token": "anon"} for public buckets).',
        "az": "Set AZURE_STORAGE_CONNECTION_STRING, or name a file of storage options.",
        "hf": "Set HF_TOKEN, or run hf auth login.",
    }
    return how.get(address.scheme, "Name a file of storage options.")
