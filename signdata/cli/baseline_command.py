"""``signdata baseline``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import options


@click.command("baseline")
@click.argument("src", metavar="SRC...", nargs=-1, type=options.PATH)
@click.option("--model", default="unam", show_default=True, help="Name of the network.")
@click.option("--list-models", is_flag=True, help="Show the networks; needs no SRC.")
@click.option(
    "--out", type=options.PATH, metavar="DIR", help="Run folder [default: runs/STEM-MODEL-sSEED]."
)
@click.option(
    "--epochs", type=click.IntRange(1), help="Times that every sample is seen [default: 10]."
)
@click.option("--batch-size", type=click.IntRange(1), help="Samples in one step [default: 64].")
@click.option(
    "--lr", type=click.FloatRange(0, min_open=True), help="Peak learning rate [default: 0.01]."
)
@click.option(
    "--augment",
    type=click.Choice(["light", "none", "recipe"]),
    help="Random changes; recipe makes the variants of Sign-MNIST [default: light].",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="auto takes CUDA where there is one.",
)
@options.seed
@options.reads_csv
@options.overwrite
@options.shows
def command(src: tuple[str, ...], **kwargs: Any) -> None:
    """Train a reference network on a dataset and test it once.

    Learns on train, chooses the best epoch on val (held out of train where there is none) and
    reads test once, at the end. Needs the extra: pip install 'signdata[train]'.

    \b
    Example:
      signdata baseline asl.h5
    """
    import signdata

    if not src and not kwargs["list_models"]:
        raise click.UsageError("Missing argument 'SRC...'.", click.get_current_context())
    options.run(signdata.baseline, src, unit="step", **kwargs)
