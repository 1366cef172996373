"""Export a network to ONNX, in full precision and quantised."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from signdata.errors import TrainingError
from signdata.inference.card import card_text
from signdata.inference.saved_networks import CARD, RunNetwork

OPSET = 18


class _OnlyLogits(nn.Module):
    """A network's first output (some have two)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, samples: Tensor) -> Tensor:
        found = self.network(samples)
        return found[0] if isinstance(found, tuple) else found  # type: ignore[no-any-return]


def write(run: RunNetwork, path: Path) -> None:
    """Write the network of a run to a single ONNX file.

    Input ``samples``: scaled stills (batch, C, H, W) or clips (batch, T, C, H, W), float32;
    output ``logits``: (batch, n_classes). Any batch size is allowed. The metadata key
    ``signdata`` holds class names, size and scaling as JSON.
    """
    card = run.card
    sample = torch.zeros(2, *card.shape)
    with _quiet():
        made = torch.onnx.export(
            _OnlyLogits(run.network).eval(),
            (sample.to(run.device),),
            dynamo=True,
            opset_version=OPSET,
            input_names=["samples"],
            output_names=["logits"],
            dynamic_shapes={"samples": {0: torch.export.Dim("batch")}},
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
