"""Values of another type than a function takes, as people who write Python give them."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest

import signdata
from signdata.cli.app import COMMANDS, group
from signdata.errors import FormatError, UsageError
from signdata.options.allowed import CHOICES
from signdata.values import KINDS, kinds
from tests.conftest import picture


@pytest.fixture
def tree(make_tree: Callable[..., Path]) -> Path:
    return make_tree({f"{label}/{k}.png": picture(k, 8, 8) for label in "AB" for k in range(10)})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"size": "32"}, r"--size '32'; expected width and height, such as \(32, 32\)"),
        ({"size": "32x32x3"}, r"--size '32x32x3'; expected width and height"),
        ({"size": 32}, r"--size 32; expected width and height"),
        ({"size": (32, 0)}, "--size 32x0; expected at least 1x1"),
        ({"size": "32x0"}, "--size 32x0; expected at least 1x1"),
        ({"size": (32.5, 3)}, r"--size \(32.5, 3\); expected width and height"),
        ({"labels": 3}, r"--labels 3; expected a path or names such as \['A', 'B'\]"),
        ({"labels": ["A", "A"]}, r"--labels \['A', 'A'\]; expected different names"),
        ({"workers": -1}, "--workers -1; expected 0"),
        ({"workers": "all"}, "--workers 'all'; expected a whole number"),
        ({"gray": "yes"}, "--gray 'yes'; expected True or False"),
        ({"from_format": 1}, "--from 1; expected text"),
        ({"max_per_class": 1.5}, "--max-per-class 1.5; expected a whole number"),
        ({"progress": "bar"}, "--progress 'bar'; expected a function"),
        ({"csv_size": (28, 0)}, r"--csv-size \(28, 0\); expected"),
        ({"deinterlace": "yes"}, "--deinterlace 'yes'; expected auto or off"),
    ],
)
@pytest.mark.parametrize("out", ["new/out", "out.h5"])
def test_what_means_nothing_is_refused_and_leaves_nothing(
    tmp_path: Path, words: dict[str, Any], said: str, out: str
) -> None:
    csv = tmp_path / "a.csv"
    csv.write_text("label,pixel1\n1,7\n0,8\n")
    with pytest.raises(UsageError, match=said):
        signdata.convert(csv, tmp_path / out, **words)
    assert list(tmp_path.iterdir()) == [csv]


@pytest.mark.parametrize(
    "size", ["4x6", "4X6", [4, 6], (np.int64(4), np.uint8(6)), np.array([4, 6])]
)
def test_sizes_that_are_clear(tmp_path: Path, tree: Path, size: Any) -> None:
    signdata.convert(tree, tmp_path / "out", size=size, workers=0)
    signdata.convert(tree, tmp_path / "out", size=(4, 6))  # the same options: nothing to do
    assert signdata.info(tmp_path / "out").details["size"] == [4, 6]


def test_ratios_and_splits_that_are_clear(tmp_path: Path, tree: Path) -> None:
    first = signdata.split(tree, tmp_path / "a", ratios=(80, 20), look=False)
    assert first.details["splits"]["test"] == {"A": 2, "B": 2}
    again = signdata.split(tree, tmp_path / "a", ratios="80,20", look=False)
    assert again.details["already_done"]
    kept = signdata.split(
        tmp_path / "a", tmp_path / "b", keep="test", ratios=[0.5, 0.5], look=False
    )
    assert {name: sum(n.values()) for name, n in kept.details["splits"].items()} == {
        "train": 8,
        "val": 8,
        "test": 4,
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"ratios": (90, 20)}, "ratios 90,20 sum to 110; expected 100 or 1"),
        ({"ratios": ("90", "10")}, r"--ratios \('90', '10'\); expected text or numbers"),
        ({"ratios": 90}, "--ratios 90; expected text or numbers"),
        ({"keep": 3}, "--keep 3; expected names such as"),
        ({"keep": "dev"}, "dev"),
        ({"seed": -1}, "--seed -1; expected 0 or more"),
    ],
)
def test_ratios_and_splits_that_are_not(
    tmp_path: Path, tree: Path, words: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        signdata.split(tree, tmp_path / "new" / "out", **words)
    assert list(tmp_path.iterdir()) == [tree]


def test_labels_may_be_names(tmp_path: Path) -> None:
    csv = tmp_path / "a.csv"
    csv.write_text("label,pixel1\n1,7\n0,8\n")
    (tmp_path / "names.txt").write_text("yes\nno\n")
    for labels in (
        ["yes", "no"],
        ("yes", "no"),
        str(tmp_path / "names.txt"),
        tmp_path / "names.txt",
    ):
        with signdata.open_dataset(csv, labels=labels) as reader:
            assert [sample.label for sample in reader] == ["no", "yes"]
    made = signdata.csv_to_folders(csv, tmp_path / "out", labels=["yes", "no"])
    assert made.written == 2
    again = signdata.csv_to_folders(csv, tmp_path / "out", labels=("yes", "no"))
    assert again.details["already_done"]


def test_paths_of_other_libraries(tree: Path) -> None:
    class Elsewhere:
        def __fspath__(self) -> str:
            return str(tree)

    assert signdata.info(Elsewhere()).read == 20  # type: ignore[arg-type]  # no str or Path
    with pytest.raises(UsageError, match="src 3; expected a path"):
        signdata.info(3)  # type: ignore[arg-type]


def test_every_command_says_what_it_takes() -> None:
    """A value is held against nothing where `KINDS` does not know an annotation."""
    ours = {"ClipOptions", "Choice"}
    functions = [getattr(signdata, name) for name in signdata.__all__]
    commands = [one for one in functions if inspect.isfunction(one)]
    assert len(commands) >= 15
    for command in commands:
        for parameter in inspect.signature(command).parameters.values():
            assert set(kinds(parameter.annotation)) <= {*KINDS, *ours}, (command, parameter)


def limited() -> list[tuple[str, str, list[Any]]]:
    """Each option of a command that takes a few names or a range: command, keyword, no values."""
    found: list[tuple[str, str, list[Any]]] = []
    for name in COMMANDS:
        command = group.get_command(click.Context(group), name)
        assert command is not None
        for param in command.params:
            one, kind = param.name, param.type
            if not isinstance(param, click.Option) or one in OF_THE_REGISTRY or one is None:
                continue
            if isinstance(kind, click.Choice) and one != "pose_base":
                assert {*map(str, kind.choices)} <= {*CHOICES[one]}, (name, one)
                found.append((name, one, ["nonsense", f"{kind.choices[0]} "]))
            elif isinstance(kind, click.IntRange | click.FloatRange):
                low = 0 if one == "workers" else kind.min
                wrong = [] if low is None else [low if kind.min_open else low - 1]
                wrong += [] if kind.max is None else [kind.max + 1]
                found.append((name, one, wrong if one != "seed" else wrong[:1]))
    return found


OF_THE_REGISTRY = {"from_format", "to_format"}


@pytest.mark.parametrize(("name", "keyword", "wrong"), limited())
def test_a_value_that_no_keyword_takes_is_refused_before_anything_is_looked_at(
    name: str, keyword: str, wrong: list[Any]
) -> None:
    """Also where it would not matter: nothing that these calls read is there."""
    function = getattr(signdata, name.replace("-", "_"))
    for value in wrong:
        with pytest.raises(UsageError, match=f"--{keyword.replace('_', '-')} .*expected"):
            function(*places(function), **{keyword: value})


def places(function: Callable[..., Any]) -> list[str]:
    """Paths that are not there, for what a function takes by position."""
    return [
        "nowhere"
        for one in inspect.signature(function).parameters.values()
        if one.kind is one.VAR_POSITIONAL
        or (one.kind is one.POSITIONAL_OR_KEYWORD and one.default is one.empty)
    ]


@pytest.mark.parametrize("name", ["convert", "folders-to-csv", "info", "verify", "split", "audit"])
def test_a_format_that_is_none_is_refused(tmp_path: Path, tree: Path, name: str) -> None:
    function = getattr(signdata, name.replace("-", "_"))
    target = tmp_path / ("out.csv" if name == "folders-to-csv" else "out.h5")
    out = [target] if name in ("convert", "folders-to-csv", "split") else []
    more = {"ratios": (90, 10)} if name == "split" else {}
    with pytest.raises(UsageError, match="format 'nonsense'"):
        function(tree, *out, from_format="nonsense", **more)
    if name == "convert":
        with pytest.raises(UsageError, match="format 'nonsense'"):
            function(tree, *out, to_format="nonsense")


def test_an_error_shows_where_and_what_to_do() -> None:
    error = FormatError("no header", path="a.csv", where="line 1", remedy="Say --no-header.")
    shown = "FormatError('no header', path='a.csv', where='line 1', remedy='Say --no-header.')"
    assert repr(error) == repr(pickle.loads(pickle.dumps(error))) == shown
    assert repr(UsageError("nothing")) == "UsageError('nothing')"


def test_a_missing_choice_is_one_plain_line(main: Any) -> None:
    """click lists the choices one a line."""
    done = main("sample")
    assert done.returncode == 2
    assert "Choose from: sign-mnist, asl-alphabet, " in done.error
