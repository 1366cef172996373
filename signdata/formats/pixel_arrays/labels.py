"""Labels and other columns out of arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signdata.errors import FormatError


def labels_of(
    values: NDArray[Any], names: list[str] | tuple[str, ...], path: Path, where: str
) -> list[str]:
    """The class name of each sample: of codes, one-hot rows or text.

    Raises
    ------
    FormatError
        If they are no labels, or lie outside the class names.
    """
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    elif values.ndim == 2 and values.dtype.kind in "uifb" and is_one_hot(values):
        values = values.argmax(axis=1)  # as Keras writes it
    if values.ndim != 1:
        raise FormatError(f"labels of shape {values.shape}", path=path, where=where)
    if values.dtype.kind in "OSU":
        return [text(value, path, where) for value in values]
    if are_whole(values):
        values = values.astype(np.int64)
    if values.dtype.kind not in "ui":
        raise FormatError(f"labels of type {values.dtype}", path=path, where=where)
    codes: list[int] = values.tolist()
    if not names:
        return [str(code) for code in codes]
    worst = max(codes) if min(codes) >= 0 else min(codes)
    if not 0 <= worst < len(names):
        raise FormatError(f"label {worst}; expected 0..{len(names) - 1}", path=path, where=where)
    return [names[code] for code in codes]


def is_one_hot(values: NDArray[Any]) -> bool:
    """Whether each row of a matrix is 0 save for a single 1."""
    return bool(((values == 0) | (values == 1)).all() and (values.sum(axis=1) == 1).all())


def are_whole(values: NDArray[Any]) -> bool:
    """Whether values are floating-point, all of them whole numbers that are stored exactly."""
    if values.dtype.kind != "f":
        return False
    largest = 2 / np.finfo(values.dtype).eps
    return bool(((np.abs(values) <= largest) & (values == np.floor(values))).all())


def strings(values: NDArray[Any], path: Path, where: str) -> list[str]:
    """The values of a list as text."""
    if values.ndim != 1:
        raise FormatError("expected a list of strings", path=path, where=where)
    if are_whole(values):
        values = values.astype(np.int64)
    return [text(value, path, where) for value in values]


def text(value: Any, path: Path, where: str) -> str:
    """A value as text; bytes are UTF-8."""
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError as err:
            raise FormatError(f"not UTF-8 ({err.reason})", path=path, where=where) from err
    return str(value)
