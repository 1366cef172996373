"""SimpleNet, the first clip network of UBU Sign2Text.

::

    50 frames x 3 x 102 x 102, the frames used as channels
      conv 7x7x7, halved    64 x 2 x 51 x 51   pool 1x3x3    64 x 2 x 17 x 17
      conv 1x1x1            64 x 2 x 17 x 17
      conv 3x3x3           128 x 2 x 17 x 17   pool 1x3x3   128 x 2 x  5 x  5
      linear                6,400 -> 1,600     dropout 0.5
      linear                1,600 -> 102
      linear                  102 -> classes

Each convolution is followed by a leaky ReLU, its pooling and a batch normalisation.
11,729,374 parameters at the published 8 classes. Its convolutions run over red, green and
blue as if these were moments, and mix all 50 frames at once; `clipnet` is what it should
have been. It was published with a leaky ReLU before the output and a log-softmax in the
network as well as in the loss; here it returns plain logits.
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from signdata.training.models.base import Network


class SimpleNet3d(Network):
    """Three convolutions over (RGB, height, width) and three linear layers on 50 frames."""

    input_size_hw: ClassVar[tuple[int, int]] = (102, 102)
    channels: ClassVar[int] = 3
    frames: ClassVar[int] = 50
    normalise: ClassVar[str] = "imagenet"
    source: ClassVar[str] = "UBU Sign2Text, WLASL clips, SimpleNet"
    classes: ClassVar[int] = 8
    head: ClassVar[str] = "fc3"

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(
            nn.Conv3d(50, 64, 7, 2, padding=3),
            nn.LeakyReLU(),
            nn.MaxPool3d((1, 3, 3)),
            nn.BatchNorm3d(64),
        )
        self.conv2 = nn.Sequential(nn.Conv3d(64, 64, 1), nn.LeakyReLU(), nn.BatchNorm3d(64))
        self.conv3 = nn.Sequential(
            nn.Conv3d(64, 128, 3, padding=1),
            nn.LeakyReLU(),
            nn.MaxPool3d((1, 3, 3)),
            nn.BatchNorm3d(128),
        )
        self.fc1 = nn.Sequential(nn.Linear(6400, 1600), nn.LeakyReLU(), nn.Dropout(0.5))
        self.fc2 = nn.Sequential(nn.Linear(1600, 102), nn.LeakyReLU())
        self.fc3 = nn.Linear(102, n_classes)

    def forward(self, clips: Tensor) -> Tensor:
        """Logits (B, n_classes) of clips (B, 50, 3, 102, 102)."""
        x = self.conv3(self.conv2(self.conv1(clips)))
        logits: Tensor = self.fc3(self.fc2(self.fc1(x.flatten(1))))
        return logits
