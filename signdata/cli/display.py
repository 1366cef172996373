"""Running a command: its progress, and how its result is shown."""

from __future__ import annotations

import inspect
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signdata.bars import bar, counted
from signdata.errors import one_line, printable

if TYPE_CHECKING:
    from signdata.results import Result

LINE_EVERY = 30.0
"""Seconds between lines of progress where stderr is not a terminal."""


@contextmanager
def progress_bar(
    unit: str, *, hidden: bool, units: Mapping[str, str] | None = None
) -> Iterator[Callable[..., None] | None]:
    """Yield what a library function calls with its progress.

    A bar on a terminal; elsewhere a line now and then, so that a log shows that work goes on.
    A note that ends with a line break is printed at once, and stays.

    Parameters
    ----------
    unit : str
        What is counted.
    hidden : bool
    units : mapping of str to str, optional
        What is counted while the note is the key. Each such phase has a bar of its own.
    """
    units = {"fetching": "object", "sending": "object", **(units or {})}
    if hidden:
        yield None
        return
    if not sys.stderr.isatty():
        yield _lines(unit, units)
        return
    with bar(unit, units) as update:
        yield update


def _lines(unit: str, units: Mapping[str, str]) -> Callable[..., None]:
    last = time.monotonic()

    def update(done: int, total: int | None, note: str = "") -> None:
        nonlocal last
        stays = note.endswith("\n")
        if not stays and time.monotonic() - last < LINE_EVERY:
            return
        last = time.monotonic()
        if stays:
            click.echo(one_line(note.rstrip("\n")), err=True)
            return
        share = f" of {total:,} ({done / total:.0%})" if total else ""
        counted = f"{done:,}{share} {units.get(note, unit)}s"
        click.echo(counted + (f", {one_line(note)}" if note else ""), err=True)

    return update


def run(
    function: Callable[..., Result],
    *args: Any,
    **options: Any,
) -> None:
    """Call a library function with a command's options and show what it returns."""
    as_json = options.pop("as_json", False)
    hidden = options.pop("quiet", False)
    from signdata.workers.memory import keep_freed  # not for --help

    keep_freed()  # this process is ours, and reads whole sources before any worker does
    unit, units = counted(function.__name__)
    with progress_bar(unit, hidden=hidden, units=units) as progress:
        if progress is not None and "progress" in inspect.signature(function).parameters:
            options["progress"] = progress
        result = function(*args, **options)
    try:
        show(result, as_json=as_json, quiet=hidden)
        if not (as_json or hidden or result.silent):
            tell_next(function.__name__, args, options, result)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head -1` has read enough; the exit code still tells
        drop_closed()
    click.get_current_context().exit(result.exit_code)


def tell_next(
    command: str, words: Sequence[Any], options: Mapping[str, Any], result: Result
) -> None:
    """Print what may be typed next."""
    from signdata.cli import next_step  # not for --help

    line = next_step.line_after(command, words, options, result)
    if line:
        say(line)


def drop_closed() -> bool:
    """Drop what is left to print where it cannot be; whether that is because nobody reads it."""
    closed = False
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as err:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            closed = closed or isinstance(err, BrokenPipeError)
    return closed


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

    for problem in result.problems[:20]:
        place = ":".join(part for part in (problem.path, problem.where) if part)
        text = f"{place}: {problem.message}" if place else problem.message
        click.echo(f"{problem.kind}: {one_line(text)}", err=True)
    if len(result.problems) > 20:
        file = sidecars.sidecar_path(Path(result.output), sidecars.PROBLEMS)
        where = f"; all are in {one_line(str(file))}" if result.output and file.exists() else ""
        click.echo(f"... and {len(result.problems) - 20:,} more{where}", err=True)
    if result.summary:
        say(result.summary)
    if result.shows_counts and not result.details.get("already_done") and result.output:
        click.echo(one_line(counts(result)))


def say(text: str, *, err: bool = False) -> None:
    """Print lines for people, with nothing in them that a terminal would act on."""
    click.echo(printable(text), err=err)


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
