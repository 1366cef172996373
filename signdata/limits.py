"""How large a picture may be: one limit for reading and for writing.

`pixel_limit` sets it for everything that is read and written inside it; commands do so from their
``max_pixels``::

    with pixel_limit(100_000_000), open_dataset("scans") as reader:
        ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Generic, TypeVar

from signdata.errors import UsageError

T = TypeVar("T")
R = TypeVar("R")

MAX_PIXELS = 64_000_000
"""Pictures with more pixels are neither read nor written, unless another limit is set."""

HIGHEST_LIMIT = 178_000_000
"""No higher limit can be set: the picture library opens no larger picture."""

MAX_SIDE = 65_500
"""Longest side in pixels that a JPEG can have."""


@dataclass(frozen=True)
class _Limit:
    pixels: int = MAX_PIXELS
    has_option: bool = False


_USUAL = _Limit()
_limit: ContextVar[_Limit] = ContextVar("signdata_pixel_limit", default=_USUAL)


def max_pixels() -> int:
    """Pixels that a picture may have here and now."""
    return _limit.get().pixels


def described() -> str:
    """The limit, for a message."""
    pixels = max_pixels()
    return f"{pixels // 10**6} megapixels" if pixels % 10**6 == 0 else f"{pixels:,} pixels"


def larger_remedy(n_pixels: int) -> str:
    """What to say for a picture over the limit, where the command has an option for it."""
    limit = _limit.get()
    if not limit.has_option or n_pixels > HIGHEST_LIMIT:
        return ""
    return f"Use --max-pixels {n_pixels} to allow it."


@contextmanager
def pixel_limit(pixels: int, *, has_option: bool = False) -> Iterator[None]:
    """Set another limit.

    Parameters
    ----------
    pixels : int
        Width times height of the largest picture that is read or written.
    has_option : bool
        Whether errors may name ``--max-pixels``.

    Raises
    ------
    UsageError
        If it is less than 1, or more than `HIGHEST_LIMIT`.
    """
    if not 1 <= pixels <= HIGHEST_LIMIT:
        raise UsageError(f"--max-pixels {pixels}; expected 1 to {HIGHEST_LIMIT}")
    token = _limit.set(_Limit(pixels, has_option))
    try:
        yield
    finally:
        _limit.reset(token)


@dataclass(frozen=True)
class Limited(Generic[T, R]):
    """A job that keeps, in whatever process it runs, the limit that was set where it was made."""

    job: Callable[[T], R]
    limit: _Limit

    @classmethod
    def of(cls, job: Callable[[T], R]) -> Limited[T, R]:
        """The job under the limit that is set now."""
        return cls(job, _limit.get())

    def __call__(self, item: T) -> R:
        with pixel_limit(self.limit.pixels, has_option=self.limit.has_option):
            return self.job(item)


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
    if width * height > max_pixels():
        raise UsageError(
            f"{what} {shown}; expected at most {described()}", remedy=larger_remedy(width * height)
        )
    if max(width, height) > MAX_SIDE:
        raise UsageError(f"{what} {shown}; expected no side of more than {MAX_SIDE:,} pixels")
