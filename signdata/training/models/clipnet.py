"""Our network for clips: a small network for each frame, then convolutions over time.

::

    T frames x 3 x 64 x 64, minus their mean, which removes what does not move
      of each frame:
        conv 3x3, halved   24 x 32 x 32
        conv 3x3, halved   48 x 16 x 16
        conv 3x3, halved   96 x  8 x  8
        conv 3x3, halved   96 x  4 x  4
      over time:
        conv 3   1,536 -> 128, T long    dropout 0.3
        conv 3     128 -> 128, T long
        mean over time, dropout 0.3
      linear     128 -> classes

Each convolution is followed by a batch normalisation and a ReLU. The 4 x 4 positions of a frame
are not pooled before the convolutions over time, because the hand's position is part of the sign.
The mean over time shows the room and the person, by which a network would recognise signers.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from signdata.training.models.base import Network


class ClipNet(Network):
    """Four convolutions over each RGB 64 x 64 frame, two over time; any number of frames."""

    input_size_hw: ClassVar[tuple[int, int]] = (64, 64)
    channels: ClassVar[int] = 3
    frames: ClassVar[int] = 16
    source: ClassVar[str] = "ours, for clips"
    classes: ClassVar[int] = 8
    head: ClassVar[str] = "fc"

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.pictures = nn.Sequential(
            picture_layer(3, 24),
            picture_layer(24, 48),
            picture_layer(48, 96),
            picture_layer(96, 96),
        )
        self.time1 = time_layer(96 * 4 * 4, 128)
        self.time2 = time_layer(128, 128)
        self.dropout = nn.Dropout(0.3)
        self.fc = nn.Linear(128, n_classes)

    def forward(self, clips: Tensor) -> Tensor:
        """Logits (B, n_classes) of clips (B, T, 3, 64, 64)."""
        moving = (clips - clips.mean(1, keepdim=True)).flatten(0, 1)
        x = self.pictures(moving.contiguous(memory_format=torch.channels_last)).flatten(1)
        moments = x.unflatten(0, clips.shape[:2]).transpose(1, 2)
        moments = self.time2(self.dropout(self.time1(moments)))
        logits: Tensor = self.fc(self.dropout(moments.mean(2)))
        return logits


def picture_layer(before: int, after: int) -> nn.Sequential:
    """A 3x3 convolution with stride 2, batch normalisation and ReLU."""
    return nn.Sequential(
        nn.Conv2d(before, after, 3, 2, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
    )


def time_layer(before: int, after: int) -> nn.Sequential:
    """A convolution over three time steps with batch normalisation and ReLU."""
    return nn.Sequential(
        nn.Conv1d(before, after, 3, padding=1, bias=False),
        nn.BatchNorm1d(after),
        nn.ReLU(inplace=True),
    )
