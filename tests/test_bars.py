"""Bars of progress for people who call the library."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from tqdm import tqdm

import signdata
from signdata import bars
from tests.conftest import picture


@pytest.fixture
def tree(make_tree: Callable[..., Path]) -> Path:
    return make_tree({f"A/{k}.png": picture(k, 8, 8) for k in range(300)})


def kernel(monkeypatch: pytest.MonkeyPatch, **shell: Any) -> None:
    """Look like IPython: as the kernel of a notebook, or in a terminal."""
    ipython = ModuleType("IPython")
    ipython.get_ipython = lambda: SimpleNamespace(**shell)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", ipython)


@pytest.mark.parametrize(
    ("asked", "shell", "shown"),
    [
        ({}, {}, False),
        ({"progress": True}, {}, True),
        ({}, {"kernel": "there"}, True),
        ({"progress": False}, {"kernel": "there"}, False),
    ],
)
def test_a_bar_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tree: Path,
    asked: dict[str, Any],
    shell: dict[str, Any],
    shown: bool,
) -> None:
    kernel(monkeypatch, **shell)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    assert signdata.info(tree, **asked).read == 300
    assert ("sample/s" in capsys.readouterr().err) == shown


def test_a_notebook_with_widgets_has_the_bar_of_tqdm_auto(
    monkeypatch: pytest.MonkeyPatch, tree: Path
) -> None:
    made: list[str] = []

    class Widget(tqdm):
        def __init__(self, *args: Any, **options: Any) -> None:
            made.append(options["unit"])
            super().__init__(*args, **options)

    auto = ModuleType("tqdm.auto")
    auto.tqdm = Widget  # type: ignore[attr-defined]
    kernel(monkeypatch, kernel="there")
    monkeypatch.setitem(sys.modules, "ipywidgets", ModuleType("ipywidgets"))
    monkeypatch.setitem(sys.modules, "tqdm.auto", auto)
    signdata.info(tree)
    with bars.bar(*bars.counted("baseline")) as update:
        update(3, 10, "reading")
        update(1, 100, "epoch 1")
    assert made == ["sample", "step"]
