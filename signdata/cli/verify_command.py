"""``signdata verify``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import display, options
from signdata.cli.help import Command
from signdata.options import ReadOptions, WorkOptions


@click.command("verify", cls=Command)
@click.argument("a", type=options.PATH)
@click.argument("b", required=False, type=options.PATH)
@options.groups(ReadOptions, WorkOptions)
@options.shows
def command(a: str, b: str | None, **kwargs: Any) -> None:
    """Check dataset A against its manifest, or check whether A and B hold the same samples.

    Samples are paired by id when both have the same ids, otherwise compared as multisets of split,
    label and pixels. Exit code 0: the same; 4: different, with the differences listed.

    \b
    Example:
      signdata verify asl/ asl.h5
    """
    import signdata

    display.run(signdata.verify, a, b, **kwargs)
