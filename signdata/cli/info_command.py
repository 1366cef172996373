"""``signdata info``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import display, options
from signdata.cli.help import Command
from signdata.options import ReadOptions


@click.command("info", cls=Command)
@click.argument("src", metavar="SRC...", nargs=-1, required=True, type=options.PATH)
@click.option("--all", "every_class", is_flag=True, help="Show each class, however many.")
@options.groups(ReadOptions)
@options.shows
def command(src: tuple[str, ...], **kwargs: Any) -> None:
    """Count a dataset's samples per class and split, and describe its pictures.

    \b
    Example:
      signdata info asl/
    """
    import signdata

    display.run(signdata.info, src, **kwargs)
