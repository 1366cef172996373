"""What the object of ``--json`` always holds."""

from __future__ import annotations

from typing import Any

KEYS = ("command", "output", "read", "written", "skipped", "failed", "seconds", "problems")


def check(found: dict[str, Any], command: str, *, one_to_one: bool = True) -> dict[str, Any]:
    """Assert the keys of a command's object and that its counts add up; return it."""
    assert set(KEYS) <= set(found)
    assert found["command"] == command
    assert found["seconds"] >= 0
    for problem in found["problems"]:
        assert sorted(problem) == ["kind", "message", "path", "where"]
        assert all(isinstance(value, str) for value in problem.values())
    if one_to_one:
        assert found["read"] == found["written"] + found["skipped"] + found["failed"]
    return found
