"""Saved networks that read pictures: a run of `baseline`, or an exported ONNX model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from signdata.errors import DependencyError, FormatError, MissingError
from signdata.training.normalisation import scaled


class Card(msgspec.Struct, frozen=True):
    """What a saved network takes and answers.

    Attributes
    ----------
    model : str
        Name of the network.
    classes : list of str
        Names of its outputs, in order.
    size_hw : tuple of int
        Height and width of its input.
    channels, frames : int
        1 or 3; 1 for stills.
    normalise : str
        As `signdata.training.normalisation.scaled` has it.
    """

    model: str
    classes: list[str]
    size_hw: tuple[int, int]
    channels: int
    frames: int
    normalise: str


class Predictor(Protocol):
    """A network that is ready to read."""

    @property
    def card(self) -> Card: ...

    def logits(self, samples: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(B, n_classes) for stills (B, C, H, W) or clips (B, T, C, H, W)."""
        ...


def open_predictor(path: Path, device: str = "auto") -> Predictor:
    """Load what `baseline` or `export` saved.

    Parameters
    ----------
    path : Path
        A run folder, its ``best.pt``, or an ``.onnx`` file.
    device : {'auto', 'cpu', 'cuda'}
        Where a run's network reads.

    Raises
    ------
    MissingError, FormatError
        If it is not there, or is none.
    DependencyError
        If what it needs is not installed.
    """
    if path.suffix.lower() == ".onnx":
        return _open_onnx(path)
    file = path / "best.pt" if path.is_dir() else path
    if not file.is_file():
        raise MissingError("no run of baseline; expected best.pt", path=path, remedy=_inside(path))
    return _open_run(file, device)


def _inside(path: Path) -> str:
    """Which runs a folder of several holds."""
    runs = sorted(file.parent.name for file in path.glob("*/best.pt"))
    return f"Name one of its runs: {', '.join(runs)}." if runs else ""


def probabilities(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Softmax of logits (B, n_classes)."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float32] = powers / powers.sum(axis=1, keepdims=True)
    return shares


# ---------------------------------------------------------------------------- a run


@dataclass(frozen=True)
class RunPredictor:
    """The network of a run, with PyTorch."""

    card: Card
    network: Any
    device: Any
    split_seed: int = 0

    def logits(self, samples: NDArray[np.uint8]) -> NDArray[np.float32]:
        import torch

        with torch.no_grad():
            batch = torch.from_numpy(scaled(samples, self.card.normalise)).to(self.device)
            found = self.network(batch)
        first = found[0] if isinstance(found, tuple) else found
        answer: NDArray[np.float32] = first.float().cpu().numpy()
        return answer


def _open_run(file: Path, device: str) -> RunPredictor:
    try:
        import torch
    except ImportError as err:
        raise DependencyError(
            "torch is not installed; a run of baseline needs it",
            remedy="pip install 'signdata[train]', or predict with an exported .onnx file.",
        ) from err
    from signdata.training.devices import pick_device
    from signdata.training.models import MODELS, load_weights, model_class

    chosen = pick_device(device)
    try:
        saved = torch.load(file, map_location="cpu", weights_only=True)
        kept = msgspec.convert({name: saved[name] for name in _Saved.__struct_fields__}, _Saved)
    except Exception as err:  # a stranger's bytes can make torch raise anything
        raise FormatError("no network that baseline saved", path=file) from err
    if kept.model not in MODELS:
        raise FormatError(f"of a network {kept.model!r} that is not known here", path=file)
    build = model_class(kept.model)
    network = build(len(kept.classes))
    if not load_weights(network, file):
        raise FormatError(f"not the weights of {len(kept.classes)} classes", path=file)
    network.eval()
    card = Card(
        *(kept.model, kept.classes, build.input_size_hw),
        *(build.channels, build.frames, build.normalise),
    )
    seed, split_seed = (kept.config.get(name) for name in ("seed", "split_seed"))
    return RunPredictor(
        card,
        network.to(chosen),
        chosen,
        int((split_seed if split_seed is not None else seed) or 0),
    )


class _Saved(msgspec.Struct):
    """What ``best.pt`` says beside its weights."""

    model: str
    classes: list[str]
    config: dict[str, str | int | float | bool | None]


# ---------------------------------------------------------------------------- ONNX


CARD = "signdata"
"""Key of the model's metadata that holds its card, as JSON."""


@dataclass(frozen=True)
class OnnxPredictor:
    """An exported network, with onnxruntime."""

    card: Card
    session: Any

    def logits(self, samples: NDArray[np.uint8]) -> NDArray[np.float32]:
        values = scaled(samples, self.card.normalise)
        answer: NDArray[np.float32] = self.session.run(
            ["logits"], {self.session.get_inputs()[0].name: values}
        )[0]
        return answer


def _open_onnx(path: Path) -> OnnxPredictor:
    try:
        import onnxruntime
    except ImportError as err:
        raise DependencyError(
            "onnxruntime is not installed; a .onnx file needs it",
            remedy="pip install 'signdata[onnx]'",
        ) from err
    if not path.is_file():
        raise MissingError("not there", path=path)
    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            path.read_bytes(), quiet, providers=["CPUExecutionProvider"]
        )
        text = session.get_modelmeta().custom_metadata_map[CARD]
        card = msgspec.json.decode(text, type=Card)
    except KeyError as err:
        raise FormatError("no card of signdata in its metadata", path=path) from err
    except Exception as err:  # a damaged file may make the library raise anything
        raise FormatError(f"no ONNX model that can be read ({err})", path=path) from err
    return OnnxPredictor(card, session)


def card_text(card: Card) -> str:
    """A card as it is kept in a model's metadata."""
    return json.dumps(msgspec.to_builtins(card))
