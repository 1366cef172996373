"""The options of the command line: those of keyword groups, and those that every command has.

A command lists the groups that its function takes::

    @options.groups(ReadOptions, RunOptions)

Names, defaults and explanations come from `signdata.options`; how each is typed is said here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import Field
from typing import Any, TypeVar

import click

from signdata.cli.help import SharedOption
from signdata.formats import registry
from signdata.limits import HIGHEST_LIMIT
from signdata.options import Group
from signdata.options.allowed import CHOICES

F = TypeVar("F", bound=Callable[..., Any])

PATH = click.Path(path_type=str)


class Size(click.ParamType[tuple[int, int]]):
    """``WxH`` in pixels."""

    name = "WxH"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        width, _, height = str(value).lower().partition("x")
        if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
            self.fail(f"{value!r} is no size; expected WxH such as 28x28", param, ctx)
        return int(width), int(height)


SIZE = Size()


class CsvSize(click.ParamType[tuple[int, ...]]):
    """``WxH`` in pixels, or ``WxHx3`` or ``3xWxH`` for colour."""

    name = "WxH"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        parts = str(value).lower().split("x")
        sides = tuple(int(part) for part in parts if part.isdecimal() and int(part))
        if len(sides) != len(parts) or len(sides) not in (2, 3):
            self.fail(
                f"{value!r} is no size; expected WxH such as 28x28, or WxHx3 or 3xWxH", param, ctx
            )
        return sides


CSV_SIZE = CsvSize()


class Number(click.FloatRange):
    """A finite number within a range."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return number


class Names(click.ParamType[tuple[str, ...]]):
    """Names with commas between them."""

    name = "A,B,..."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        return tuple(name.strip() for name in str(value).split(",") if name.strip())


NAMES = Names()


class PoseBase(click.Choice[str]):
    """0 or 1, as a number."""

    def __init__(self) -> None:
        super().__init__(["0", "1"])

    def convert(  # type: ignore[override]  # a number comes out, the choices are text
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        return int(super().convert(str(value), param, ctx))


class FormatName(click.Choice[str]):
    """The name of a format, asked of the registry when it is needed."""

    def __init__(self, known: Callable[[], Collection[str]]) -> None:
        super().__init__(tuple(known()))
        self._known = known

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        self.choices = tuple(self._known())
        return super().convert(value, param, ctx)


TYPED: dict[str, dict[str, Any]] = {
    "split": {"type": click.Choice(CHOICES["split"])},
    "labels": {"metavar": "letters|one-based|codes|text|none|FILE"},
    "csv_size": {"type": CSV_SIZE, "metavar": "WxH[x3]"},
    "from_format": {"type": FormatName(registry.readable)},
    "layout": {"metavar": "PATTERN"},
    "classes": {"metavar": "A,B,...|FILE"},
    "rename": {"type": PATH, "metavar": "FILE"},
    "corrections": {"type": PATH, "metavar": "FILE"},
    "deinterlace": {"type": click.Choice(CHOICES["deinterlace"])},
    "max_per_class": {"type": click.IntRange(1)},
    "fold": {"type": click.IntRange(1)},
    "val_fold": {"type": click.IntRange(1)},
    "videos": {"type": PATH, "metavar": "DIR"},
    "poses": {"type": PATH, "metavar": "DIR"},
    "pose_base": {"type": PoseBase()},
    "metadata": {"type": click.Choice(CHOICES["metadata"])},
    "manifest": {"type": click.Choice(CHOICES["manifest"])},
    "device": {"type": click.Choice(CHOICES["device"])},
    "images": {"metavar": "NAME"},
    "targets": {"metavar": "NAME"},
    "root": {"type": PATH, "metavar": "DIR"},
    "path_column": {"metavar": "NAME"},
    "label_column": {"metavar": "NAME"},
    "storage_options": {"type": PATH, "metavar": "FILE"},
    "scratch": {"type": PATH, "metavar": "DIR"},
    "glosses": {"metavar": "N|FILE"},
    "subset": {"type": PATH, "metavar": "JSON"},
    "signers": {"type": NAMES, "metavar": "ID,..."},
    "limit": {"type": click.IntRange(1)},
    "ranges": {"type": click.Choice(CHOICES["ranges"])},
    "json_fps": {"type": click.Choice(CHOICES["json_fps"])},
    "max_pixels": {"type": click.IntRange(1, HIGHEST_LIMIT), "metavar": "N"},
    "timeout": {"type": Number(0, min_open=True)},
    "size": {"type": SIZE, "metavar": "WxH"},
    "fit": {"type": click.Choice(CHOICES["fit"])},
    "background": {"metavar": "COLOR"},
    "image_format": {"type": click.Choice(CHOICES["image_format"])},
    "quality": {"type": click.IntRange(1, 100)},
    "workers": {"type": click.IntRange(1)},
    "cluster": {"metavar": "dask:ADDRESS|ray:auto", "envvar": "SIGNDATA_CLUSTER"},
    "on_error": {"type": click.Choice(CHOICES["on_error"])},
}
"""What may be typed for a keyword of a group, where that is not any text or a flag."""

NOT_TYPED = {"progress"}
"""Keywords that take a function."""


def groups(*groups: type[Group], **defaults: Any) -> Callable[[F], F]:
    """Add the options of keyword groups; `defaults` says which have another default here."""
    shared = {
        name: (one, group.title_of(name))
        for group in groups
        for name, one in group.keywords().items()
    }

    def add(function: F) -> F:
        for name, (one, title) in reversed(shared.items()):
            if name not in NOT_TYPED:
                function = _option(name, one, defaults.get(name, one.default), title)(function)
        return function

    return add


def _option(name: str, one: Field[Any], default: Any, section: str) -> Callable[[F], F]:
    flag = one.metadata["flag"] or f"--{name.replace('_', '-')}"
    shown = {"cls": SharedOption, "section": section, "help": one.metadata["help"]}
    if flag.startswith("--no-"):
        return click.option(flag, name, flag_value=False, default=True, **shown)
    if isinstance(default, bool):
        return click.option(flag, name, is_flag=True, default=default, **shown)
    return click.option(
        *flag.split("/"),
        name,
        default=default,
        show_default=default not in (None, ()),
        **shown,
        **TYPED.get(name, {}),
    )


SHOWN: dict[str, Any] = {"cls": SharedOption, "section": "What is shown"}

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object.", **SHOWN
)
quiet = click.option("--quiet", is_flag=True, help="No progress, no summary, no notes.", **SHOWN)


def shows(function: F) -> F:
    """How a result is shown: the options of every command."""
    return json_option(quiet(function))


overwrite = click.option("--overwrite", is_flag=True, help="Replace an existing output.")


class Seed(click.IntRange):
    """A random seed; that it has 63 bits is nothing to read in every help."""

    def __init__(self) -> None:
        super().__init__(0, 2**63 - 1)

    def _describe_range(self) -> str:
        return "x>=0"


seed = click.option("--seed", type=Seed(), default=0, show_default=True, help="Random seed.")
to_format = click.option(
    "--to",
    "to_format",
    type=FormatName(registry.writable),
    help="Output format [default: from its name].",
)
fit = click.option(
    "--fit",
    type=click.Choice(CHOICES["fit"]),
    default="stretch",
    show_default=True,
    help="Bring other proportions to --size: stretch; pad with the background; crop the middle.",
)
background = click.option(
    "--background",
    default="black",
    show_default=True,
    metavar="COLOR",
    help="Background of --fit pad: a colour's name or #rrggbb.",
)
described_format = click.option(
    "--from",
    "from_format",
    type=FormatName(registry.described),
    help="Format of SRC [default: recognised].",
)
hdf5_layout = click.option(
    "--hdf5-layout",
    type=click.Choice(CHOICES["hdf5_layout"]),
    default="auto",
    show_default=True,
    help="Store pixel arrays (raw) or picture files (encoded).",
)
shards = click.option(
    "--shards", type=click.IntRange(1), metavar="N", help="Shards of each split [default: by size]."
)
shard_size = click.option(
    "--shard-size",
    type=click.IntRange(1),
    default=512,
    show_default=True,
    metavar="MB",
    help="Megabytes of a shard, about; there are at least 16.",
)
