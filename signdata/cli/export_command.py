"""``signdata export``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import display, options
from signdata.options import ReadOptions


@click.command("export")
@click.argument("run", type=options.PATH)
@click.argument("out", required=False, type=options.PATH)
@click.option("--onnx", is_flag=True, expose_value=False, help="The format; there is no other.")
@click.option("--quantize", is_flag=True, help="A second file with 8-bit weights.")
@click.option(
    "--data",
    type=options.PATH,
    metavar="SRC",
    multiple=True,
    help="Compare and test on a split of this dataset; once for each CSV.",
)
@options.overwrite
@options.groups(ReadOptions, split="test")
@options.shows
def command(run: str, out: str | None, **kwargs: Any) -> None:
    """Write a trained network as ONNX, and hold it against PyTorch.

    OUT is model.onnx in the run folder unless it is named. Needs the extra:
    pip install 'signdata[train,onnx]'.

    \b
    Example:
      signdata export runs/asl-signnet-s0 --onnx --quantize --data asl.h5
    """
    import signdata

    display.run(signdata.export, run, out, **kwargs)
