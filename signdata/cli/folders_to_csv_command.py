"""``signdata folders-to-csv``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import display, options
from signdata.cli.help import Command
from signdata.options import ReadOptions, RunOptions, SizeOptions


@click.command("folders-to-csv", cls=Command)
@click.argument("src", metavar="SRC...", nargs=-1, required=True, type=options.PATH)
@click.argument("out", metavar="OUT.csv", type=options.PATH)
@options.groups(ReadOptions, SizeOptions, RunOptions)
@options.shows
def command(src: tuple[str, ...], out: str, **kwargs: Any) -> None:
    """Turn folders of pictures, or any dataset of stills, into a Sign-MNIST CSV.

    A dataset made from a CSV gives the same bytes back. Without a manifest, rows are ordered by
    the number in each name, otherwise by path.

    \b
    Example:
      signdata folders-to-csv asl/ train.csv --split train
    """
    import signdata

    display.run(signdata.folders_to_csv, src, out, **kwargs)
