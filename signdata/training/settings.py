"""Default training settings of each network: ours, and those of its source.

The published ones are what each source trained with, except for its mistakes, which are
corrected: a softmax before a loss that includes one, training on the validation split, choosing
the best epoch on test, epochs that end early, unscaled grey levels of 0 to 255.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from signdata.errors import UsageError
from signdata.media.fitting import Fit
from signdata.training.batch_augmentation import AUGMENTS
from signdata.training.devices import (
    DEVICES,
)

OPTIMIZERS = ("adamw", "adam", "sgd")
SCHEDULES = ("one-cycle", "plateau", "constant")
CLASS_WEIGHTS = ("none", "balanced")
PRESETS = ("ours", "published")
REFITS = ("auto", "always", "never")


@dataclass(frozen=True)
class Preset:
    """Training settings.

    Attributes
    ----------
    epochs, batch_size : int
    least_steps : int
        On a small dataset, the number of epochs is raised to reach this many steps.
    lr : float
        The learning rate; the peak for one-cycle.
    optimizer : {'adamw', 'adam', 'sgd'}
    momentum : float
        Momentum of SGD, 0..1.
    weight_decay : float
    schedule : {'one-cycle', 'plateau', 'constant'}
        `plateau` multiplies the rate by `plateau_factor`, down to `min_lr`, whenever the loss
        on val has not fallen for more than `plateau_patience` epochs.
    warm_up : float
        Fraction of the steps of one-cycle in which the rate rises, between 0 and 1.
    plateau_factor : float
    plateau_patience : int
    min_lr : float
    halve_after : int
        The epoch after which a constant rate is halved; 0 turns it off.
    patience : int
        Epochs without improvement on val after which training ends; 0 turns it off.
    label_smoothing : float
        0..1.
    class_weights : {'none', 'balanced'}
        `balanced` gives all classes the same weight in the loss, whatever their size.
    clip_norm : float
        Gradient norm to clip to; 0 turns it off.
    augment : {'light', 'none', 'recipe'}
        `light` changes every picture slightly at random in each epoch; `recipe` turns it into one
        of the 60 variants of Sign-MNIST. All frames of a clip get the same changes.
    refit : {'auto', 'always', 'never'}
        Whether the final network is trained from scratch on train and val together, for as many
        epochs as val chose. `auto` does so if there is a test split, and none of val's signers
        or groups is in train.
    """

    epochs: int = 10
    least_steps: int = 0
    batch_size: int = 64
    lr: float = 1e-2
    optimizer: str = "adamw"
    momentum: float = 0.9
    weight_decay: float = 0.1
    schedule: str = "one-cycle"
    warm_up: float = 0.3
    plateau_factor: float = 0.1
    plateau_patience: int = 10
    min_lr: float = 0.0
    halve_after: int = 0
    patience: int = 0
    label_smoothing: float = 0.1
    class_weights: str = "none"
    clip_norm: float = 0.0
    augment: str = "light"
    refit: str = "auto"


@dataclass(frozen=True)
class Published(Preset):
    """What the sources have in common: a constant learning rate, a plain loss, no augmentation."""

    lr: float = 1e-3
    optimizer: str = "adam"
    weight_decay: float = 0.0
    schedule: str = "constant"
    label_smoothing: float = 0.0
    augment: str = "none"
    refit: str = "never"


PICTURES = Preset()
HEADS = Preset(lr=3e-3)
CLIPS = Preset(epochs=30, batch_size=8, lr=1e-3, clip_norm=5.0)

OURS = {
    "signnet": Preset(epochs=6, least_steps=1200, batch_size=128),
    **{"tec": Preset(lr=3e-3), "vgg16": HEADS, "resnet18": HEADS, "resnet50": HEADS},
    **{"simplenet3d": CLIPS, "twooutnet": CLIPS},
    "clipnet": replace(CLIPS, least_steps=900, lr=2e-3),
}
"""Our settings of the networks that do not use `PICTURES`."""

PUBLISHED = {
    "unam": Published(epochs=25, optimizer="sgd", lr=0.0015, momentum=0.7),
    "tec": Published(epochs=15, batch_size=128),
    "vgg16": Published(epochs=15, batch_size=128),
    "resnet18": Published(epochs=25, batch_size=128),
    "resnet50": Published(epochs=27, batch_size=32, halve_after=20),
    "aslnet": Published(epochs=25, batch_size=32),
    "simplenet3d": Published(
        epochs=50,
        batch_size=16,
        schedule="plateau",
        plateau_factor=0.7,
        plateau_patience=5,
        min_lr=1e-6,
    ),
    "twooutnet": Published(
        epochs=50, batch_size=2, optimizer="sgd", lr=1e-2, momentum=0.0, schedule="plateau"
    ),
}


def preset_of(name: str, model: str) -> Preset:
    """The preset `name` of the network `model`.

    Raises
    ------
    UsageError
        If there is no such preset, or the network has no published settings.
    """
    if name not in PRESETS:
        raise UsageError(f"no such preset; expected {' or '.join(PRESETS)}, found {name!r}")
    if name == "ours":
        return OURS.get(model, PICTURES)
    if model not in PUBLISHED:
        raise UsageError(f"{model} is this project's own network and has no published settings")
    return PUBLISHED[model]


@dataclass(frozen=True)
class TrainConfig(Preset):
    """How to train: a preset's settings, the network, initial weights, random seeds, device.

    Attributes
    ----------
    model : str
        A name in `signdata.training.models.MODELS`.
    preset : {'ours', 'published'}
        Source of the settings that were not given; `of` looks them up.
    weights : str or None
        File of initial weights.
    finetune : bool
        Whether a network's fixed layers are trained as well.
    seed : int
    split_seed : int or None
        Random seed of held-out splits; None uses `seed`.
    device : {'auto', 'cpu', 'cuda'}
        `auto` uses CUDA if available.
    compile : bool
        Whether the network is compiled before training.
    fit, background : str
        How pictures of other aspect ratios are brought to the network's input size; see
        `signdata.media.fitting.Fit`.
    """

    model: str = "unam"
    preset: str = "ours"
    weights: str | None = None
    finetune: bool = False
    seed: int = 0
    split_seed: int | None = None
    device: str = "auto"
    compile: bool = False
    fit: str = "stretch"
    background: str = "black"

    @property
    def fitting(self) -> Fit:
        """How pictures come to the network's size."""
        return Fit(self.fit, self.background)

    @classmethod
    def of(cls, model: str, preset: str = "ours", **given: Any) -> Self:
        """A preset's settings of a network, with those given replaced."""
        settings = {**asdict(preset_of(preset, model)), **given}
        if "epochs" in given:
            settings["least_steps"] = 0
        return cls(model=model, preset=preset, **settings)

    def with_epochs(self, n_samples: int) -> Self:
        """The same with enough epochs to reach `least_steps`."""
        steps = math.ceil(n_samples / self.batch_size)
        return replace(self, epochs=max(self.epochs, math.ceil(self.least_steps / steps)))

    def __post_init__(self) -> None:
        Fit(self.fit, self.background)
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, found {getattr(self, name)}")
        if not 0 < self.lr < math.inf:
            raise UsageError(f"lr must be above 0 and finite, found {self.lr}")
        for name in ("patience", "clip_norm"):
            if getattr(self, name) < 0:
                raise UsageError(f"{name} must be 0 or more, found {getattr(self, name)}")
        if not 0 <= self.label_smoothing < 1:
            raise UsageError(f"label_smoothing must be 0 to below 1, found {self.label_smoothing}")
        known = {
            "augment": AUGMENTS,
            "device": DEVICES,
            "optimizer": OPTIMIZERS,
            "schedule": SCHEDULES,
            "class_weights": CLASS_WEIGHTS,
            "preset": PRESETS,
            "refit": REFITS,
        }
        for name, names in known.items():
            if getattr(self, name) not in names:
                found = getattr(self, name)
                raise UsageError(f"no such {name}; expected {' or '.join(names)}, found {found!r}")
