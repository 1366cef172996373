"""How a dataset or a run was made: its record, as a page tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from signdata.pages.names import Names
from signdata.pages.runs import RunFacts


@dataclass(frozen=True)
class Made:
    """How something was made: the command, its options, what it read."""

    what: str
    command: str
    options: tuple[tuple[str, str], ...]
    sources: tuple[tuple[str, str], ...]
    version: str = ""


def made(what: str, document: Mapping[str, Any], names: Names) -> Made:
    """A record (``signdata.json``), as a page tells it."""
    options = document.get("options")
    told = [
        (str(name), _told(value))
        for name, value in (options.items() if isinstance(options, dict) else ())
        if value not in (None, False, [], "", {})
    ]
    if "seed" in document:
        told.append(("seed", _told(document["seed"])))
    return Made(
        what,
        str(document.get("command", "")),
        tuple((name, names.text(value) or "(not shown)") for name, value in told),
        tuple(named_sources(document.get("sources"), names)),
        str(document.get("signdata", "")),
    )


def run_made(run: RunFacts, names: Names) -> Made:
    """How a run was made."""
    document: dict[str, Any] = {
        "command": run.command,
        "options": run.options,
        "sources": run.sources,
    }
    if run.about.seed is not None:
        document["seed"] = run.about.seed
    version = run.about.versions.get("signdata", "")
    return made(run.name, {**document, "signdata": version}, names)


def named_sources(value: Any, names: Names) -> list[tuple[str, str]]:
    """Name and digest of each source: no path of this machine."""
    rows = [one for one in value if isinstance(one, Mapping)] if isinstance(value, Sequence) else []
    return [
        (
            names.text(str(row.get("name", "")).replace("\\", "/").rpartition("/")[2])
            or "(not shown)",
            str(row.get("sha256", "")),
        )
        for row in rows
    ]


def _told(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_told, value))
    return str(value)
