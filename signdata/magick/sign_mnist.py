"""The 60 variants per picture of Sign-MNIST's description: filters times treatments.

Each filter is combined with each of 12 treatments: none, `TONES`, `ANGLES` and `PIXELATED`.
"""

FILTERS = ("Mitchell", "Robidoux", "Catrom", "Spline", "Hermite")

TONES = tuple(
    (brightness, contrast)
    for brightness in (-15, 0, 15)
    for contrast in (-15, 0, 15)
    if brightness or contrast
)
"""Brightness and contrast, in percent."""

ANGLES = (3, -3)
"""Degrees, clockwise; the edge is repeated outside."""

PIXELATED = 0.05
"""Fraction of the 2x2 blocks that are replaced by their mean."""
