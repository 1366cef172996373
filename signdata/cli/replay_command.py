"""``signdata replay``."""

from __future__ import annotations

import os
from typing import Any

import click

from signdata.cli import display, options
from signdata.cli.help import Command
from signdata.options import OutputOptions, StoreOptions


class Place(click.ParamType[tuple[str, str]]):
    """``NAME=PATH``."""

    name = "NAME=PATH"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        parts = str(value).split("=")
        found = [("=".join(parts[:i]), "=".join(parts[i:])) for i in range(1, len(parts))]
        found = [(name, path) for name, path in found if name and path]
        if not found:
            self.fail(f"{value!r}; expected NAME=PATH", param, ctx)
        # A name may hold the sign, too, and so may a path: that one is meant which is there.
        return next((one for one in found if os.path.exists(one[1]) or "://" in one[1]), found[0])


@click.command("replay", cls=Command)
@click.argument("src", metavar="DIR", type=options.PATH)
@click.option(
    "--source",
    "sources",
    type=Place(),
    multiple=True,
    help="Where a source is now; NAME is its file name, or that of the option that named it.",
)
@click.argument("out", type=options.PATH)
@options.groups(OutputOptions, StoreOptions)
@options.shows
def command(src: str, out: str, sources: tuple[tuple[str, str], ...], **kwargs: Any) -> None:
    """Make dataset DIR again as OUT, by the command that it records, and compare the two.

    The sources must be those that DIR was made from: their checksums are compared with the recorded
    ones first. Then the manifests are compared as diff does. Exit code 0: the same; 4: another
    source, or another result.

    \b
    Example:
      signdata replay asl/ --source sign_mnist_train.csv=data/sign_mnist_train.csv again/
    """
    import signdata

    names = [name for name, _ in sources]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise click.UsageError(f"--source {twice[0]} is given twice.")
    display.run(signdata.replay, src, out, sources=dict(sources), **kwargs)
