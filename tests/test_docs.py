"""What the documents say is so: commands run, links lead somewhere, nothing is left out."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from signdata.cli.app import COMMANDS
from signdata.formats.registry import FORMATS, Format
from signdata.version import __version__

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
TEXT = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in PAGES}


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiny networks learn faster in one thread than in several that share a busy machine."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT[page], re.MULTILINE | re.DOTALL)


def run(words: list[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300)


def test_the_quickstart_of_the_readme_runs(tmp_path: Path) -> None:
    [quickstart] = [block for block in blocks("README.md", "bash") if "signdata sample" in block]
    lines = [shlex.split(line) for line in quickstart.splitlines()]
    assert [line[1] for line in lines] == [
        "sample",
        "csv-to-folders",
        "split",
        "convert",
        "baseline",
    ]
    for name, *words in lines:
        assert name == "signdata"
        done = run([sys.executable, "-m", "signdata", *words], tmp_path)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "runs" / "asl-signnet-s0" / "best.pt").is_file()


def test_the_four_commands_are_those_of_the_help() -> None:
    help_lines = re.findall(r"signdata .*", blocks("docs/commands.md", "text")[0])
    four = [line.removeprefix("$ ") for line in blocks("README.md", "console")[0].splitlines()]
    assert [line for line in help_lines if line in four] == four


@pytest.mark.parametrize("page", ["README.md", "docs/library.md"])
def test_python_on_a_page_runs_from_top_to_bottom(page: str, tmp_path: Path) -> None:
    code = "\n".join(blocks(page, "python"))
    assert code
    (tmp_path / "page.py").write_text(code, encoding="utf-8")
    done = run([sys.executable, "-W", "error", "page.py"], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_the_recipe_for_random_batches_runs(tmp_path: Path) -> None:
    made = "import signdata\nsigndata.sample('sign-mnist', 'toy', n=240)\n"
    made += "signdata.convert('toy/sign_mnist_train.csv', 'asl.h5')\n"
    code = made + "\n".join(blocks("docs/recipes.md", "python")) + "\nprint(x.shape, y.shape)\n"
    (tmp_path / "page.py").write_text(code, encoding="utf-8")
    done = run([sys.executable, "-W", "error", "page.py"], tmp_path)
    assert (done.stdout, done.stderr) == ("(64, 28, 28) (64,)\n", "")


def test_the_command_reference_is_what_help_says() -> None:
    done = run([sys.executable, "-m", "docs.reference", "--check"], ROOT)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_described(name: str) -> None:
    reference = TEXT["docs/commands.md"]
    section = reference.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    assert f"Usage: signdata {name} " in section
    assert "Example:" in section
    assert f"| `{name} " in TEXT["README.md"]
    assert f"`{name}`" in TEXT["docs/library.md"]


@pytest.mark.parametrize("page", TEXT)
def test_commands_on_pages_are_commands(page: str) -> None:
    for block in [*blocks(page, "console"), *blocks(page, "bash")]:
        typed = re.findall(r"^(?:\$ )?signdata ([a-z][a-z0-9-]*)", block, re.MULTILINE)
        assert set(typed) <= set(COMMANDS)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_its_four_places(name: str) -> None:
    code = (f"signdata/formats/{name}.py", f"signdata/formats/{name}/reader.py")
    assert any((ROOT / place).is_file() for place in code), code
    for place in (f"tests/formats/test_{name}.py", f"docs/formats/{name}.md"):
        assert (ROOT / place).is_file(), place
    page = TEXT[f"docs/formats/{name}.md"]
    for heading in ("## Recognised by", "## Errors", "| preserved | not preserved |"):
        assert heading in page


@pytest.mark.parametrize("made", FORMATS.values(), ids=FORMATS)
def test_the_readme_lists_what_each_format_says_of_itself(made: Format) -> None:
    does = " | ".join("yes" if entry else "" for entry in (made.reader, made.writer))
    row = f"| [`{made.name}`](docs/formats/{made.name}.md) | {made.on_disk} | {does} |"
    assert row.replace("|  |", "| |") in TEXT["README.md"]


def anchors(page: str) -> set[str]:
    """What GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", TEXT[page], re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", TEXT)
def test_links_lead_somewhere(page: str) -> None:
    links = re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", TEXT[page])
    for link in links:
        if re.match(r"https?:", link):
            continue
        place, _, anchor = link.partition("#")
        target = (ROOT / page).parent / place if place else ROOT / page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.resolve().relative_to(ROOT).as_posix()), link


def test_every_page_is_reached_from_the_index() -> None:
    linked = set(re.findall(r"\]\(([\w/.-]+\.md)\)", TEXT["docs/index.md"]))
    pages = {name.removeprefix("docs/") for name in TEXT if name.startswith("docs/")}
    assert pages - {"index.md"} <= linked


def test_the_changelog_knows_this_version() -> None:
    assert f"## [{__version__}]" in TEXT["CHANGELOG.md"]


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4, 5, 130, 143])
def test_exit_codes_are_listed(code: int) -> None:
    for page in ("README.md", "docs/promises.md"):
        assert re.search(rf"^\| (130, )?{code}\b", TEXT[page], re.MULTILINE), page


def test_pictures_on_pages_are_small_files_of_ours_with_a_description() -> None:
    """A picture of a result, never a badge from somewhere else."""
    shown = set()
    for page, text in TEXT.items():
        for description, place in re.findall(r"!\[([^\]]*)\]\(([^)\s]+)\)", text):
            file = ((ROOT / page).parent / place).resolve()
            assert description, place
            assert file.parent == ROOT / "docs" / "images", place
            assert file.stat().st_size < 60_000, place
            shown.add(file)
    assert shown == set((ROOT / "docs" / "images").iterdir())


def test_pages_have_short_lines() -> None:
    for page, text in TEXT.items():
        if page != "docs/commands.md":
            lines = [line for line in text.splitlines() if not line.startswith(("|", "$"))]
            assert max(map(len, lines)) <= 130, page


def test_the_page_of_promises_says_that_all_held() -> None:
    from tests.reliability import page

    assert page.fault_of(TEXT["docs/promises.md"]) == ""
