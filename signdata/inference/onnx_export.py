"""Export a network to ONNX, in full precision and quantised."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import msgspec
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from signdata.errors import TrainingError
from signdata.inference.card import card_text
from signdata.inference.saved_networks import CARD, RunNetwork
from signdata.inference.scaling import FLOAT, INSIDE, UINT8
from signdata.training.batch_augmentation import prepare

OPSET = 18

_TYPES = {FLOAT: torch.float32, UINT8: torch.uint8}


class _FromPixels(nn.Module):
    """A network with its scaling in front, and its first output alone (some have two)."""

    def __init__(self, network: nn.Module, normalise: str) -> None:
        super().__init__()
        self.network = network
        self.normalise = normalise

    def forward(self, image: Tensor) -> Tensor:
        found = self.network(prepare(image, "none", self.normalise))
        return found[0] if isinstance(found, tuple) else found  # type: ignore[no-any-return]


def write(run: RunNetwork, path: Path, input_type: str = FLOAT) -> None:
    """Write the network of a run to a single ONNX file.

    Input ``image``: pixels 0..255 of stills (batch, C, H, W) or clips (batch, T, C, H, W), of
    `input_type`; output ``logits``: (batch, n_classes). Any batch size is allowed. The scaling
    is part of the graph. The metadata key ``signdata`` holds class names and size as JSON.
    """
    card = msgspec.structs.replace(run.card, normalise=INSIDE)
    sample = torch.zeros(2, *card.shape, dtype=_TYPES[input_type])
    with _quiet():
        made = torch.onnx.export(
            _FromPixels(run.network, run.card.normalise).eval(),
            (sample.to(run.device),),
            dynamo=True,
            opset_version=OPSET,
            input_names=["image"],
            output_names=["logits"],
            dynamic_shapes={"image": {0: torch.export.Dim("batch")}},
            verbose=False,
        )
    if made is None:
        raise TrainingError(f"torch could not export {card.model}")
    model = made.model_proto
    del model.graph.value_info[:]  # stale after the exporter's own optimisation
    entry = model.metadata_props.add()
    entry.key, entry.value = CARD, card_text(card)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))


def quantise(source: Path, target: Path) -> None:
    """Write a copy with 8-bit integer weights (dynamic quantisation)."""
    with _quiet():
        quantize_dynamic(source, target, weight_type=QuantType.QUInt8)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporters' progress messages."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(None):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
