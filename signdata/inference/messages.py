"""Messages between the process of a network and its client.

A message is two lengths, a msgpack structure, and bytes. It is never a pickle: an untrusted
network must not be able to send anything but numbers and text.
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from signdata import errors
from signdata.errors import SigndataError
from signdata.inference.card import Card
from signdata.inference.scaling import FLOAT

_LENGTHS = struct.Struct("<QQ")

MAX_STRUCTURE = 256 << 20
"""Limit of a structure in bytes, enough for a card with the most classes allowed."""


class Open(msgspec.Struct, tag=True, frozen=True):
    """Load a network; `shown` is its path in error messages, 0 threads are all cores."""

    path: bytes
    shown: bytes
    device: str
    max_memory: int
    threads: int = 0


class Read(msgspec.Struct, tag=True, frozen=True):
    """Classify samples of this shape, whose bytes follow."""

    shape: tuple[int, ...]


class Export(msgspec.Struct, tag=True, frozen=True):
    """Write the network as ONNX, which takes pixels of this type."""

    target: bytes
    input_type: str = FLOAT


class Quantise(msgspec.Struct, tag=True, frozen=True):
    """Write a copy of an ONNX file with 8-bit weights."""

    source: bytes
    target: bytes


class CheckWeights(msgspec.Struct, tag=True, frozen=True):
    """See that a file holds weights; `shown` is what a message calls it."""

    path: bytes
    shown: bytes
    max_memory: int


Request: TypeAlias = Open | Read | Export | Quantise | CheckWeights


class Opened(msgspec.Struct, tag=True, frozen=True):
    """A network is ready; `split_seed` is None if it is not from a run."""

    card: Card
    split_seed: int | None


class Logits(msgspec.Struct, tag=True, frozen=True):
    """The network's output, (B, n_classes) float32, whose bytes follow."""

    shape: tuple[int, int]


class Done(msgspec.Struct, tag=True, frozen=True):
    """A file was written."""


class Failed(msgspec.Struct, tag=True, frozen=True):
    """An expected error."""

    kind: str
    what: str
    path: bytes
    where: str
    remedy: str

    @classmethod
    def from_error(cls, error: SigndataError) -> Failed:
        """The message for an error."""
        what, where, remedy = map(_text, (error.what, error.where, error.remedy))
        return cls(type(error).__name__, what, os.fsencode(error.path), where, remedy)

    def error(self) -> SigndataError:
        """The error to raise."""
        kind = getattr(errors, self.kind, errors.FormatError)
        found: SigndataError = kind(
            self.what, path=os.fsdecode(self.path), where=self.where, remedy=self.remedy
        )
        return found


class Bug(msgspec.Struct, tag=True, frozen=True):
    """An unexpected error (a bug), with its traceback."""

    text: str


Answer: TypeAlias = Opened | Logits | Done | Failed | Bug


def _text(text: str) -> str:
    """Text that can be sent: undecodable bytes of file names are escaped."""
    return text.encode("utf-8", "backslashreplace").decode()


def send(file: BinaryIO, message: Request | Answer, payload: bytes | memoryview = b"") -> None:
    """Write one message."""
    data = msgspec.msgpack.encode(message)
    file.write(_LENGTHS.pack(len(data), len(payload)) + data)
    file.write(payload)
    file.flush()


def receive(file: BinaryIO, kind: object, max_payload: int) -> tuple[object, bytes]:
    """Read one message.

    Raises
    ------
    EOFError
        If the other side has ended or sent an invalid message.
    """
    n_structure, n_payload = _LENGTHS.unpack(_exactly(file, _LENGTHS.size))
    if n_structure > MAX_STRUCTURE or n_payload > max_payload:
        raise EOFError
    try:
        message = msgspec.msgpack.decode(_exactly(file, n_structure), type=kind)
    except msgspec.DecodeError as err:
        raise EOFError from err
    return message, _exactly(file, n_payload)


def _exactly(file: BinaryIO, n: int) -> bytes:
    data = file.read(n)
    if len(data) < n:
        raise EOFError
    return data


def as_bytes(array: NDArray[np.uint8] | NDArray[np.float32]) -> memoryview:
    """The bytes of an array in memory order."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
