"""``signdata serve``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import display, options
from signdata.cli.help import Command
from signdata.options import ReadOptions


@click.command("serve", cls=Command)
@click.argument("src", metavar="SRC|RUN...", nargs=-1, required=True, type=options.PATH)
@click.option(
    "--model",
    type=options.PATH,
    metavar="RUN|X.onnx",
    help="Network to try [default: that of the first RUN].",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port [default: a free one]."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--allow-host",
    multiple=True,
    metavar="NAME",
    help="Another name by which a browser may call the server; repeatable.",
)
@click.option(
    "--no-open",
    "open_browser",
    is_flag=True,
    flag_value=False,
    default=True,
    help="Open no browser.",
)
@click.option("--anonymous", is_flag=True, help="Show signers and groups as numbers.")
@click.option(
    "--no-audit",
    "audit",
    is_flag=True,
    flag_value=False,
    default=True,
    help="Do not audit the dataset in the background.",
)
@click.option(
    "--workers",
    "-j",
    type=click.IntRange(1),
    help="Worker processes of the audit [default: all cores].",
)
@options.groups(ReadOptions)
@options.shows
def command(src: tuple[str, ...], as_json: bool, quiet: bool, **kwargs: Any) -> None:
    """Look at a dataset and its runs in a browser, mark samples, try a network.

    Runs until Ctrl-C, on this machine alone, for whoever has the link that it prints. With
    --corrections FILE, marks are saved there at once.

    \b
    Example:
      signdata serve asl/ runs/asl-signnet-s0 --corrections fixes.csv
    """
    import signdata

    def say(line: str) -> None:
        click.echo(line, err=as_json or line.startswith("warning:"))

    result = signdata.serve(*src, say=say, **kwargs)
    display.show(result, as_json=as_json, quiet=quiet)
    click.get_current_context().exit(result.exit_code)
