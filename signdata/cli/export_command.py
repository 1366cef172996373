"""``signdata export``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import display, options
from signdata.cli.help import Command
from signdata.options import ReadOptions


@click.command("export", cls=Command)
@click.argument("run", type=options.PATH)
@click.argument("out", required=False, type=options.PATH)
@click.option("--onnx", is_flag=True, expose_value=False, hidden=True)  # typed by old scripts
@click.option("--quantize", is_flag=True, help="Also write a file with 8-bit weights.")
@click.option(
    "--input-type",
    type=click.Choice(["float32", "uint8"]),
    default="float32",
    show_default=True,
    help="Type of the pixels, 0..255, that the network takes.",
)
@click.option(
    "--data",
    type=options.PATH,
    metavar="SRC",
    multiple=True,
    help="Compare and test on a split of this dataset; repeat for each CSV.",
)
@options.overwrite
@options.groups(ReadOptions, split="test")
@options.shows
def command(run: str, out: str | None, **kwargs: Any) -> None:
    """Export a trained network to ONNX and compare it with PyTorch.

    The default OUT is model.onnx in the run folder. Needs the extra:
    pip install 'signdata[train,onnx]'.

    \b
    Example:
      signdata export runs/asl-signnet-s0 --onnx --quantize --data asl.h5
    """
    import signdata

    display.run(signdata.export, run, out, **kwargs)
