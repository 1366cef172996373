"""The process of one saved network: loads it, runs it, and exits with its client.

Started by `signdata.inference.network_process`, with requests on standard input and answers
on standard output.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import threading
import traceback
from pathlib import Path
from typing import BinaryIO

import numpy as np

from signdata.errors import FormatError, SigndataError
from signdata.inference import messages
from signdata.inference.card import MAX_SAMPLE
from signdata.inference.messages import (
    Answer,
    Bug,
    CheckWeights,
    Done,
    Export,
    Failed,
    Logits,
    Open,
    Opened,
    Quantise,
    Read,
    Request,
)
from signdata.inference.saved_networks import Network, RunNetwork, open_onnx, open_run, reason
from signdata.workers.memory import limited


def main() -> None:
    """Answer requests until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the client handles Ctrl-C
    asked, answers = _take_pipes()
    requests: queue.Queue[tuple[Request, bytes]] = queue.Queue()
    threading.Thread(target=_listen, args=(asked, requests), daemon=True).start()
    server = Server()
    while True:
        answer, found = server.answer(*requests.get())
        messages.send(answers, answer, found)


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The pipes from and to the client; what libraries print is discarded."""
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    os.close(nowhere)
    return asked, answers


def _listen(asked: BinaryIO, requests: queue.Queue[tuple[Request, bytes]]) -> None:
    """Queue requests; end the process at once when the client has gone."""
    with contextlib.suppress(EOFError):
        while True:
            message, payload = messages.receive(asked, Request, MAX_SAMPLE * 2)
            requests.put((message, payload))  # type: ignore[arg-type]
    os._exit(0)


class Server:
    """The state of the process: the network, once it is open."""

    def __init__(self) -> None:
        self._network: Network
        self._opened: Open
        self._shown = ""

    def answer(self, request: Request, payload: bytes) -> tuple[Answer, bytes]:
        """The answer to a request, and the bytes that follow it; whatever happens, there is one."""
        try:
            return self._answer(request, payload)
        except SigndataError as err:
            return Failed.from_error(err), b""
        except Exception:  # sent to the parent, which raises it as a bug with this traceback
            return Bug(traceback.format_exc()), b""

    def _answer(self, request: Request, payload: bytes) -> tuple[Answer, bytes]:
        if isinstance(request, Open):
            return self._open(request), b""
        if isinstance(request, Read):
            return self._read(request, payload)
        if isinstance(request, CheckWeights):
            return self._check(request), b""
        self._write(request)
        return Done(), b""

    def _open(self, request: Open) -> Opened:
        self._opened, self._shown = request, os.fsdecode(request.shown)
        path = Path(os.fsdecode(request.path))
        try:
            if path.suffix.lower() == ".onnx":
                with limited(request.max_memory):
                    self._network = open_onnx(path, request.threads)
                return Opened(self._network.card, None)
            self._network = open_run(path, request.device, request.max_memory, request.threads)
            return Opened(self._network.card, self._network.split_seed)
        except MemoryError as err:
            raise self._fault("exceeds the memory limit while loading") from err
        except SigndataError as err:
            # Opened by its absolute path, but reported as the user named it.
            err.path = err.path.replace(str(path), self._shown, 1) or self._shown
            raise

    def _check(self, request: CheckWeights) -> Done:
        self._shown = os.fsdecode(request.shown)
        path = Path(os.fsdecode(request.path))
        from signdata.training.models.weights_file import read_weights

        try:
            with limited(request.max_memory):
                read_weights(path)
        except (MemoryError, RuntimeError) as err:  # the latter is PyTorch's word for no memory
            raise self._fault("does not fit into the memory that it may take") from err
        except SigndataError as err:
            err.path = self._shown
            raise
        return Done()

    def _read(self, request: Read, payload: bytes) -> tuple[Answer, bytes]:
        samples = np.frombuffer(payload, np.uint8).reshape(request.shape)
        ours = isinstance(self._network, RunNetwork)
        wanted = (len(samples), len(self._network.card.classes))
        try:
            with contextlib.nullcontext() if ours else limited(self._opened.max_memory):
                found = self._network.logits(samples)
                if found.shape != wanted:
                    shapes = ["x".join(map(str, each)) for each in (wanted, found.shape)]
                    raise self._fault(f"returns {shapes[1]} numbers; expected {shapes[0]}")
                if not np.isfinite(found).all():
                    raise self._fault("returns numbers that are not finite")
        except SigndataError:
            raise
        except MemoryError as err:
            raise self._fault("exceeds the memory limit") from err
        except Exception as err:  # an untrusted model can make the library raise anything
            raise self._fault(f"cannot be run ({reason(err)})") from err
        return Logits(wanted), bytes(messages.as_bytes(found))

    def _write(self, request: Export | Quantise) -> None:
        from signdata.inference import onnx_export

        if isinstance(request, Quantise):
            source, target = os.fsdecode(request.source), os.fsdecode(request.target)
            onnx_export.quantise(Path(source), Path(target))
            return
        assert isinstance(self._network, RunNetwork)
        made = Path(os.fsdecode(request.target))
        onnx_export.write(self._network, made, request.input_type)

    def _fault(self, what: str) -> FormatError:
        return FormatError(what, path=self._shown)
