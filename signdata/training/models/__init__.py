"""The networks by name: a registry of ``"module:Class"``, imported on use.

A network is a `torch.nn.Module` built from the number of classes. It states the
input it was drawn for, takes pictures standardised one by one, (B, C, H, W)
float, and returns logits, (B, n_classes).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from signdata.errors import UsageError

if TYPE_CHECKING:
    from torch import nn

MODELS = {
    "unam": "signdata.training.models.unam:Unam",
}


class ModelClass(Protocol):
    """What a network's class offers.

    Attributes
    ----------
    input_size_hw : tuple of int
        Height and width of the pictures that it takes.
    channels : int
        1 for grey, 3 for RGB.
    """

    @property
    def input_size_hw(self) -> tuple[int, int]: ...

    @property
    def channels(self) -> int: ...

    def __call__(self, n_classes: int) -> nn.Module: ...


def model_class(name: str) -> ModelClass:
    """Class of the network called `name`; `UsageError` lists the names there are."""
    if name not in MODELS:
        raise UsageError(f"no such model; expected {' or '.join(MODELS)}, found {name!r}")
    module, _, attribute = MODELS[name].partition(":")
    return cast(ModelClass, getattr(import_module(module), attribute))
