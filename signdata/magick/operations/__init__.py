"""The operations of recipes, and the ImageMagick options that do the same.

An operation can change quanta, and knows which options of ImageMagick are equivalent. Its
fields are the values of one variant; `signdata.magick.recipe` draws them.
"""

from __future__ import annotations

from typing import TypeAlias

from signdata.magick.operations.base import Operation, Place
from signdata.magick.operations.chains import Chain, matrix, options, run, run_each
from signdata.magick.operations.light import BrightnessContrast, Level, Modulate
from signdata.magick.operations.shape import Crop, Extent, Gray, Resize, Sample, Scale
from signdata.magick.operations.spoil import Mosaic, Noise, Pixelate, Spread
from signdata.magick.operations.turn import Rotate, Srt

AnyOperation: TypeAlias = (
    Crop
    | Gray
    | Resize
    | Scale
    | Sample
    | Extent
    | BrightnessContrast
    | Modulate
    | Level
    | Srt
    | Rotate
    | Mosaic
    | Noise
    | Spread
    | Pixelate
)

__all__ = [
    "AnyOperation",
    "BrightnessContrast",
    "Chain",
    "Crop",
    "Extent",
    "Gray",
    "Level",
    "Modulate",
    "Mosaic",
    "Noise",
    "Operation",
    "Pixelate",
    "Place",
    "Resize",
    "Rotate",
    "Sample",
    "Scale",
    "Spread",
    "Srt",
    "matrix",
    "options",
    "run",
    "run_each",
]
