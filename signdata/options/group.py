"""What keyword groups are made of."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import Field, field, fields
from typing import Any, ClassVar, Self


def keyword(default: Any, help: str, flag: str = "") -> Any:
    """A keyword of a group: its default, its explanation, and its option if that differs."""
    return field(default=default, metadata={"help": help, "flag": flag})


class Group:
    """What all keyword groups can do.

    Attributes
    ----------
    title : str
        What the help of a command shows the group's options under.
    """

    title: ClassVar[str]

    @classmethod
    def keywords(cls) -> dict[str, Field[Any]]:
        """The fields by name."""
        return {one.name: one for one in fields(cls)}  # type: ignore[arg-type]  # groups are dataclasses

    @classmethod
    def title_of(cls, name: str) -> str:
        """The title of the group that defines a field, which may be a base of this one."""
        owner = next(one for one in cls.__mro__ if name in inspect.get_annotations(one))
        title: str = owner.title  # type: ignore[attr-defined]  # fields are in groups only
        return title

    @classmethod
    def taken_from(cls, keywords: Mapping[str, Any]) -> Self:
        """The group's part of the keywords of a call."""
        return cls(**{name: keywords[name] for name in cls.keywords() if name in keywords})
