"""The process that decodes: pictures and videos of strangers may hang it or take it down.

Started by `signdata.serving.decoding`, with requests on standard input and answers on standard
output. Requests are pickles of ours; answers are msgpack and bytes, as a decoder that was taken
over must not be able to send anything else.
"""

from __future__ import annotations

import os
import pickle
import signal
import struct
import traceback
from typing import Any, BinaryIO

import msgspec

from signdata.errors import SigndataError
from signdata.serving import decoding_tasks
from signdata.workers.memory import limited

MAX_MEMORY = 4 << 30
"""Bytes that decoding may take."""

LENGTHS = struct.Struct("<QQ")


class Refused(msgspec.Struct, tag=True, frozen=True):
    """An expected error."""

    kind: str
    what: str
    path: str
    where: str
    remedy: str


class Bug(msgspec.Struct, tag=True, frozen=True):
    """An unexpected error, with its traceback."""

    text: str


class Found(msgspec.Struct, tag=True, frozen=True):
    """A result; its bytes follow."""

    value: Any


def main() -> None:
    """Answer requests until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server handles Ctrl-C
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):  # what libraries print is discarded
        os.dup2(nowhere, number)
    os.close(nowhere)
    with limited(MAX_MEMORY):
        while head := asked.read(8):
            (size,) = struct.unpack("<Q", head)
            name, arguments = pickle.loads(asked.read(size))
            _send(answers, *_answer(name, arguments))


def _answer(name: str, arguments: tuple[Any, ...]) -> tuple[Found | Refused | Bug, bytes]:
    try:
        value, data = getattr(decoding_tasks, name)(*arguments)
        return Found(value), data
    except SigndataError as err:
        texts = (err.what, err.path, err.where, err.remedy)
        return Refused(type(err).__name__, *(_text(one) for one in texts)), b""
    except MemoryError:
        return Refused("DecodeError", "does not fit into memory", "", "", ""), b""
    except Exception:  # the server is always answered: a bug, with its traceback
        return Bug(traceback.format_exc()), b""


def _send(answers: BinaryIO, message: Found | Refused | Bug, data: bytes) -> None:
    encoded = msgspec.msgpack.encode(message)
    answers.write(LENGTHS.pack(len(encoded), len(data)) + encoded)
    answers.write(data)
    answers.flush()


def _text(text: str) -> str:
    """Text that can be sent: undecodable bytes of file names are escaped."""
    return text.encode("utf-8", "backslashreplace").decode()
