"""A saved network that reads what is uploaded: one thread, two answers at a time."""

from __future__ import annotations

import base64
import time
from collections import OrderedDict
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signdata.errors import FormatError, SigndataError
from signdata.inference.card import Card
from signdata.inference.network_process import NetworkProcess, probabilities
from signdata.serving import decoding_tasks, questions, replies
from signdata.serving.decoding import Decoders
from signdata.serving.problems import ApiError

SECONDS = 60.0
"""Time limit of one answer."""

AT_A_TIME = 2

MOST_RINGS = 8
"""Sequences of pictures that are remembered; the oldest one is forgotten."""


def model_of(path: Path) -> Path:
    """The file or folder that a network is best loaded from: ONNX where there is one.

    It reads a picture as fast as PyTorch, and starts in a sixtieth of the time.
    """
    if path.is_dir():
        for name in ("model.onnx", "best.onnx"):
            if (path / name).is_file():
                return path / name
    return path


class Predictor:
    """A network, loaded when it is first asked, or when the server starts.

    Attributes
    ----------
    card : Card
    """

    def __init__(self, path: Path) -> None:
        self._path, self._decoders = model_of(path), Decoders(AT_A_TIME)
        self._process: NetworkProcess | None = NetworkProcess(self._path, "cpu", None, threads=1)
        self.card: Card = self._process.card
        self._lock = Lock()
        self._free = BoundedSemaphore(AT_A_TIME)
        self._rings: OrderedDict[str, list[NDArray[np.uint8]]] = OrderedDict()

    def enter(self) -> None:
        """Take one of the places; `ApiError` 429 if there is none."""
        if not self._free.acquire(blocking=False):
            raise ApiError(
                429,
                f"{AT_A_TIME} pictures are being read",
                remedy="Ask again when they are done.",
                headers={"Retry-After": "1"},
            )

    def leave(self) -> None:
        """Give the place back."""
        self._free.release()

    def read(self, data: bytes, asked: questions.PredictQuery) -> replies.Prediction:
        """What the network reads in a picture or video.

        Raises
        ------
        ApiError
            422 if it is neither, is damaged, or takes too long.
        """
        begun = time.monotonic()
        try:
            value, pixels = self._decoders.ask("upload", data, self.card, seconds=SECONDS)
        except SigndataError as err:  # its path is none that anybody knows
            raise ApiError(422, err.what, where="body", remedy=err.remedy) from err
        shape = tuple(value["shape"])
        samples = np.frombuffer(pixels, np.uint8).reshape(shape)
        if asked.ring and self.card.frames > 1 and not value["is_video"]:
            samples = self._in_ring(asked.ring, samples)
        shares = probabilities(self._logits(samples))
        mean = shares.mean(axis=0)
        return replies.Prediction(
            model=self.card.model,
            top=self._guesses(mean, asked.top),
            frames=[self._guesses(each, 1)[0] for each in shares] if len(shares) > 1 else [],
            notes=[str(note) for note in value["notes"]],
            milliseconds=round((time.monotonic() - begun) * 1000, 1),
            saw=_data_link(samples, self.card) if asked.saw else "",
        )

    def _logits(self, samples: NDArray[np.uint8]) -> NDArray[np.float32]:
        with self._lock:
            if self._process is None:
                self._process = NetworkProcess(self._path, "cpu", None, threads=1)
            try:
                return self._process.logits(samples)
            except FormatError as err:  # the process has ended: the next question starts another
                self._process.close()
                self._process = None
                raise ApiError(422, err.what, where="model", remedy=err.remedy) from err

    def _in_ring(self, name: str, clip: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The last pictures of a sequence as a clip; the first one stands for those before it."""
        with self._lock:
            ring = self._rings.setdefault(name, [])
            self._rings.move_to_end(name)
            while len(self._rings) > MOST_RINGS:
                self._rings.popitem(last=False)
            ring.append(clip[0, 0])  # a picture is repeated to make a clip of it
            del ring[: -self.card.frames]
            frames = [ring[0]] * (self.card.frames - len(ring)) + ring
        return np.stack(frames)[None]

    def _guesses(self, shares: NDArray[np.float32], top: int) -> list[replies.Guess]:
        order = np.argsort(-shares, kind="stable")[:top].tolist()
        return [
            replies.Guess(label=self.card.classes[i], probability=round(float(shares[i]), 6))
            for i in order
        ]

    def model(self) -> replies.Model:
        """What the network is, for people."""
        height, width = self.card.size_hw
        return replies.Model(
            name=self.card.model,
            classes=list(self.card.classes),
            frames=self.card.frames,
            size=[width, height],
            channels=self.card.channels,
        )

    def close(self) -> None:
        """End its processes."""
        self._decoders.close()
        if self._process is not None:
            self._process.close()


def _data_link(samples: NDArray[np.uint8], card: Card) -> str:
    """The picture in the middle of what the network saw."""
    picture: Any = samples[len(samples) // 2]
    if card.frames > 1:
        picture = picture[len(picture) // 2]
    frame = np.ascontiguousarray(np.moveaxis(picture, 0, -1))
    kind, data = decoding_tasks.encoded(frame, max(frame.shape[:2]))
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
