"""Pictures on their way into a network: random changes, then one common scale.

Everything works on a whole batch, on the device where the batch is.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

AUGMENTS = ("light", "none")


def prepare(images: Tensor, augment: str) -> Tensor:
    """Pictures as a network takes them.

    Parameters
    ----------
    images : Tensor of uint8, shape (B, C, H, W)
    augment : {'light', 'none'}

    Returns
    -------
    Tensor of float32, shape (B, C, H, W)
        Each picture with mean 0 and deviation 1; channels last in memory.
    """
    pictures = images.float() / 255
    if augment == "light":
        pictures = light(pictures)
    return standardise(pictures).contiguous(memory_format=torch.channels_last)


def standardise(pictures: Tensor) -> Tensor:
    """Give each picture (B, C, H, W) mean 0 and deviation 1; a flat one becomes 0."""
    deviation, mean = torch.std_mean(pictures, dim=(1, 2, 3), correction=0, keepdim=True)
    return (pictures - mean) / (deviation + 1 / 255)


def light(pictures: Tensor) -> Tensor:
    """Turn, shear, scale and shift each picture a little, then bend its tone.

    Up to 12 degrees, 15 % and 2 pixels in 28; gamma 0.67 to 1.5. Never mirrored: a
    mirrored sign is made by the other hand.

    Parameters
    ----------
    pictures : Tensor of float32, shape (B, C, H, W)
        0..1.

    Returns
    -------
    Tensor of float32, shape (B, C, H, W)
        0..1; what lay outside a picture repeats its edge.
    """
    n = len(pictures)

    def draw(spread: float) -> Tensor:
        return (torch.rand(n, device=pictures.device) * 2 - 1) * spread

    angle, shear, scale_x, scale_y = draw(0.21), draw(0.15), 1 + draw(0.15), 1 + draw(0.15)
    cos, sin = angle.cos(), angle.sin()
    x_of_xy1 = (cos * scale_x, (shear * cos - sin) * scale_y, draw(0.15))
    y_of_xy1 = (sin * scale_x, (shear * sin + cos) * scale_y, draw(0.15))
    affine = torch.stack([*x_of_xy1, *y_of_xy1], dim=1).view(n, 2, 3)
    grid = F.affine_grid(affine, list(pictures.shape), align_corners=False)
    moved = F.grid_sample(pictures, grid, padding_mode="border", align_corners=False)
    gamma = draw(0.4).exp().view(n, 1, 1, 1)
    return moved.clamp(1e-3, 1).pow(gamma)
