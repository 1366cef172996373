"""``signdata demo``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import display, options
from signdata.cli.help import Command


@click.command("demo", cls=Command)
@click.argument("out", default="signdata-demo", type=options.PATH)
@options.overwrite
@options.shows
def command(out: str, as_json: bool, quiet: bool, **kwargs: Any) -> None:
    """Run the whole workflow on synthetic data: CSV, folders, split, HDF5, trained network.

    Prints each command as you would type it. Needs the extra: pip install 'signdata[train]'.

    \b
    Example:
      signdata demo
    """
    import signdata

    def say(text: str) -> None:
        display.say(text, err=as_json)

    result = signdata.demo(out, say=(lambda text: None) if quiet else say, **kwargs)
    display.show(result, as_json=as_json, quiet=quiet)
    if not (as_json or quiet):
        display.tell_next("demo", (out,), kwargs, result)
