"""Options that mean the same everywhere, and how a result is shown.

Catalogue::

    --json --quiet                          every command
    --workers/-j --on-error --dry-run
    --overwrite                             commands that write (`writes`)
    --labels --csv-size --no-header         commands that read CSV (`reads_csv`)
    --size --gray --image-format --quality  commands that write pictures
    --seed --split --follow-symlinks        where they apply
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    pass

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


def _stack(*options: Callable[[F], F]) -> Callable[[F], F]:
    def add(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return add


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
quiet = click.option("--quiet", is_flag=True, help="No progress, no summary, no notes.")
shows = _stack(json_option, quiet)

workers = click.option(
    "--workers", "-j", type=click.IntRange(1), help="Worker processes [default: all cores]."
)
dry_run = click.option("--dry-run", is_flag=True, help="Read and count all, write nothing.")
overwrite = click.option(
    "--overwrite", is_flag=True, help="Replace what else stands under the output's name."
)


def on_error(default: str) -> Callable[[F], F]:
    """Whether an unreadable sample stops the run."""
    return click.option(
        "--on-error",
        type=click.Choice(["stop", "skip"]),
        default=default,
        show_default=True,
        help="End at the first unreadable sample, or leave it out and name it.",
    )


def writes(errors: str = "stop") -> Callable[[F], F]:
    """What every command that writes a dataset takes."""
    return _stack(workers, on_error(errors), dry_run, overwrite, shows)


reads_csv = _stack(
    click.option(
        "--labels",
        default="letters",
        show_default=True,
        metavar="letters|codes|FILE",
        help="What a CSV's labels are: A..Y, any integer, or lines of FILE.",
    ),
    click.option(
        "--csv-size", type=SIZE, metavar="WxH", help="Size of a CSV's pictures [default: square]."
    ),
    click.option("--no-header", is_flag=True, help="The CSV's first line is a picture."),
)
size = click.option(
    "--size", type=SIZE, metavar="WxH", help="Size of the written pictures [default: as read]."
)
gray = click.option("--gray", is_flag=True, help="Write grey pictures (Rec. 601 luma).")
image_format = click.option(
    "--image-format",
    type=click.Choice(["png", "jpg"]),
    help="How pictures are written [default: original bytes, else png].",
)
quality = click.option(
    "--quality", type=click.IntRange(1, 100), default=95, show_default=True, help="Of JPEGs."
)
seed = click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Of every draw."
)
split = click.option(
    "--split", type=click.Choice(["train", "val", "test"]), help="Read only this split."
)
follow_symlinks = click.option(
    "--follow-symlinks", is_flag=True, help="Follow symbolic links to folders."
)
videos = click.option(
    "--videos", type=PATH, metavar="DIR", help="Videos of a WLASL JSON [default: videos/]."
)
from_format = click.option(
    "--from",
    "from_format",
    type=click.Choice(["csv", "folders", "frames", "videos", "wlasl", "hdf5"]),
    help="Format of SRC [default: recognised].",
)


to_format = click.option(
    "--to",
    "to_format",
    type=click.Choice(["csv", "folders", "frames", "hdf5"]),
    help="Format of what is written [default: by its name].",
)
hdf5_layout = click.option(
    "--hdf5-layout",
    type=click.Choice(["auto", "raw", "encoded"]),
    default="auto",
    show_default=True,
    help="Arrays, or picture files, in HDF5.",
)
