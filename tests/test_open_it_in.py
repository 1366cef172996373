"""docs/open-it-in.md: every call on the page prints what the page says, where its library is."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import re
import shlex
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from signdata.cli import errors

PAGE = Path(__file__).parents[1] / "docs" / "open-it-in.md"
NOT_RUN = "*Not run by the tests"
HERE = (
    *("PyTorch", "NumPy and scikit-learn", "Keras", "Hugging Face datasets", "pandas", "polars"),
    *("webdataset", "PyTables"),
)
THERE = ("torchvision", "Keras, from folders", "Ultralytics", "Datumaro", "FiftyOne", "Clips")


@dataclass(frozen=True)
class Call:
    """A block of Python on the page, and what it prints; None where it is not run."""

    section: str
    code: str
    printed: str | None

    @property
    def libraries(self) -> list[str]:
        """What it needs besides the package."""
        found = re.findall(r"^(?:import|from) (\w+)", self.code, re.MULTILINE)
        return [name for name in found if name != "signdata"]


def calls() -> list[Call]:
    """All blocks of Python, in order."""
    found = []
    for part in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        section, _, text = part.partition("\n")
        blocks = re.findall(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", text, re.DOTALL)
        run = NOT_RUN not in text
        found += [Call(section, code, printed if run else None) for code, printed in blocks]
    return found


RUN = [call for call in calls() if call.printed is not None]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where the page's commands have been run."""
    folder = tmp_path_factory.mktemp("opened")
    [commands] = re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    with contextlib.chdir(folder):
        for line in commands.splitlines():
            _, *words = shlex.split(line.removeprefix("$ "))
            extra = [] if words[0] == "sample" else ["-j", "1"]
            with contextlib.redirect_stdout(io.StringIO()), pytest.raises(SystemExit) as ended:
                errors.main([*words, *extra])
            assert ended.value.code == 0, line
    return folder


def test_every_call_is_run_or_marked() -> None:
    assert {call.section for call in RUN} == set(HERE)
    assert {call.section for call in calls() if call.printed is None} == set(THERE)
    assert all(call.printed for call in RUN)


@pytest.mark.parametrize("call", RUN, ids=lambda call: call.section)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_page_says_what_is_printed(
    call: Call,
    prepared: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    for name in call.libraries:
        if find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    if "datasets" in call.libraries:
        import datasets

        datasets.disable_progress_bars()
        monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.chdir(prepared)
    before = sorted(os.listdir(prepared))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # of files that libraries leave open
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)  # Keras's
        exec(compile(call.code, call.section, "exec"), {})
        gc.collect()
    assert capsys.readouterr().out == call.printed
    assert sorted(os.listdir(prepared)) == before
