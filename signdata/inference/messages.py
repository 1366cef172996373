"""What the process of a network and the one that asks it say to each other.

A message is two lengths, a structure in msgpack, and bytes. It is never a pickle: a network
of a stranger must not be able to say anything but numbers and words.
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

_LENGTHS = struct.Struct("<QQ")

MAX_STRUCTURE = 256 << 20
"""Bytes of a structure: a card with all the classes that it may have."""


class Open(msgspec.Struct, tag=True, frozen=True):
    """Load a network; `shown` is what a message calls its file."""

    path: bytes
    shown: bytes
    device: str
    max_memory: int


class Read(msgspec.Struct, tag=True, frozen=True):
    """Read samples of this shape, whose bytes follow."""

    shape: tuple[int, ...]


class Export(msgspec.Struct, tag=True, frozen=True):
    """Write the network as ONNX."""

    target: bytes


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
    """A network is ready; `split_seed` is None for one that is no run."""

    card: Card
    split_seed: int | None


class Logits(msgspec.Struct, tag=True, frozen=True):
    """What it answered, (B, n_classes) float32, whose bytes follow."""

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
        """As it is sent."""
        what, where, remedy = map(_text, (error.what, error.where, error.remedy))
        return cls(type(error).__name__, what, os.fsencode(error.path), where, remedy)

    def error(self) -> SigndataError:
        """As it is raised."""
        kind = getattr(errors, self.kind, errors.FormatError)
        found: SigndataError = kind(
            self.what, path=os.fsdecode(self.path), where=self.where, remedy=self.remedy
        )
        return found


class Bug(msgspec.Struct, tag=True, frozen=True):
    """An error that is ours, with its traceback."""

    text: str


Answer: TypeAlias = Opened | Logits | Done | Failed | Bug


def _text(text: str) -> str:
    """Text that can be sent: what stands for a byte of a strange file name is spelled out."""
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
        If the other side has ended, or says what cannot be.
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
    """The bytes of an array, as they lie in memory."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
