"""``signdata diff``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import display, options
from signdata.cli.help import Command
from signdata.options import StoreOptions


@click.command("diff", cls=Command)
@click.argument("a", type=options.PATH)
@click.argument("b", type=options.PATH)
@options.groups(StoreOptions)
@options.shows
def command(a: str, b: str, **kwargs: Any) -> None:
    """Tell what changed from dataset A to dataset B, from their manifests alone.

    Samples that were added, removed, renamed, given another label or group, moved to another split
    or stored with other bytes are counted and named, and so are the counts of each class and
    split that changed. A and B are datasets that signdata wrote, or a manifest.csv that was kept.
    Samples are paired by id, those left over by their checksum; no picture is read. Exit code 0:
    nothing changed; 4: something did.

    \b
    Example:
      signdata diff asl-2025/ asl-2026/
      signdata diff kept/manifest.csv asl.h5 --json
    """
    import signdata

    display.run(signdata.diff, a, b, **kwargs)
