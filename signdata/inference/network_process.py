"""A saved network in a process of its own: an untrusted one may crash, hang or use all memory.

The process is a new interpreter, not a fork, which PyTorch and CUDA do not survive. It loads the
network once; samples and logits are sent through pipes.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from math import prod
from multiprocessing import spawn
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from signdata.errors import FormatError, MissingError
from signdata.inference import messages
from signdata.inference.card import Card
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

A = TypeVar("A", bound=Answer)

MAX_MEMORY = 8 << 30
"""Memory limit of a network in bytes, beyond that of its libraries."""

SECONDS = 120.0
"""Time limit for loading a network, and for each batch."""

EXPORT_SECONDS = 1800.0
"""Time limit of an export, which is slower, but runs no untrusted network."""

BATCH, BATCH_BYTES = 256, 32 * 3 * 224 * 224
"""Limits of a batch: number of samples, and bytes of all samples."""

_NO_TELEMETRY = {"ORT_DISABLE_TELEMETRY": "1", "ORT_TELEMETRY_DISABLED": "1"}
"""Since version 1.29, onnxruntime sends telemetry and stores a machine id in a file unless this
is set before it is imported; nothing here may use the network."""

_START = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "from signdata.inference import network_server; network_server.main()"
)


class _Process:
    """A process that answers requests about a stranger's file, within limits of memory and time."""

    def __init__(self, path: Path, scratch: Path | None = None) -> None:
        self._shown = str(path)
        environment = {**os.environ, **_NO_TELEMETRY}
        if scratch is not None:
            environment |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch.absolute()))
        # -P: nothing is imported from the current folder or from that of an untrusted model.
        modules = json.dumps([os.path.abspath(place) for place in sys.path])
        self._late = False
        self._process = subprocess.Popen(
            [spawn.get_executable(), "-P", "-c", _START, modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=os.sep,
        )

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # data that could no longer be sent
                cast(BinaryIO, pipe).close()

    def _ask(
        self,
        request: Request,
        kind: type[A],
        seconds: float,
        payload: bytes | memoryview = b"",
        max_answer: int = 0,
    ) -> tuple[A, bytes]:
        """Send a request and wait for its answer; kill the process if that takes too long."""
        alarm = threading.Timer(seconds, self._end_late)
        alarm.daemon = True
        alarm.start()
        try:
            messages.send(cast(BinaryIO, self._process.stdin), request, payload)
            answer, found = messages.receive(
                cast(BinaryIO, self._process.stdout), Answer, max_answer
            )
        except (EOFError, OSError) as err:
            raise self._ended(seconds) from err
        finally:
            alarm.cancel()
        if isinstance(answer, Failed):
            raise answer.error()
        if isinstance(answer, Bug):
            raise RuntimeError(f"in the process of {self._shown}: {answer.text}")
        if not isinstance(answer, kind):
            raise self._ended(seconds)
        return answer, found

    def _end_late(self) -> None:
        self._late = True
        self._process.kill()

    def _ended(self, seconds: float) -> FormatError:
        """The error that explains why there was no answer."""
        self._process.kill()
        code = self._process.wait()
        if self._late:
            what = f"no answer within {seconds:g} s; its process was killed"
        elif code < 0:
            name = signal.Signals(-code).name
            what = f"its process was killed by {name}: it is damaged, or needs too much memory"
        else:
            what = f"its process ended without an answer (exit code {code})"
        return FormatError(what, path=self._shown)


class NetworkProcess(_Process):
    """A saved network, running in its own process.

    Parameters
    ----------
    path, device, scratch
        As in `open_predictor`.
    threads : int
        How many threads read; 0 takes all cores. For one picture at a time one is fastest.

    Attributes
    ----------
    card : Card
        Its inputs and outputs.
    split_seed : int or None
        Random seed of the run's split; None for an ONNX file.
    """

    card: Card
    split_seed: int | None

    def __init__(self, path: Path, device: str, scratch: Path | None, *, threads: int = 0) -> None:
        with contextlib.suppress(FileNotFoundError):  # that one is told with a remedy
            os.stat(path)
        super().__init__(path, scratch)
        try:
            request = Open(_bytes(path.absolute()), _bytes(path), device, MAX_MEMORY, threads)
            opened, _ = self._ask(request, Opened, SECONDS)
        except BaseException:
            self.close()
            raise
        self.card, self.split_seed = opened.card, opened.split_seed

    @property
    def batch_size(self) -> int:
        """Samples that are read at a time."""
        return max(1, min(BATCH, BATCH_BYTES // prod(self.card.shape)))

    def logits(self, samples: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits (B, n_classes) of stills (B, C, H, W) or clips (B, T, C, H, W), uint8."""
        step = self.batch_size
        parts = (samples[start : start + step] for start in range(0, len(samples), step))
        return np.concatenate([self._read(part) for part in parts])

    def _read(self, samples: NDArray[np.uint8]) -> NDArray[np.float32]:
        wanted = (len(samples), len(self.card.classes))
        request, payload = Read(samples.shape), messages.as_bytes(samples)
        _, found = self._ask(request, Logits, SECONDS, payload, 4 * prod(wanted))
        return np.frombuffer(found, np.float32).reshape(wanted)

    def export(self, target: Path, input_type: str) -> None:
        """Export a run's network to ONNX, which takes pixels of this type."""
        self._ask(Export(_bytes(target.absolute()), input_type), Done, EXPORT_SECONDS)

    def quantise(self, source: Path, target: Path) -> None:
        """Write a copy of an ONNX file with 8-bit weights."""
        request = Quantise(_bytes(source.absolute()), _bytes(target.absolute()))
        self._ask(request, Done, EXPORT_SECONDS)


class _WeightsProcess(_Process):
    """A process that looks at a file of weights."""

    def check(self, path: Path) -> None:
        request = CheckWeights(_bytes(path.absolute()), _bytes(path), MAX_MEMORY)
        self._ask(request, Done, SECONDS)


def check_weights(path: Path) -> None:
    """See that a file holds plain tensors that fit into memory, in a process of its own.

    What passes is safe to load in the process that trains with it.

    Raises
    ------
    MissingError, FormatError
        If it is not there, is no file of weights, or ended the process that looked at it.
    """
    if not path.exists():
        raise MissingError("not there", path=path)
    if not path.is_file():
        raise FormatError("no weights file; expected a regular file", path=path)
    process = _WeightsProcess(path)
    try:
        process.check(path)
    finally:
        process.close()


def _bytes(path: Path) -> bytes:
    """A path as it is sent; it may not be valid text."""
    return os.fsencode(path)


@contextlib.contextmanager
def open_predictor(
    path: Path, device: str = "auto", *, scratch: Path | None = None
) -> Iterator[NetworkProcess]:
    """Load a network saved by `baseline` or `export`, in a process that ends with the block.

    Parameters
    ----------
    path : Path
        A run folder, its ``best.pt``, or an ``.onnx`` file.
    device : {'auto', 'cpu', 'cuda'}
        Device for a run's network.
    scratch : Path, optional
        Folder for temporary files of the libraries; the system's by default.

    Raises
    ------
    MissingError, FormatError
        If it does not exist or is not a saved network.
    DependencyError
        If a required package is not installed.
    """
    predictor = NetworkProcess(path, device, scratch)
    try:
        yield predictor
    finally:
        predictor.close()


def probabilities(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Softmax of logits (B, n_classes)."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float32] = powers / powers.sum(axis=1, keepdims=True)
    return shares
