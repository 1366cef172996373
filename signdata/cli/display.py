"""Running a command: its progress bar, and how its result is shown."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from signdata.results import Result


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
