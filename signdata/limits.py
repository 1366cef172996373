"""Limits on the size of pictures, for reading and writing."""

from __future__ import annotations

from signdata.errors import UsageError

MAX_PIXELS = 64_000_000
"""Pictures with more pixels are neither read nor written."""

MAX_SIDE = 65_500
"""Longest side in pixels that a JPEG can have."""


def check_size(size_wh: tuple[int, int] | None, what: str) -> None:
    """Raise `UsageError` unless pictures of this width and height can be written.

    Parameters
    ----------
    size_wh : tuple of int or None
        Width and height; None keeps the original size and is always accepted.
    what : str
        The option's name, for the message.
    """
    if size_wh is None:
        return
    width, height = size_wh
    if min(width, height) < 1:
        raise UsageError(f"{what} {width}x{height}; expected at least 1x1")
    shown = "x".join(str(side) if side < 10**12 else f"{side:.0e}" for side in size_wh)
    if width * height > MAX_PIXELS:
        raise UsageError(f"{what} {shown}; expected at most {MAX_PIXELS // 10**6} megapixels")
    if max(width, height) > MAX_SIDE:
        raise UsageError(f"{what} {shown}; expected no side of more than {MAX_SIDE:,} pixels")
