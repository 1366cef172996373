"""``signdata split``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import options


@click.command("split")
@click.argument("src", metavar="SRC...", nargs=-1, required=True, type=options.PATH)
@click.argument("out", type=options.PATH)
@click.option(
    "--ratios",
    default="80,10,10",
    show_default=True,
    metavar="A,B,C",
    help="Shares of train, val and test, or of train and test.",
)
@click.option("--keep", metavar="SPLIT,...", help="Splits that stay; the ratios name the others.")
@click.option("--pool", is_flag=True, help="Mix the samples of all splits and split anew.")
@click.option(
    "--mode",
    type=click.Choice(["link", "copy", "symlink", "manifest"]),
    default="link",
    show_default=True,
    help="How pictures come into a directory; manifest writes only the list.",
)
@options.seed
@options.reads_csv
@options.follow_symlinks
@options.writes()
def command(src: tuple[str, ...], out: str, keep: str | None, **kwargs: Any) -> None:
    """Split a dataset into train, val and test, stratified by label.

    Every class's count in every split is within one sample of its exact share, and which
    samples it gets depends on the seed and their ids alone. OUT is a directory, or one file
    when it ends in .h5 or .csv.

    \b
    Example:
      signdata split asl/ asl-split/ --keep test --ratios 90,10
    """
    import signdata

    names = [name.strip() for name in keep.split(",")] if keep else []
    options.run(signdata.split, src, out, keep=names, **kwargs)
