"""Values of another type than a function takes, as people who write Python give them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import signdata
from signdata.errors import UsageError
from tests.conftest import picture


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"size": "32x32"}, r"--size '32x32'; expected width and height, such as \(32, 32\)"),
        ({"size": 32}, r"--size 32; expected width and height"),
        ({"size": (32, 0)}, "--size 32x0; expected at least 1x1"),
        ({"size": (32.5, 3)}, r"--size \(32.5, 3\); expected width and height"),
        ({"labels": ["A", "B"]}, r"--labels \['A', 'B'\]; expected a word or the name of a file"),
    ],
)
@pytest.mark.parametrize("out", ["out", "out.h5"])
def test_keywords_of_convert(
    tmp_path: Path, make_tree: Callable[..., Path], words: dict[str, Any], said: str, out: str
) -> None:
    tree = make_tree({f"{label}/1.png": picture(1, 8, 8) for label in "AB"})
    with pytest.raises(UsageError, match=said):
        signdata.convert(tree, tmp_path / out, **words)
    assert not (tmp_path / out).exists()


def test_ratios_of_split(tmp_path: Path, make_tree: Callable[..., Path]) -> None:
    tree = make_tree({f"{label}/1.png": picture(1, 8, 8) for label in "AB"})
    with pytest.raises(UsageError, match=r"ratios \(90, 10\); expected numbers such as '80,10,10'"):
        signdata.split(tree, tmp_path / "out", ratios=(90, 10))  # type: ignore[arg-type]


def test_a_missing_choice_is_one_plain_line(main: Any) -> None:
    """click lists the choices one a line."""
    done = main("sample")
    assert done.returncode == 2
    assert "Choose from: sign-mnist, asl-alphabet, " in done.error
