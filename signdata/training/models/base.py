"""Base classes of the networks: modules that declare their input and their source."""

from __future__ import annotations

from typing import ClassVar

from torch import nn


class Network(nn.Module):
    """A network, built from the number of classes.

    Stills come as (B, C, H, W), clips as (B, T, C, H, W), float, scaled as `normalise` says.
    `forward` returns logits, (B, n_classes); a network with `poses` returns a pair, logits and
    poses (B, poses) in 0..1.

    Attributes
    ----------
    input_size_hw : tuple of int
        Height and width of the pictures that it takes.
    channels : {1, 3}
        1 for grey, 3 for RGB.
    frames : int
        Frames of a clip; 1 for stills.
    normalise : {'each', 'imagenet', 'unit'}
        ``each``: every sample to mean 0 and standard deviation 1. ``imagenet``: to 0..1, then by
        ImageNet's mean and standard deviation of each channel. ``unit``: to 0..1.
    poses : int
        Size of the second output; 0 without one.
    source : str
        Where it comes from, one line.
    classes : int
        The number of classes for which its number of parameters is stated.
    head : str
        Name of the layer whose outputs are the classes.
    pretrained : bool
        Meant to start from a weights file, with all but the head fixed.
    """

    input_size_hw: ClassVar[tuple[int, int]]
    channels: ClassVar[int]
    frames: ClassVar[int] = 1
    normalise: ClassVar[str] = "each"
    poses: ClassVar[int] = 0
    source: ClassVar[str]
    classes: ClassVar[int]
    head: ClassVar[str]
    pretrained: ClassVar[bool] = False

    def freeze(self, finetune: bool = False) -> None:
        """Freeze all but the head unless `finetune`; only pretrained networks freeze weights."""


class Pretrained(Network):
    """A network of which only the head is trained, until ``freeze(finetune=True)``.

    Fixed weights get no gradient, and fixed batch normalisations keep their statistics even in
    training mode. The head is a direct layer of the network.
    """

    pretrained: ClassVar[bool] = True
    finetune = False

    def freeze(self, finetune: bool = False) -> None:
        self.finetune = finetune
        for name, weights in self.named_parameters():
            weights.requires_grad_(finetune or name.startswith(f"{self.head}."))
        self.train(self.training)

    def train(self, mode: bool = True) -> Pretrained:
        super().train(mode)
        if not self.finetune:
            for name, part in self.named_children():
                if name != self.head:
                    part.eval()
        return self


def start_weights(network: nn.Module) -> None:
    """Initialise convolutions as torchvision does: normal, scaled by fan-out; biases 0."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
