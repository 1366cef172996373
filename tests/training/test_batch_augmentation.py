from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations, pairwise

import numpy as np
import pytest
import torch

from signdata.magick import profiles, resize, rotate, sign_mnist, tone
from signdata.magick.profiles import DEFAULT_PROFILE, profile_of
from signdata.training.batch_augmentation import AUGMENTS, light, light_up, prepare, recipe
from signdata.training.normalisation import standardise


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


def test_stills_are_lit_from_a_side_and_clips_are_not() -> None:
    even = torch.full((50, 1, 9, 9), 0.5)
    lit = light_up(even)
    assert torch.allclose(lit.mean((2, 3)), even.mean((2, 3)), atol=1e-5)
    edges = lit[:, 0, 4, 8] / lit[:, 0, 4, 0]
    assert edges.max() > 1.2
    assert edges.min() < 0.8
    assert ((edges > 0.53) & (edges < 1.86)).all()  # 0.7 / 1.3 to 1.3 / 0.7
    grey = torch.full((4, 1, 9, 9), 128, dtype=torch.uint8)
    assert prepare(grey, "light").abs().max() > 0.1
    assert prepare(grey[:, None].expand(4, 3, 1, 9, 9), "light").abs().max() < 1e-3


def test_light_never_mirrors() -> None:
    # Brighter to the right stays brighter to the right.
    changed = light(torch.linspace(0.1, 0.9, 28).expand(200, 1, 28, 28))
    assert (changed[..., 20:].mean((1, 2, 3)) > changed[..., :8].mean((1, 2, 3))).all()


def test_light_keeps_a_picture_nearly_in_place() -> None:
    spot = torch.zeros(200, 1, 28, 28)
    spot[..., 13:15, 13:15] = 1
    changed = light(spot)
    assert (changed[..., 9:19, 9:19].amax((1, 2, 3)) > 0.3).all()


def variants(image: np.ndarray) -> set[bytes]:
    """What the arrays make of one picture (1, H, W) by all variants but the pixelated."""
    profile, size_hw = profile_of(DEFAULT_PROFILE), image.shape[-2:]
    quanta = profiles.load(image)
    turned = [rotate.srt(quanta, angle, profile) for angle in sign_mnist.ANGLES]
    made = set()
    for name in sign_mnist.FILTERS:
        plain, *rotated = (
            resize.resize(each, size_hw, name, profile) for each in [quanta, *turned]
        )
        toned = [tone.brightness_contrast(plain, *each, profile) for each in sign_mnist.TONES]
        made |= {profiles.to_bytes(each, profile).tobytes() for each in [plain, *rotated, *toned]}
    return made


def test_recipe_makes_the_variants_of_the_arrays() -> None:
    image = torch.randint(0, 256, (1, 28, 28)).to(torch.uint8)
    known = variants(image.numpy())
    # Without a change of size, Catrom and Hermite are alike: both leave it as it is.
    assert len(known) == 44
    made = recipe(image.expand(2000, 1, 28, 28))
    assert made.dtype == torch.uint8
    found = Counter(each.numpy().tobytes() for each in made)
    assert known <= found.keys()
    assert max(found[each] for each in known) < 110
    others = sum(count for each, count in found.items() if each not in known)
    assert others / 2000 == pytest.approx(1 / 12, abs=0.03)


def test_recipe_is_seeded_and_leaves_its_input_alone(images: torch.Tensor) -> None:
    before = images.clone()
    made = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        made.append(recipe(images))
    assert made[0].shape == images.shape
    assert torch.equal(images, before)
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])


def test_recipe_turns_all_channels_alike() -> None:
    grey = torch.randint(0, 256, (64, 1, 28, 28)).to(torch.uint8)
    made = recipe(grey.expand(64, 3, 28, 28))
    assert torch.equal(made[:, 0], made[:, 1])
    assert torch.equal(made[:, 0], made[:, 2])


@pytest.mark.parametrize("shape", [(1, 1, 28, 28), (2, 3, 9, 40), (5, 1, 4, 4)])
def test_recipe_takes_any_batch(shape: tuple[int, ...]) -> None:
    for _ in range(10):
        assert recipe(torch.full(shape, 77, dtype=torch.uint8)).shape == shape


def test_the_augmentations_differ(images: torch.Tensor) -> None:
    prepared = []
    for name in AUGMENTS:
        torch.manual_seed(0)
        prepared.append(prepare(images, name))
        assert prepared[-1].dtype == torch.float32
        assert prepared[-1].shape == images.shape
    for one, other in combinations(prepared, 2):
        assert not torch.allclose(one, other, atol=0.1)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_recipe_waits_for_nothing_on_cuda(images: torch.Tensor) -> None:
    on_device = images.cuda()
    recipe(on_device)
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(5):
            recipe(on_device)
    finally:
        torch.cuda.set_sync_debug_mode("default")
