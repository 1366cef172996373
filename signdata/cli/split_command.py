"""``signdata split``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import display, options
from signdata.cli.help import Command
from signdata.options import ReadOptions, RunOptions, TableOptions


@click.command("split", cls=Command)
@click.argument("src", metavar="SRC...", nargs=-1, required=True, type=options.PATH)
@click.argument("out", type=options.PATH)
@click.option(
    "--ratios",
    metavar="A,B,C",
    help="Shares of train, val and test, or of train and test [default: 80,10,10].",
)
@click.option(
    "--keep", metavar="SPLIT,...", help="Splits to keep as they are; the ratios are for the others."
)
@click.option("--pool", is_flag=True, help="Pool the samples of all splits and split them again.")
@click.option(
    "--stratify",
    default="label",
    show_default=True,
    metavar="COLUMN",
    help="Column to stratify by: label, signer, or another column of the manifest.",
)
@click.option(
    "--group-by",
    default="auto",
    show_default=True,
    metavar="HOW",
    help="What stays together: auto, none, signer, COLUMN, near-duplicates, blocks:K, or a "
    "regular expression with one group for the path.",
)
@click.option("--folds", type=click.IntRange(2), help="Assign this many folds instead of splits.")
@click.option("--look/--no-look", default=True, help="Look for near-duplicates [default: look].")
@click.option(
    "--allow-empty",
    is_flag=True,
    help="Warn of a split or fold that must stay empty, and go on.",
)
@click.option(
    "--mode",
    type=click.Choice(["link", "copy", "symlink", "manifest"]),
    default="link",
    show_default=True,
    help="How to put pictures into a directory; manifest writes only the list.",
)
@click.option(
    "--into",
    type=click.Choice(["folders", "hdf5", "csv"]),
    help="Format of OUT [default: from its name].",
)
@options.seed
@options.groups(ReadOptions, TableOptions, RunOptions)
@options.shows
def command(src: tuple[str, ...], out: str, keep: str | None, **kwargs: Any) -> None:
    """Split a dataset into train, val and test that do not leak, stratified by label.

    Samples that belong together stay together: by default those of one group or signer known to
    the dataset, near-duplicates, and runs of frames of one film. Without groups every class's
    count is within one sample of its exact share. The leak certificate, which is printed and
    stored in signdata.json, says what was kept separate. OUT is a directory, or one file if it
    ends in .h5 or .csv.

    \b
    Example:
      signdata split asl/ asl-split/ --keep test --ratios 90,10
      signdata split photos/ by-hand/ --group-by 'hand([0-9]+)_'
    """
    import signdata

    names = [name.strip() for name in keep.split(",")] if keep else []
    display.run(signdata.split, src, out, keep=names, **kwargs)
