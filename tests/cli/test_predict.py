"""signdata predict and signdata export."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from PIL import Image

import signdata
from signdata.errors import FormatError
from signdata.inference.saved_networks import open_run
from signdata.media.image import encode
from tests.conftest import picture
from tests.inference import models
from tests.videos import make_video

DOCS = Path(__file__).parents[2] / "docs" / "baseline.md"


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
                (folder / f"{k}.png").write_bytes(encode.encode(frame, "png", 95))
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
    [found] = done.json["predictions"]
    assert len(found["frames"]) == 16
    assert {frame["label"] for frame in found["frames"]} <= {"dark", "light"}
    text = main("predict", trained / "run", tmp_path / "clip.mp4").stdout
    assert "frame 16 of 16" in text


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_a_picture_that_moves_is_read_by_its_frames(main, trained, tmp_path, suffix):
    data = trained / "data" / "test"
    frames = [Image.open(data / label / "3.png").convert("L") for label in ("dark", "light")]
    moving, still = tmp_path / f"moving{suffix}", tmp_path / f"still{suffix}"
    frames[0].save(moving, save_all=True, append_images=frames[1:], duration=100)
    frames[0].save(still)
    done = main("predict", trained / "run", moving, still, "--json", "-k", "2")
    assert done.returncode == 0
    found, plain = done.json["predictions"]
    assert [frame["label"] for frame in found["frames"]] == ["dark"] * 8 + ["light"] * 8
    assert "frames" not in plain
    assert plain["top"][0]["label"] == "dark"


def test_a_folder_of_several_runs_names_them(main, trained, tmp_path):
    for seed in (0, 1):
        (tmp_path / "runs" / f"s{seed}").mkdir(parents=True)
        (tmp_path / "runs" / f"s{seed}" / "best.pt").write_bytes(
            (trained / "run" / "best.pt").read_bytes()
        )
    done = main("predict", tmp_path / "runs", trained / "data" / "test")
    assert done.returncode == 4
    assert "Name one of its runs: s0, s1." in done.error


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": 5}, "not a network saved by baseline"),
        ({"model": "nope"}, "unknown network 'nope'"),
        ({"classes": "ab"}, "not a network saved by baseline"),
        ({"classes": [0, 1]}, "not a network saved by baseline"),
        ({"classes": ["a", "b", "c"]}, "not the weights for 3 classes"),
        ({"state_dict": [1]}, "expected tensors by name"),
        ({"state_dict": {"conv1.0.weight": torch.full((24, 1, 3, 3), torch.nan)}}, "not all are"),
    ],
)
def test_a_strange_best_pt(main, trained, tmp_path, change, said):
    saved = torch.load(trained / "run" / "best.pt", weights_only=True)
    torch.save({**saved, **change}, tmp_path / "best.pt")
    done = main("predict", tmp_path / "best.pt", trained / "data" / "test" / "dark" / "1.png")
    assert done.returncode == 4
    assert said in done.error
    assert "best.pt" in done.error


def test_answers_on_pictures(main, trained, tmp_path):
    source = trained / "data" / "test" / "light" / "3.png"
    done = main("predict", trained / "run", source, "--annotate", tmp_path / "shown")
    assert done.returncode == 0
    with Image.open(tmp_path / "shown" / "0001-3.png") as opened:
        assert opened.width >= 160
        assert opened.mode == "RGB"


@pytest.fixture
def model(tmp_path):
    """A model that tells dark pictures from light ones; it starts faster than a run."""
    return models.write(tmp_path / "model.onnx", models.by_brightness())


def test_each_input_is_an_item(main, model, served, trained, tmp_path):
    """One that cannot be read, or fetched, or is not there costs no other its answer."""
    (tmp_path / "bad.png").write_bytes(b"no picture")
    (tmp_path / "empty").mkdir()
    good = trained / "data" / "test" / "dark" / "1.png"
    gone, link = tmp_path / "gone.png", f"{served}/gone.png"
    words = [tmp_path / "bad.png", good, link, gone, tmp_path / "empty"]
    done = main("predict", model, *words, "--json")
    assert done.returncode == 3
    counts = [done.json[name] for name in ("read", "written", "skipped", "failed")]
    assert counts == [5, 1, 2, 2]
    [found] = done.json["predictions"]
    assert (found["path"], found["top"][0]["label"]) == (str(good), "dark")
    problems = [(each["path"], each["kind"]) for each in done.json["problems"]]
    assert problems == [
        (str(tmp_path / "bad.png"), "corrupt"),
        (link, "corrupt"),
        (str(gone), "missing"),
        (str(tmp_path / "empty"), "missing"),
    ]
    told = main("predict", model, *words)
    assert told.returncode == 3
    assert f"corrupt: {link}: cannot be fetched (HTTP status 404: File not found)" in told.stderr
    assert f"missing: {gone}: not there" in told.stderr
    assert "dark 50.6%" in told.stdout


def test_nothing_that_can_be_read(main, model, tmp_path):
    words = [tmp_path / "a.png", tmp_path / "b.png"]
    done = main("predict", model, *words, "--json")
    assert done.returncode == 4
    assert (done.json["read"], done.json["skipped"], done.json["predictions"]) == (2, 2, [])
    assert [each["path"] for each in done.json["problems"]] == [str(path) for path in words]
    assert main("predict", model, words[0]).error == f"error: {words[0]}: not there"


def test_a_video_behind_a_link(main, model, served, trained, tmp_path, monkeypatch):
    """Nothing of it is left in the system's folder."""
    make_video(trained / "clip.mp4", 20)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temp"))
    (tmp_path / "temp").mkdir()
    done = main("predict", model, f"{served}/clip.mp4", "--json")
    assert done.returncode == 0
    assert len(done.json["predictions"][0]["frames"]) == 16
    there = main("predict", model, trained / "clip.mp4", "--json")
    assert done.json["predictions"][0]["top"] == there.json["predictions"][0]["top"]
    assert list((tmp_path / "temp").iterdir()) == []


@pytest.mark.parametrize("name", ["moving.gif", "moving.webp", "moving.png", "moving"])
def test_a_picture_that_moves_behind_a_link(main, model, served, trained, name):
    """It is read by its frames, whatever the link calls it."""
    shades = [Image.new("L", (28, 28), shade) for shade in (20, 230)]
    kind = {"": "GIF", ".gif": "GIF", ".webp": "WEBP", ".png": "PNG"}[Path(name).suffix]
    first, rest = shades[0], shades[1:]
    first.save(trained / name, kind, save_all=True, append_images=rest, duration=100)
    first.save(trained / f"still-{name}", kind)
    done = main("predict", model, f"{served}/{name}?x=1", f"{served}/still-{name}", "--json")
    assert done.returncode == 0, done.stderr
    found, still = done.json["predictions"]
    assert [frame["label"] for frame in found["frames"]] == ["dark"] * 8 + ["light"] * 8
    assert "frames" not in still
    assert still["top"][0]["label"] == "dark"


def test_a_run_that_is_not_what_it_says(main, trained, tmp_path):
    """Seeds and classes that nothing can have, weights that are no plain tensors."""
    saved = torch.load(trained / "run" / "best.pt", weights_only=True)
    first = next(iter(saved["state_dict"]))
    for change, said in (
        ({"config": {"seed": "x"}}, "seed 'x'; expected an integer of at least 0"),
        ({"config": {"seed": float("inf")}}, "seed inf"),
        ({"config": {"split_seed": -1}}, "seed -1"),
        ({"classes": [str(k) for k in range(100_001)]}, "100,001 classes; expected 1 to 100,000"),
        ({"classes": ["a", "a"]}, "a class that appears twice"),
        ({"classes": []}, "0 classes"),
        (
            {"state_dict": {**saved["state_dict"], first: torch.empty(1).expand(10**9, 10**6)}},
            "cannot be loaded",
        ),
    ):
        torch.save({**saved, **change}, tmp_path / "best.pt")
        with pytest.raises(FormatError) as caught:
            open_run(tmp_path / "best.pt", "cpu", 2 << 30)
        assert said in str(caught.value)
    done = main("predict", tmp_path / "best.pt", trained / "data")
    assert done.returncode == 4
    assert done.error.startswith(f"error: {tmp_path / 'best.pt'}")


def test_code_in_a_checkpoint_is_not_run(main, trained, tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "run"),)

    torch.save({"model": "signnet", "classes": ["a"], "x": Evil()}, tmp_path / "best.pt")
    done = main("predict", tmp_path / "best.pt", trained / "data")
    assert done.returncode == 4
    assert "not a network saved by baseline" in done.error
    assert not (tmp_path / "run").exists()


def test_names_are_escaped_for_people_and_not_for_programs(main, trained, tmp_path, make_tree):
    """A class and a file whose names would act on a terminal."""
    classes = ["\x1b[31mdark\nline", "light\u202e"]
    card = json.dumps({**models.CARD, "classes": classes})
    path = models.write(tmp_path / "m.onnx", models.by_brightness(card=card))
    source = make_tree({"a\x1b]0;x\x07\nb.png": np.zeros((4, 4, 1), np.uint8)})
    done = main("predict", path, source)
    assert (done.returncode, done.stderr) == (0, "")
    _, row, following = done.stdout.splitlines()
    assert following.endswith("--annotate seen")
    assert r"a\x1b]0;x\x07\nb.png" in row
    assert r"\x1b[31mdark\nline" in row
    assert r"light\u202e" in row
    told = main("predict", path, source, "--json").json["predictions"]
    assert told[0]["top"][0]["label"] == classes[0]
    assert told[0]["path"].endswith("a\x1b]0;x\x07\nb.png")
    shown = main("predict", path, source, "--annotate", tmp_path / "shown\x1b")
    assert "\x1b" not in shown.stdout
    again = main("predict", path, source, "--annotate", tmp_path / "shown\x1b")
    assert again.stdout.startswith(rf"{tmp_path}/shown\x1b is complete already: nothing to do")
    assert sorted(os.listdir(tmp_path / "shown\x1b")) == ["0001.png", "signdata.json"]


@pytest.fixture
def served(trained):
    """The trained data behind a web server of this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            """Say nothing."""

        def do_GET(self):
            if self.path not in ("/short.png", "/slow.png"):
                return super().do_GET()
            self.send_response(200)
            self.send_header("Content-Length", "500")
            self.end_headers()
            for _ in range(1 if self.path == "/short.png" else 50):
                with contextlib.suppress(ConnectionError):
                    self.wfile.write(b"abc")
                    self.wfile.flush()
                    time.sleep(0.05)  # a server that trickles, which is what is tested
            return None

    server = HTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(trained)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_link_that_was_typed(main, model, served, monkeypatch):
    link = f"{served}/data/test/light/1.png"
    done = main("predict", model, link, "--json")
    assert done.json["predictions"][0]["path"] == link
    assert done.json["predictions"][0]["top"][0]["label"] == "light"
    missing = main("predict", model, f"{served}/nothing.png")
    assert missing.returncode == 4
    assert "cannot be fetched" in missing.error
    short = main("predict", model, f"{served}/short.png")
    assert short.returncode == 4
    assert "ended after 3 bytes; expected 497 more" in short.error
    odd = main("predict", model, "http://[bad/x.png")
    assert odd.returncode == 4
    assert "cannot be fetched" in odd.error
    blank = main("predict", model, f"{served}/no thing.png")
    assert "Not Found" in blank.error or "File not found" in blank.error
    monkeypatch.setattr("signdata.inference.links.SECONDS", 0.3)
    slow = main("predict", model, f"{served}/slow.png")
    assert slow.returncode == 4
    assert "took over 0.3 s" in slow.error
    monkeypatch.setattr("signdata.inference.links.SECONDS", 60.0)
    monkeypatch.setattr("signdata.inference.links.MAX_BYTES", 100)
    large = main("predict", model, link)
    assert large.returncode == 4
    assert "more is not fetched" in large.error


@pytest.mark.parametrize(
    ("run", "path", "words"),
    [
        ("nothing", "data", "not a run of baseline"),
        ("run", "nothing.png", "not there"),
        ("data/test/dark/1.png", "data", "not a network saved by baseline"),
        ("none.onnx", "data", "not there"),
    ],
)
def test_what_is_not_there(main, trained, run, path, words):
    done = main("predict", trained / run, trained / path)
    assert done.returncode == 4
    assert words in done.error


def test_onnx_is_the_same_network(main, trained, tmp_path, monkeypatch, capfd):
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
    [snippet] = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    (tmp_path / "hand.png").write_bytes((folder / "1.png").read_bytes())
    monkeypatch.chdir(tmp_path)
    exec(snippet, {})
    assert capfd.readouterr().out == "dark\n"
    (tmp_path / "hand.png").unlink()
    again = main("export", trained / "run", tmp_path / "model.onnx")
    assert again.returncode == 5
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["model.onnx", "model.uint8.onnx"]
    done = main("export", tmp_path / "model.onnx")
    assert done.returncode == 2
    assert "is already ONNX" in done.error


@pytest.mark.skipif(sys.platform == "win32", reason="kills a group of processes")
def test_a_killed_export_is_swept(main, trained, tmp_path):
    """Nothing has its final name before it is finished, and nothing lies elsewhere."""
    for name in ("home", "out"):
        (tmp_path / name).mkdir()
    out = tmp_path / "out" / "model.onnx"
    places = dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME"), str(tmp_path / "home"))
    running = subprocess.Popen(
        [sys.executable, "-m", "signdata", "export", trained / "run", out, "--quantize"],
        env=os.environ | places,
        start_new_session=True,
    )
    partial = tmp_path / "out" / "model.onnx.partial"
    latest = time.monotonic() + 60
    while not (partial / "tree" / "model.onnx").exists():
        assert time.monotonic() < latest
        time.sleep(0.01)
    second = main("export", trained / "run", out)
    assert second.returncode == 5
    assert f"is being written by process {running.pid}" in second.error
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    assert not out.exists()
    assert main("export", trained / "run", out, "--quantize").returncode == 0
    assert sorted(os.listdir(tmp_path / "out")) == ["model.onnx", "model.uint8.onnx"]
    assert os.listdir(tmp_path / "home") == []


def test_an_export_leaves_a_strange_folder_alone(main, trained, tmp_path):
    (tmp_path / "m.onnx.partial" / "tree").mkdir(parents=True)
    (tmp_path / "m.onnx.partial" / "tree" / "mine.txt").write_text("mine")
    done = main("export", trained / "run", tmp_path / "m.onnx")
    assert done.returncode == 5
    assert "was made by something else" in done.error
    assert (tmp_path / "m.onnx.partial" / "tree" / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "words", "code", "said"),
    [
        ("model.txt", [], 2, "ends in .onnx"),
        ("model.onnx", ["--data", "data", "--split", "val"], 0, "of 8 samples"),
        ("model.onnx", ["--data", "other"], 4, "the network has no class 'strange'"),
        ("model.onnx", ["--data", "only_train"], 4, "no samples in test"),
    ],
)
def test_what_an_export_is_held_against(
    main, trained, tmp_path, make_tree, name, words, code, said
):
    for folder, label in (("other", "strange"), ("only_train", "light")):
        at = trained / folder / "train"
        for each in ("dark", label):
            (at / each).mkdir(parents=True, exist_ok=True)
            (at / each / "1.png").write_bytes(
                (trained / "data" / "test" / "dark" / "1.png").read_bytes()
            )
            (at / each / "2.png").write_bytes(
                (trained / "data" / "test" / "light" / "2.png").read_bytes()
            )
    places = [trained / word if word in ("data", "other", "only_train") else word for word in words]
    if places:
        places = ["--data", places[1], *places[2:]]
    done = main("export", trained / "run", tmp_path / name, *places)
    assert done.returncode == code
    assert said in (done.stdout if code == 0 else done.error)
    assert [path.name for path in tmp_path.iterdir()] == ([name] if code == 0 else [])


def test_an_export_is_tested_on_all_of_a_set_without_splits(main, trained, tmp_path):
    """And what it was tested on is said."""
    data = trained / "data" / "test"
    done = main("export", trained / "run", tmp_path / "a.onnx", "--data", data, "--json")
    assert done.returncode == 0
    assert (done.json["samples"], done.json["measured_on"]) == (20, "all")
    assert done.json["whole"]["accuracy"] == 1.0
    said = [each["message"] for each in done.json["problems"]]
    assert said == ["has no splits: tested on all 20 samples"]
    text = main("export", trained / "run", tmp_path / "b.onnx", "--data", data).stdout
    assert "100.00% of 20 samples, all of test" in text
    words = ["--data", trained / "data", "--input-type", "uint8", "--json"]
    found = main("export", trained / "run", tmp_path / "c.onnx", *words).json
    assert (found["samples"], found["measured_on"], found["problems"]) == (20, "test", [])
    assert found["whole"]["accuracy"] == found["whole"]["same_top1"] == 1.0
    [taken] = onnx.load(tmp_path / "c.onnx").graph.input
    assert (taken.name, taken.type.tensor_type.elem_type) == ("image", onnx.TensorProto.UINT8)


def test_a_strange_onnx_file(main, tmp_path, make_tree):
    (tmp_path / "bad.onnx").write_bytes(b"nothing")
    done = main("predict", tmp_path / "bad.onnx", make_tree({"A/1.png": picture(1)}))
    assert done.returncode == 4
    assert "not a readable ONNX model" in done.error
