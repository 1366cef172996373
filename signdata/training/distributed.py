"""One run on several devices: the processes that `torchrun` starts, called ranks.

Each rank reads the dataset and learns from its share of every batch; the gradients are averaged,
so that all hold the same weights, and one run is made. What is decided is decided by the first
rank, and the others are told.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from torch import Tensor, nn

T = TypeVar("T")

_APART = 1_000_003
"""Between the seeds of two ranks, which draw apart."""


@contextmanager
def joined() -> Iterator[None]:
    """Meet the other ranks, if `torchrun` started any."""
    if not _started():
        yield
        return
    import torch
    from torch import distributed

    on_cuda = torch.cuda.is_available()
    if on_cuda:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if on_cuda else "gloo")
    try:
        yield
    finally:
        distributed.destroy_process_group()


def _started() -> bool:
    """Whether `torchrun` started this process and others; looked up without loading torch."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def _together() -> bool:
    if not _started():
        return False
    from torch import distributed

    return distributed.is_initialized()


def number() -> int:
    """Which rank this is; 0 is the first, and where there is one only."""
    if not _together():
        return 0
    from torch import distributed

    return distributed.get_rank()


def count() -> int:
    """How many ranks there are."""
    if not _together():
        return 1
    from torch import distributed

    return distributed.get_world_size()


def broadcast(value: T) -> T:
    """What the first rank gives, on every rank; plain types and tensors."""
    if not _together():
        return value
    from torch import distributed

    box: list[Any] = [value]
    distributed.broadcast_object_list(box)
    from_first: T = box[0]
    return from_first


def gathered(value: T) -> list[T]:
    """What each rank gives, on every rank."""
    if not _together():
        return [value]
    from torch import distributed

    values: list[Any] = [None] * count()
    distributed.all_gather_object(values, value)
    return values


def seed_of(seed: int) -> int:
    """The seed of this rank's random changes."""
    return seed + number() * _APART


def share(chosen: Tensor) -> Tensor:
    """This rank's part of a batch (B,); the parts differ by one sample at most."""
    return chosen.tensor_split(count())[number()]


def averaging(network: nn.Module) -> nn.Module:
    """The network, such that its gradients are the mean over all ranks after each step."""
    if not _together():
        return network
    from torch import nn

    return nn.parallel.DistributedDataParallel(network)
