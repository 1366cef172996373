"""``signdata verify``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import display, options
from signdata.cli.help import Command
from signdata.options import ReadOptions, WorkOptions, in_datasets


@click.command("verify", cls=Command)
@click.argument("words", metavar="A [B]", nargs=-1, required=True, type=options.PATH)
@options.groups(ReadOptions, WorkOptions)
@options.shows
def command(words: tuple[str, ...], **kwargs: Any) -> None:
    """Check dataset A against its manifest, or check whether A and B hold the same samples.

    Samples are paired by id if both have the same ids, otherwise by their split,
    label and pixels. Exit code 0: the same; 4: different, with the differences listed. Each may
    be several directories: train=DIR test=DIR.

    \b
    Example:
      signdata verify asl/ asl.h5
      signdata verify train=asl-train/ test=asl-test/ asl.h5
    """
    import signdata

    first, *others = in_datasets(words)
    if len(others) > 1:
        raise click.UsageError(f"{len(others) + 1} datasets; expected one or two: A [B]")
    display.run(signdata.verify, first, *others, **kwargs)
