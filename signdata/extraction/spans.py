"""The columns of a clip that say where in its file it is, once it is a file of its own."""

from __future__ import annotations

from collections.abc import Mapping

from signdata.formats.clip_tables.header import SPAN_COLUMNS

WHOLE = ("1", "-1")
"""Where a clip begins and ends in a file that holds nothing else."""

SOURCE = "source_"
"""What stands before a column that tells of the file that a clip was cut out of."""


def cut_out(columns: Mapping[str, str]) -> dict[str, str]:
    """The columns of a clip that is a file, or a folder of frames, of its own."""
    meta = dict(columns)
    if {"frame_start", "frame_end", "site"} <= meta.keys():  # an instance of WLASL
        was_cut = "source_frame_start" in meta and (meta["frame_start"], meta["frame_end"]) == WHOLE
        if not was_cut:
            meta["source_frame_start"] = meta["frame_start"]
            meta["source_frame_end"] = meta["frame_end"]
        meta["frame_start"], meta["frame_end"] = WHOLE
        return meta
    for column in SPAN_COLUMNS:
        if column in meta:
            meta[f"{SOURCE}{column}"] = meta.pop(column)
    return meta
