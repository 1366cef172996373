"""Check whether PyTorch is installed, without importing it, for a one-line error."""

from __future__ import annotations

import importlib.util

from signdata.errors import DependencyError


def need_torch() -> None:
    """Raise `DependencyError` if torch is not installed."""
    if importlib.util.find_spec("torch") is None:
        raise DependencyError(
            "torch is not installed; baseline needs it", remedy="pip install 'signdata[train]'"
        )
