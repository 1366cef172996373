"""What the first layers of a network make of a sample."""

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
    """Outputs of the first convolutions that a sample runs through.

    Parameters
    ----------
    network : nn.Module
        Left in the mode it was in; looked at in that of evaluation.
    sample : Tensor, shape (1, ...)
        As the network takes it: on its device, normalised.
    layers : int
        How many convolutions; one that is used again is looked at once.

    Returns
    -------
    list of (str, ndarray of float32, shape (channels, H, W))
        Name in the network and maps, in the order in which they were made. Of a convolution
        over time, the middle step.
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
