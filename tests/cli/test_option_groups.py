"""Commands carry the options of their groups, and no remedy names an option that is not there."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import click
import pytest

import signdata
from signdata import options
from signdata.cli.app import COMMANDS, group
from tests.test_architecture import FILES, IMPORTS

GROUPS = [
    (options.StoreOptions, options.StoreKeywords),
    (options.RowOptions, options.RowKeywords),
    (options.ReadOptions, options.ReadKeywords),
    (options.ClipSelection, options.ClipKeywords),
    (options.PoseOptions, options.PoseKeywords),
    (options.NetworkOptions, options.NetworkKeywords),
    (options.VideoOptions, options.VideoKeywords),
    (options.SizeOptions, options.SizeKeywords),
    (options.EncodingOptions, options.EncodingKeywords),
    (options.WriteOptions, options.WriteKeywords),
    (options.WorkOptions, options.WorkKeywords),
    (options.OutputOptions, options.OutputKeywords),
    (options.RunOptions, options.RunKeywords),
]

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def command_of(name: str) -> click.Command:
    found = group.get_command(click.Context(group), name)
    assert found is not None
    return found


def flags(name: str) -> set[str]:
    command = command_of(name)
    typed = {
        flag
        for param in command.params
        for flag in (*param.opts, *param.secondary_opts)
        if isinstance(param, click.Option)
    }
    return {*typed, "--help", "--debug"}


@pytest.mark.parametrize(("made", "typed"), GROUPS)
def test_a_group_and_its_keywords_are_the_same(made: Any, typed: Any) -> None:
    assert {one.name for one in fields(made)} == set(get_type_hints(typed))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_carries_the_options_of_its_groups(name: str) -> None:
    function = getattr(signdata, name.replace("-", "_"))
    keywords = set(inspect.signature(function).parameters)
    known = {param.name for param in command_of(name).params} | {"progress"}
    for made, _ in GROUPS:
        names = {one.name for one in fields(made)}
        if names <= keywords:
            assert names <= known


def test_a_misspelt_keyword_is_refused_with_the_near_one() -> None:
    with pytest.raises(
        TypeError, match=r"unexpected keyword argument 'overwritte'\. Did you mean 'overwrite'"
    ):
        signdata.convert("a", "b", overwritte=True)


READING = [
    "convert",
    "folders-to-csv",
    "split",
    "audit",
    "info",
    "verify",
    "baseline",
    "augment",
    "evaluate",
]


@pytest.mark.parametrize("name", READING)
def test_every_command_that_reads_has_every_reading_option(name: str) -> None:
    wanted = {"--from", "--split", "--labels", "--csv-size", "--no-header"}
    assert wanted | {"--videos", "--follow-symlinks"} <= flags(name)


def reached(name: str) -> set[str]:
    """Modules that a command's code can come to."""
    waiting = [signdata._PUBLIC[name.replace("-", "_")]]
    found: set[str] = set()
    while waiting:
        module = waiting.pop()
        if module not in found and module in FILES:
            found.add(module)
            waiting += IMPORTS[module]
    return found


def strings(node: ast.AST) -> list[tuple[int, str]]:
    return [
        (one.lineno, one.value)
        for one in ast.walk(node)
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    ]


def remedies(path: Path) -> list[tuple[int, str]]:
    """Everything that a module tells people to do: what is given or called a remedy."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.keyword) and (node.arg or "").endswith("remedy"):
            found += strings(node.value)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any("remedy" in ast.unparse(target).lower() for target in targets):
                found += strings(node.value)
        elif isinstance(node, ast.FunctionDef) and "remedy" in node.name:
            found += strings(node)
    return found


def named_options(text: str) -> list[tuple[str, str]]:
    """Each option in a remedy, with the command that it is said to be of, or ''."""
    found = []
    command = ""
    for word in re.findall(r"(?<![\w-])--[a-z][a-z-]+|[\w-]+", text):
        if word in COMMANDS:
            command = word
        elif word.startswith("--"):
            found.append((command, word))
    return found


WRITE_NOTHING = {"info", "verify", "diff", "serve"}
"""Commands that never ask what is under the name of an output."""

NO_LIMIT = {"diff", "replay", "croissant"}
"""Commands that decode nothing, or call others with the limit that was recorded."""

KNOWN_FORMAT = {"csv-to-folders", "trim", "sample", "predict"}
"""Commands that read one format, or none: they never ask which one is meant."""


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "demo"])
def test_a_remedy_names_only_options_that_are_there(name: str) -> None:
    missing = [
        f"{module}:{line}: {option} in {text!r}"
        for module in sorted(reached(name))
        for line, text in remedies(FILES[module])
        for command, option in named_options(text)
        if option not in flags(command or name)
        and not (option == "--from" and name in KNOWN_FORMAT)
        and not (option == "--overwrite" and name in WRITE_NOTHING)
        and not (option == "--max-pixels" and name in NO_LIMIT)
        and not (option == "--allow-skew" and "--cluster" not in flags(name))
    ]
    assert not missing, "\n".join(missing)
