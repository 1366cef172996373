"""What is sent, as types: checked on the way in, and shown in openapi.json."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from signdata.serving.queries import Number, Page

Text = Annotated[str, msgspec.Meta(max_length=1000)]
Note = Annotated[str, msgspec.Meta(max_length=4000)]


class SheetQuery(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which thumbnails: those of a page of samples, or those with these numbers.

    Attributes
    ----------
    side : int
        Width and height of a thumbnail; pictures up to 64 pixels keep their own size.
    numbers : str
        Numbers of samples, with commas between them, instead of a filter.
    v : str
        The `version`: with it the answer may be kept.
    """

    side: Annotated[int, msgspec.Meta(ge=16, le=256)] = 64
    numbers: Annotated[str, msgspec.Meta(max_length=4000)] = ""
    v: Text = ""


class PictureQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How large a picture is sent: no side longer than `size`, never enlarged."""

    size: Annotated[int, msgspec.Meta(ge=16, le=2048)] = 512
    v: Text = ""


class StripQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How large each frame of a strip is."""

    size: Annotated[int, msgspec.Meta(ge=16, le=512)] = 96
    v: Text = ""


class FilmQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which frames of a clip, and how large each is."""

    from_: Number = msgspec.field(default=0, name="from")
    n: Annotated[int, msgspec.Meta(ge=1, le=64)] = 32
    size: Annotated[int, msgspec.Meta(ge=16, le=512)] = 256
    v: Text = ""


class FileQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing but the version."""

    v: Text = ""


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


class PairsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which pairs.

    Attributes
    ----------
    kind : str
    marked : {'show', 'hide'}
        Whether pairs of which a sample has a mark are shown.
    """

    kind: Literal["leak", "near", "duplicate", "conflict"] = "leak"
    marked: Literal["show", "hide"] = "show"
    from_: Number = msgspec.field(default=0, name="from")
    n: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


class GroupsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which clusters of near-duplicates, the largest first; up to `members` samples of each."""

    from_: Number = msgspec.field(default=0, name="from")
    n: Annotated[int, msgspec.Meta(ge=1, le=50)] = 20
    members: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


class ConfusionQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of which split; by default ``test`` where there is one."""

    split: Text | None = None


class PredictQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the answer is given.

    Attributes
    ----------
    top : int
        How many of the likeliest classes.
    saw : {0, 1}
        Whether the answer has what the network saw, as a ``data:`` link.
    ring : str
        A name for a sequence of pictures, such as those of a camera: a network for clips reads
        the last pictures of it together.
    """

    top: Annotated[int, msgspec.Meta(ge=1, le=100)] = 5
    saw: Annotated[int, msgspec.Meta(ge=0, le=1)] = 0
    ring: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9]{0,32}$")] = ""


class MarkBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mark: what is to be done with a sample, and the label that it had when it was seen."""

    id: Text
    was: Text
    action: Literal["exclude", "relabel", "group", "keep"]
    label: Text = ""
    group: Text = ""
    note: Note = ""
