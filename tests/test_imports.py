"""Starting is light, and the command line and the library offer the same things."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import click
import pytest

import signdata
from signdata.cli.app import COMMANDS, group

HEAVY = {"numpy", "cv2", "pandas", "av", "h5py", "torch", "PIL", "sklearn", "simplejpeg", "tqdm"}
HEAVY |= {"fsspec", "s3fs", "obstore", "aiohttp", "dask", "distributed", "ray"}

SHOWN = {"as_json", "quiet", "help", "onnx"}
"""Options about what is shown; the library shows nothing. And the name of the only format."""

WORDS = {"sample": ["wlasl", "b"], "demo": ["b"]}
"""What is typed after a command; two paths, usually."""

IN_ONE = {"audit", "augment", "verify"}
"""Commands whose paths are one argument, so that several may make one dataset: train=A test=B."""

NOT_TYPED = {"progress", "say"}
"""Keywords that take a function."""


@pytest.mark.parametrize(
    "code",
    [
        "import signdata",
        "from signdata.cli.errors import main; main(['--help'])",
        "from signdata.cli.errors import main; main(['convert', '--help'])",
        "from signdata.cli.errors import main; main(['--version'])",
    ],
)
def test_starting_imports_nothing_heavy(code: str) -> None:
    told = "import atexit, sys; atexit.register(lambda: print('MODULES', *sys.modules))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{told}; {code}"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.rpartition("MODULES ")[2].split())
    assert "signdata" in loaded
    assert not loaded & HEAVY


def test_help_imports_no_options() -> None:
    """They alone would take half of the time that it needs."""
    code = "import sys; from signdata.cli.errors import main\ntry: main(['--help'])\nfinally: "
    code += "print('MODULES', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    loaded = set(done.stdout.rpartition("MODULES ")[2].split())
    assert "signdata.cli.app" in loaded
    assert not loaded & {"signdata.options", "signdata.formats", "msgspec"}


def test_a_run_on_one_machine_imports_nothing_of_a_cluster(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("label,pixel1\n0,7\n1,8\n")
    code = (
        "import signdata, sys; "
        f"signdata.csv_to_folders({str(tmp_path / 'a.csv')!r}, {str(tmp_path / 'out')!r}); "
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert "signdata.conversion.pipeline" in loaded
    clusters = {"signdata.workers.bundles", "signdata.workers.node", "signdata.media.canary"}
    assert not loaded & {"dask", "distributed", "ray", *clusters}


def commands() -> list[str]:
    return group.list_commands(click.Context(group))


def test_every_command_is_listed_and_found() -> None:
    assert commands() == list(COMMANDS)
    assert len(commands()) >= 10


@pytest.mark.parametrize("name", commands())
def test_a_command_is_a_function_with_the_same_keywords(name: str) -> None:
    command = group.get_command(click.Context(group), name)
    assert command is not None
    assert command.name == name
    function = getattr(signdata, name.replace("-", "_"))
    typed = {
        str(param.name): param
        for param in command.params
        if param.name not in SHOWN and param.expose_value
    }
    parameters = inspect.signature(function).parameters
    keywords = {
        key: parameter
        for key, parameter in parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and key not in NOT_TYPED
    }
    options = {key for key, param in typed.items() if isinstance(param, click.Option)}
    assert options == set(keywords)
    arguments = [key for key, param in typed.items() if isinstance(param, click.Argument)]
    if name in IN_ONE:
        assert arguments == ["words"]
    else:
        assert arguments == [key for key in parameters if key not in {*keywords, *NOT_TYPED}]


@pytest.mark.parametrize("name", commands())
def test_defaults_are_the_same(name: str) -> None:
    command = group.get_command(click.Context(group), name)
    assert command is not None
    parsed = command.make_context(name, WORDS.get(name, ["a", "b"])).params
    parameters = inspect.signature(getattr(signdata, name.replace("-", "_"))).parameters
    for param in command.params:
        if not isinstance(param, click.Option) or param.name in SHOWN or not param.expose_value:
            continue
        default = parsed[param.name]
        expected = parameters[str(param.name)].default
        if param.name == "frames" and default == "all":
            default = None
        assert (default or None) == (expected or None), f"--{param.name}"


@pytest.mark.parametrize("name", commands())
def test_the_docstring_names_every_keyword(name: str) -> None:
    function = getattr(signdata, name.replace("-", "_"))
    for keyword in inspect.signature(function).parameters:
        assert keyword in function.__doc__, keyword
