"""docs/adding-a-format.md, followed to the letter."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from signdata.formats import registry
from signdata.formats.registry import Format

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-format.md"


@pytest.fixture
def hex_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The module of the page on the path, its entry in the registry."""
    module, entry = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    code = tmp_path / "code"
    code.mkdir()
    (code / "hex_pictures.py").write_text(module)
    monkeypatch.syspath_prepend(str(code))
    made = eval(entry, {"Format": Format})
    monkeypatch.setitem(registry.FORMATS, made.name, made)
    yield
    sys.modules.pop("hex_pictures", None)


@pytest.mark.usefixtures("hex_format")
def test_there_and_back_through_the_commands(
    tmp_path: Path, make_csv: Callable[..., Path], main: Callable[..., Any]
) -> None:
    source, out = make_csv(), tmp_path / "some.hex"
    ran = main("convert", source, out, "-j1")
    assert ran.returncode == 0, ran.stderr
    assert "not preserved: ids and splits in the file itself" in ran.stderr
    first = out.read_text().splitlines()[0].split(" ")
    assert first[0] in "ABCDEFGHIKLMNOPQRSTUVWXY"
    assert {path.name for path in tmp_path.glob("some.hex*")} == {
        "some.hex",
        "some.hex.manifest.csv",
        "some.hex.problems.csv",
        "some.hex.signdata.json",
    }
    assert main("convert", source, out, "-j1").stdout.count("complete already") == 1
    assert main("verify", out, source).returncode == 0
    found = json.loads(main("info", out, "--json").stdout)
    assert found["format"] == "hex"
    back = main("convert", out, tmp_path / "tree", "--from", "hex", "--to", "folders", "-j1")
    assert back.returncode == 0, back.stderr
    assert main("verify", tmp_path / "tree", source).returncode == 0


@pytest.mark.usefixtures("hex_format")
def test_what_is_wrong_is_said_as_everywhere(tmp_path: Path, main: Callable[..., Any]) -> None:
    bad = tmp_path / "bad.hex"
    bad.write_text("A 2 00ff\nB 3 00ff\n")
    ran = main("info", bad)
    assert ran.returncode == 4
    assert f"{bad}:line 2: not a picture" in ran.stderr
    bad.write_text("A 2 00ff\n")
    into = main("convert", bad, tmp_path / "out.csv", "--to", "hex")
    assert (into.returncode, "ends in .hex" in into.stderr) == (2, True)


def test_it_is_gone_without_its_entry(tmp_path: Path, main: Callable[..., Any]) -> None:
    (tmp_path / "a.hex").write_text("A 2 00ff\n")
    assert main("info", tmp_path / "a.hex").returncode == 4
    assert main("info", tmp_path / "a.hex", "--from", "hex").returncode == 2
