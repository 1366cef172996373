"""Augmentation and normalisation of batches, on the device where they are."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from signdata.magick import sign_mnist
from signdata.magick.profiles import DEFAULT_PROFILE, profile_of
from signdata.training import imagemagick
from signdata.training.normalisation import _as_imagenet, standardise

AUGMENTS = ("light", "none", "recipe")


def prepare(images: Tensor, augment: str, normalise: str = "each") -> Tensor:
    """Augment and normalise pictures or clips for a network.

    Parameters
    ----------
    images : Tensor of uint8, shape (B, C, H, W) or (B, T, C, H, W)
        All frames of a clip get the same augmentation.
    augment : {'light', 'none', 'recipe'}
    normalise : {'each', 'imagenet', 'unit'}
        `each` gives each picture or clip mean 0 and standard deviation 1, `imagenet` uses
        ImageNet's mean and standard deviation of each channel, `unit` is 0..1.

    Returns
    -------
    Tensor of float32, of the same shape
        Pictures are channels-last in memory.
    """
    # For the augmentation, the frames of a clip are channels of one picture.
    pictures = images.flatten(1, -3)
    if augment == "recipe":
        pictures = recipe(pictures)
    pictures = pictures.float() / 255
    if augment == "light":
        pictures = light(pictures)
        if images.ndim == 4:  # in clips, it would hide the movement
            pictures = light_up(pictures)
    if normalise == "each":
        pictures = standardise(pictures)
    pictures = pictures.view(images.shape)
    if normalise == "imagenet":
        pictures = _as_imagenet(pictures)
    if images.ndim == 4:
        pictures = pictures.contiguous(memory_format=torch.channels_last)
    return pictures


def light(pictures: Tensor) -> Tensor:
    """Rotate, shear, scale and shift each picture a little, then change its gamma.

    Up to 12 degrees, 15 % and 2 pixels in 28; gamma 0.67 to 1.5. Never mirrored, because a
    mirrored sign is made with the other hand.

    Parameters
    ----------
    pictures : Tensor of float32, shape (B, C, H, W)
        0..1.

    Returns
    -------
    Tensor of float32, shape (B, C, H, W)
        0..1; outside a picture, its edge is repeated.
    """
    n = len(pictures)
    angle, shear = _draw(pictures, 0.21), _draw(pictures, 0.15)
    scale_x, scale_y = 1 + _draw(pictures, 0.15), 1 + _draw(pictures, 0.15)
    cos, sin = angle.cos(), angle.sin()
    x_of_xy1 = (cos * scale_x, (shear * cos - sin) * scale_y, _draw(pictures, 0.15))
    y_of_xy1 = (sin * scale_x, (shear * sin + cos) * scale_y, _draw(pictures, 0.15))
    affine = torch.stack([*x_of_xy1, *y_of_xy1], dim=1).view(n, 2, 3)
    grid = F.affine_grid(affine, list(pictures.shape), align_corners=False)
    moved = F.grid_sample(pictures, grid, padding_mode="border", align_corners=False)
    gamma = _draw(pictures, 0.4).exp().view(n, 1, 1, 1)
    return moved.clamp(1e-3, 1).pow(gamma)


def light_up(pictures: Tensor) -> Tensor:
    """Add a random brightness gradient to each picture (B, C, H, W).

    Up to 30 % brighter at one edge and as much darker at the opposite one, on both axes.
    """
    across, upright = (_draw(pictures, 0.3).view(-1, 1, 1, 1) for _ in range(2))
    x = torch.linspace(-1, 1, pictures.shape[3], device=pictures.device)
    y = torch.linspace(-1, 1, pictures.shape[2], device=pictures.device).unsqueeze(1)
    return pictures * (1 + across * x + upright * y)


def _draw(pictures: Tensor, spread: float) -> Tensor:
    """A random number from -spread to spread for each picture."""
    return (torch.rand(len(pictures), device=pictures.device) * 2 - 1) * spread


def recipe(images: Tensor) -> Tensor:
    """Turn each picture into one of Sign-MNIST's 60 variants, at its own size.

    One of five filters, which blur or sharpen, and one of 12 treatments: none, eight tones,
    a rotation by 3 degrees either way, or 5 % of the 2x2 blocks pixelated.

    Parameters
    ----------
    images : Tensor of uint8, shape (B, C, H, W)

    Returns
    -------
    Tensor of uint8, shape (B, C, H, W)
        The grey levels of `signdata.magick`, profile im7-2017.
    """
    n, _, height, width = images.shape
    profile, device = profile_of(DEFAULT_PROFILE), images.device

    def choose(count: int, choices: tuple[object, ...]) -> Tensor:
        return torch.randint(len(choices), (count,), device=device)

    # The number of pictures per treatment is drawn on the CPU, and which pictures on the
    # device, so that no size has to be copied from the device.
    turned, toned, pixelated = _counts(n)
    shuffled = torch.rand(n, device=device).argsort()
    first, second, third = turned, turned + toned, turned + toned + pixelated

    quanta = imagemagick.load(images.index_select(0, shuffled))
    angles = choose(turned, sign_mnist.ANGLES)
    quanta[:first] = imagemagick.srt_each(quanta[:first], sign_mnist.ANGLES, angles, profile)
    filters = choose(n, sign_mnist.FILTERS)
    quanta = imagemagick.resize_each(quanta, (height, width), sign_mnist.FILTERS, filters, profile)
    tones = choose(toned, sign_mnist.TONES)
    quanta[first:second] = imagemagick.brightness_contrast_each(
        quanta[first:second], sign_mnist.TONES, tones, profile
    )
    blocks = torch.rand(pixelated, 1, height // 2, width // 2, device=device)
    quanta[second:third] = imagemagick.pixelate(
        quanta[second:third], sign_mnist.PIXELATED, blocks, profile
    )
    return imagemagick.to_bytes(quanta, profile).index_select(0, shuffled.argsort())


def _counts(n: int) -> tuple[int, int, int]:
    """Numbers of `n` pictures to rotate, tone and pixelate; treatments are equally likely."""
    n_angles, n_tones = len(sign_mnist.ANGLES), len(sign_mnist.TONES)
    drawn = torch.randint(n_angles + n_tones + 2, (n,))
    up_to = [int((drawn < bound).sum()) for bound in (n_angles, n_angles + n_tones)]
    return up_to[0], up_to[1] - up_to[0], int((drawn == n_angles + n_tones).sum())
