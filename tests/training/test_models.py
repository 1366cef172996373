from __future__ import annotations

import pytest
import torch

from signdata.errors import UsageError
from signdata.training.models import MODELS, model_class


@pytest.mark.parametrize(("n_classes", "parameters"), [(25, 83_151), (24, 82_894)])
def test_unam_has_the_published_number_of_parameters(n_classes: int, parameters: int) -> None:
    network = model_class("unam")(n_classes)
    assert sum(weights.numel() for weights in network.parameters()) == parameters


def test_unam_returns_logits() -> None:
    logits = model_class("unam")(5).eval()(torch.randn(64, 1, 28, 28))
    assert logits.shape == (64, 5)
    assert logits.min() < 0 < logits.max()
    assert not torch.allclose(logits.exp().sum(1), torch.ones(64))


@pytest.mark.parametrize("name", MODELS)
def test_every_model_takes_the_input_that_it_states(name: str) -> None:
    build = model_class(name)
    pictures = torch.zeros(2, build.channels, *build.input_size_hw)
    assert build(3).eval()(pictures).shape == (2, 3)


def test_an_unknown_model_is_told_the_known_ones() -> None:
    with pytest.raises(UsageError, match="unam"):
        model_class("unma")
