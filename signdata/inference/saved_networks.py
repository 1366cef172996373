"""Load saved networks: a run of `baseline`, or an exported ONNX model.

Only done in a process of its own (`signdata.inference.network_server`), because the file may
be untrusted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from signdata.errors import DependencyError, FormatError, MissingError, SigndataError
from signdata.filesystem import not_there
from signdata.inference.card import Card, checked
from signdata.inference.scaling import INSIDE, scaled
from signdata.media.fitting import BLACK, STRETCH
from signdata.workers.memory import limited

MAX_REASON = 400
"""Characters of a library's message that are shown."""

Shape: TypeAlias = Sequence[int | str | None]
"""Numbers, and names or None for dimensions of any size."""

CARD = "signdata"
"""Metadata key of an ONNX model with its card, as JSON."""


_USUAL_FIT = {"fit": STRETCH, "background": BLACK}
"""What runs did before there was a choice."""


class Network(Protocol):
    """A loaded network."""

    @property
    def card(self) -> Card: ...

    def logits(self, samples: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits (B, n_classes) of stills (B, C, H, W) or clips (B, T, C, H, W), uint8."""
        ...


# ---------------------------------------------------------------------------- a run


@dataclass(frozen=True)
class RunNetwork:
    """The network of a run, in PyTorch."""

    card: Card
    network: Any
    device: Any
    split_seed: int

    def logits(self, samples: NDArray[np.uint8]) -> NDArray[np.float32]:
        import torch

        with torch.no_grad():
            batch = torch.from_numpy(scaled(samples, self.card.normalise)).to(self.device)
            found = self.network(batch)
        first = found[0] if isinstance(found, tuple) else found
        answer: NDArray[np.float32] = first.float().cpu().numpy()
        return answer


class _Saved(msgspec.Struct):
    """The content of ``best.pt`` besides its weights."""

    model: str
    classes: list[str]
    config: dict[str, str | int | float | bool | None]


def open_run(path: Path, device: str, max_memory: int, threads: int = 0) -> RunNetwork:
    """Load a run of `baseline`: its folder, or its ``best.pt``; `threads` read, 0 is all cores.

    Loading is limited in memory, because the file may be untrusted; the network's code is ours.
    """
    file = path / "best.pt" if path.is_dir() else path
    if not file.is_file():
        raise MissingError(
            "not a run of baseline; expected best.pt", path=path, remedy=_inside(path)
        )
    try:
        import torch
    except ImportError as err:
        raise DependencyError(
            "torch is not installed; a run of baseline needs it",
            remedy="pip install 'signdata[train]', or predict with an exported .onnx file.",
        ) from err
    from signdata.training.devices import pick_device

    if threads:
        torch.set_num_threads(threads)
    with limited(max_memory):
        card, network, split_seed = _loaded(file)
    chosen = pick_device(device)
    return RunNetwork(card, network.to(chosen), chosen, split_seed)


def _inside(path: Path) -> str:
    """The remedy that names the runs in a folder of several; '' if there are none."""
    runs = sorted(file.parent.name for file in path.glob("*/best.pt"))
    return f"Name one of its runs: {', '.join(runs)}." if runs else ""


def _loaded(file: Path) -> tuple[Card, Any, int]:
    """The card, the network with its weights, and the random seed of its split."""
    import torch

    from signdata.training.models import MODELS, load_weights, model_class

    try:
        saved = torch.load(file, map_location="cpu", weights_only=True)
        kept = msgspec.convert({name: saved[name] for name in _Saved.__struct_fields__}, _Saved)
    except Exception as err:  # untrusted bytes can make torch raise anything
        raise FormatError("not a network saved by baseline", path=file) from err
    if kept.model not in MODELS:
        raise FormatError(f"unknown network {kept.model!r}", path=file)
    build = model_class(kept.model)
    card = checked(
        Card(
            *(kept.model, kept.classes, build.input_size_hw),
            *(build.channels, build.frames, build.normalise),
            *(str(kept.config.get(name, usual)) for name, usual in _USUAL_FIT.items()),
        )
    )
    try:
        network = build(len(card.classes))
        has_head = load_weights(network, file)
    except (MemoryError, RuntimeError) as err:  # PyTorch raises RuntimeError if memory runs out
        raise FormatError(f"cannot be loaded ({reason(err)})", path=file) from err
    if not has_head:
        raise FormatError(f"not the weights for {len(card.classes)} classes", path=file)
    network.eval()
    return card, network, _split_seed(kept.config, file)


def _split_seed(config: dict[str, Any], file: Path) -> int:
    seeds = [config.get(name) for name in ("split_seed", "seed")]
    seed = next((each for each in seeds if each is not None), 0)
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise FormatError(f"seed {seed!r}; expected an integer of at least 0", path=file)
    return seed


# ---------------------------------------------------------------------------- ONNX


@dataclass(frozen=True)
class OnnxNetwork:
    """An exported network, in onnxruntime."""

    card: Card
    session: Any

    def logits(self, samples: NDArray[np.uint8]) -> NDArray[np.float32]:
        [one] = self.session.get_inputs()
        takes_bytes = one.type == "tensor(uint8)"
        values = samples if takes_bytes else scaled(samples, self.card.normalise)
        [answer] = self.session.run(["logits"], {one.name: values})
        return np.asarray(answer, np.float32)


def open_onnx(path: Path, threads: int = 0) -> OnnxNetwork:
    """Load an ONNX model that has a signdata card; `threads` read, 0 is all cores.

    It is loaded by path, so that external data is looked for only next to it.
    """
    if not path.is_file():
        raise not_there(path)
    try:
        import onnxruntime
    except ImportError as err:
        raise DependencyError(
            "onnxruntime is not installed; a .onnx file needs it",
            remedy="pip install 'signdata[onnx]'",
        ) from err
    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level = 4
    if threads:
        quiet.intra_op_num_threads = quiet.inter_op_num_threads = threads
    try:
        # The library accepts only text paths; other models must be in one file, or are refused.
        source = str(path) if path.as_posix().isprintable() else path.read_bytes()
        session = onnxruntime.InferenceSession(source, quiet, providers=["CPUExecutionProvider"])
        text = session.get_modelmeta().custom_metadata_map[CARD]
        card = msgspec.json.decode(text, type=Card)
        network = OnnxNetwork(checked(card), session)
        fault = _mismatch(network)
    except SigndataError:
        raise
    except KeyError as err:
        raise FormatError("no signdata card in its metadata", path=path) from err
    except msgspec.DecodeError as err:
        raise FormatError(f"no signdata card in its metadata ({err})", path=path) from err
    except Exception as err:  # a damaged file may make the library raise anything, at any question
        raise FormatError(f"not a readable ONNX model ({reason(err)})", path=path) from err
    if fault:
        raise FormatError(fault, path=path)
    return network


def reason(err: Exception) -> str:
    """A library's error message, without its error number, shortened."""
    return re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", str(err).strip())[:MAX_REASON]


def _mismatch(network: OnnxNetwork) -> str:
    """How a model's inputs and outputs differ from those of its card; '' if they agree."""
    inputs = network.session.get_inputs()
    if len(inputs) != 1:
        return f"{len(inputs)} inputs; expected one"
    [one] = inputs
    wanted: Shape = ("N", *network.card.shape)
    # Only a network that scales its pixels itself can make something of bytes.
    types = ["tensor(float)", *(["tensor(uint8)"] if network.card.normalise == INSIDE else [])]
    if one.type not in types or not _fits(one.shape, wanted):
        found = f"{_shown(one.shape)} {one.type}"
        return f"input {found}; expected {_shown(wanted)} {' or '.join(types)}, as its card says"
    outputs = {each.name: each for each in network.session.get_outputs()}
    if "logits" not in outputs:
        return f"no output 'logits'; found {', '.join(map(repr, outputs)) or 'none'}"
    answer, wanted = outputs["logits"], ("N", len(network.card.classes))
    # A model may declare only part of its output's shape; every output is checked as well.
    states = list(answer.shape[1:]) if answer.shape else list(wanted[1:])
    if answer.type != "tensor(float)" or not _fits(states, wanted[1:]):
        found = f"{_shown(answer.shape)} {answer.type}"
        return f"output {found}; expected {_shown(wanted)} tensor(float), as its card says"
    return ""


def _fits(shape: Shape, wanted: Shape) -> bool:
    """Whether a declared shape is compatible with the expected one; open dimensions match any."""
    return len(shape) == len(wanted) and all(
        not isinstance(found, int) or found == right
        for found, right in zip(shape, wanted, strict=True)
    )


def _shown(shape: Shape) -> str:
    return "x".join("?" if each is None else str(each) for each in shape)
