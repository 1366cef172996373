"""Scale pixels for a network, in numpy, so that exported networks run without PyTorch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""For red, green, blue, 0..1, as torchvision's weights expect."""

INSIDE = "inside"
"""The scaling of a network that does it itself, and takes pixels 0..255."""

SCALINGS = ("each", "imagenet", "unit", INSIDE)

FLOAT, UINT8 = INPUT_TYPES = "float32", "uint8"
"""The types of pixels that an exported network may take."""


def scaled(samples: NDArray[np.uint8], normalise: str) -> NDArray[np.float32]:
    """Scale stills (B, C, H, W) or clips (B, T, C, H, W) of bytes.

    Parameters
    ----------
    normalise : {'each', 'imagenet', 'unit', 'inside'}
        ``each``: every sample to mean 0 and standard deviation 1. ``imagenet``: to 0..1, then by
        ImageNet's mean and standard deviation. ``unit``: to 0..1. ``inside``: not at all.
    """
    values: NDArray[np.float32] = samples.astype(np.float32)
    if normalise == INSIDE:
        return values
    values /= np.float32(255)
    if normalise == "unit":
        return values
    if normalise == "imagenet":
        mean, deviation = (
            np.array(of[: values.shape[-3]], np.float32)[:, None, None]
            for of in (IMAGENET_MEAN, IMAGENET_DEVIATION)
        )
        by_channel: NDArray[np.float32] = ((values - mean) / deviation).astype(np.float32)
        return by_channel
    axes = tuple(range(1, values.ndim))
    mean, deviation = values.mean(axes, keepdims=True), values.std(axes, keepdims=True)
    each: NDArray[np.float32] = (values - mean) / (deviation + np.float32(1 / 255))
    return each
