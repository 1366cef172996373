"""One run on several devices, in the processes (ranks) that `torchrun` starts.

Each rank reads the dataset and trains on its share of every batch; the gradients are averaged,
so that all have the same weights and there is one run. The first rank makes all decisions and
broadcasts them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from torch import Tensor, nn

T = TypeVar("T")

_SEED_STEP = 1_000_003
"""Difference between the random seeds of consecutive ranks."""


@contextmanager
def joined() -> Iterator[None]:
    """Join the other ranks, if `torchrun` started any."""
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
    """Whether `torchrun` started several processes; checked without importing torch."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def _is_initialised() -> bool:
    if not _started():
        return False
    from torch import distributed

    return distributed.is_initialized()


def number() -> int:
    """This process's rank; 0 is the first, or the only one."""
    if not _is_initialised():
        return 0
    from torch import distributed

    return distributed.get_rank()


def count() -> int:
    """Number of ranks."""
    if not _is_initialised():
        return 1
    from torch import distributed

    return distributed.get_world_size()


def broadcast(value: T) -> T:
    """Return the first rank's value on every rank; plain types and tensors only."""
    if not _is_initialised():
        return value
    from torch import distributed

    box: list[Any] = [value]
    distributed.broadcast_object_list(box)
    from_first: T = box[0]
    return from_first


def gathered(value: T) -> list[T]:
    """Return the values of all ranks on every rank."""
    if not _is_initialised():
        return [value]
    from torch import distributed

    values: list[Any] = [None] * count()
    distributed.all_gather_object(values, value)
    return values


def seed_of(seed: int) -> int:
    """The random seed of this rank's augmentation."""
    return seed + number() * _SEED_STEP


def share(chosen: Tensor) -> Tensor:
    """This rank's part of a batch (B,); the sizes of the parts differ by at most one."""
    return chosen.tensor_split(count())[number()]


def averaging(network: nn.Module) -> nn.Module:
    """The network, wrapped so that its gradients are averaged over all ranks."""
    if not _is_initialised():
        return network
    from torch import nn

    return nn.parallel.DistributedDataParallel(network)
