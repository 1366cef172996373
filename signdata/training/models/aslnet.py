"""ASLNet, the network of the UCD students' ASL-alphabet project.

::

    3 x 40 x 40
      conv 5x5   16 x 40 x 40   ReLU   pool 2   16 x 20 x 20
      conv 5x5   32 x 20 x 20   ReLU   pool 2   32 x 10 x 10
      linear     3,200 -> classes

106,877 parameters at the published 29 classes. The 3,200 inputs of its last layer
mean pictures of 40 x 40, not the 28 x 28 that its project wrote of.
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional as F

from signdata.training.models.base import Network


class AslNet(Network):
    """Two convolutions and one linear layer on RGB 40 x 40 pictures."""

    input_size_hw: ClassVar[tuple[int, int]] = (40, 40)
    channels: ClassVar[int] = 3
    normalise: ClassVar[str] = "unit"
    source: ClassVar[str] = "UCD students, ASL alphabet, ASLNet"
    classes: ClassVar[int] = 29
    head: ClassVar[str] = "fc"

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 5, padding=2)
        self.conv2 = nn.Conv2d(16, 32, 5, padding=2)
        self.fc = nn.Linear(32 * 10 * 10, n_classes)

    def forward(self, pictures: Tensor) -> Tensor:
        """Logits (B, n_classes) of pictures (B, 3, 40, 40)."""
        x = F.max_pool2d(F.relu(self.conv1(pictures)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        logits: Tensor = self.fc(x.flatten(1))
        return logits
