"""A stranger's network: one line, exit 4, whatever it is or does; ours reads as it should."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from signdata.errors import FormatError
from signdata.inference import card as cards
from signdata.inference import network_process
from signdata.inference.card import Card
from signdata.inference.network_process import open_predictor
from signdata.inference.saved_networks import open_onnx
from signdata.media.image import encode
from tests.conftest import picture
from tests.inference import models
from tests.inference.models import CARD, SAMPLES

NAN = helper.make_tensor("v", TensorProto.FLOAT, [1], [float("nan")])
ONE = helper.make_tensor("v", TensorProto.INT64, [1], [1])


def identity(name: str) -> Any:
    return helper.make_node("Identity", ["samples"], [name])


def info(name: str, shape: Any, kind: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


def test_it_reads_batch_by_batch(tmp_path, monkeypatch):
    """Answers come back in the order of the samples, however they are divided."""
    monkeypatch.setattr(network_process, "BATCH", 3)
    path = models.write(tmp_path / "m.onnx", models.by_brightness())
    shades = np.array([0, 255, 51, 204, 102, 153, 127], np.uint8)
    samples = np.broadcast_to(shades[:, None, None, None], (7, 1, 4, 4))
    with open_predictor(path) as predictor:
        assert predictor.card.classes == ["dark", "light"]
        assert predictor.split_seed is None
        found = predictor.logits(samples)
        again = predictor.logits(samples[:1])
    means = shades / 255
    np.testing.assert_allclose(found, np.stack([4 - 8 * means, 8 * means - 4], 1), atol=1e-5)
    np.testing.assert_array_equal(again, found[:1])


@pytest.mark.parametrize("pixels", [TensorProto.FLOAT, TensorProto.UINT8])
def test_a_network_that_scales_its_pixels_gets_them_as_they_are(tmp_path, pixels):
    scaling = open_onnx(models.write(tmp_path / "new.onnx", models.of_pixels(pixels)))
    scaled = open_onnx(models.write(tmp_path / "old.onnx", models.by_brightness()))
    samples = np.arange(96, dtype=np.uint8).reshape(6, 1, 4, 4) * 2
    np.testing.assert_allclose(scaling.logits(samples), scaled.logits(samples), atol=1e-5)


# -- Cards


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"size_hw": [0, 0]}, "samples of 0x0"),
        ({"size_hw": [-1, 5]}, "samples of 5x-1"),
        ({"size_hw": [100_000, 100_000]}, "samples of 100000x100000"),
        ({"size_hw": [10**18, 10**18]}, "samples of"),
        ({"channels": 0}, "0 channels; expected 1 or 3"),
        ({"channels": 10**9}, "channels"),
        ({"frames": 0}, "0 frames; expected 1 to 1,024"),
        ({"frames": 10**9}, "frames"),
        ({"frames": 1000, "size_hw": [1000, 1000]}, "samples of 1000x1000"),
        ({"normalise": "../x"}, "scaling '../x'; expected each, imagenet, unit, inside"),
        ({"classes": []}, "0 classes; expected 1 to 100,000"),
        ({"classes": [str(k) for k in range(100_001)]}, "100,001 classes"),
        ({"classes": ["a", "a"]}, "a class that appears twice"),
        ({"classes": ["a", "b" * 1001]}, "a name of over 1,000 characters"),
        ({"classes": ["a", "\ud800"]}, "a name that is not text"),
        ({"model": "x" * 1001}, "a name of over 1,000 characters"),
    ],
)
def test_impossible_cards(changes, said):
    whole = {**CARD, "size_hw": (4, 4), **changes}
    whole["size_hw"] = tuple(whole["size_hw"])
    with pytest.raises(FormatError, match=f"describes an impossible network: .*{said}"):
        cards.checked(Card(**whole))


@pytest.mark.parametrize(
    "text",
    [
        *("", "{}", "[]", "null", "[" * 100_000, '{"a":' + "9" * 5000 + "}"),
        *(json.dumps({**CARD, "size_hw": each}) for each in ([4], [4, 4, 4], ["a", "b"], None)),
        *(json.dumps({**CARD, "classes": each}) for each in (None, [1, 2], "ab")),
        json.dumps({**CARD, "channels": "x"}),
        json.dumps({**CARD, "frames": 1.5}),
        json.dumps({**CARD, "model": 5}),
    ],
    ids=lambda text: text[:20],
)
def test_metadata_that_is_no_card(tmp_path, text):
    path = models.write(tmp_path / "m.onnx", models.by_brightness(card=text))
    with pytest.raises(FormatError, match="no signdata card in its metadata"):
        open_onnx(path)


# -- Inputs, outputs, answers


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (models.by_brightness(card=None), "no signdata card in its metadata"),
        (models.by_brightness(card=json.dumps({**CARD, "size_hw": [4, 5]})), "input batchx1x4x4"),
        (models.by_brightness(card=json.dumps({**CARD, "channels": 3})), "expected Nx3x4x4"),
        (models.by_brightness(card=json.dumps({**CARD, "frames": 2})), "expected Nx2x1x4x4"),
        (models.by_brightness(card=json.dumps({**CARD, "classes": ["a"]})), "expected Nx1 tensor"),
        (models.constant([1, 2], inputs=()), "0 inputs; expected one"),
        (
            models.model([identity("logits")], inputs=[SAMPLES, info("y", [1])]),
            "2 inputs; expected one",
        ),
        (
            models.constant([1, 2], inputs=[info("samples", ["b", 1, 4, 4], TensorProto.INT64)]),
            r"tensor\(int64\); expected",
        ),
        (models.constant([1, 2], inputs=[info("samples", [7, 3, 5, 5])]), "input 7x3x5x5"),
        (
            models.of_pixels(TensorProto.UINT8, normalise="unit"),
            r"tensor\(uint8\); expected Nx1x4x4 tensor\(float\), as",
        ),
        (
            models.of_pixels(TensorProto.DOUBLE),
            r"tensor\(double\); expected Nx1x4x4 tensor\(float\) or tensor\(uint8\)",
        ),
        (models.model([identity("o")], outputs=[info("o", None)]), "no output 'logits'; found 'o'"),
        (
            models.constant([1, 2], ONE, outputs=[info("logits", None, TensorProto.INT64)]),
            r"output .*tensor\(int64\)",
        ),
        (
            models.constant([1, 2], inputs=[info("samples", ["bxb", 1, 4, 4])]).replace(
                b"bxb", b"b\xffb"
            ),
            "not a readable ONNX model",
        ),
        (b"nothing", "not a readable ONNX model"),
        (b"", "not a readable ONNX model"),
    ],
)
def test_models_with_other_ends(tmp_path, data, said):
    with pytest.raises(FormatError, match=said):
        open_onnx(models.write(tmp_path / "m.onnx", data))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (models.constant([1, 3]), "output 1x3 tensor(float); expected Nx2"),
        (models.constant([0, 2]), "returns 0x2 numbers; expected 1x2"),
        (models.constant([50, 2]), "returns 50x2 numbers; expected 1x2"),
        (models.constant([1, 2], NAN), "returns numbers that are not finite"),
        (
            models.model([identity("logits")], outputs=(models.ANY,)),
            "output batchx1x4x4 tensor(float)",
        ),
        (models.constant([5 * 10**9, 2]), "size 40000000000"),
        (models.constant([-1, 2]), "not a readable ONNX model"),
        (models.many_rows(), "cannot be run"),
    ],
)
def test_answers_that_are_none(main, tmp_path, make_tree, data, said):
    path = models.write(tmp_path / "m.onnx", data)
    done = main("predict", path, make_tree({"1.png": picture(1)}))
    assert done.returncode == 4
    assert done.error.startswith(f"error: {path}: ")
    assert said in done.error


def test_a_model_that_never_ends(main, tmp_path, make_tree, monkeypatch):
    monkeypatch.setattr(network_process, "SECONDS", 3.0)
    path = models.write(tmp_path / "m.onnx", models.endless())
    done = main("predict", path, make_tree({"1.png": picture(1)}))
    assert done.returncode == 4
    assert "no answer within 3 s; its process was killed" in done.error


@pytest.mark.skipif(sys.platform != "linux", reason="no such limit elsewhere")
def test_a_model_that_asks_for_more_memory(main, tmp_path, make_tree, monkeypatch):
    """The 256 MB that it asks for are there, but not for it."""
    words = [models.write(tmp_path / "m.onnx", models.many_rows(1 << 25)), make_tree({})]
    (words[1] / "1.png").write_bytes(encode.encode(picture(1), "png", 95))
    done = main("predict", *words)
    assert done.returncode == 4
    assert "returns 33554432x2 numbers; expected 1x2" in done.error
    monkeypatch.setattr(network_process, "MAX_MEMORY", 1 << 27)
    done = main("predict", *words)
    assert done.returncode == 4
    assert "alloc" in done.error


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_process_that_dies(tmp_path, monkeypatch):
    """As a library's crash on a damaged model would end it."""
    path = models.write(tmp_path / "m.onnx", models.endless())
    samples = np.zeros((1, 1, 4, 4), np.uint8)
    with open_predictor(path) as predictor:
        monkeypatch.setattr(network_process.messages, "send", _sends_and_kills(predictor))
        with pytest.raises(FormatError, match="its process was killed by SIGSEGV"):
            predictor.logits(samples)


def _sends_and_kills(predictor: Any) -> Any:
    real = network_process.messages.send

    def send(*args: Any) -> None:
        real(*args)
        predictor._process.send_signal(signal.SIGSEGV)

    return send


# -- What it may read, and how long it lives


@pytest.mark.parametrize("place", ["cwd/data.bin", "up.bin", "linked.bin", "/etc/hostname"])
def test_data_of_a_model_is_read_beside_it_alone(cli, tmp_path, make_tree, place):
    for name in ("cwd/data.bin", "up.bin", "m/data2.bin"):
        models.write(tmp_path / name, np.ones(2, np.float32).tobytes())
    (tmp_path / "m" / "linked.bin").symlink_to(tmp_path / "up.bin")
    location = {"cwd/data.bin": "data.bin", "up.bin": "../up.bin"}.get(place, place)
    path = models.write(tmp_path / "m" / "m.onnx", models.with_data_in(location))
    done = cli("predict", path, make_tree({"1.png": picture(1)}), cwd=tmp_path / "cwd")
    assert done.returncode == 4
    assert "not a readable ONNX model" in done.error


def test_data_beside_a_model(cli, tmp_path, make_tree):
    models.write(tmp_path / "m" / "data.bin", np.array([0, 3], np.float32).tobytes())
    models.write(tmp_path / "m" / "m.onnx", models.with_data_in("data.bin"))
    done = cli("predict", "m/m.onnx", make_tree({"1.png": picture(1)}), "--json", cwd=tmp_path)
    assert done.returncode == 0
    [found] = done.json["predictions"]
    assert found["top"][0] == {"label": "light", "probability": pytest.approx(0.952574)}


def test_nothing_is_imported_from_the_current_folder(cli, tmp_path, make_tree):
    """`python -m signdata` looks for modules there; the network's process does not."""
    folder = tmp_path / "m"
    path = models.write(folder / "m.onnx", models.by_brightness())
    for name in ("numpy", "onnxruntime", "json"):
        (folder / f"{name}.py").write_text("open('imported', 'w')\n")
    source = make_tree({"1.png": picture(1)})
    code = textwrap.dedent(
        f"""
        import sys
        from signdata.inference.network_process import open_predictor
        from pathlib import Path
        with open_predictor(Path({str(path)!r})) as predictor:
            print(predictor.card.model)
        """
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("by-hand\n", "")
    assert not (folder / "imported").exists()
    assert source.exists()


def test_an_exported_model_needs_no_torch(tmp_path, make_tree):
    """Neither this process nor the network's imports it."""
    path = models.write(tmp_path / "m.onnx", models.by_brightness())
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "torch.py").write_text("raise ImportError('no torch here')\n")
    place = os.pathsep.join([str(tmp_path / "without"), *sys.path])
    done = subprocess.run(
        [sys.executable, "-m", "signdata", "predict", path, make_tree({"1.png": picture(1)})],
        env={**os.environ, "PYTHONPATH": place},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "dark" in done.stdout


def test_nothing_is_reported_and_nothing_left(tmp_path, make_tree):
    """onnxruntime would keep an identifier in a file and send it, unless it is told not to."""
    (tmp_path / "home").mkdir()
    path = models.write(tmp_path / "m.onnx", models.by_brightness())
    places = dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME"), str(tmp_path / "home"))
    environment = {name: text for name, text in os.environ.items() if not name.startswith("ORT_")}
    done = subprocess.run(
        [sys.executable, "-m", "signdata", "predict", path, make_tree({"1.png": picture(1)})],
        env=environment | places,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert list((tmp_path / "home").iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_it_ends_with_the_process_that_asks(tmp_path):
    """Also in the middle of a model that never ends, when nobody can tell it to."""
    path = models.write(tmp_path / "m.onnx", models.endless())
    code = textwrap.dedent(
        f"""
        import numpy
        from pathlib import Path
        from signdata.inference.network_process import open_predictor
        with open_predictor(Path({str(path)!r})) as predictor:
            print(predictor._process.pid, flush=True)
            predictor.logits(numpy.zeros((1, 1, 4, 4), numpy.uint8))
        """
    )
    asking = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert asking.stdout is not None
    with asking.stdout as lines:
        pid = int(lines.readline())
    _wait_until(lambda: _state(pid) == "R")
    asking.kill()
    asking.wait()
    _wait_until(lambda: _state(pid) in ("", "Z"))


def _state(pid: int) -> str:
    """R for a process that computes; '' for one that is gone."""
    states = []
    for task in Path(f"/proc/{pid}/task").glob("*/stat"):
        try:
            states.append(task.read_text().rpartition(")")[2].split()[0])
        except OSError:
            return ""
    return "R" if "R" in states else "".join(states[:1])


def _wait_until(holds: Any) -> None:
    latest = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < latest
        time.sleep(0.01)
