"""The network of the UNAM students' Sign-MNIST project.

::

    1 x 28 x 28
      conv 3x3   10 x 26 x 26   pool 2   10 x 13 x 13   ReLU
      conv 3x3   20 x 11 x 11   pool 2   20 x  5 x  5   ReLU
      conv 3x3   30 x  3 x  3   ReLU, whole channels dropped at 0.4
      linear     270 -> 256     ReLU
      linear     256 -> classes

83,151 parameters at the published 25 outputs, 82,894 at Sign-MNIST's 24 classes.
It was published with a ReLU before the output and a log-softmax in the network
as well as in the loss; here it returns plain logits.
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional as F

from signdata.training.models.base import Network


class Unam(Network):
    """Three convolutions and two linear layers on grey 28 x 28 pictures."""

    input_size_hw: ClassVar[tuple[int, int]] = (28, 28)
    channels: ClassVar[int] = 1
    source: ClassVar[str] = "UNAM students, Sign-MNIST"
    classes: ClassVar[int] = 25
    head: ClassVar[str] = "fc2"

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, 3)
        self.conv2 = nn.Conv2d(10, 20, 3)
        self.conv3 = nn.Conv2d(20, 30, 3)
        self.dropout = nn.Dropout2d(0.4)
        self.fc1 = nn.Linear(270, 256)
        self.fc2 = nn.Linear(256, n_classes)

    def forward(self, pictures: Tensor) -> Tensor:
        """Logits (B, n_classes) of pictures (B, 1, 28, 28)."""
        x = F.relu(F.max_pool2d(self.conv1(pictures), 2))
        x = F.relu(F.max_pool2d(self.conv2(x), 2))
        x = self.dropout(F.relu(self.conv3(x)))
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)  # type: ignore[no-any-return]  # Module.__call__ is typed Any
