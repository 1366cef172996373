"""The network of the Tec de Monterrey students' ASL-alphabet project.

::

    3 x 150 x 150
      conv 3x3   32 x 150 x 150   ReLU   pool 2   32 x 75 x 75
      conv 3x3   32 x  75 x  75   ReLU
      conv 3x3   16 x  75 x  75   ReLU
      conv 3x3   16 x  75 x  75   ReLU   pool 2   16 x 37 x 37
      linear     21,904 -> classes

652,333 parameters at the published 29 classes. Both of their own models are this
one; they differ in batch size alone. It was published with a softmax as its last
layer; here it returns plain logits.
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional as F

from signdata.training.models.base import Network


class Tec(Network):
    """Four convolutions and one linear layer on RGB 150 x 150 pictures."""

    input_size_hw: ClassVar[tuple[int, int]] = (150, 150)
    channels: ClassVar[int] = 3
    normalise: ClassVar[str] = "unit"
    source: ClassVar[str] = "Tec de Monterrey students, ASL alphabet, models 1 and 2"
    classes: ClassVar[int] = 29
    head: ClassVar[str] = "fc"

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 32, 3, padding=1)
        self.conv3 = nn.Conv2d(32, 16, 3, padding=1)
        self.conv4 = nn.Conv2d(16, 16, 3, padding=1)
        self.fc = nn.Linear(16 * 37 * 37, n_classes)

    def forward(self, pictures: Tensor) -> Tensor:
        """Logits (B, n_classes) of pictures (B, 3, 150, 150)."""
        x = F.max_pool2d(F.relu(self.conv1(pictures)), 2)
        x = F.relu(self.conv3(F.relu(self.conv2(x))))
        x = F.max_pool2d(F.relu(self.conv4(x)), 2)
        logits: Tensor = self.fc(x.flatten(1))
        return logits
