"""Writing a network as ONNX, whole and quantised, and holding them against each other."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from signdata.errors import TrainingError
from signdata.inference.saved_networks import CARD, RunPredictor, card_text

OPSET = 18


class _OnlyLogits(nn.Module):
    """The first output of a network, also of one that has two."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, samples: Tensor) -> Tensor:
        found = self.network(samples)
        return found[0] if isinstance(found, tuple) else found  # type: ignore[no-any-return]


def write(predictor: RunPredictor, path: Path) -> None:
    """Write the network of a run as one ONNX file.

    Input ``samples``: scaled stills (batch, C, H, W) or clips (batch, T, C, H, W), float32;
    output ``logits``: (batch, n_classes). The batch may have any size. The metadata's key
    ``signdata`` holds class names, size and scaling as JSON.
    """
    card = predictor.card
    frames = (card.frames,) if card.frames > 1 else ()
    sample = torch.zeros(2, *frames, card.channels, *card.size_hw)
    with _quiet():
        made = torch.onnx.export(
            _OnlyLogits(predictor.network).eval(),
            (sample,),
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
    """Write a copy whose weights are 8-bit integers (dynamic quantisation)."""
    with _quiet():
        quantize_dynamic(source, target, weight_type=QuantType.QUInt8)


def agreement(one: NDArray[np.float32], other: NDArray[np.float32]) -> dict[str, float]:
    """How far two networks' logits (N, n_classes) agree: same first answers, largest difference."""
    same = one.argmax(axis=1) == other.argmax(axis=1)
    return {"same_top1": float(same.mean()), "max_difference": float(np.abs(one - other).max())}


def batches(samples: NDArray[np.uint8], size: int = 256) -> Iterator[NDArray[np.uint8]]:
    """Cut samples into parts that fit into memory once they are floats."""
    for start in range(0, len(samples), size):
        yield samples[start : start + size]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporters from telling each of their steps."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(None):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
