"""Keyword groups: each keyword that commands share is named, typed, defaulted and explained once.

A group is a frozen dataclass, and a ``TypedDict`` of the same names for the signatures::

    @command(ReadOptions, RunOptions)
    def count(src: PathLike, **shared: Unpack[CountKeywords]) -> Result:
        read = ReadOptions.taken_from(shared)

`command` spells the keywords out for ``help()`` and `inspect.signature`, and refuses a misspelt
one. The command line makes its options from the same groups (`signdata.cli.options`).
"""

from __future__ import annotations

from signdata.options.arguments import (
    PathLike,
    in_datasets,
    named_split,
    next_command,
    one_group,
    paths,
)
from signdata.options.clips import ClipKeywords, ClipSelection, PoseKeywords, PoseOptions
from signdata.options.command import command
from signdata.options.group import Group, keyword
from signdata.options.reading import (
    LimitKeywords,
    LimitOptions,
    ReadKeywords,
    ReadOptions,
    RowKeywords,
    RowOptions,
    StoreKeywords,
    StoreOptions,
    VideoKeywords,
    VideoOptions,
    record_corrections,
)
from signdata.options.records import same_options
from signdata.options.running import (
    SKIP,
    STOP,
    NetworkKeywords,
    NetworkOptions,
    OutputKeywords,
    OutputOptions,
    ProgressCallback,
    RunKeywords,
    RunOptions,
    WorkKeywords,
    WorkOptions,
    callback,
)
from signdata.options.writing import (
    EncodingKeywords,
    EncodingOptions,
    SizeKeywords,
    SizeOptions,
    TableKeywords,
    TableOptions,
    WriteKeywords,
    WriteOptions,
)

__all__ = [
    "SKIP",
    "STOP",
    "ClipKeywords",
    "ClipSelection",
    "EncodingKeywords",
    "EncodingOptions",
    "Group",
    "LimitKeywords",
    "LimitOptions",
    "NetworkKeywords",
    "NetworkOptions",
    "OutputKeywords",
    "OutputOptions",
    "PathLike",
    "PoseKeywords",
    "PoseOptions",
    "ProgressCallback",
    "ReadKeywords",
    "ReadOptions",
    "RowKeywords",
    "RowOptions",
    "RunKeywords",
    "RunOptions",
    "SizeKeywords",
    "SizeOptions",
    "StoreKeywords",
    "StoreOptions",
    "TableKeywords",
    "TableOptions",
    "VideoKeywords",
    "VideoOptions",
    "WorkKeywords",
    "WorkOptions",
    "WriteKeywords",
    "WriteOptions",
    "callback",
    "command",
    "in_datasets",
    "keyword",
    "named_split",
    "next_command",
    "one_group",
    "paths",
    "record_corrections",
    "same_options",
]
