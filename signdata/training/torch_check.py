"""Whether PyTorch is there; imports nothing of it, so that its absence can be said in one line."""

from __future__ import annotations

import importlib.util

from signdata.errors import DependencyError


def need_torch() -> None:
    """Raise `DependencyError` where torch is not installed."""
    if importlib.util.find_spec("torch") is None:
        raise DependencyError(
            "torch is not installed; baseline needs it", remedy="pip install 'signdata[train]'"
        )
