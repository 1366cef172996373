"""Writes `docs/commands.md` from the commands' own help: ``python -m docs.reference [--check]``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from signdata.cli.app import group

PAGE = Path(__file__).with_name("commands.md")

HEAD = """# Commands

What `signdata COMMAND --help` prints, for every command. `python -m signdata` is the same.
Exit codes, and what `--on-error`, `--overwrite` and a repeated command do, are in
[promises](promises.md); each command is also a [function](library.md).
"""


def page() -> str:
    """The whole page."""
    top = _context(group, "signdata")
    parts = [HEAD, _section(top)]
    for name in group.list_commands(top):
        command = group.get_command(top, name)
        assert command is not None
        parts.append(_section(_context(command, name, top)))
    return "\n".join(parts)


def _context(
    command: click.Command, name: str, parent: click.Context | None = None
) -> click.Context:
    return command.make_context(name, [], parent, resilient_parsing=True, terminal_width=100)


def _section(context: click.Context) -> str:
    return f"## {context.info_name}\n\n```text\n{context.get_help()}\n```\n"


def main(args: list[str]) -> int:
    if args not in ([], ["--check"]):
        print("usage: python -m docs.reference [--check]", file=sys.stderr)
        return 2
    if not args:
        PAGE.write_text(page(), encoding="utf-8", newline="\n")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page():
        return 0
    print(f"{PAGE.name} is not what --help says: python3 tasks.py docs", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
