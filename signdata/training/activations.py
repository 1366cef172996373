"""Activations of a network's first layers for a sample."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

CONVOLUTIONS = (nn.Conv2d, nn.Conv3d)


@torch.no_grad()
def first_maps(
    network: nn.Module, sample: Tensor, layers: int = 2
) -> list[tuple[str, NDArray[np.float32]]]:
    """Outputs of the first convolutions in the forward pass of a sample.

    Parameters
    ----------
    network : nn.Module
        Run in evaluation mode; its mode is restored.
    sample : Tensor, shape (1, ...)
        The network's input: on its device, normalised.
    layers : int
        Number of convolutions; one that is used repeatedly counts once.

    Returns
    -------
    list of (str, ndarray of float32, shape (channels, H, W))
        Name in the network and feature maps, in order of computation. For a 3D convolution,
        the middle time step.
    """
    found: dict[str, NDArray[np.float32]] = {}

    def keep(name: str, made: Tensor) -> None:
        if len(found) < layers and name not in found:
            maps = made[0, :, made.shape[2] // 2] if made.ndim == 5 else made[0]
            found[name] = maps.float().cpu().numpy()

    hooks = [
        module.register_forward_hook(lambda _, __, made, name=name: keep(name, made))
        for name, module in network.named_modules()
        if isinstance(module, CONVOLUTIONS)
    ]
    learning = network.training
    network.eval()
    try:
        network(sample)
    finally:
        network.train(learning)
        for hook in hooks:
            hook.remove()
    return list(found.items())
