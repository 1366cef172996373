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

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from signdata.results import Result

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


@contextmanager
def progress_bar(unit: str, *, hidden: bool) -> Iterator[Callable[..., None] | None]:
    """Yield what a library function calls with its progress; a bar on a terminal only."""
    if hidden or not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    with tqdm(unit=unit, unit_scale=True, file=sys.stderr, leave=False) as bar:

        def update(done: int, total: int | None, note: str = "") -> None:
            bar.total = total
            bar.set_postfix_str(note, refresh=False)
            bar.update(done - bar.n)

        yield update


def run(function: Callable[..., Result], *args: Any, unit: str = "sample", **options: Any) -> None:
    """Call a library function with a command's options and show what it returns."""
    as_json = options.pop("as_json", False)
    hidden = options.pop("quiet", False)
    if "no_header" in options:
        options["header"] = not options.pop("no_header")
    with progress_bar(unit, hidden=hidden or as_json) as progress:
        if progress is not None:
            options["progress"] = progress
        result = function(*args, **options)
    show(result, as_json=as_json, quiet=hidden)
    click.get_current_context().exit(result.exit_code)


def show(result: Result, *, as_json: bool, quiet: bool) -> None:
    """Print a result: one JSON object on stdout, or lines for people."""
    if result.silent:
        return
    if as_json:
        click.echo(json.dumps(result.to_dict(), ensure_ascii=True))
        return
    if quiet:
        return
    from signdata import sidecars
    from signdata.errors import one_line

    for problem in result.problems[:20]:
        place = ":".join(part for part in (problem.path, problem.where) if part)
        text = f"{place}: {problem.message}" if place else problem.message
        click.echo(f"{problem.kind}: {one_line(text)}", err=True)
    if len(result.problems) > 20:
        file = sidecars.beside(Path(result.output), sidecars.PROBLEMS)
        where = f"; all are in {file}" if result.output and file.exists() else ""
        click.echo(f"... and {len(result.problems) - 20:,} more{where}", err=True)
    if result.summary:
        click.echo(result.summary)
    if result.shows_counts and not result.details.get("already_done") and result.output:
        click.echo(counts(result))


def counts(result: Result) -> str:
    """One line that closes the books."""
    verb = "would be written" if result.details.get("dry_run") else "written"
    if result.written + result.skipped + result.failed > result.read:
        text = f"{result.output}: {result.written:,} samples made of {result.read:,} {verb}"
    else:
        text = f"{result.output}: {result.written:,} of {result.read:,} samples {verb}"
    for number, what in ((result.skipped, "skipped"), (result.failed, "failed")):
        if number:
            text += f", {number:,} {what}"
    return f"{text} in {result.seconds:.1f} s"
