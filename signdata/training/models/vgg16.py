"""VGG16's convolutions (Simonyan and Zisserman 2014, arXiv:1409.1556), one linear layer behind.

::

    3 x 150 x 150
      2 x conv 3x3    64 channels   ReLU   pool 2
      2 x conv 3x3   128 channels   ReLU   pool 2
      3 x conv 3x3   256 channels   ReLU   pool 2
      3 x conv 3x3   512 channels   ReLU   pool 2
      3 x conv 3x3   512 channels   ReLU   pool 2   512 x 4 x 4
      linear         8,192 -> classes

14,714,688 fixed parameters and 237,597 that learn, at the 29 classes of the Tec de
Monterrey students' last model. The convolutions have torchvision's names. As in that
model, pictures are brought to 0..1 and no further.
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from signdata.training.models.base import Pretrained, start_weights

BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Channels of each convolution; a pooling ends each block."""


class Vgg16(Pretrained):
    """Fixed VGG16 features and one linear layer on RGB 150 x 150 pictures."""

    input_size_hw: ClassVar[tuple[int, int]] = (150, 150)
    channels: ClassVar[int] = 3
    normalise: ClassVar[str] = "unit"
    source: ClassVar[str] = "Tec de Monterrey students, ASL alphabet, last model; VGG16 fixed"
    classes: ClassVar[int] = 29
    head: ClassVar[str] = "classifier"

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for block in BLOCKS:
            for width in block:
                layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU(inplace=True)]
                before = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(512 * 4 * 4, n_classes)
        start_weights(self.features)
        self.freeze()

    def forward(self, pictures: Tensor) -> Tensor:
        """Logits (B, n_classes) of pictures (B, 3, 150, 150)."""
        logits: Tensor = self.classifier(self.features(pictures).flatten(1))
        return logits
