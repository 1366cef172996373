"""signdata predict and signdata export."""

from __future__ import annotations

import threading
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler

import numpy as np
import onnx
import pytest
from PIL import Image

import signdata
from signdata.media import image
from tests.conftest import picture
from tests.videos import make_video


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run on pictures of two classes that are easy to tell, and the pictures' folder."""
    root = tmp_path_factory.mktemp("trained")
    for split, n in (("train", 40), ("test", 10)):
        for label, shade in (("dark", 40), ("light", 200)):
            folder = root / "data" / split / label
            folder.mkdir(parents=True)
            for k in range(n):
                frame = np.full((28, 28, 1), shade, np.uint8)
                frame[:, : 14 if label == "dark" else 4] = 255 - shade
                frame[k % 28] = 120
                (folder / f"{k}.png").write_bytes(image.encode(frame, "png", 95))
    signdata.baseline(root / "data", out=root / "run", epochs=3, device="cpu")
    return root


def test_pictures_and_folders(main, trained):
    folder = trained / "data" / "test" / "dark"
    done = main("predict", trained / "run", folder / "1.png", folder, "--json", "-k", "2")
    assert done.returncode == 0
    found = done.json["predictions"]
    assert len(found) == 11
    assert [entry["path"] for entry in found[:2]] == [str(folder / "1.png"), str(folder / "0.png")]
    for entry in found:
        assert [answer["label"] for answer in entry["top"]] == ["dark", "light"]
        assert sum(answer["probability"] for answer in entry["top"]) == pytest.approx(1, abs=1e-4)
    text = main("predict", trained / "run", folder / "1.png").stdout
    assert "dark" in text


def test_a_video_is_read_by_its_frames(main, trained, tmp_path):
    make_video(tmp_path / "clip.mp4", 30)
    done = main("predict", trained / "run" / "best.pt", tmp_path / "clip.mp4", "--json")
    assert done.returncode == 0
    assert len(done.json["predictions"]) == 1


def test_answers_on_pictures(main, trained, tmp_path):
    source = trained / "data" / "test" / "light" / "3.png"
    done = main("predict", trained / "run", source, "--annotate", tmp_path / "shown")
    assert done.returncode == 0
    with Image.open(tmp_path / "shown" / "0001-3.png") as opened:
        assert opened.width >= 160
        assert opened.mode == "RGB"


def test_a_damaged_picture_is_named_and_the_others_are_read(main, trained, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    good = trained / "data" / "test" / "dark" / "1.png"
    done = main("predict", trained / "run", tmp_path / "bad.png", good, "--json")
    assert done.returncode == 3
    assert (done.json["read"], done.json["written"], done.json["failed"]) == (2, 1, 1)
    assert done.json["problems"][0]["path"] == str(tmp_path / "bad.png")


@pytest.fixture
def served(trained):
    """The trained data behind a web server of this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(trained)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_link_that_was_typed(main, trained, served, monkeypatch):
    link = f"{served}/data/test/light/1.png"
    done = main("predict", trained / "run", link, "--json")
    assert done.json["predictions"][0]["path"] == link
    assert done.json["predictions"][0]["top"][0]["label"] == "light"
    missing = main("predict", trained / "run", f"{served}/nothing.png")
    assert missing.returncode == 4
    assert "cannot be fetched" in missing.error
    monkeypatch.setattr("signdata.inputs.MAX_BYTES", 100)
    large = main("predict", trained / "run", link)
    assert large.returncode == 4
    assert "more is not fetched" in large.error


@pytest.mark.parametrize(
    ("run", "path", "words"),
    [
        ("nothing", "data", "no run of baseline"),
        ("run", "nothing.png", "not there"),
        ("data/test/dark/1.png", "data", "no network that baseline saved"),
        ("none.onnx", "data", "not there"),
    ],
)
def test_what_is_not_there(main, trained, run, path, words):
    done = main("predict", trained / run, trained / path)
    assert done.returncode == 4
    assert words in done.error


def test_onnx_is_the_same_network(main, trained, tmp_path):
    words = ["--onnx", "--quantize", "--data", trained / "data", "--json"]
    done = main("export", trained / "run", tmp_path / "model.onnx", *words)
    assert done.returncode == 0
    whole, small = done.json["whole"], done.json["quantised"]
    assert (whole["same_top1"], whole["accuracy"]) == (1.0, 1.0)
    assert whole["max_difference"] < 1e-3
    assert small["bytes"] < whole["bytes"] / 2
    assert small["accuracy"] == 1.0
    model = onnx.load(tmp_path / "model.onnx")
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param
    assert "dark" in {p.key: p.value for p in model.metadata_props}["signdata"]
    folder = trained / "data" / "test" / "dark"
    one = main("predict", trained / "run", folder, "--json").json["predictions"]
    other = main("predict", tmp_path / "model.onnx", folder, "--json").json["predictions"]
    assert [p["top"][0]["label"] for p in one] == [p["top"][0]["label"] for p in other]
    again = main("export", trained / "run", tmp_path / "model.onnx")
    assert again.returncode == 5
    assert not list(tmp_path.glob("*.partial"))


def test_a_strange_onnx_file(main, tmp_path, make_tree):
    (tmp_path / "bad.onnx").write_bytes(b"nothing")
    done = main("predict", tmp_path / "bad.onnx", make_tree({"A/1.png": picture(1)}))
    assert done.returncode == 4
    assert "no ONNX model" in done.error
