"""Normalisation of pictures on the device."""

from __future__ import annotations

import torch
from torch import Tensor

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""ImageNet's red, green and blue, 0..1, as torchvision's weights expect."""


def _as_imagenet(pictures: Tensor) -> Tensor:
    # Scalars rather than a tensor, whose copy to the device would synchronise.
    scaled = [
        (pictures.select(-3, i) - _MEAN[i]) / _DEVIATION[i] for i in range(pictures.shape[-3])
    ]
    return torch.stack(scaled, dim=-3)


def standardise(pictures: Tensor) -> Tensor:
    """Scale each picture (B, C, H, W) to mean 0, standard deviation 1; a uniform one to 0."""
    deviation, mean = torch.std_mean(pictures, dim=(1, 2, 3), correction=0, keepdim=True)
    return (pictures - mean) / (deviation + 1 / 255)
