"""Values that people who write Python give a function: taken where they are clear, else refused.

A function says in its annotations what it takes. `checked` holds every call against them::

    @checked
    def load(path: str | Path, *, size: tuple[int, int] | None = None): ...

    load("asl", size="32x32")   # is given (32, 32)
    load("asl", size=(32, "0")) # UsageError: --size (32, '0'); expected width and height ...
"""

from __future__ import annotations

import inspect
import numbers
import os
import re
import reprlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from signdata.errors import UsageError

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Kind:
    """One of the types that an annotation lists.

    Attributes
    ----------
    called : str
        What it is called in an error; '' is not mentioned.
    fits : callable
        Whether a value is of it as it is.
    made : callable
        The value of it that something else clearly means; None if there is none.
    """

    called: str
    fits: Callable[[Any], bool]
    made: Callable[[Any], Any] = lambda value: None


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_path(value: Any) -> bool:
    return isinstance(value, str | Path)


def _as_path(value: Any) -> Path | None:
    """The path that an object of another library stands for."""
    text = os.fspath(value) if isinstance(value, os.PathLike) else None
    return Path(text) if isinstance(text, str) else None


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _all_in_tuple(fits: Callable[[Any], bool], length: int | None = None) -> Callable[[Any], bool]:
    """Whether a value is a tuple of such values."""
    return lambda value: (
        isinstance(value, tuple) and length in (None, len(value)) and all(map(fits, value))
    )


def _as_whole(value: Any) -> int | None:
    """The integer of another type, such as NumPy's."""
    is_whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    return int(value) if is_whole else None


def _as_number(value: Any) -> float | None:
    return float(value) if isinstance(value, numbers.Real) and not _is_flag(value) else None


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _as_sides(value: Any) -> tuple[int, ...] | None:
    """``32x32``, or two or three integers of whatever type in a list."""
    if isinstance(value, str):
        parts = [part.strip() for part in value.lower().split("x")]
        is_size = 2 <= len(parts) <= 3 and all(re.fullmatch("[0-9]{1,12}", part) for part in parts)
        return tuple(map(int, parts)) if is_size else None
    if not _is_listed(value):
        return None
    wholes = [_as_whole(side) for side in value]
    return None if None in wholes else tuple(side for side in wholes if side is not None)


def _as_two_sides(value: Any) -> tuple[int, ...] | None:
    sides = _as_sides(value)
    return sides if sides is not None and len(sides) == 2 else None


def _is_listed(value: Any) -> bool:
    """Whether values come one after the other, as in a list or a NumPy array of one axis."""
    if isinstance(value, str | bytes | Mapping):
        return False
    return isinstance(value, Sequence) or (
        hasattr(value, "tolist") and getattr(value, "ndim", 0) == 1
    )


def _as_names(value: Any) -> tuple[str, ...] | None:
    """Names with commas between them, or in a list."""
    if isinstance(value, str):
        return tuple(name.strip() for name in value.split(",") if name.strip())
    return tuple(value) if _is_listed(value) and all(map(_is_text, value)) else None


def _as_numbers(value: Any) -> tuple[float, ...] | None:
    made = [_as_number(one) for one in value] if _is_listed(value) else [None]
    return None if None in made else tuple(value)


def _as_paths(value: Any) -> tuple[str | Path, ...] | None:
    if not _is_listed(value):
        return None
    paths = [one if isinstance(one, str | Path) else _as_path(one) for one in value]
    return None if None in paths else tuple(path for path in paths if path is not None)


_PATH = Kind("a path", _is_path, _as_path)
_PATHS = Kind("several paths", _all_in_tuple(_is_path), _as_paths)

KINDS: dict[str, Kind] = {
    "None": Kind("", lambda value: value is None),
    "bool": Kind("True or False", _is_flag),
    "int": Kind("a whole number", _is_whole, _as_whole),
    "float": Kind("a number", _is_number, _as_number),
    "str": Kind("text", _is_text),
    "Path": _PATH,
    "PathLike": _PATH,
    "Sequence[str]": Kind("names such as ['A', 'B']", _all_in_tuple(_is_text), _as_names),
    "Sequence[float]": Kind("numbers", _all_in_tuple(_is_number), _as_numbers),
    "Sequence[PathLike]": _PATHS,
    "Sequence[str | Path]": _PATHS,
    "tuple[int, int]": Kind(
        "width and height, such as (32, 32)", _all_in_tuple(_is_whole, 2), _as_two_sides
    ),
    "tuple[int, ...]": Kind("whole numbers, such as (32, 32)", _all_in_tuple(_is_whole), _as_sides),
    "Mapping[str, Any]": Kind("names and values", lambda value: isinstance(value, Mapping)),
    "Mapping[str, PathLike]": Kind(
        "names and paths",
        lambda value: isinstance(value, Mapping) and all(map(_is_path, value.values())),
    ),
    "Any": Kind("anything", lambda value: True),
    "ProgressCallback": Kind("a function, True or False", lambda v: callable(v) or _is_flag(v)),
    "Callable[[str], None]": Kind("a function", callable),
    "Say": Kind("a function", callable),
}
"""What annotations list. A value is not checked where they list anything else."""

_KIND = re.compile(r"\s*((?:[^\[|]|\[[^\]]*\]+)+?)\s*(?:\||$)")


def kinds(annotation: str) -> list[str]:
    """The types that an annotation lists: ``PathLike | None`` lists two."""
    return _KIND.findall(annotation)


def checked_value(option: str, annotation: str, value: Any) -> Any:
    """A value of one of the types that an annotation lists.

    Raises
    ------
    UsageError
        If it is of none, and does not clearly mean one.
    """
    listed = [KINDS.get(name) for name in kinds(annotation)]
    known = [kind for kind in listed if kind is not None]
    if len(known) < len(listed) or any(kind.fits(value) for kind in known):
        return value
    for kind in known:
        made = kind.made(value)
        if made is not None:
            return made
    expected = " or ".join(dict.fromkeys(kind.called for kind in known if kind.called))
    shown = type(value).__name__ if option in _SECRET else reprlib.repr(value)
    raise UsageError(f"{option} {shown}; expected {expected}")


_SECRET = {"--storage-options"}
"""Options whose values no message repeats."""


def checked_call(
    parameters: Sequence[inspect.Parameter],
    args: Sequence[Any],
    keywords: Mapping[str, Any],
    options: Mapping[str, str],
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a call as its function takes them.

    Parameters
    ----------
    parameters : sequence of Parameter
        Those of the function, their annotations as they are written.
    args, keywords
        What it is called with.
    options : mapping of str to str
        What a parameter is called in an error; ``--name`` by default.
    """
    by_name = {one.name: one for one in parameters}

    def taken(parameter: inspect.Parameter | None, value: Any) -> Any:
        if parameter is None or not isinstance(parameter.annotation, str):
            return value
        name = parameter.name
        usual = f"--{name.replace('_', '-')}" if parameter.kind is parameter.KEYWORD_ONLY else name
        return checked_value(options.get(name, usual), parameter.annotation, value)

    return (
        [
            taken(one, value)
            for one, value in zip(_places(parameters, len(args)), args, strict=True)
        ],
        {name: taken(by_name.get(name), value) for name, value in keywords.items()},
    )


def _places(parameters: Sequence[inspect.Parameter], n: int) -> list[inspect.Parameter | None]:
    """The parameters that the first `n` arguments of a call are for."""
    found: list[inspect.Parameter | None] = []
    for one in parameters:
        if one.kind is one.VAR_POSITIONAL:
            found += [one] * max(0, n - len(found))
        elif one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD):
            found.append(one)
    return [*found, *[None] * n][:n]  # too many: Python says so


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function take what clearly means a value, and refuse what does not; see `KINDS`."""
    parameters = list(inspect.signature(function).parameters.values())

    @wraps(function)
    def called(*args: P.args, **keywords: P.kwargs) -> R:
        values, named = checked_call(parameters, args, keywords, {})
        return function(*values, **named)

    return called
