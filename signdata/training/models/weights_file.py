"""Load weights files: read as plain tensors, checked layer by layer."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping

import torch
from torch import Tensor

from signdata.errors import FormatError
from signdata.filesystem import not_there
from signdata.training.models.base import Network

INSIDE = ("state_dict", "model_state_dict")
"""Keys of the weights in a checkpoint: ours, and the usual one of PyTorch's tutorials."""


def load_weights(network: Network, path: str | os.PathLike[str]) -> bool:
    """Load the weights of a file into a network; nothing is downloaded.

    Parameters
    ----------
    network : Network
        Changed in place, and only if the whole file fits.
    path : path
        A state dict like torchvision's files, or a checkpoint such as ``best.pt``. It is read
        with ``weights_only=True``, so that no code in it is run.

    Returns
    -------
    bool
        Whether the head was loaded, too. It keeps its own weights if the file's head has another
        number of classes, or, in a pretrained network, other layers.

    Raises
    ------
    MissingError
        If there is no such file.
    FormatError
        If it does not contain weights, or those of another network: the first layer that differs
        is named, with both shapes.
    """
    found = read_weights(path)
    wanted = network.state_dict()
    heads = [name for name in wanted if name.startswith(f"{network.head}.")]
    other_head = _is_other_head(network, found, wanted, heads)
    for name, tensor in wanted.items():
        optional = name.endswith(".num_batches_tracked")  # absent from files before 2018
        if not (other_head and name in heads) and not (optional and name not in found):
            _compare(name, _shape(tensor), _shape(found.get(name)), path)
    for name, tensor in found.items():
        if name not in wanted and not (other_head and name.startswith(f"{network.head}.")):
            _compare(name, "no such layer", _shape(tensor), path)
    kept = set(heads) if other_head else set()
    network.load_state_dict(
        {**wanted, **{name: found[name] for name in wanted if name in found and name not in kept}}
    )
    return not other_head


def read_weights(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """The tensors of a weights file by name, on the CPU; raises what `load_weights` does."""
    if not os.path.exists(path):
        raise not_there(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what they say is said below
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as err:  # untrusted bytes can make torch raise anything
        raise FormatError(
            f"not a weights file that torch can read; found {type(err).__name__}", path=path
        ) from err
    for name in INSIDE:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
    if not isinstance(content, Mapping) or not content:
        found = type(content).__name__
        raise FormatError(f"no weights in it; expected tensors by name, found {found}", path=path)
    for name, value in content.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            found = type(value).__name__
            raise FormatError(
                f"expected tensors by name, found {found}", path=path, where=str(name)
            )
        if fault := _fault(name, value):
            raise FormatError(f"weights that cannot be used: {fault}", path=path, where=name)
    # As DistributedDataParallel names them.
    prefix = "module." if all(name.startswith("module.") for name in content) else ""
    return {name.removeprefix(prefix): value for name, value in content.items()}


def _fault(name: str, tensor: Tensor) -> str:
    """Why a tensor cannot be weights; '' if it can."""
    if tensor.layout is not torch.strided or tensor.is_quantized or tensor.device.type != "cpu":
        return "not a plain tensor"
    if name.endswith(".num_batches_tracked"):
        return ""
    if not tensor.is_floating_point():
        return f"expected floating-point numbers, found {str(tensor.dtype).removeprefix('torch.')}"
    return "" if tensor.isfinite().all() else "not all are finite"


def _is_other_head(
    network: Network, found: Mapping[str, Tensor], wanted: Mapping[str, Tensor], heads: list[str]
) -> bool:
    """Whether the file's head is for another number of classes."""
    if not any(name in found for name in heads):
        return network.pretrained
    pairs = [(wanted[name].shape, found[name].shape) for name in heads if name in found]
    return (
        len(pairs) == len(heads)
        and all(ours[1:] == theirs[1:] for ours, theirs in pairs)
        and all(len(ours) == len(theirs) for ours, theirs in pairs)
        and len({theirs[0] for _, theirs in pairs}) == 1
        and any(ours != theirs for ours, theirs in pairs)
    )


def _shape(tensor: Tensor | None) -> str:
    return "none" if tensor is None else str(tuple(tensor.shape))


def _compare(name: str, wanted: str, found: str, path: str | os.PathLike[str]) -> None:
    if wanted != found:
        raise FormatError(
            f"weights of another network; expected {wanted}, found {found}", path=path, where=name
        )
