"""Devices for training: choice, memory, and reproducible random numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from signdata.errors import UsageError

DEVICES = ("auto", "cpu", "cuda")


def pick_device(name: str) -> torch.device:
    """The device called `name`; `auto` is CUDA if available, else the CPU."""
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError("no CUDA device is available", remedy="Use the device auto or cpu.")
    if name == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", torch.cuda.current_device())


def describe(device: torch.device, processes: int = 1) -> str:
    """``cpu``, or ``cuda`` with the name of the GPU; with their number if there are several."""
    name = device.type
    if device.type == "cuda":
        name = f"cuda ({torch.cuda.get_device_name(device)})"
    return name if processes == 1 else f"{processes} x {name}"


def mixed_precision(device: torch.device) -> torch.autocast:
    """Autocast to bfloat16 on CUDA; disabled elsewhere, where it is not faster."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")


def generator_states(device: torch.device) -> list[torch.Tensor]:
    """States of the random generators: of the CPU, and of the device if it is another."""
    states = [torch.random.get_rng_state()]
    if device.type == "cuda":
        states.append(torch.cuda.get_rng_state(device))
    return states


def set_generator_states(device: torch.device, states: list[torch.Tensor]) -> None:
    """Restore the states from `generator_states`."""
    torch.random.set_rng_state(states[0].cpu())
    if device.type == "cuda":
        torch.cuda.set_rng_state(states[1].cpu(), device)


def room_for(n_bytes: int, device: torch.device) -> bool:
    """Whether twice that many bytes fit on the device: the data and the network."""
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return 2 * n_bytes < free


@contextmanager
def repeatable(device: torch.device, seed: int) -> Iterator[None]:
    """Seed random numbers and use deterministic kernels; restore the caller's random state."""
    on_cuda = device.type == "cuda"
    with (
        torch.random.fork_rng([device.index] if on_cuda else [], device_type="cuda"),
        torch.backends.cudnn.flags(enabled=True, deterministic=True),
    ):
        set_seed(device, seed)
        yield


def set_seed(device: torch.device, seed: int) -> None:
    """Seed the random generators of the CPU, and of the device if it is another."""
    # torch.manual_seed would seed every device.
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
