"""One run on several devices: the processes that `torchrun` starts, called ranks.

Each rank reads the dataset and learns from its share of every batch; the gradients are averaged,
so that all hold the same weights, and one run is made. What is decided is decided by the first
rank, and the others are told.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed, nn

T = TypeVar("T")

_APART = 1_000_003
"""Between the seeds of two ranks, which draw apart."""


@contextmanager
def joined() -> Iterator[None]:
    """Meet the other ranks, if `torchrun` started any."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2 or distributed.is_initialized():
        yield
        return
    on_cuda = torch.cuda.is_available()
    if on_cuda:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if on_cuda else "gloo")
    try:
        yield
    finally:
        distributed.destroy_process_group()


def number() -> int:
    """Which rank this is; 0 is the first, and where there is one only."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def count() -> int:
    """How many ranks there are."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def told(value: T) -> T:
    """What the first rank gives, on every rank; plain types and tensors."""
    if count() == 1:
        return value
    box: list[Any] = [value]
    distributed.broadcast_object_list(box)
    told_value: T = box[0]
    return told_value


def gathered(value: T) -> list[T]:
    """What each rank gives, on every rank."""
    if count() == 1:
        return [value]
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
    if count() == 1:
        return network
    return nn.parallel.DistributedDataParallel(network)
