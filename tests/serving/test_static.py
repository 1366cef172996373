"""The scripts and templates of the app, as text: small, whole, and safe with hostile names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import signdata.serving

ROOM = Path(signdata.serving.__file__).parent
MODULES = sorted((ROOM / "static").glob("*.js"))
TEMPLATES = sorted((ROOM / "templates").glob("*.html"))
TEXT = {path.name: path.read_text(encoding="utf-8") for path in [*MODULES, *TEMPLATES]}
PAGES = [path.stem for path in TEMPLATES if path.stem != "base"]


def loaded(name: str) -> set[str]:
    """A module and all that it imports."""
    found = {name}
    for other in re.findall(r'from "\./([a-z]+\.js)"', TEXT[name]):
        found |= loaded(other)
    return found


def code(text: str) -> list[str]:
    """Lines that are neither empty nor comments."""
    without = re.sub(r"/\*\*?.*?\*/", "", text, flags=re.DOTALL)
    return [line for line in without.splitlines() if line.strip() and line.strip()[:2] != "//"]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_a_script_of_at_most_40_kb(page: str) -> None:
    assert sum(len(TEXT[name].encode()) for name in loaded(f"{page}.js")) <= 40_000


def test_all_modules_are_used_and_short() -> None:
    used = set().union(*(loaded(f"{page}.js") for page in PAGES))
    assert used == {path.name for path in MODULES}
    assert sum(len(code(TEXT[path.name])) for path in MODULES) <= 1_200


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_scripts_are_checked_and_set_names_as_text_only(path: Path) -> None:
    text = TEXT[path.name]
    assert text.startswith("// @ts-check\n")
    banned = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|DOMParser"
    assert not re.search(banned, text)
    links = set(re.findall(r"https?://[^\s\"'`]+", text))
    assert links <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_have_nothing_that_the_policy_forbids(path: Path) -> None:
    text = TEXT[path.name]
    assert not re.search(r"\son[a-z]+=|\sstyle=|<style|javascript:|https?:", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))
    assert not re.search(r"\|\s*safe|autoescape", text)


@pytest.mark.parametrize("page", PAGES)
def test_scripts_find_the_elements_that_they_ask_for(page: str) -> None:
    shown = TEXT["base.html"] + TEXT[f"{page}.html"]
    there = set(re.findall(r'\bid="([a-z-]+)"', shown))
    asked = set(re.findall(r'\bpart\("([a-z-]+)"\)(?!\?)', TEXT[f"{page}.js"]))
    assert asked <= there | ({"with"} if page == "run" else set())
