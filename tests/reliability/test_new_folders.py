"""The folders that a command makes: those above its output alone, and none if it is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signdata.commands import walkthrough
from signdata.errors import OutputError
from tests.conftest import picture
from tests.inference import models
from tests.videos import make_index, make_video

TOO_LONG = "x" * 300


@pytest.fixture
def words_of(
    tmp_path: Path, make_csv: Callable[..., Path], make_tree: Callable[..., Path]
) -> Callable[[str, str], list[str | Path]]:
    """The words of a command that makes `out`, one of each kind of output."""
    tree = make_tree({f"{'AB'[i % 2]}/{i}.png": picture(i, 8, 8) for i in range(6)})

    def words(command: str, out: str) -> list[str | Path]:
        if command == "trim":
            make_video(tmp_path / "videos/1.mp4", 4, size_wh=(32, 32))
            return ["trim", make_index(tmp_path / "w.json", [{"video_id": "1"}]), out]
        if command == "predict":
            model = models.write(tmp_path / "m.onnx", models.by_brightness())
            return ["predict", model, tree, "--annotate", out]
        return {
            "folder": ["csv-to-folders", make_csv(), out],
            "file": ["convert", tree, f"{out}.h5"],
            "preview": ["augment", tree, "--preview", f"{out}.png"],
            "sheet": ["audit", tree, tree, "--contact-sheet", f"{out}.png"],
            "findings": ["audit", tree, tree, "--findings", f"{out}.csv"],
            "fix": ["audit", tree, "--fix", out],
            "sample": ["sample", "sign-mnist", out, "--n", "4"],
        }[command]

    return words


COMMANDS = ("folder", "file", "preview", "sheet", "findings", "fix", "sample", "trim", "predict")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_way_through_a_folder_that_is_not_there(
    main: Any, words_of: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """It need not be there, and is not made."""
    place = tmp_path / "work"
    place.mkdir()
    words = words_of(command, "nope/../here/out")
    monkeypatch.chdir(place)
    assert main(*words).returncode == 0
    assert [path.name for path in place.iterdir()] == ["here"]
    assert next((place / "here").iterdir()).name.startswith("out")


@pytest.mark.parametrize("command", COMMANDS)
def test_what_cannot_be_made_leaves_no_folder(
    main: Any, words_of: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    place = tmp_path / "work"
    (place / "old").mkdir(parents=True)
    words = words_of(command, f"old/new/deep/{TOO_LONG}")
    monkeypatch.chdir(place)
    done = main(*words)
    assert done.returncode == 5
    assert "File name too long" in done.error
    assert list(place.rglob("*")) == [place / "old"]


def test_a_demo_that_cannot_be_made(main: Any, tmp_path: Path) -> None:
    done = main("demo", tmp_path / "new" / TOO_LONG)
    assert done.returncode == 5
    assert "File name too long" in done.error
    assert list(tmp_path.iterdir()) == []


def test_a_demo_that_fails_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(walkthrough, "_run", fail)
    with pytest.raises(OutputError, match="the disk is full"):
        walkthrough.demo(tmp_path / "new" / "demo", say=lambda line: None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [["augment", "tree", "--preview", "new/x.jpg"], ["audit", "tree", "--contact-sheet", "x.jpeg"]],
)
def test_a_picture_is_called_what_it_is(
    main: Any, make_tree: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    make_tree({f"{label}/1.png": picture(1, 8, 8) for label in "AB"}, "tree")
    monkeypatch.chdir(tmp_path)
    done = main(*words)
    assert done.returncode == 2
    assert "expected a name that ends in .png" in done.error
    assert [path.name for path in tmp_path.iterdir()] == ["tree"]


def test_more_samples_than_fit_into_memory(main: Any, tmp_path: Path) -> None:
    done = main("sample", "sign-mnist", tmp_path / "new" / "out", "--n", 10**11)
    assert done.returncode == 2
    assert "expected at most 1,000,000" in done.error
    assert list(tmp_path.iterdir()) == []
