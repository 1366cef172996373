"""TwoOutNet, the clip network of UBU Sign2Text that also predicts hand poses.

::

    50 frames x 3 x 112 x 112, the frames used as channels
      conv 2x3x3, halved    64 x 2 x 56 x 56   pool 1x2x2    64 x 2 x 28 x 28
      conv 3x3x3, halved   128 x 1 x 14 x 14   pool 1x2x2   128 x 1 x  7 x  7   dropout 0.5
      classes:  linear 6,272 -> 3,136   leaky ReLU   linear 3,136 -> classes
      poses:    linear 6,272 -> 4,200   sigmoid

Each convolution is followed by a leaky ReLU, its pooling and a batch normalisation. The
4,200 poses are 50 frames x 42 points of both hands x (x, y), as fractions of the picture.
46,323,184 parameters at the published 8 classes. As in `simplenet3d`, the frames are used as
channels. It was published with a leaky ReLU before both outputs, which keeps the sigmoid from
small values, and with a softmax both in the network and in the loss; here the classes are
plain logits, and the sigmoid has no leaky ReLU before it.
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from signdata.training.models.base import Network


class TwoOutNet(Network):
    """Two convolutions over (RGB, height, width), a class head and a pose head, on 50 frames."""

    input_size_hw: ClassVar[tuple[int, int]] = (112, 112)
    channels: ClassVar[int] = 3
    frames: ClassVar[int] = 50
    normalise: ClassVar[str] = "imagenet"
    poses: ClassVar[int] = 50 * 42 * 2
    source: ClassVar[str] = "UBU Sign2Text, WLASL clips with OpenPose, TwoOutNet"
    classes: ClassVar[int] = 8
    head: ClassVar[str] = "fc2"

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(
            nn.Conv3d(50, 64, (2, 3, 3), 2, padding=1),
            nn.LeakyReLU(),
            nn.MaxPool3d((1, 2, 2)),
            nn.BatchNorm3d(64),
        )
        self.conv2 = nn.Sequential(
            nn.Conv3d(64, 128, 3, 2, padding=1),
            nn.LeakyReLU(),
            nn.MaxPool3d((1, 2, 2)),
            nn.BatchNorm3d(128),
        )
        self.dropout = nn.Dropout(0.5)
        self.fc1 = nn.Sequential(nn.Linear(6272, 3136), nn.LeakyReLU())
        self.fc2 = nn.Linear(3136, n_classes)
        self.pose_head = nn.Linear(6272, self.poses)

    def forward(self, clips: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, n_classes) and poses (B, 4200) in 0..1 of clips (B, 50, 3, 112, 112)."""
        x = self.dropout(self.conv2(self.conv1(clips)).flatten(1))
        return self.fc2(self.fc1(x)), self.pose_head(x).sigmoid()
