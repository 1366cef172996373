"""``signdata croissant``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import display, options
from signdata.cli.help import Command
from signdata.options import StoreOptions


@click.command("croissant", cls=Command)
@click.argument("src", metavar="SRC...", nargs=-1, required=True, type=options.PATH)
@click.option(
    "--out",
    "-o",
    type=options.PATH,
    metavar="FILE.json",
    help="Write it here, best in a folder above SRC [default: print it].",
)
@click.option("--name", metavar="TEXT", help="What the dataset is called [default: as its folder].")
@click.option("--description", metavar="TEXT", help="What it is [default: what is in it].")
@click.option("--license", metavar="URL", help="Its licence, by URL or name.")
@click.option("--cite", metavar="TEXT", help="How it is to be cited.")
@click.option("--date", metavar="YYYY-MM-DD", help="When it was published.")
@click.option("--dataset-version", metavar="X.Y.Z", help="Its version.")
@click.option("--creator", "creators", multiple=True, metavar="NAME", help="Who made it.")
@click.option("--url", metavar="URL", help="The page of the dataset.")
@options.described_format
@options.overwrite
@options.groups(StoreOptions)
@options.shows
def command(src: tuple[str, ...], **kwargs: Any) -> None:
    """Describe a dataset in Croissant, JSON-LD that loaders and search engines read.

    It lists the files and what their records are, so that mlcroissant reads pictures and labels
    one by one. Licence, citation, date and the like are in it only if they are given here. Loaders
    look for files below the description: it belongs into SRC, or into a folder above it.

    \b
    Example:
      signdata croissant asl/ > asl/croissant.json
      signdata croissant asl/ -o croissant.json --license CC-BY-4.0 --date 2026-05-01
    """
    import signdata

    display.run(signdata.croissant, list(src), **kwargs)
