"""Writes the pages that the program itself knows best: ``python -m docs.reference [--check]``.

`commands.md` comes from the commands' own help, `http-api.md` from the table of routes that
``signdata serve`` answers by.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from signdata.cli.app import group
from signdata.serving.openapi import document
from signdata.serving.queries import Filter

FOLDER = Path(__file__).parent

HEAD = """# Commands

What `signdata COMMAND --help` prints, for every command. `python -m signdata` is the same.
Exit codes, and what `--on-error`, `--overwrite` and a repeated command do, are in
[promises](promises.md); each command is also a [function](library.md).
"""

FILTER = frozenset(Filter.__struct_fields__)
"""Parameters that choose samples, the same wherever samples are asked for."""

API_HEAD = """# HTTP API of `signdata serve`

Everything that the pages of `signdata serve` show can be asked for by a program, with the token of
the link that it prints:

```sh
curl -H "Authorization: Bearer $TOKEN" "http://127.0.0.1:$PORT/api/samples?label=A&split=test&n=5"
curl -H "Authorization: Bearer $TOKEN" -H 'Content-Type: video/mp4' --data-binary @clip.mp4 \\
  "http://127.0.0.1:$PORT/api/predict?top=3"
```

- `/openapi.json` describes every answer.
- *The filter* chooses samples, wherever the table names it.
- A parameter that takes several values is repeated: `label=A&label=B` is either,
  `label=A&split=test` is both.
- Samples are named by their number in the dataset, from 0. Numbers hold while the server runs;
  marks are kept by id.
- A filter that is given to `/api/samples.csv` answers with all of its samples as a table.
- An error is `{{"error": {{"what", "where", "remedy"}}}}`: 401 without the token, 403 from another
  page, 404 for what is not there, 409 for what has changed since it was seen, 413 and 415 for
  bodies that are too large or of another type, 421 for another host name, 422 for what cannot be
  understood or read, 429 for too much at a time, 507 if a mark cannot be saved.
- Pictures asked for with `v=`, the `version` of the answers, may be kept by a browser; others may
  not.

| ask | answer | parameters |
|---|---|---|
| *the filter* | Which samples. | {filter} |
"""


def commands() -> str:
    """The page of the commands."""
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


def http_api() -> str:
    """The page of the HTTP API."""
    rows = []
    for path, some in document()["paths"].items():
        for method, one in some.items():
            given = {each["name"]: each for each in one["parameters"] if each["in"] == "query"}
            filters = set(given) >= FILTER
            own = [_parameter(x) for name, x in given.items() if not filters or name not in FILTER]
            taken = ", ".join(["*the filter*"] * filters + own)
            rows.append(f"| {method.upper()} `{path}` | {one['summary']}{_answer(one)} | {taken} |")
    fields = [_parameter(each) for each in _filter() if each["name"] in FILTER]
    return f"{API_HEAD.format(filter=', '.join(fields))}{chr(10).join(rows)}\n"


def _filter() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document()["paths"]["/api/facets"]["get"]["parameters"]
    return found


def _parameter(one: dict[str, Any]) -> str:
    schema, default = one["schema"], one["schema"].get("default")
    words = schema.get("enum") or schema.get("items", {}).get("enum") or []
    text = f"`{one['name']}`"
    if words and len(words) <= 6:
        text += f" ({', '.join(map(str, words))})"
    return text if default in (None, "", (), 0) else f"{text} = {default}"


def _answer(one: dict[str, Any]) -> str:
    [kind] = one["responses"]["200"]["content"]
    return "" if kind == "application/json" else f" ({kind})"


PAGES = {"commands.md": commands, "http-api.md": http_api}


def main(args: list[str]) -> int:
    if args not in ([], ["--check"]):
        print("usage: python -m docs.reference [--check]", file=sys.stderr)
        return 2
    for name, page in PAGES.items():
        place = FOLDER / name
        if not args:
            place.write_text(page(), encoding="utf-8", newline="\n")
        elif not place.is_file() or place.read_text(encoding="utf-8") != page():
            print(f"{name} is not what signdata says: python3 tasks.py docs", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
