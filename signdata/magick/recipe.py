"""Recipes: TOML files that define the variants of a picture.

::

    variants = 20                                # at random; without it, every combination
    profile = "im7-2017"

    [[treatments]]                               # one or more, drawn by `weight`
    weight = 2
    steps = [
        { op = "crop" },
        { op = "gray" },
        { op = "resize", size = "28x28!", filter = ["Mitchell", "Catrom"] },
        { op = "brightness-contrast", brightness = { min = -15, max = 15 } },
    ]

A list is a choice; ``{ choice = [...], weights = [...] }`` is a weighted choice, and
``{ min = a, max = b }`` any number in a range. `signdata.magick.operations` lists the
operations and their values.
"""

from __future__ import annotations

import hashlib
import itertools
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any, get_args

import msgspec
import numpy as np

from signdata.errors import FormatError, MissingError, UsageError
from signdata.magick.operations import AnyOperation, Chain, Operation
from signdata.magick.profiles import DEFAULT_PROFILE, PROFILES

OPERATIONS = tuple(str(operation.__struct_config__.tag) for operation in get_args(AnyOperation))
RESIZING = ("crop", "resize", "scale", "sample", "extent", "rotate")
"""Operations after which a box in pixels of the original picture is no longer valid."""
BUILT_IN = ("sign-mnist-60", "observed-20")
MAX_VARIANTS = 10_000
_DECIMALS = 4
"""Decimals of numbers drawn from a range, so that the recorded values are exact."""


@dataclass(frozen=True)
class Variant:
    """One variant of a picture.

    Attributes
    ----------
    name : str
        Unique among the picture's variants.
    chain : tuple of Operation
        The operations, in order.
    """

    name: str
    chain: Chain


class _Drawn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value that is drawn at random."""

    choice: list[Any] | None = None
    weights: list[float] | None = None
    min: float | None = None
    max: float | None = None

    def __post_init__(self) -> None:
        if self.choice is not None and self.min is None and self.max is None:
            if not self.choice:
                raise ValueError("an empty choice")
            if self.weights is not None and len(self.weights) != len(self.choice):
                raise ValueError("as many weights as choices are expected")
            if self.weights is not None and (min(self.weights) < 0 or not sum(self.weights)):
                raise ValueError("weights of at least 0, one above it, are expected")
        elif self.choice is not None or self.min is None or self.max is None:
            raise ValueError("expected choice = [...], or min and max")
        elif self.min > self.max:
            raise ValueError(f"min {self.min:g} above max {self.max:g}")

    @property
    def values(self) -> list[Any]:
        """All choices, or the ends of the range."""
        return [self.min, self.max] if self.choice is None else self.choice

    def draw(self, random: np.random.Generator) -> Any:
        if self.choice is None:
            return round(float(random.uniform(self.min or 0.0, self.max or 0.0)), _DECIMALS)
        weights = None if self.weights is None else np.array(self.weights) / sum(self.weights)
        return self.choice[int(random.choice(len(self.choice), p=weights))]


class _Treatment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    steps: list[dict[str, Any]]
    weight: float = 1.0


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    treatments: list[_Treatment] = []
    steps: list[dict[str, Any]] = []
    variants: int | None = None
    profile: str = DEFAULT_PROFILE


Step = dict[str, Any]
"""An operation's values by name, some of them `_Drawn`."""


@dataclass(frozen=True)
class Recipe:
    """Defines the variants of a picture.

    Attributes
    ----------
    name : str
        The name that users give.
    profile : str
        The ImageMagick version to reproduce.
    n_drawn : int or None
        Number of variants drawn at random for each picture; None makes all combinations.
    combinations : tuple of Variant
        All combinations; () if a value comes from a range.
    """

    name: str
    profile: str
    n_drawn: int | None
    combinations: tuple[Variant, ...]
    _treatments: tuple[tuple[Step, ...], ...] = field(repr=False)
    _weights: tuple[float, ...] = field(repr=False)

    @property
    def digest(self) -> str:
        """Checksum that distinguishes recipes with the same name."""
        content = repr((self.profile, self.n_drawn, self._treatments, self._weights))
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def n_variants(self) -> int:
        """Number of variants of each picture."""
        return len(self.combinations) if self.n_drawn is None else self.n_drawn

    def variants(self, random: np.random.Generator) -> Sequence[Variant]:
        """The variants of one picture."""
        if self.n_drawn is None:
            return self.combinations
        if self.combinations:
            chosen = random.choice(len(self.combinations), self.n_drawn, replace=False)
            return [self.combinations[i] for i in sorted(chosen.tolist())]
        return [Variant(f"v{k:02d}", self._drawn(random)) for k in range(1, self.n_drawn + 1)]

    def _drawn(self, random: np.random.Generator) -> Chain:
        share = np.array(self._weights) / sum(self._weights)
        steps = self._treatments[int(random.choice(len(share), p=share))]
        return tuple(_operation(_drawn_values(step, random)) for step in steps)

    @property
    def plain(self) -> Chain:
        """The operations that only set the size and colour of the variants.

        These are the first treatment's steps of that kind, each with its first value.
        """
        firsts = (_operation(_first_values(step)) for step in self._treatments[0])
        return tuple(operation for operation in firsts if operation.shapes)

    @property
    def chains(self) -> Iterator[Chain]:
        """One chain for each treatment, to find what they have in common."""
        for steps in self._treatments:
            yield tuple(_operation(_first_values(step)) for step in steps)

    def has(self, op: str) -> bool:
        """Whether a step with this name occurs."""
        return any(step["op"] == op for steps in self._treatments for step in steps)

    def with_options(
        self,
        *,
        variants: int | None = None,
        size: tuple[int, int] | None = None,
        fit: str = "stretch",
        background: str = "#000000",
        profile: str | None = None,
    ) -> Recipe:
        """The recipe with another number of variants, size (width, height) or profile.

        `fit` says how pictures of other proportions are brought to `size`: ``stretch``, ``pad``
        with the `background` (``#rrggbb``), or ``crop``.
        """
        changed = self
        if size is not None:
            changed = _built(
                self.name,
                self.profile,
                self.n_drawn,
                [
                    [made for step in steps for made in _sized(step, size, fit, background)]
                    for steps in self._treatments
                ],
                self._weights,
                self.name,
                [f"treatments[{t}].steps" for t in range(len(self._treatments))],
            )
        if variants is not None:
            if changed.combinations and not 1 <= variants <= len(changed.combinations):
                raise UsageError(
                    f"variants {variants}; recipe {self.name} has {len(changed.combinations)}"
                )
            changed = replace(changed, n_drawn=variants)
        return replace(changed, profile=profile or changed.profile)


def load(name: str) -> Recipe:
    """Read a recipe: one of `BUILT_IN`, or a TOML file.

    Raises
    ------
    MissingError
        If there is no such file.
    FormatError
        If it is not a valid recipe; names the key and the value.
    """
    if name in BUILT_IN:
        text = (resources.files("signdata.magick") / "recipes" / f"{name}.toml").read_bytes()
        return _parse(text, name, name)
    path = Path(name)
    try:
        text = path.read_bytes()
    except FileNotFoundError as err:
        known = ", ".join(BUILT_IN)
        remedy = f"The built-in recipes are {known}; any other name is the path of a TOML file."
        raise MissingError("no such recipe", path=path, remedy=remedy) from err
    except OSError as err:
        raise FormatError(f"cannot be read ({err.strerror})", path=path) from err
    return _parse(text, path.stem, name)


def _parse(text: bytes, name: str, path: str) -> Recipe:
    try:
        file = msgspec.convert(tomllib.loads(text.decode()), _File)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as err:
        raise FormatError(f"not TOML ({err})", path=path) from err
    except msgspec.ValidationError as err:
        what, _, where = str(err).partition(" - at ")
        raise FormatError(f"not a recipe: {what}", path=path, where=where.strip("`$.")) from err
    treatments = file.treatments or ([_Treatment(file.steps)] if file.steps else [])
    if not treatments or bool(file.steps) == bool(file.treatments):
        raise FormatError("not a recipe; expected steps, or treatments with steps", path=path)
    if file.profile not in PROFILES:
        expected = ", ".join(PROFILES)
        raise FormatError(
            f"{file.profile!r}; expected one of {expected}", path=path, where="profile"
        )
    if file.variants is not None and not 1 <= file.variants <= MAX_VARIANTS:
        raise FormatError(
            f"{file.variants}; expected 1 to {MAX_VARIANTS:,}", path=path, where="variants"
        )
    weights = tuple(treatment.weight for treatment in treatments)
    if min(weights) < 0 or not sum(weights):
        raise FormatError("bad weights; expected at least 0, and one above 0", path=path)
    steps = [treatment.steps for treatment in treatments]
    places = [f"treatments[{t}].steps" for t in range(len(steps))] if file.treatments else ["steps"]
    return _built(name, file.profile, file.variants, steps, weights, path, places)


def _built(
    name: str,
    profile: str,
    n_drawn: int | None,
    raw: Sequence[Sequence[Step]],
    weights: tuple[float, ...],
    path: str,
    places: Sequence[str],
) -> Recipe:
    """Check every value that may be drawn, and list the combinations if they are finite."""
    treatments = tuple(
        tuple(_checked(step, path, f"{where}[{s}]") for s, step in enumerate(steps))
        for where, steps in zip(places, raw, strict=True)
    )
    for where, steps in zip(places, treatments, strict=True):
        _check_order(steps, path, where)
    recipe = Recipe(name, profile, n_drawn, (), treatments, weights)
    if n_drawn is not None:
        return recipe
    chains = [chain for steps in treatments for chain in _combined(steps, path)]
    if len(chains) > MAX_VARIANTS:
        raise FormatError(f"{len(chains):,} variants; expected at most {MAX_VARIANTS:,}", path=path)
    return replace(recipe, combinations=tuple(_named(chains)))


def _checked(step: Step, path: str, where: str) -> Step:
    """A step with its choices and ranges parsed, and every value checked."""
    values: Step = {}
    if step.get("op") not in OPERATIONS:
        expected = ", ".join(OPERATIONS)
        what = f"{step['op']!r}" if "op" in step else "an operation is missing"
        raise FormatError(
            f"not a recipe: {what}; expected one of {expected}", path=path, where=f"{where}.op"
        )
    try:
        for key, value in step.items():
            drawn = {"choice": value} if isinstance(value, list) else value
            values[key] = _drawn_from(drawn, key) if isinstance(drawn, dict) else value
        for key, value in values.items():
            for one in value.values if isinstance(value, _Drawn) else ():
                _operation({**_first_values(values), key: one})
        _operation(_first_values(values))
    except (msgspec.ValidationError, ValueError) as err:
        what, _, inner = str(err).partition(" - at ")
        place = f"{where}{inner.strip('`').removeprefix('$')}"
        raise FormatError(f"not a recipe: {what}", path=path, where=place) from err
    return values


def _drawn_from(value: dict[str, Any], key: str) -> _Drawn:
    try:
        return msgspec.convert(value, _Drawn)
    except msgspec.ValidationError as err:
        raise ValueError(f"{key}: {str(err).partition(' - at ')[0]}") from err


def _check_order(steps: Sequence[Step], path: str, where: str) -> None:
    """Refuse a crop after a change of size: a box is in pixels of the original picture."""
    for number, step in enumerate(steps):
        if step["op"] == "crop":
            before = [s["op"] for s in steps[:number] if s["op"] in RESIZING]
            if before:
                raise FormatError(
                    f"not a recipe: crop after {before[0]}; expected crop first",
                    path=path,
                    where=f"{where}[{number}]",
                )


def _combined(steps: tuple[Step, ...], path: str) -> Iterator[Chain]:
    alternatives = []
    for step in steps:
        for key, value in step.items():
            if isinstance(value, _Drawn) and value.choice is None:
                raise FormatError(
                    f"{key} comes from a range; expected variants = N at the top", path=path
                )
        lists = [v.values if isinstance(v, _Drawn) else [v] for v in step.values()]
        alternatives.append(
            [_operation(dict(zip(step, drawn, strict=True))) for drawn in itertools.product(*lists)]
        )
    return itertools.product(*alternatives)


def _named(chains: Sequence[Chain]) -> Iterator[Variant]:
    """Name each chain after its distinctive values."""
    taken: dict[str, int] = {}
    for chain in chains:
        name = "-".join(operation.slug for operation in chain if operation.slug) or "variant"
        taken[name] = taken.get(name, 0) + 1
        yield Variant(name if taken[name] == 1 else f"{name}-{taken[name]}", chain)


def _operation(values: Step) -> Operation:
    operation: Operation = msgspec.convert(values, AnyOperation)
    return operation


def _first_values(step: Step) -> Step:
    return {k: v.values[0] if isinstance(v, _Drawn) else v for k, v in step.items()}


def _drawn_values(step: Step, random: np.random.Generator) -> Step:
    return {k: v.draw(random) if isinstance(v, _Drawn) else v for k, v in step.items()}


def _sized(step: Step, size: tuple[int, int], fit: str, background: str) -> list[Step]:
    """A step that makes pictures of this size; cropping and padding take one more."""
    if "size" not in step:
        return [step]
    plain = f"{size[0]}x{size[1]}"
    if step["op"] == "extent":
        return [{**step, "size": plain}]
    if fit not in _MARKS:
        return [{**step, "size": f"{plain}!"}]
    ground = {"background": background} if fit == "pad" else {}
    resized = {**step, "size": f"{plain}{_MARKS[fit]}"}
    return [resized, {"op": "extent", "size": plain, **ground}]


_MARKS = {"pad": "", "crop": "^"}
"""What ImageMagick writes behind a size to fit inside it, and to cover it."""
