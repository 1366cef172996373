"""Bytes to what a network takes, in numpy: for networks that run without PyTorch."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the channels red, green, blue, 0..1, as torchvision's weights expect."""


def scaled(samples: NDArray[np.uint8], normalise: str) -> NDArray[np.float32]:
    """Scale stills (B, C, H, W) or clips (B, T, C, H, W) of bytes.

    Parameters
    ----------
    normalise : {'each', 'imagenet', 'unit'}
        Each sample to mean 0 and deviation 1; to 0..1 and then by ImageNet's mean and
        deviation; to 0..1.
    """
    values: NDArray[np.float32] = samples.astype(np.float32) / np.float32(255)
    if normalise == "unit":
        return values
    if normalise == "imagenet":
        mean, deviation = (
            np.array(of, np.float32)[:, None, None] for of in (IMAGENET_MEAN, IMAGENET_DEVIATION)
        )
        by_channel: NDArray[np.float32] = ((values - mean) / deviation).astype(np.float32)
        return by_channel
    axes = tuple(range(1, values.ndim))
    mean, deviation = values.mean(axes, keepdims=True), values.std(axes, keepdims=True)
    each: NDArray[np.float32] = (values - mean) / (deviation + np.float32(1 / 255))
    return each


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
