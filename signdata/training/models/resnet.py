"""Residual networks (He et al. 2015, arXiv:1512.03385) with torchvision's parameter names.

::

    3 x H x W
      conv 7x7, halved   64 channels   ReLU   pool 3, halved
      layer1             2 or 3 blocks          64 channels
      layer2             2 or 4 blocks, halved  128
      layer3             2 or 6 blocks, halved  256
      layer4             2 or 3 blocks, halved  512
      mean of all places
      linear             512 or 2,048 -> classes

A block adds its input to what its convolutions make of it; `ResNet50` has blocks of three
convolutions that end in four times the channels. As in torchvision, the 3x3 convolution is
the one that halves.

At 29 classes: `resnet18` 11,176,512 fixed parameters and 14,877 that learn, `resnet50`
23,508,032 and 59,421.
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional as F

from signdata.training.models.base import Pretrained, start_weights


class Block(nn.Module):
    """Two 3x3 convolutions with a shortcut."""

    expansion: ClassVar[int] = 1

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = short_cut(before, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.downsample(x))


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions with a shortcut."""

    expansion: ClassVar[int] = 4

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        after = width * self.expansion
        self.conv1 = nn.Conv2d(before, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, after, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(after)
        self.downsample = short_cut(before, after, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return F.relu(self.bn3(self.conv3(y)) + self.downsample(x))


def short_cut(before: int, after: int, stride: int) -> nn.Module:
    """The identity, or a 1x1 convolution if the shape changes."""
    if stride == 1 and before == after:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))


class ResNet(Pretrained):
    """Base class of both depths."""

    input_size_hw: ClassVar[tuple[int, int]] = (224, 224)
    channels: ClassVar[int] = 3
    normalise: ClassVar[str] = "imagenet"
    classes: ClassVar[int] = 29
    head: ClassVar[str] = "fc"
    block: ClassVar[type[Block] | type[Bottleneck]]
    depths: ClassVar[tuple[int, int, int, int]]

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.width = 64
        self.layer1 = self._layer(64, self.depths[0], 1)
        self.layer2 = self._layer(128, self.depths[1], 2)
        self.layer3 = self._layer(256, self.depths[2], 2)
        self.layer4 = self._layer(512, self.depths[3], 2)
        self.fc = nn.Linear(self.width, n_classes)
        start_weights(self)
        self.freeze()

    def _layer(self, width: int, depth: int, stride: int) -> nn.Sequential:
        blocks = []
        for number in range(depth):
            blocks.append(self.block(self.width, width, stride if number == 0 else 1))
            self.width = width * self.block.expansion
        return nn.Sequential(*blocks)

    def forward(self, pictures: Tensor) -> Tensor:
        """Logits (B, n_classes) of pictures (B, 3, H, W), best 224 x 224."""
        x = F.relu(self.bn1(self.conv1(pictures)))
        x = F.max_pool2d(x, 3, 2, padding=1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        logits: Tensor = self.fc(x.mean((2, 3)))
        return logits


class ResNet18(ResNet):
    """Eight blocks of two convolutions on RGB pictures, all but the last layer fixed."""

    source: ClassVar[str] = "UBU Sign2Text, WLASL frames; ResNet18 fixed"
    block: ClassVar[type[Block] | type[Bottleneck]] = Block
    depths: ClassVar[tuple[int, int, int, int]] = (2, 2, 2, 2)


class ResNet50(ResNet):
    """Sixteen blocks of three convolutions on RGB pictures, all but the last layer fixed."""

    source: ClassVar[str] = "USACH students, ASL alphabet; ResNet50 fixed"
    block: ClassVar[type[Block] | type[Bottleneck]] = Bottleneck
    depths: ClassVar[tuple[int, int, int, int]] = (3, 4, 6, 3)
