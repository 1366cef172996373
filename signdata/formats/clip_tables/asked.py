"""What a command was asked for, as far as it is about tables of clips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from signdata.errors import MissingError, UsageError
from signdata.formats.clip_choice import JSON_FPS, Choice
from signdata.formats.clip_tables.files import ClipFiles
from signdata.formats.clip_tables.rows import ClipTable
from signdata.formats.reader import OpenOptions


def files_of(tables: Sequence[ClipTable], options: OpenOptions) -> dict[Path, ClipFiles]:
    """The videos of each table: in the folder that was named, else where they usually are.

    Raises
    ------
    MissingError
        If there is no such folder.
    UsageError
        If two are named.
    """
    read = options.read
    if read.root is not None and read.videos is not None:
        raise UsageError("--root and --videos both say where the videos are; expected one")
    named = read.root if read.root is not None else read.videos
    if named is not None and not Path(named).is_dir():
        raise MissingError("no such folder of videos", path=Path(named))
    return {
        table.path: ClipFiles(table.folders if named is None else (Path(named),))
        for table in tables
    }


def choice_of(options: OpenOptions) -> Choice:
    """What is chosen of a table; `UsageError` for what only a WLASL index has."""
    choice = options.choice or Choice()
    if choice.subset is not None or choice.json_fps != JSON_FPS[0]:
        raise UsageError("--subset and --json-fps go with a WLASL JSON, not with a table")
    choice.check_poses()
    return choice
