"""Batches of a split on the device: the whole split is copied there if it fits.

If it does not fit, a thread reads batches from the array, two ahead of the training. The batches
are the same either way.
"""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from signdata.training.data import Dataset
from signdata.training.devices import room_for

AHEAD = 2
"""Number of batches read ahead."""


@dataclass(frozen=True)
class Batch:
    """Samples on the device.

    Attributes
    ----------
    images : Tensor of uint8, shape (B, C, H, W) or (B, T, C, H, W)
    labels : Tensor of int64, shape (B,)
    poses : Tensor of float32, shape (B, P), or None
    """

    images: Tensor
    labels: Tensor
    poses: Tensor | None


class Part:
    """One split of a dataset.

    Parameters
    ----------
    data : Dataset
    rows : ndarray of bool, shape (N,)
        The samples that belong to it; no others are read.
    device : torch.device

    Attributes
    ----------
    labels : Tensor of int64, on the device
    """

    def __init__(self, data: Dataset, rows: NDArray[np.bool_], device: torch.device) -> None:
        self.rows = np.flatnonzero(rows)
        self.device = device
        self.labels = torch.from_numpy(data.labels[self.rows]).to(device)
        self.poses = None if data.poses is None else _to_device(data.poses[self.rows], device)
        self.sample_shape = data.images.shape[1:]
        self._source = data.images
        n_bytes = len(self.rows) * int(np.prod(self.sample_shape))
        self.streamed = isinstance(data.images, np.memmap) or not room_for(n_bytes, device)
        self._images = None if self.streamed else _to_device(data.images[self.rows], device)

    def __len__(self) -> int:
        return len(self.rows)

    def batches(self, choices: Sequence[Tensor]) -> Iterator[Batch]:
        """Yield the samples of each choice: indices in this part, int64, on the device."""
        images = map(self._pick, choices) if self._images is not None else self._stream(choices)
        for chosen, pictures in zip(choices, images, strict=True):
            poses = None if self.poses is None else self.poses[chosen]
            yield Batch(pictures, self.labels[chosen], poses)

    def in_order(self, size: int) -> Iterator[Batch]:
        """All samples, `size` at a time."""
        rows = torch.arange(len(self), device=self.device)
        return self.batches(torch.split(rows, size))

    def _pick(self, chosen: Tensor) -> Tensor:
        assert self._images is not None
        return self._images[chosen]

    def _stream(self, choices: Sequence[Tensor]) -> Iterator[Tensor]:
        read: queue.Queue[Tensor | BaseException] = queue.Queue(AHEAD)
        stop = threading.Event()
        wanted = torch.cat(list(choices)).cpu().numpy() if choices else np.empty(0, np.int64)
        bounds = np.cumsum([0, *(len(chosen) for chosen in choices)]).tolist()

        def work() -> None:
            for start, end in itertools.pairwise(bounds):
                try:
                    item: Tensor | BaseException = self._gather(wanted[start:end])
                except BaseException as err:
                    item = err
                while not stop.is_set():
                    try:
                        read.put(item, timeout=0.1)
                        break
                    except queue.Full:
                        continue
                if stop.is_set() or isinstance(item, BaseException):
                    return

        thread = threading.Thread(target=work, name="signdata-feed", daemon=True)
        thread.start()
        try:
            for _ in choices:
                item = read.get()
                if isinstance(item, BaseException):
                    raise item
                yield item.to(self.device, non_blocking=True)
        finally:
            stop.set()
            thread.join()

    def _gather(self, chosen: NDArray[np.int64]) -> Tensor:
        # Read in the order of the file, which is faster, then restore the batch's order.
        order = np.argsort(self.rows[chosen], kind="stable")
        images = np.empty((len(chosen), *self.sample_shape), np.uint8)
        images[order] = self._source[self.rows[chosen][order]]
        tensor = torch.from_numpy(images)
        return tensor.pin_memory() if self.device.type == "cuda" else tensor


def _to_device(array: NDArray[np.generic], device: torch.device) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array)).to(device)
