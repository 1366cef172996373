from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
import torch

from signdata.training.augment import light, prepare, standardise


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        yield


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randint(0, 256, (8, 3, 28, 28)).to(torch.uint8)


def test_each_picture_is_standardised_alone(images: torch.Tensor) -> None:
    images[0] //= 8
    pictures = prepare(images, "none")
    assert torch.allclose(pictures.mean((1, 2, 3)), torch.zeros(8), atol=1e-5)
    deviation = pictures.std((1, 2, 3), correction=0)
    assert torch.allclose(deviation, torch.ones(8), atol=0.15)


def test_a_flat_picture_becomes_zero() -> None:
    assert not standardise(torch.full((1, 1, 4, 4), 0.7)).any()


def test_light_changes_every_picture_its_own_way() -> None:
    ramp = torch.linspace(0.1, 0.9, 28).expand(8, 1, 28, 28)
    changed = light(ramp)
    assert changed.shape == ramp.shape
    assert changed.min() > 0
    assert changed.max() <= 1
    for first, second in pairwise(changed):
        assert not torch.equal(first, second)


def test_light_never_mirrors() -> None:
    # Brighter to the right stays brighter to the right.
    changed = light(torch.linspace(0.1, 0.9, 28).expand(200, 1, 28, 28))
    assert (changed[..., 20:].mean((1, 2, 3)) > changed[..., :8].mean((1, 2, 3))).all()


def test_light_keeps_a_picture_nearly_in_place() -> None:
    spot = torch.zeros(200, 1, 28, 28)
    spot[..., 13:15, 13:15] = 1
    changed = light(spot)
    assert (changed[..., 9:19, 9:19].amax((1, 2, 3)) > 0.3).all()
