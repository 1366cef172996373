"""The networks: what they hold, what they take, and weights files of others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from signdata.errors import FormatError, MissingError, SigndataError, UsageError
from signdata.training.models import MODELS, load_weights, model_class, model_table
from signdata.training.models.base import Network

PUBLISHED = {
    # name: (classes, all, those that learn)
    "unam": (25, 83_151, 83_151),
    "tec": (29, 652_333, 652_333),
    "vgg16": (29, 14_714_688 + 237_597, 237_597),
    "resnet50": (29, 23_508_032 + 59_421, 59_421),
    "resnet18": (29, 11_176_512 + 14_877, 14_877),
    "aslnet": (29, 106_877, 106_877),
    "simplenet3d": (8, 11_729_374, 11_729_374),
    "twooutnet": (8, 46_323_184, 46_323_184),
}
PRETRAINED = ("vgg16", "resnet50", "resnet18")


def on_meta(name: str, n_classes: int) -> Network:
    """A network without memory: names and shapes only."""
    with torch.device("meta"):
        return model_class(name)(n_classes)


def batch_of(name: str, n: int) -> Tensor:
    build = model_class(name)
    clip = [build.frames] if build.frames > 1 else []
    return torch.rand(n, *clip, build.channels, *build.input_size_hw)


def size(network: nn.Module, *, trainable: bool = False) -> int:
    return sum(w.numel() for w in network.parameters() if w.requires_grad or not trainable)


# ---------------------------------------------------------------------------- counts


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_number_of_parameters(name: str) -> None:
    n_classes, parameters, trainable = PUBLISHED[name]
    network = model_class(name)(n_classes)
    assert (size(network), size(network, trainable=True)) == (parameters, trainable)
    network.freeze(finetune=True)
    assert size(network, trainable=True) == parameters


def test_unam_at_the_classes_of_sign_mnist() -> None:
    assert size(on_meta("unam", 24)) == 82_894


@pytest.mark.parametrize("name", ["signnet", "clipnet"])
def test_ours_are_small(name: str) -> None:
    assert size(on_meta(name, 24)) < 1_000_000


def test_the_table_is_what_was_published() -> None:
    table = {row["name"]: row for row in model_table()}
    assert list(table) == list(MODELS)
    for name, numbers in PUBLISHED.items():
        row = table[name]
        assert (row["classes"], row["parameters"], row["trainable"]) == numbers
    assert table["tec"]["input"] == [3, 150, 150]
    assert table["simplenet3d"]["input"] == [50, 3, 102, 102]
    assert all(set(row) == set(table["unam"]) for row in table.values())
    assert json.loads(json.dumps(table)) == table


def test_the_table_draws_nothing() -> None:
    before = torch.random.get_rng_state()
    model_table()
    assert torch.equal(torch.random.get_rng_state(), before)


# ---------------------------------------------------------------------------- forward, backward


@pytest.mark.parametrize("name", MODELS)
def test_every_model_says_what_it_takes(name: str) -> None:
    build = model_class(name)
    assert build.normalise in ("each", "imagenet", "unit")
    assert build.channels in (1, 3)
    assert build.source
    assert "\n" not in build.source
    assert build.pretrained == (name in PRETRAINED)
    head = on_meta(name, 7).get_submodule(build.head)
    assert isinstance(head, nn.Linear)
    assert head.out_features == 7


@pytest.mark.parametrize("name", MODELS)
def test_a_step_of_every_model_at_the_input_that_it_states(name: str) -> None:
    torch.manual_seed(0)
    n = 1 if name in PRETRAINED else 2
    network = model_class(name)(3).train()
    outputs = network(batch_of(name, n))
    logits, poses = outputs if network.poses else (outputs, None)
    assert logits.shape == (n, 3)
    loss = F.cross_entropy(logits, torch.arange(n))
    if poses is not None:
        assert poses.shape == (n, network.poses)
        assert poses.min() >= 0
        assert poses.max() <= 1
        loss = loss + F.mse_loss(poses, torch.zeros_like(poses))
    loss.backward()
    for weights in network.parameters():
        assert (weights.grad is not None) == weights.requires_grad


@pytest.mark.parametrize("name", MODELS)
def test_outputs_are_plain_logits_with_nothing_behind_the_head(name: str) -> None:
    network = model_class(name)(5).eval()
    head = network.get_submodule(network.head)
    with torch.no_grad():
        head.weight.zero_()
        head.bias.copy_(torch.arange(5) - 2)
        outputs = network(batch_of(name, 1))
    logits = outputs[0] if network.poses else outputs
    assert logits.tolist() == [[-2, -1, 0, 1, 2]]


@pytest.mark.parametrize("name", ["signnet", "clipnet", "resnet18", "simplenet3d"])
def test_the_same_seed_gives_the_same_network(name: str) -> None:
    outputs = []
    for _ in range(2):
        torch.manual_seed(3)
        outputs.append(model_class(name)(4).eval()(batch_of(name, 1)))
    assert torch.equal(*outputs)


def test_signnet_takes_larger_pictures() -> None:
    assert model_class("signnet")(4).eval()(torch.rand(2, 1, 64, 48)).shape == (2, 4)


@pytest.mark.parametrize("frames", [1, 3, 20])
def test_clipnet_takes_any_number_of_frames(frames: int) -> None:
    assert model_class("clipnet")(4).eval()(torch.rand(2, frames, 3, 64, 64)).shape == (2, 4)


def test_clipnet_sees_the_order_of_frames() -> None:
    torch.manual_seed(0)
    network, clips = model_class("clipnet")(4).eval(), torch.rand(1, 8, 3, 64, 64)
    assert not torch.allclose(network(clips), network(clips.flip(1)), atol=1e-6)


def test_an_unknown_model_is_told_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"unam.*twooutnet.*clipnet"):
        model_class("unma")


# ---------------------------------------------------------------------------- fixed weights


@pytest.mark.parametrize("finetune", [False, True])
def test_fixed_batch_normalisations_keep_their_statistics(finetune: bool) -> None:
    torch.manual_seed(0)
    network = model_class("resnet18")(3)
    network.freeze(finetune)
    network.eval()
    network.train()
    before = network.bn1.running_mean.clone()
    network(torch.rand(2, 3, 64, 64))
    assert torch.equal(network.bn1.running_mean, before) != finetune
    assert network.fc.training


def test_freezing_again_fixes_again() -> None:
    network = on_meta("resnet18", 29)
    network.freeze(finetune=True)
    assert network.layer1.training
    network.freeze()
    assert not network.layer1.training
    assert size(network, trainable=True) == 14_877


# ---------------------------------------------------------------------------- torchvision's names


@pytest.mark.parametrize(
    ("name", "layer", "shape"),
    [
        ("resnet18", "conv1.weight", (64, 3, 7, 7)),
        ("resnet18", "bn1.running_var", (64,)),
        ("resnet18", "layer1.1.conv2.weight", (64, 64, 3, 3)),
        ("resnet18", "layer2.0.downsample.0.weight", (128, 64, 1, 1)),
        ("resnet18", "layer2.0.downsample.1.num_batches_tracked", ()),
        ("resnet18", "layer4.1.bn2.bias", (512,)),
        ("resnet18", "fc.weight", (1000, 512)),
        ("resnet50", "layer1.0.conv1.weight", (64, 64, 1, 1)),
        ("resnet50", "layer1.0.downsample.0.weight", (256, 64, 1, 1)),
        ("resnet50", "layer3.5.conv2.weight", (256, 256, 3, 3)),
        ("resnet50", "layer4.2.conv3.weight", (2048, 512, 1, 1)),
        ("resnet50", "layer4.2.bn3.weight", (2048,)),
        ("resnet50", "fc.bias", (1000,)),
        ("vgg16", "features.0.weight", (64, 3, 3, 3)),
        ("vgg16", "features.7.weight", (128, 128, 3, 3)),
        ("vgg16", "features.28.bias", (512,)),
    ],
)
def test_layers_have_the_names_of_torchvision(
    name: str, layer: str, shape: tuple[int, ...]
) -> None:
    assert on_meta(name, 1000).state_dict()[layer].shape == shape


@pytest.mark.parametrize(("name", "tensors"), [("resnet18", 122), ("resnet50", 320)])
def test_a_file_of_torchvision_has_as_many_tensors(name: str, tensors: int) -> None:
    assert len(on_meta(name, 1000).state_dict()) == tensors


# ---------------------------------------------------------------------------- weights files


def saved(path: Path, content: object) -> Path:
    torch.save(content, path)
    return path


def test_weights_of_a_thousand_classes_leave_the_head_alone(tmp_path: Path) -> None:
    given = model_class("resnet18")(1000).state_dict()
    old = {k: v for k, v in given.items() if not k.endswith("num_batches_tracked")}
    network = model_class("resnet18")(3)
    head = network.fc.weight.clone()
    assert load_weights(network, saved(tmp_path / "resnet18.pth", old)) is False
    assert torch.equal(network.fc.weight, head)
    assert torch.equal(network.layer4[1].conv2.weight, given["layer4.1.conv2.weight"])
    assert size(network, trainable=True) == 3 * 513


def test_vgg16_takes_the_features_of_a_file_with_another_classifier(tmp_path: Path) -> None:
    network = model_class("vgg16")(3)
    given = {k: v + 1 for k, v in network.features.state_dict(prefix="features.").items()}
    others = {f"classifier.{i}.bias": torch.zeros(8) for i in (0, 3, 6)}
    assert load_weights(network, saved(tmp_path / "vgg16.pth", {**given, **others})) is False
    assert torch.equal(network.features[28].bias, given["features.28.bias"])


@pytest.mark.parametrize("key", [None, "state_dict", "model_state_dict"])
def test_own_weights_come_back(tmp_path: Path, key: str | None) -> None:
    torch.manual_seed(0)
    source, network = model_class("signnet")(5), model_class("signnet")(5)
    content = {key: source.state_dict(), "epoch": 3} if key else source.state_dict()
    assert load_weights(network, saved(tmp_path / "best.pt", content)) is True
    for name, tensor in source.state_dict().items():
        assert torch.equal(network.state_dict()[name], tensor), name


def changed(layer: str, value: Tensor | None) -> dict[str, Tensor]:
    weights = dict(model_class("signnet")(5).state_dict())
    weights.pop(layer, None)
    return weights if value is None else {**weights, layer: value}


@pytest.mark.parametrize(
    ("layer", "value", "said"),
    [
        ("conv2.0.weight", torch.zeros(48, 24, 5, 5), "(48, 24, 3, 3), found (48, 24, 5, 5)"),
        ("conv3.1.bias", None, "expected (96,), found none"),
        ("extra.weight", torch.zeros(2, 2), "expected no such layer, found (2, 2)"),
        ("fc.weight", torch.zeros(5, 95), "expected (5, 96), found (5, 95)"),
        ("fc.weight", torch.zeros(9, 96), "expected (5, 96), found (9, 96)"),
        ("fc.weight", torch.tensor(0.0), "expected (5, 96), found ()"),
        ("fc.bias", None, "expected (5,), found none"),
    ],
)
def test_weights_of_another_network_name_the_first_layer_that_differs(
    tmp_path: Path, layer: str, value: Tensor | None, said: str
) -> None:
    path = saved(tmp_path / "wrong.pth", changed(layer, value))
    network = model_class("signnet")(5)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with pytest.raises(FormatError) as caught:
        load_weights(network, path)
    assert str(caught.value).startswith(f"{path}:{layer}: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name])


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (torch.zeros(5).to_sparse(), "not a plain tensor"),
        (torch.zeros(5, dtype=torch.int64), "found int64"),
        (torch.zeros(5, dtype=torch.complex64), "found complex64"),
        (torch.full((5,), torch.nan), "not all are finite"),
    ],
    ids=["sparse", "integer", "complex", "nan"],
)
def test_numbers_that_are_no_weights_are_refused(tmp_path: Path, value: Tensor, said: str) -> None:
    path = saved(tmp_path / "wrong.pth", changed("fc.bias", value))
    with pytest.raises(FormatError, match=f"fc.bias: .*{said}"):
        load_weights(model_class("signnet")(5), path)


def test_another_networks_file_names_its_first_layer(tmp_path: Path) -> None:
    path = saved(tmp_path / "resnet50.pth", changed("none", None))
    with pytest.raises(FormatError, match=r"resnet50\.pth:conv1\.weight: .*found none"):
        load_weights(model_class("resnet18")(3), path)


@pytest.mark.parametrize(
    "content",
    [b"", b"not a weights file", b"PK\x03\x04 nor an archive", b"\x80\x02}q\x00."],
    ids=["empty", "text", "zip", "pickle"],
)
def test_what_is_no_weights_file_is_said_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "wrong.pth"
    path.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        load_weights(model_class("unam")(3), path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


class Hostile:
    """Pickles into a call."""

    def __reduce__(self) -> tuple[object, ...]:
        return (print, ("run",))


@pytest.mark.parametrize(
    "content",
    [{"fc.weight": Hostile()}, {"fc.weight": [1, 2]}, {1: torch.zeros(1)}, [1], {}],
    ids=["code", "list", "number", "no mapping", "empty"],
)
def test_other_contents_are_refused_and_never_run(
    tmp_path: Path, content: object, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(FormatError):
        load_weights(model_class("unam")(3), saved(tmp_path / "wrong.pth", content))
    assert "run" not in capsys.readouterr().out


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="not there"):
        load_weights(model_class("unam")(3), tmp_path / "none.pth")
    with pytest.raises(SigndataError):
        load_weights(model_class("unam")(3), tmp_path)
