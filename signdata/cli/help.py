"""The help of a command: its own options first, then those that it shares, in titled sections."""

from __future__ import annotations

from typing import Any

import click

ORDER = (
    "Options",
    "Reading",
    "Which clips",
    "Videos",
    "Keypoints",
    "Network",
    "Pictures",
    "Limits",
    "Stores",
    "Running",
)
"""Titles in the order of the help; any others follow."""


class SharedOption(click.Option):
    """An option of a keyword group, shown under the group's title."""

    def __init__(self, *args: Any, section: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section


class Command(click.Command):
    """A command whose help shows its options in sections, and that knows which argument is missing.

    Of `SRC... OUT`, click gives a single path to OUT and misses SRC; what was left out is OUT.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        typed = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.MissingParameter as err:
            last = [one for one in self.get_params(ctx) if isinstance(one, click.Argument)][-1]
            if err.param is None or err.param is last or err.param.nargs != -1:
                raise
            given, _, _ = self.make_parser(ctx).parse_args(typed)
            if not isinstance(given.get(str(last.name)), str):
                raise
            what = f"Missing argument {last.make_metavar(ctx)!r}: the last path is the output."
            raise click.UsageError(what, ctx) from err

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {title: [] for title in ORDER}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if isinstance(param, click.Option) and record is not None:
                title = getattr(param, "section", "") or "Options"
                sections.setdefault(title, []).append(record)
        for title, rows in sections.items():
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)
