"""Decoders in processes of their own, asked from the server's threads."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import queue
import struct
import subprocess
import sys
import threading
from multiprocessing import spawn
from typing import Any, BinaryIO, cast

import msgspec

from signdata import errors
from signdata.errors import CrashError, SigndataError
from signdata.serving.decoder_process import LENGTHS, Bug, Found, Refused

SECONDS = 20.0
"""Time limit of one task."""

MAX_VALUE, MAX_DATA = 16 << 20, 512 << 20
"""Limits of an answer in bytes."""

_START = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "from signdata.serving import decoder_process; decoder_process.main()"
)


class Decoder:
    """One decoding process; started when it is first asked, and again after it died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._late = False

    def ask(self, name: str, arguments: tuple[Any, ...], seconds: float) -> tuple[Any, bytes]:
        """Run one of `decoding_tasks`.

        Raises
        ------
        CrashError
            If the process died of it, or took too long and was ended.
        SigndataError
            What the task raised.
        """
        process = self._process or self._start()
        alarm = threading.Timer(seconds, self._end_late)
        alarm.daemon = True
        alarm.start()
        try:
            request = pickle.dumps((name, arguments), pickle.HIGHEST_PROTOCOL)
            asked = cast(BinaryIO, process.stdin)
            asked.write(struct.pack("<Q", len(request)) + request)
            asked.flush()
            answer, data = _receive(cast(BinaryIO, process.stdout))
        except (EOFError, OSError, ValueError) as err:
            alarm.cancel()
            late = self._late
            self.close()
            if late:
                raise CrashError(f"takes more than {seconds:g} s to decode") from err
            raise CrashError("the decoding process died on it") from err
        finally:
            alarm.cancel()
        if isinstance(answer, Refused):
            raise _error(answer)
        if isinstance(answer, Bug):
            raise RuntimeError(f"in a decoding process: {answer.text}")
        return answer.value, data

    def _start(self) -> subprocess.Popen[bytes]:
        modules = json.dumps([os.path.abspath(place) for place in sys.path])
        self._late = False
        self._process = subprocess.Popen(
            [os.fsdecode(spawn.get_executable()), "-P", "-c", _START, modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            start_new_session=True,  # Ctrl-C is for the server
        )
        return self._process

    def _end_late(self) -> None:
        self._late = True
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """End the process, whatever it is doing."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):  # what could no longer be sent
                cast(BinaryIO, pipe).close()


class Decoders:
    """A few decoders; each task takes one that is free, and waits for one if need be."""

    def __init__(self, n: int = 2) -> None:
        self._all = [Decoder() for _ in range(n)]
        self._free: queue.LifoQueue[Decoder] = queue.LifoQueue()
        for one in self._all:
            self._free.put(one)

    def ask(self, name: str, *arguments: Any, seconds: float = SECONDS) -> tuple[Any, bytes]:
        """Run one of `decoding_tasks`; see `Decoder.ask`."""
        decoder = self._free.get()
        try:
            return decoder.ask(name, arguments, seconds)
        finally:
            self._free.put(decoder)

    def close(self) -> None:
        """End all of them."""
        for one in self._all:
            one.close()


def _receive(answers: BinaryIO) -> tuple[Found | Refused | Bug, bytes]:
    n_value, n_data = LENGTHS.unpack(_exactly(answers, LENGTHS.size))
    if n_value > MAX_VALUE or n_data > MAX_DATA:
        raise EOFError
    try:
        answer: Found | Refused | Bug = msgspec.msgpack.decode(
            _exactly(answers, n_value), type=Found | Refused | Bug
        )
    except msgspec.DecodeError as err:
        raise EOFError from err
    return answer, _exactly(answers, n_data)


def _exactly(file: BinaryIO, n: int) -> bytes:
    data = file.read(n)
    if len(data) < n:
        raise EOFError
    return data


def _error(refused: Refused) -> SigndataError:
    kind = getattr(errors, refused.kind, errors.DecodeError)
    made: SigndataError = kind(
        refused.what, path=refused.path, where=refused.where, remedy=refused.remedy
    )
    return made
