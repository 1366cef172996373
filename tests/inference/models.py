"""Small ONNX models made by hand: an honest one, and what a stranger may send instead."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

CARD = {
    "model": "by-hand",
    "classes": ["dark", "light"],
    "size_hw": [4, 4],
    "channels": 1,
    "frames": 1,
    "normalise": "unit",
}

SAMPLES = helper.make_tensor_value_info("samples", TensorProto.FLOAT, ["batch", 1, 4, 4])
LOGITS = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 2])
ANY = helper.make_tensor_value_info("logits", TensorProto.FLOAT, None)


def numbers(name: str, values: Sequence[int]) -> onnx.TensorProto:
    return helper.make_tensor(name, TensorProto.INT64, [len(values)], list(values))


def model(
    nodes: Sequence[onnx.NodeProto],
    *,
    inputs: Sequence[onnx.ValueInfoProto] = (SAMPLES,),
    outputs: Sequence[onnx.ValueInfoProto] = (LOGITS,),
    constants: Sequence[onnx.TensorProto] = (),
    card: str | None = json.dumps(CARD),
) -> bytes:
    """A model of these nodes, with a card in its metadata."""
    graph = helper.make_graph(list(nodes), "g", list(inputs), list(outputs), list(constants))
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    if card is not None:
        entry = made.metadata_props.add()
        entry.key, entry.value = "signdata", card
    return bytes(made.SerializeToString())


def by_brightness(**changes: Any) -> bytes:
    """Tells light pictures from dark ones: logits 4 - 8 m and 8 m - 4 of the mean m in 0..1."""
    weights = helper.make_tensor("w", TensorProto.FLOAT, [1, 2], [-8.0, 8.0])
    bias = helper.make_tensor("b", TensorProto.FLOAT, [2], [4.0, -4.0])
    nodes = [
        helper.make_node("ReduceMean", ["samples", "axes"], ["mean"], keepdims=0),
        helper.make_node("Unsqueeze", ["mean", "last"], ["column"]),
        helper.make_node("Gemm", ["column", "w", "b"], ["logits"]),
    ]
    constants = [numbers("axes", [1, 2, 3]), numbers("last", [1]), weights, bias]
    changes.setdefault("card", json.dumps(CARD))
    return model(nodes, constants=constants, **changes)


def of_pixels(pixels: int, **card: Any) -> bytes:
    """Tells light pictures from dark ones as well, by pixels 0..255 of this type."""
    image = helper.make_tensor_value_info("image", pixels, ["batch", 1, 4, 4])
    weights = helper.make_tensor("w", TensorProto.FLOAT, [1, 2], [-8 / 255, 8 / 255])
    bias = helper.make_tensor("b", TensorProto.FLOAT, [2], [4.0, -4.0])
    nodes = [
        helper.make_node("Cast", ["image"], ["values"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["values", "axes"], ["mean"], keepdims=0),
        helper.make_node("Unsqueeze", ["mean", "last"], ["column"]),
        helper.make_node("Gemm", ["column", "w", "b"], ["logits"]),
    ]
    constants = [numbers("axes", [1, 2, 3]), numbers("last", [1]), weights, bias]
    text = json.dumps({**CARD, "normalise": "inside", **card})
    return model(nodes, inputs=(image,), constants=constants, card=text)


def linear(
    weights: NDArray[np.float64], bias: NDArray[np.float64], *, size_hw: tuple[int, int]
) -> bytes:
    """One layer over the pixels; the classes are called 0, 1, ... ."""
    n_pixels, n_classes = weights.shape
    card = {**CARD, "size_hw": size_hw, "classes": [str(k) for k in range(n_classes)]}
    made = [("w", weights), ("b", bias)]
    constants = [
        helper.make_tensor(name, TensorProto.FLOAT, values.shape, values.ravel())
        for name, values in made
    ]
    samples = helper.make_tensor_value_info("samples", TensorProto.FLOAT, ["batch", 1, *size_hw])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", n_classes])
    nodes = [
        helper.make_node("Reshape", ["samples", "shape"], ["row"]),
        helper.make_node("Gemm", ["row", "w", "b"], ["logits"]),
    ]
    return model(
        nodes,
        inputs=(samples,),
        outputs=(logits,),
        constants=[numbers("shape", [-1, n_pixels]), *constants],
        card=json.dumps(card),
    )


def convolutional() -> bytes:
    """A network with the layers that most have: convolution, ReLU, pooling, linear."""
    values = [((k * 7) % 5 - 2) / 4 for k in range(27)]
    constants = [
        helper.make_tensor("kernels", TensorProto.FLOAT, [3, 1, 3, 3], values),
        helper.make_tensor("w", TensorProto.FLOAT, [3, 2], values[:6]),
        helper.make_tensor("b", TensorProto.FLOAT, [2], values[:2]),
    ]
    nodes = [
        helper.make_node("Conv", ["samples", "kernels"], ["maps"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["maps"], ["active"]),
        helper.make_node("MaxPool", ["active"], ["pooled"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("GlobalAveragePool", ["pooled"], ["means"]),
        helper.make_node("Flatten", ["means"], ["row"]),
        helper.make_node("Gemm", ["row", "w", "b"], ["logits"]),
    ]
    return model(nodes, constants=constants)


def constant(shape: Sequence[int], value: onnx.TensorProto | None = None, **changes: Any) -> bytes:
    """Answers with so many equal numbers, whatever it is given."""
    extra = {} if value is None else {"value": value}
    node = helper.make_node("ConstantOfShape", ["shape"], ["logits"], **extra)
    changes.setdefault("outputs", (ANY,))
    return model([node], constants=[numbers("shape", shape)], **changes)


def many_rows(n: int = 5 * 10**9) -> bytes:
    """Answers with `n` rows for each sample, which only shows when it runs."""
    nodes = [
        helper.make_node("Shape", ["samples"], ["batch"], start=0, end=1),
        helper.make_node("Mul", ["batch", "n"], ["rows"]),
        helper.make_node("Concat", ["rows", "two"], ["shape"], axis=0),
        helper.make_node("ConstantOfShape", ["shape"], ["logits"]),
    ]
    return model(nodes, outputs=(ANY,), constants=[numbers("n", [n]), numbers("two", [2])])


def endless() -> bytes:
    """Never comes to an end."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("Identity", ["x"], ["next"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("x", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, None),
        ],
    )
    times = helper.make_tensor("times", TensorProto.INT64, [], [2**62])
    go = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    loop = helper.make_node("Loop", ["times", "yes", "samples"], ["logits"], body=body)
    return model([loop], outputs=(ANY,), constants=[times, go])


def with_data_in(location: str) -> bytes:
    """Answers with numbers that another file holds: eight bytes, twice 1.0."""
    data = onnx.TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1, 2])
    data.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", "8")):
        entry = data.external_data.add()
        entry.key, entry.value = key, value
    node = helper.make_node("Identity", ["w"], ["logits"])
    return model([node], outputs=(ANY,), constants=[data])


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
