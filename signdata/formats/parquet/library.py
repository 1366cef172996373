"""pyarrow, imported when a file needs it, and its errors as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from signdata.errors import DependencyError, FormatError, SigndataError


def is_installed() -> bool:
    """Whether pyarrow can be imported."""
    return find_spec("pyarrow") is not None


def arrow(module: str = "pyarrow") -> Any:
    """A module of pyarrow.

    Raises
    ------
    DependencyError
        If it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as err:
        raise DependencyError(
            "pyarrow is not installed; Parquet needs it",
            remedy="pip install 'signdata[parquet]'",
        ) from err


@contextmanager
def as_format_error(path: str | Path, expected: str = "Parquet") -> Iterator[None]:
    """Turn whatever the library raises on a damaged file into an error that names the file."""
    try:
        yield
    except SigndataError:
        raise
    except Exception as err:  # a damaged file may make the library raise anything
        raise FormatError(f"not {expected}, or damaged ({_first_line(err)})", path=path) from err


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
