"""``signdata audit``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import display, options
from signdata.cli.help import Command
from signdata.options import OutputOptions, ReadOptions, in_datasets


@click.command("audit", cls=Command)
@click.argument("words", metavar="SRC [OTHER...]", nargs=-1, required=True, type=options.PATH)
@click.option(
    "--threshold",
    type=options.Number(),
    default=0.98,
    show_default=True,
    help="Correlation at which two pictures count as twins.",
)
@click.option(
    "--contact-sheet",
    type=options.PATH,
    metavar="OUT.png",
    help="Draw leaks, conflicts and groups of near-duplicates.",
)
@click.option(
    "--findings",
    type=options.PATH,
    metavar="OUT.csv",
    help="Write all findings, with the partner of each leak, duplicate and conflict.",
)
@click.option(
    "--fix",
    type=options.PATH,
    metavar="OUT",
    help="Write SRC without the offending samples; list each one.",
)
@click.option("--strict", is_flag=True, help="Exit code 4 if there are findings that count.")
@options.seed
@options.groups(ReadOptions, OutputOptions)
@options.shows
def command(words: tuple[str, ...], **kwargs: Any) -> None:
    """Find problems in dataset SRC, between its splits, or between it and OTHER datasets.

    Looks for leaks, duplicates, pictures under two labels, damage, odd pictures and clips, gaps
    in the classes, signers in several splits, and films that a random split would tear apart.
    Advice does not count for --strict. --fix leaves out unreadable samples, pictures under two
    labels, copies, and samples of a later split with a twin in an earlier one; given OTHER
    datasets, all samples of SRC with a twin in one of them. Directories that are the splits of one
    dataset are named train=DIR test=DIR.

    \b
    Example:
      signdata audit sign_mnist_train.csv sign_mnist_test.csv
      signdata audit train=asl-train/ test=asl-test/
      signdata audit asl-split/ --strict --contact-sheet look.png --findings found.csv
      signdata audit asl-split/ --fix asl-clean/
    """
    import signdata

    src, *others = in_datasets(words)
    display.run(signdata.audit, src, *others, **kwargs)
