"""Loading saved networks: a run of `baseline`, or an exported ONNX model.

Only the process of a network does this (`signdata.inference.network_server`): the file may be
a stranger's.
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

from signdata.errors import DependencyError, FormatError, MissingError
from signdata.inference.card import Card, checked
from signdata.inference.scaling import scaled
from signdata.media.fitting import BLACK, STRETCH
from signdata.workers.memory import limited

MAX_REASON = 400
"""Characters of a library's message that are repeated."""

Shape: TypeAlias = Sequence[int | str | None]
"""Numbers, and names or None for what may have any size."""

CARD = "signdata"
"""Key of an ONNX model's metadata that holds its card, as JSON."""


_USUAL_FIT = {"fit": STRETCH, "background": BLACK}
"""What runs did before there was a choice."""


class Network(Protocol):
    """A network that is ready to read."""

    @property
    def card(self) -> Card: ...

    def logits(self, samples: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(B, n_classes) for stills (B, C, H, W) or clips (B, T, C, H, W)."""
        ...


# ---------------------------------------------------------------------------- a run


@dataclass(frozen=True)
class RunNetwork:
    """The network of a run, with PyTorch."""

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
    """What ``best.pt`` says beside its weights."""

    model: str
    classes: list[str]
    config: dict[str, str | int | float | bool | None]


def open_run(path: Path, device: str, max_memory: int) -> RunNetwork:
    """Load what `baseline` saved: a run folder, or its ``best.pt``.

    What the file decides is done with a limit of memory. The network itself is one of ours.
    """
    file = path / "best.pt" if path.is_dir() else path
    if not file.is_file():
        raise MissingError("no run of baseline; expected best.pt", path=path, remedy=_inside(path))
    try:
        import torch  # noqa: F401 - what all below needs
    except ImportError as err:
        raise DependencyError(
            "torch is not installed; a run of baseline needs it",
            remedy="pip install 'signdata[train]', or predict with an exported .onnx file.",
        ) from err
    from signdata.training.devices import pick_device

    with limited(max_memory):
        card, network, split_seed = _loaded(file)
    chosen = pick_device(device)
    return RunNetwork(card, network.to(chosen), chosen, split_seed)


def _inside(path: Path) -> str:
    """Which runs a folder of several holds."""
    runs = sorted(file.parent.name for file in path.glob("*/best.pt"))
    return f"Name one of its runs: {', '.join(runs)}." if runs else ""


def _loaded(file: Path) -> tuple[Card, Any, int]:
    """The card, the network with its weights, and the seed of its splits."""
    import torch

    from signdata.training.models import MODELS, load_weights, model_class

    try:
        saved = torch.load(file, map_location="cpu", weights_only=True)
        kept = msgspec.convert({name: saved[name] for name in _Saved.__struct_fields__}, _Saved)
    except Exception as err:  # a stranger's bytes can make torch raise anything
        raise FormatError("no network that baseline saved", path=file) from err
    if kept.model not in MODELS:
        raise FormatError(f"of a network {kept.model!r} that is not known here", path=file)
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
    except (MemoryError, RuntimeError) as err:  # PyTorch's own word for no memory
        raise FormatError(f"cannot be loaded ({reason(err)})", path=file) from err
    if not has_head:
        raise FormatError(f"not the weights of {len(card.classes)} classes", path=file)
    network.eval()
    return card, network, _split_seed(kept.config, file)


def _split_seed(config: dict[str, Any], file: Path) -> int:
    seeds = [config.get(name) for name in ("split_seed", "seed")]
    seed = next((each for each in seeds if each is not None), 0)
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise FormatError(f"a seed {seed!r}; expected a whole number from 0", path=file)
    return seed


# ---------------------------------------------------------------------------- ONNX


@dataclass(frozen=True)
class OnnxNetwork:
    """An exported network, with onnxruntime."""

    card: Card
    session: Any

    def logits(self, samples: NDArray[np.uint8]) -> NDArray[np.float32]:
        values = scaled(samples, self.card.normalise)
        [answer] = self.session.run(["logits"], {self.session.get_inputs()[0].name: values})
        return np.asarray(answer, np.float32)


def open_onnx(path: Path) -> OnnxNetwork:
    """Load an ONNX model that carries a card of ours.

    It is loaded by its path, so that data in other files is looked for beside it alone.
    """
    if not path.is_file():
        raise MissingError("not there", path=path)
    try:
        import onnxruntime
    except ImportError as err:
        raise DependencyError(
            "onnxruntime is not installed; a .onnx file needs it",
            remedy="pip install 'signdata[onnx]'",
        ) from err
    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level = 4
    try:
        # The library takes no path that is not text; such a model is whole, or refused.
        source = str(path) if path.as_posix().isprintable() else path.read_bytes()
        session = onnxruntime.InferenceSession(source, quiet, providers=["CPUExecutionProvider"])
        text = session.get_modelmeta().custom_metadata_map[CARD]
        card = msgspec.json.decode(text, type=Card)
    except KeyError as err:
        raise FormatError("no card of signdata in its metadata", path=path) from err
    except msgspec.DecodeError as err:
        raise FormatError(f"no card of signdata in its metadata ({err})", path=path) from err
    except Exception as err:  # a damaged file may make the library raise anything
        raise FormatError(f"no ONNX model that can be read ({reason(err)})", path=path) from err
    network = OnnxNetwork(checked(card), session)
    if fault := _other_ends(network):
        raise FormatError(fault, path=path)
    return network


def reason(err: Exception) -> str:
    """What a library says, without its number and in a length that can be read."""
    return re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", str(err).strip())[:MAX_REASON]


def _other_ends(network: OnnxNetwork) -> str:
    """How a model's inputs and outputs are not those of its card; '' if they are."""
    inputs = network.session.get_inputs()
    if len(inputs) != 1:
        return f"{len(inputs)} inputs; expected one"
    [one] = inputs
    wanted: Shape = ("N", *network.card.shape)
    if one.type != "tensor(float)" or not _fits(one.shape, wanted):
        found = f"{_shown(one.shape)} {one.type}"
        return f"takes {found}; expected {_shown(wanted)} tensor(float), as its card says"
    outputs = {each.name: each for each in network.session.get_outputs()}
    if "logits" not in outputs:
        return f"no output 'logits'; found {', '.join(map(repr, outputs)) or 'none'}"
    answer, wanted = outputs["logits"], ("N", len(network.card.classes))
    # What a model states of its answers may be little; each answer is measured as well.
    states = list(answer.shape[1:]) if answer.shape else list(wanted[1:])
    if answer.type != "tensor(float)" or not _fits(states, wanted[1:]):
        found = f"{_shown(answer.shape)} {answer.type}"
        return f"answers {found}; expected {_shown(wanted)} tensor(float), as its card says"
    return ""


def _fits(shape: Shape, wanted: Shape) -> bool:
    """Whether a stated shape can be the wanted one: any batch, and each number that it states."""
    return len(shape) == len(wanted) and all(
        not isinstance(found, int) or found == right
        for found, right in zip(shape, wanted, strict=True)
    )


def _shown(shape: Shape) -> str:
    return "x".join("?" if each is None else str(each) for each in shape)
