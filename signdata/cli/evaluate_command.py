"""``signdata evaluate``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import display, options
from signdata.cli.help import Command
from signdata.options import NetworkOptions, ReadOptions


@click.command("evaluate", cls=Command)
@click.argument("run", metavar="RUN|MODEL.onnx", type=options.PATH)
@click.argument("src", metavar="SRC...", nargs=-1, required=True, type=options.PATH)
@click.option(
    "--out",
    "-o",
    type=options.PATH,
    metavar="DIR",
    help="Write the numbers and the pictures that baseline writes of its test to DIR.",
)
@options.overwrite
@options.groups(NetworkOptions, ReadOptions)
@options.shows
def command(run: str, src: tuple[str, ...], **kwargs: Any) -> None:
    """Test a trained network on a labelled dataset.

    RUN is a run folder of baseline, or a file written by export. Tests on all samples, or on those
    of --split. Classes are matched by name; samples of a class that the network does not know are
    counted, named and left out.

    \b
    Example:
      signdata evaluate runs/asl-signnet-s0 my-photos/ -o my-photos-test/
    """
    import signdata

    display.run(signdata.evaluate, run, *src, **kwargs)
