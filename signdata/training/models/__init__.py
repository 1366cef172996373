"""The networks by name: a registry of ``"module:Class"``, imported on use.

What a network states and returns is said in `base.Network`. To use one::

    build = model_class("resnet18")        # states its input: size, channels, frames, scale
    network = build(n_classes)             # weights drawn from torch's random state
    load_weights(network, path)            # or not; whether the head was in the file too
    network.freeze(finetune)               # as built: freeze(False)
    network(samples)                       # logits; logits and poses where `poses` is not 0
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol, cast

import torch

from signdata.errors import UsageError
from signdata.training.models.base import Network
from signdata.training.models.weights_file import load_weights

__all__ = ["MODELS", "ModelClass", "load_weights", "model_class", "model_table"]

MODELS = {
    "unam": "signdata.training.models.unam:Unam",
    "tec": "signdata.training.models.tec:Tec",
    "vgg16": "signdata.training.models.vgg16:Vgg16",
    "resnet50": "signdata.training.models.resnet:ResNet50",
    "resnet18": "signdata.training.models.resnet:ResNet18",
    "aslnet": "signdata.training.models.aslnet:AslNet",
    "simplenet3d": "signdata.training.models.simplenet3d:SimpleNet3d",
    "twooutnet": "signdata.training.models.twooutnet:TwoOutNet",
    "signnet": "signdata.training.models.signnet:SignNet",
    "clipnet": "signdata.training.models.clipnet:ClipNet",
}


class ModelClass(Protocol):
    """The interface of a network's class; see `base.Network`."""

    @property
    def input_size_hw(self) -> tuple[int, int]: ...

    @property
    def channels(self) -> int: ...

    @property
    def frames(self) -> int: ...

    @property
    def normalise(self) -> str: ...

    @property
    def poses(self) -> int: ...

    @property
    def source(self) -> str: ...

    @property
    def classes(self) -> int: ...

    @property
    def head(self) -> str: ...

    @property
    def pretrained(self) -> bool: ...

    def __call__(self, n_classes: int) -> Network: ...


def model_class(name: str) -> ModelClass:
    """Class of the network called `name`; `UsageError` lists the known names."""
    if name not in MODELS:
        raise UsageError(f"no such model; expected {' or '.join(MODELS)}, found {name!r}")
    module, _, attribute = MODELS[name].partition(":")
    return cast(ModelClass, getattr(import_module(module), attribute))


def model_table() -> list[dict[str, Any]]:
    """All networks with their numbers of parameters; allocates no weights.

    Returns
    -------
    list of dict
        `name`; `parameters`, all of them; `trainable`, those that learn without
        fine-tuning; `input`, (C, H, W) or (T, C, H, W) as a list; `classes`, for which the
        numbers hold; `source`.
    """
    return [_row(name, model_class(name)) for name in MODELS]


def _row(name: str, build: ModelClass) -> dict[str, Any]:
    with torch.device("meta"):
        network = build(build.classes)
    clip = [build.frames] if build.frames > 1 else []
    return {
        "name": name,
        "parameters": sum(weights.numel() for weights in network.parameters()),
        "trainable": sum(w.numel() for w in network.parameters() if w.requires_grad),
        "input": [*clip, build.channels, *build.input_size_hw],
        "classes": build.classes,
        "source": build.source,
    }
