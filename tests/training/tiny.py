"""Two networks for clips, as small as can be."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn


class Tiny(nn.Module):
    """One linear layer on three grey frames of 14 x 14."""

    input_size_hw: ClassVar[tuple[int, int]] = (14, 14)
    channels: ClassVar[int] = 1
    frames: ClassVar[int] = 3
    head: ClassVar[str] = "fc"
    pretrained: ClassVar[bool] = False

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.fc = nn.Linear(3 * 14 * 14, n_classes)

    def forward(self, clips: Tensor) -> Tensor:
        """Logits (B, n_classes) of clips (B, 3, 1, 14, 14)."""
        logits: Tensor = self.fc(clips.flatten(1))
        return logits


class TinyPose(Tiny):
    """The same with a second head."""

    normalise: ClassVar[str] = "unit"
    poses: ClassVar[int] = 3 * 42 * 2

    def __init__(self, n_classes: int) -> None:
        super().__init__(n_classes)
        self.pose_head = nn.Linear(3 * 14 * 14, self.poses)

    def forward(self, clips: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """Logits, and poses (B, 252) in 0..1."""
        return super().forward(clips), self.pose_head(clips.flatten(1)).sigmoid()
