"""What the network reads in what is sent to it."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from signdata.serving import handlers, prediction
from signdata.serving.prediction import Predictor, model_of
from tests.inference import models
from tests.serving.apps import HOST, App, decoded, opened
from tests.videos import make_video


def png(level: int, side: int = 8, **keywords: Any) -> bytes:
    out = BytesIO()
    Image.fromarray(np.full((side, side), level, np.uint8)).save(out, "PNG", **keywords)
    return out.getvalue()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("model")
    with opened(model=models.write(folder / "light.onnx", models.by_brightness())) as one:
        yield one


def send(app: App, data: bytes, kind: str = "image/png", query: str = "") -> Any:
    return app.client.post(f"/api/predict{query}", content=data, headers={"Content-Type": kind})


@pytest.mark.parametrize(("level", "label"), [(0, "dark"), (255, "light")])
def test_a_picture_is_read(app: App, level: int, label: str) -> None:
    answer = send(app, png(level))
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["model"] == "by-hand"
    assert found["top"][0]["label"] == label
    assert found["top"][0]["probability"] == pytest.approx(0.999665, abs=1e-5)
    assert sum(one["probability"] for one in found["top"]) == pytest.approx(1, abs=1e-5)
    assert (found["frames"], found["saw"]) == ([], "")


def test_as_many_classes_are_told_as_are_asked_for(app: App) -> None:
    assert len(send(app, png(9), query="?top=1").json()["top"]) == 1
    assert send(app, png(9), query="?top=0").status_code == 422


def test_what_the_network_saw_is_its_input(app: App) -> None:
    link = send(app, png(200), query="?saw=1").json()["saw"]
    head, _, data = link.partition(",")
    assert head == "data:image/png;base64"
    assert np.array_equal(decoded(base64.b64decode(data)), np.full((4, 4, 3), 200))


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi"])
def test_a_video_of_any_container_is_read(app: App, tmp_path: Path, suffix: str) -> None:
    make_video(tmp_path / f"clip.{suffix}", 20)
    answer = send(app, (tmp_path / f"clip.{suffix}").read_bytes(), "video/mp4")
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["frames"]) == 16


def test_the_type_that_was_said_is_not_believed(app: App) -> None:
    assert send(app, png(255), "video/mp4").json()["top"][0]["label"] == "light"
    assert send(app, png(255), "application/octet-stream").json()["top"][0]["label"] == "light"


@pytest.mark.parametrize(
    "data",
    [b"", b"x", b"<svg onload=alert(1)></svg>", b"\x89PNG\r\n\x1a\n" + b"x" * 50, png(3)[:-20]],
)
def test_what_is_neither_picture_nor_video_is_422(app: App, data: bytes) -> None:
    answer = send(app, data)
    assert answer.status_code == 422
    assert answer.json()["error"]["what"]
    assert answer.json()["error"]["where"] == "body"
    assert "/proc" not in answer.text
    assert "/tmp" not in answer.text


def test_a_picture_over_the_limit_of_pixels_is_not_read(app: App) -> None:
    out = BytesIO()
    Image.new("1", (9000, 9000)).save(out, "PNG")
    answer = send(app, out.getvalue())
    assert answer.status_code == 422
    assert "pixels" in answer.json()["error"]["what"]


def test_uploads_leave_no_file(app: App, tmp_path: Path) -> None:
    import tempfile

    before = set(Path(tempfile.gettempdir()).glob("signdata-*"))
    make_video(tmp_path / "clip.mp4", 5)
    send(app, (tmp_path / "clip.mp4").read_bytes(), "video/mp4")
    assert set(Path(tempfile.gettempdir()).glob("signdata-*")) == before


def test_a_third_picture_at_a_time_is_429(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    predictor = app.site.predictor
    assert predictor is not None
    go, begun = threading.Event(), threading.Semaphore(0)
    real = predictor.read

    def slow(*given: Any) -> Any:
        begun.release()
        go.wait(30)
        return real(*given)

    monkeypatch.setattr(predictor, "read", slow)
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(send(app, png(1)).status_code))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert begun.acquire(timeout=30)
    third = send(app, png(1))
    go.set()
    for thread in threads:
        thread.join()
    assert third.status_code == 429
    assert third.headers["retry-after"] == "1"
    assert answers == [200, 200]
    assert send(app, png(1)).status_code == 200  # the places are free again


def test_a_body_that_comes_too_slowly_is_given_up(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert prediction.SECONDS == 60
    monkeypatch.setattr(handlers, "SECONDS", 0.2)

    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(0.15)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def keep(message: Any) -> None:
        sent.append(message)

    headers = {"host": HOST, "authorization": f"Bearer {app.token}", "content-type": "image/png"}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/predict",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    asyncio.run(app.client.app(scope, receive, keep))
    assert sent[0]["status"] == 408
    assert send(app, png(1)).status_code == 200


def test_a_body_that_cannot_be_read_leaves_its_place(app: App) -> None:
    for _ in range(4):
        assert send(app, b"x").status_code == 422
    assert send(app, png(1)).status_code == 200


def test_without_a_network_there_is_no_answer() -> None:
    with opened() as app:
        answer = send(app, png(1))
        assert answer.status_code == 404
        assert "--model" in answer.json()["error"]["remedy"]
        assert app.get("/api/dataset")["model"] is None


def test_the_network_is_described(app: App) -> None:
    assert app.get("/api/dataset")["model"] == {
        "name": "by-hand",
        "classes": ["dark", "light"],
        "frames": 1,
        "size": [4, 4],
        "channels": 1,
    }


def test_a_run_is_read_by_its_onnx_file_where_it_has_one(tmp_path: Path) -> None:
    assert model_of(tmp_path) == tmp_path
    (tmp_path / "model.onnx").write_bytes(b"")
    assert model_of(tmp_path) == tmp_path / "model.onnx"
    assert model_of(tmp_path / "x.onnx") == tmp_path / "x.onnx"


def test_a_network_for_clips_reads_the_last_pictures_of_a_ring() -> None:
    predictor = object.__new__(Predictor)
    predictor.card = models_card(frames=4)
    predictor._lock, predictor._rings = threading.Lock(), __import__("collections").OrderedDict()

    def push(name: str, level: int) -> list[int]:
        clip = np.full((1, 4, 1, 2, 2), level, np.uint8)
        return [int(frame[0, 0, 0]) for frame in predictor._in_ring(name, clip)[0]]

    assert push("a", 1) == [1, 1, 1, 1]
    assert push("a", 2) == [1, 1, 1, 2]
    assert push("b", 9) == [9, 9, 9, 9]
    assert [push("a", level) for level in (3, 4, 5)][-1] == [2, 3, 4, 5]
    for number in range(20):
        push(str(number), 0)
    assert len(predictor._rings) == 8


def models_card(**changes: Any) -> Any:
    import msgspec

    from signdata.inference.card import Card

    return msgspec.convert(json.loads(json.dumps({**models.CARD, **changes})), Card)


def test_a_network_whose_process_ended_is_started_again(app: App) -> None:
    predictor = app.site.predictor
    assert predictor is not None
    assert predictor._process is not None
    predictor._process._process.kill()
    answer = send(app, png(1))
    assert answer.status_code == 422
    assert answer.json()["error"]["where"] == "model"
    assert send(app, png(255)).json()["top"][0]["label"] == "light"
