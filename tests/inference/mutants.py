"""Mutants of saved networks, each loaded and run: run as a process of its own.

``python -m tests.inference.mutants KIND N FOLDER`` spoils a network N times. Each mutant is given
to the server of a network's process, in a fork instead of a new interpreter, which takes a
second to start. It may answer, or refuse in one line. A library that dies on it takes the process
along, and a mutant may compute for ever, which is what the process is for: such a mutant is given
to the real one as well, and must be refused in one line.
"""

from __future__ import annotations

import io
import json
import os
import random
import signal
import sys
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

os.environ.update(ORT_DISABLE_TELEMETRY="1", ORT_TELEMETRY_DISABLED="1")

import numpy as np
import onnx
import onnxruntime  # noqa: F401 - once, before the forks
import torch

from signdata.errors import SigndataError
from signdata.inference import network_process
from signdata.inference.messages import Answer, Bug, CheckWeights, Failed, Open, Opened, Read
from signdata.inference.network_process import open_predictor
from signdata.inference.network_server import Server
from signdata.training.models import model_class
from tests.formats.mutants import mutate
from tests.inference import models

SECONDS = 20
"""What no mutant may take in the fork, and in the real process where the fork took longer."""

MEMORY = 2 << 30
"""Bytes that a mutant may take."""

AT_ONCE = 50
"""Mutants that a fork reads, unless it dies."""

ANSWERED, REFUSED, DIED, BAD = "answered", "refused", "died", "bad"
"""How a mutant may end; `BAD` it may not."""


# -- What is spoiled


def checkpoint() -> bytes:
    """A ``best.pt`` of the smallest network."""
    torch.manual_seed(0)
    network = model_class("aslnet")(2)
    content = {
        "model": "aslnet",
        "classes": ["dark", "light"],
        "config": {"seed": 0, "split_seed": None, "fit": "stretch"},
        "state_dict": network.state_dict(),
    }
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def spoiled_models(draw: random.Random) -> bytes:
    """Bytes are spoiled, which rarely leaves a model, or what it says."""
    data = draw.choice((models.by_brightness, models.convolutional))()
    if not draw.randrange(4):
        return mutate(data, draw)
    model = onnx.load_from_string(data)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        _spoil(draw.choice(list(_fields(model.graph))), model, draw)
    made: bytes = model.SerializeToString()
    return made


Field: TypeAlias = tuple[Any, Any, int]
"""A protobuf message, one of its fields, and which value of it."""


def _fields(message: Any) -> Iterator[Field]:
    """Every value in a protobuf message and in those that it holds."""
    for field, found in message.ListFields():
        for index, value in enumerate(found if field.is_repeated else [found]):
            yield message, field, index
            if field.type == field.TYPE_MESSAGE:
                yield from _fields(value)


def _spoil(place: Field, model: Any, draw: random.Random) -> None:
    """Remove, repeat or change one value."""
    message, field, index = place
    values = getattr(message, field.name) if field.is_repeated else None
    if field.type == field.TYPE_MESSAGE:
        if values is None or draw.randrange(2):
            message.ClearField(field.name)
        elif draw.randrange(2):
            values.add().CopyFrom(values[index])
        else:
            del values[index]
        return
    value = _odd(field, getattr(message, field.name) if values is None else values[index], draw)
    if values is None:
        setattr(message, field.name, value)
    else:
        values[index] = value


def _odd(field: Any, value: Any, draw: random.Random) -> Any:
    """Another value for a field."""
    if field.type == field.TYPE_BYTES:
        return mutate(value, draw)
    if field.type == field.TYPE_STRING:
        return draw.choice(OPERATIONS)
    if field.cpp_type in (field.CPPTYPE_FLOAT, field.CPPTYPE_DOUBLE):
        return draw.choice((0.0, -1.0, 1e30, float("nan"), float("inf")))
    if field.cpp_type == field.CPPTYPE_ENUM:
        return draw.choice(list(field.enum_type.values_by_number))
    bits = 31 if field.cpp_type in (field.CPPTYPE_INT32, field.CPPTYPE_UINT32) else 62
    return draw.choice((0, 1, 2, 3, 7, 11, 1 << 20, (1 << bits) - 1, *((-1, -(1 << bits)) * 2)))


OPERATIONS = [
    *("", "samples", "logits", "row", "w", "b", "kernels", "Conv", "Gemm", "Relu", "Reshape"),
    *("Expand", "Tile", "Range", "Pad", "Gather", "Resize", "Cast", "Concat", "NonZero", "Loop"),
    *("ConvTranspose", "LSTM", "Einsum", "TopK", "OneHot", "Evil", "x" * 5000, "\0", "../x"),
]


def spoiled_cards(draw: random.Random) -> bytes:
    """A sound model whose card is spoiled."""
    if not draw.randrange(4):
        text = mutate(json.dumps(models.CARD).encode(), draw).decode("utf-8", "replace")
        return models.by_brightness(card=text)
    card: dict[str, Any] = dict(models.CARD, fit="stretch", background="black")
    for _ in range(draw.choice((1, 1, 2))):
        _spoil_entry(card, draw)
    return models.by_brightness(card=json.dumps(card))


ODD = [
    *(None, True, 0, -1, 1, 2, 1.5, 1e308, 10**30, float("nan"), "", "x", "\0", "\x1b[31m"),
    *("x" * 2000, [], {}, [[]], ["a", "a"], ["\ud800", "b"], [4, 4], [0, 4], [1 << 40, 1 << 40]),
    *("unit", "imagenet", "each", "pad", "edge", "#ff0000", "rgb(1,2,3)", [4, 4, 4], ["a"] * 3),
]


def _spoil_entry(entries: dict[str, Any], draw: random.Random) -> None:
    name = draw.choice(sorted(entries) or ["x"])
    if not draw.randrange(5):
        entries.pop(name, None)
    else:
        entries[name] = draw.choice(ODD)


CHECKPOINT = checkpoint()


def spoiled_checkpoints(draw: random.Random) -> bytes:
    """Spoiled are the bytes anywhere, or of all but the weights, the pickle, or what it says."""
    match draw.randrange(8):
        case 0:
            return mutate(CHECKPOINT, draw)
        case 1:
            return CHECKPOINT[:-4000] + mutate(CHECKPOINT[-4000:], draw)
        case 2 | 3:
            return _with_another_pickle(draw)
        case _:
            return _with_other_content(draw)


def _with_another_pickle(draw: random.Random) -> bytes:
    """The pickle that says what there is, spoiled in an archive that is sound."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(CHECKPOINT)) as whole,
        zipfile.ZipFile(made, "w") as archive,
    ):
        for member in whole.infolist():
            data = whole.read(member)
            if member.filename.endswith("data.pkl"):
                data = mutate(data, draw)
            archive.writestr(member, data)
    return made.getvalue()


def _with_other_content(draw: random.Random) -> bytes:
    content = torch.load(io.BytesIO(CHECKPOINT), weights_only=True)
    for _ in range(draw.choice((1, 1, 2))):
        match draw.randrange(4):
            case 0:
                _spoil_entry(content, draw)
            case 1 if isinstance(content.get("config"), dict):
                _spoil_entry(content["config"], draw)
            case _ if isinstance(content.get("state_dict"), dict):
                _spoil_weights(content["state_dict"], draw)
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


USUAL = (torch.strided, torch.float32, False)


def _spoil_weights(weights: dict[str, Any], draw: random.Random) -> None:
    name = draw.choice(sorted(weights) or ["x"])
    tensor = weights.get(name)
    if not isinstance(tensor, torch.Tensor):
        return
    if (tensor.layout, tensor.dtype, tensor.is_meta) != USUAL or tensor.numel() > 1e6:  # already
        return
    spoiled: list[Any] = [
        *(tensor.double(), tensor.half(), tensor.bfloat16(), tensor.to(torch.complex64)),
        *(tensor.int(), tensor > 0, tensor * float("nan"), tensor / 0, tensor[..., :0]),
        *(tensor[None], tensor.flatten(), tensor.to("meta"), tensor.to_sparse()),
        *(torch.zeros(1).expand(tensor.shape), torch.zeros(1).expand(10**6, 10**6)),
        *(torch.nn.Parameter(tensor.float()), draw.choice(ODD)),
    ]
    weights[name] = draw.choice(spoiled)
    if not draw.randrange(4):
        weights[draw.choice(("x", "module." + name, "fc.weight", "\0"))] = weights.pop(name)


MADE: dict[str, tuple[str, Callable[[random.Random], bytes]]] = {
    "onnx": ("m.onnx", spoiled_models),
    "onnx card": ("m.onnx", spoiled_cards),
    "pt": ("best.pt", spoiled_checkpoints),
}
"""What the file of each kind is called, and what spoils it."""


# -- How it is read


def answers(path: Path) -> Iterator[Answer]:
    """What the server of a network's process says to all that may be asked of a file."""
    server = Server()
    place = os.fsencode(path)
    if path.suffix == ".pt":
        yield server.answer(CheckWeights(place, place, MEMORY), b"")[0]
    opened, _ = server.answer(Open(place, place, "cpu", MEMORY), b"")
    yield opened
    if isinstance(opened, Opened):
        samples = np.zeros((2, *opened.card.shape), np.uint8)
        yield server.answer(Read(samples.shape), samples.tobytes())[0]


def fault_of(answer: Answer) -> str:
    """Why an answer is none that may be given; '' if it may."""
    if isinstance(answer, Bug):
        return answer.text
    if isinstance(answer, Failed):
        error = answer.error()
        if error.exit_code != 4 or "\n" in str(error):
            return repr(error)
    return ""


def in_fork(paths: Iterator[Path]) -> list[str]:
    """Read files in a fork, which may die of one; return how each ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # as the server does: libraries print
            warnings.simplefilter("ignore")
            torch.set_num_threads(1)
            for path in paths:
                signal.alarm(SECONDS)
                os.write(writing, ending(path).encode()[:1])
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as letters:
        found = letters.read()
    os.waitpid(child, 0)
    return [next(end for end in (ANSWERED, REFUSED, BAD) if end[0] == letter) for letter in found]


def ending(path: Path) -> str:
    """Read one file; say how that ended."""
    found = list(answers(path))
    faults = list(filter(None, map(fault_of, found)))
    print("\n".join(faults), end="", file=sys.stderr, flush=True)
    refused = any(isinstance(answer, Failed) for answer in found)
    return BAD if faults else REFUSED if refused else ANSWERED


def is_refused_by_the_real_one(path: Path) -> bool:
    """Whether the process of a network, as `predict` starts it, survives a file that kills."""
    network_process.SECONDS = SECONDS
    try:
        with open_predictor(path, "cpu") as predictor:
            predictor.logits(np.zeros((2, *predictor.card.shape), np.uint8))
    except SigndataError as err:
        return err.exit_code == 4 and "\n" not in str(err)
    return True


def spoiled(kind: str, numbers: Iterable[int], folder: Path) -> Iterator[Path]:
    """Write one mutant after another."""
    name, spoil = MADE[kind]
    for number in numbers:
        (folder / name).write_bytes(spoil(random.Random(f"{kind} {number}")))
        yield folder / name


def main(kind: str, n: int, folder: Path) -> int:
    """Read every mutant; return how many ended otherwise than they may."""
    ends: Counter[str] = Counter()
    number = 0
    while number < n:
        numbers = range(number, min(n, number + AT_ONCE))
        found = in_fork(spoiled(kind, numbers, folder))
        if len(found) < len(numbers):
            [path] = spoiled(kind, [number + len(found)], folder)
            found.append(DIED if is_refused_by_the_real_one(path) else BAD)
        for each, end in enumerate(found, number):
            if end == BAD:
                print(f"mutant {each} of {kind} ended badly", flush=True)
        ends.update(found)
        number += len(found)
    print(f"{n} mutants of {kind}: {dict(ends)}")
    return ends[BAD]


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))))
