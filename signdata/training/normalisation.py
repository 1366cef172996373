"""Pictures scaled to what a network takes, on its device."""

from __future__ import annotations

import torch
from torch import Tensor

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's red, green and blue, 0..1, as torchvision's weights expect."""


def _as_imagenet(pictures: Tensor) -> Tensor:
    # Filled by the device itself: a copy from the host would be waited for.
    scaled = [
        (pictures.select(-3, i) - _MEAN[i]) / _DEVIATION[i] for i in range(pictures.shape[-3])
    ]
    return torch.stack(scaled, dim=-3)


def standardise(pictures: Tensor) -> Tensor:
    """Give each picture (B, C, H, W) mean 0 and deviation 1; a flat one becomes 0."""
    deviation, mean = torch.std_mean(pictures, dim=(1, 2, 3), correction=0, keepdim=True)
    return (pictures - mean) / (deviation + 1 / 255)
