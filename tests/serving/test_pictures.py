"""Sheets, frames, strips, films and original files, by the pixels that come out."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signdata.errors import CrashError
from signdata.serving import decoding_tasks
from signdata.serving.decoding import Decoder
from tests.serving.apps import App, decoded, opened
from tests.videos import make_video, read_index


def levels(root: Callable[..., Path], n: int, side: int, suffix: str = "png") -> Path:
    return root(
        {f"A/{i:02d}.{suffix}": np.full((side, side, 1), 20 * i, np.uint8) for i in range(n)}
    )


def test_a_sheet_has_ten_across_in_their_own_size(make_tree: Callable[..., Path]) -> None:
    with opened(levels(make_tree, 12, 28)) as app:
        answer = app.client.get("/api/sheet?n=100&side=64")
        assert answer.headers["content-type"] == "image/webp"
        sizes = [answer.headers[f"x-tile-{name}"] for name in ("width", "height")]
        assert (sizes, answer.headers["x-tiles"]) == (["28", "28"], "12")
        page = decoded(answer.content)
        assert page.shape == (56, 280, 3)
        for i in range(12):
            middle = page[28 * (i // 10) + 14, 28 * (i % 10) + 14, 0]
            assert abs(int(middle) - 20 * i) <= 4
        assert app.get("/api/dataset")["tile"] == [28, 28]


def test_large_pictures_are_shrunk_into_cells_and_keep_their_proportions(
    make_tree: Callable[..., Path],
) -> None:
    tree = make_tree({"A/wide.jpg": np.full((100, 200, 3), 250, np.uint8)})
    with opened(tree) as app:
        page = decoded(app.client.get("/api/sheet?side=64").content)
        assert page.shape == (64, 64, 3)
        assert page[32, 32].min() > 240
        assert page[4, 32].max() < 120  # above the picture
        assert page[32, 2].min() > 220  # it takes the whole width


def test_a_sheet_follows_the_filter_and_numbers(make_tree: Callable[..., Path]) -> None:
    with opened(levels(make_tree, 5, 16)) as app:
        down = decoded(app.client.get("/api/sheet?sort=-stored&n=2").content)
        assert abs(int(down[8, 8, 0]) - 80) <= 4
        some = decoded(app.client.get("/api/sheet?numbers=3,0").content)
        assert [abs(int(some[8, x, 0]) - level) <= 4 for x, level in ((8, 60), (24, 0))] == [
            True,
            True,
        ]
        assert app.client.get("/api/sheet?label=B").status_code == 404
        assert app.client.get("/api/sheet?numbers=9").status_code == 404
        assert app.client.get("/api/sheet?numbers=x").status_code == 404


def test_pictures_are_kept_by_the_browser_only_with_a_version(
    make_tree: Callable[..., Path],
) -> None:
    with opened(levels(make_tree, 2, 8)) as app:
        for path in ("/api/sheet", "/api/samples/0/frame/0"):
            assert app.client.get(path).headers["cache-control"] == "no-store"
            kept = app.client.get(f"{path}?v=1").headers["cache-control"]
            assert kept == "private, max-age=3600"


def test_what_cannot_be_read_is_a_cross_with_its_reason(make_tree: Callable[..., Path]) -> None:
    tree = make_tree(
        {"A/good.png": np.full((20, 20, 1), 90, np.uint8), "A/bad.png": b"\x89PNG\r\n\x1a\nxx"}
    )
    with opened(tree) as app:
        page = decoded(app.client.get("/api/sheet").content)
        assert page.shape == (20, 40, 3)
        bad = 0
        assert int(page[10, 20 * bad + 10, 0]) > 130
        [first, _] = app.get("/api/samples")["samples"]
        assert first["id"] == "A/bad"
        assert "damaged" in first["missing"]
        assert app.client.get("/api/samples/0/frame/0").status_code == 422


def test_a_still_is_sent_without_loss_while_it_is_small(make_tree: Callable[..., Path]) -> None:
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (30, 40, 3), np.uint8)
    tree = make_tree({"A/large.png": np.zeros((300, 400, 3), np.uint8), "A/small.png": small})
    with opened(tree) as app:
        answer = app.client.get("/api/samples/1/frame/0")
        assert answer.headers["content-type"] == "image/png"
        assert np.array_equal(decoded(answer.content), small)
        large = app.client.get("/api/samples/0/frame/0?size=200")
        assert large.headers["content-type"] == "image/jpeg"
        assert decoded(large.content).shape == (150, 200, 3)


# -- Clips


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """One video of 40 frames that spell their number."""
    folder = tmp_path / "clips" / "book"
    folder.mkdir(parents=True)
    make_video(folder / "one.mp4", 40)
    return tmp_path / "clips"


@pytest.fixture
def app(clips: Path) -> Iterator[App]:
    with opened(clips) as one:
        yield one


def test_a_clip_is_described_by_its_frames_and_times(app: App) -> None:
    page = app.get("/api/samples/0")
    assert (page["frames"], page["size"], page["sample"]["kind"]) == (40, [128, 64], "clip")
    assert len(page["times"]) == 40
    assert page["times"] == sorted(page["times"])
    assert page["fps"] == pytest.approx(25)
    assert page["has_file"]


@pytest.mark.parametrize("k", [0, 17, 39])
def test_a_clip_is_played_frame_by_frame(app: App, k: int) -> None:
    answer = app.client.get(f"/api/samples/0/frame/{k}")
    assert answer.headers["content-type"] == "image/jpeg"
    assert read_index(decoded(answer.content)) == k


def test_there_is_no_frame_behind_the_last(app: App) -> None:
    answer = app.client.get("/api/samples/0/frame/40")
    assert answer.status_code == 404
    assert "expected 0 to 39" in answer.json()["error"]["what"]
    assert app.client.get("/api/samples/0/frames?from=40").status_code == 404


def test_a_strip_has_16_frames_evenly_over_the_clip(app: App) -> None:
    answer = app.client.get("/api/samples/0/strip?size=128")
    page = decoded(answer.content)
    assert answer.headers["x-tiles"] == "16"
    assert page.shape == (64, 16 * 128, 3)
    seen = [read_index(page[:, 128 * i : 128 * (i + 1)]) for i in range(16)]
    assert seen == sorted(seen)
    assert seen[0] <= 2
    assert seen[-1] >= 37


def test_a_film_has_consecutive_frames_eight_across(app: App) -> None:
    answer = app.client.get("/api/samples/0/frames?from=10&n=12&size=128")
    page = decoded(answer.content)
    assert (page.shape, answer.headers["x-tiles"]) == ((128, 1024, 3), "12")
    seen = [
        read_index(page[64 * (i // 8) : 64 * (i // 8) + 64, 128 * (i % 8) : 128 * (i % 8) + 128])
        for i in range(12)
    ]
    assert seen == list(range(10, 22))


def test_the_poster_is_in_the_sheet(app: App) -> None:
    page = decoded(app.client.get("/api/sheet?side=128").content)
    assert page.shape == (128, 128, 3)
    assert read_index(page[32:96]) == 0


def test_frame_folders_are_clips_too(make_frames: Callable[..., Path]) -> None:
    with opened(make_frames()) as app:
        samples = app.get("/api/samples")["samples"]
        n = next(one["n"] for one in samples if one["id"].endswith("2"))
        assert app.get(f"/api/samples/{n}")["frames"] == 12
        page = decoded(app.client.get(f"/api/samples/{n}/frame/7").content)
        assert abs(int(page[1, 1, 0]) - 7) <= 2
        assert app.client.get(f"/api/samples/{n}/file").status_code == 404


# -- The original file


def test_the_original_is_sent_in_parts_with_the_type_that_the_decoder_found(
    app: App, clips: Path
) -> None:
    data = (clips / "book" / "one.mp4").read_bytes()
    whole = app.client.get("/api/samples/0/file")
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.content == data
    part = app.client.get("/api/samples/0/file", headers={"Range": "bytes=10-19"})
    assert part.status_code == 206
    assert part.content == data[10:20]
    assert part.headers["content-range"] == f"bytes 10-19/{len(data)}"
    beyond = app.client.get("/api/samples/0/file", headers={"Range": f"bytes={len(data)}-"})
    assert beyond.status_code == 416


def test_a_video_under_another_name_is_what_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "clips" / "book"
    folder.mkdir(parents=True)
    make_video(tmp_path / "a.mkv", 5)
    (tmp_path / "a.mkv").rename(folder / "a.mp4")
    with opened(tmp_path / "clips") as app:
        assert app.client.get("/api/samples/0/file").headers["content-type"] == "video/x-matroska"


@pytest.mark.parametrize(
    "data",
    [
        b"<html><script>alert(1)</script></html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"#!/bin/sh\n",
    ],
)
def test_a_page_that_is_called_a_picture_is_never_sent(
    make_tree: Callable[..., Path], data: bytes
) -> None:
    tree = make_tree({"A/good.png": np.zeros((8, 8, 1), np.uint8), "A/z.jpg": data})
    with opened(tree) as app:
        answer = app.client.get("/api/samples/1/file")
        assert answer.status_code == 422
        assert b"script" not in answer.content
        good = app.client.get("/api/samples/0/file")
        assert good.headers["content-type"] == "image/png"
        assert good.headers["x-content-type-options"] == "nosniff"


def test_the_stored_picture_of_a_single_file_is_sent_as_it_is(
    make_tree: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    tree = make_tree({"A/a.jpg": np.full((40, 40, 3), 77, np.uint8)})
    assert main("convert", tree, tmp_path / "one.h5", "-j", "1").returncode == 0
    with opened(tmp_path / "one.h5") as app:
        answer = app.client.get("/api/samples/0/file")
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.content == (tree / "A" / "a.jpg").read_bytes()


# -- Decoders that die


def test_a_decoder_that_dies_is_one_cross_and_the_others_are_shown(
    make_tree: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(levels(make_tree, 4, 16, "jpg")) as app:
        deadly = app.site.catalog.samples[2].id
        real = app.site.pictures._decoders.ask
        asked: list[int] = []

        def ask(name: str, *arguments: Any, **keywords: Any) -> Any:
            if name == "cells":
                asked.append(len(arguments[0]))
                if any(sample.id == deadly for sample in arguments[0]):
                    raise CrashError("the decoding process died on it")
            return real(name, *arguments, **keywords)

        monkeypatch.setattr(app.site.pictures._decoders, "ask", ask)
        page = decoded(app.client.get("/api/sheet").content)
        for i in (0, 1, 3):
            assert abs(int(page[8, 16 * i + 8, 0]) - 20 * i) <= 4
        assert page[0, 32, 0] > 120  # a corner of the cross
        assert app.get("/api/samples")["samples"][2]["missing"] == (
            "the decoding process died on it"
        )
        tried = len(asked)
        app.client.get("/api/sheet")
        assert len(asked) == tried  # not tried a second time


def test_a_process_that_is_killed_is_started_again() -> None:
    decoder = Decoder()
    try:
        sample = _sample(7)
        assert decoder.ask("size", (sample,), 20)[0] == [4, 4]
        assert decoder._process is not None
        os.kill(decoder._process.pid, signal.SIGKILL)
        with pytest.raises(CrashError, match="died"):
            decoder.ask("size", (sample,), 20)
        assert decoder.ask("size", (sample,), 20)[0] == [4, 4]
    finally:
        decoder.close()


def test_what_takes_too_long_is_ended(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    decoder = Decoder()
    try:
        decoder.ask("size", (_sample(1),), 20)
        with pytest.raises(CrashError, match=r"more than 0\.2 s"):
            decoder.ask("media_type", (str(pipe),), 0.2)
        assert decoder.ask("size", (_sample(1),), 20)[0] == [4, 4]
    finally:
        decoder.close()


def test_a_task_that_raises_raises_the_same_here() -> None:
    from signdata.errors import MissingError

    decoder = Decoder()
    try:
        with pytest.raises(MissingError, match="no frame 3"):
            decoder.ask("frame", (_sample(1), 3, 64), 20)
    finally:
        decoder.close()


def _sample(level: int) -> Any:
    from signdata.samples import ArrayPixels, Sample

    return Sample("a", "A", ArrayPixels(np.full((4, 4, 1), level, np.uint8)))


def test_every_task_is_one_that_a_process_has() -> None:
    for name in ("cells", "size", "frame", "film", "strip", "about", "media_type", "stored"):
        assert callable(getattr(decoding_tasks, name))
