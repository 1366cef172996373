"""CSV files as a source: one, several, or a folder of them."""

from __future__ import annotations

from pathlib import Path

from signdata import safe_names
from signdata.formats.compressed import suffix_of
from signdata.formats.place import Place
from signdata.formats.table_columns import is_table


def csv_files(path: Path) -> list[Path]:
    """CSV files directly in a directory, without those that describe a dataset."""
    return sorted(
        file
        for file in path.iterdir()
        if _is_csv(file)
        and not safe_names.is_junk(file.name)
        and not file.name.endswith(("manifest.csv", "problems.csv"))
        and not is_table(file)
    )


def is_pixel_csv(path: Path) -> bool:
    """Whether a file is named like a CSV, and is no table of files."""
    return _is_csv(path) and not is_table(path)


def _is_csv(path: Path) -> bool:
    return suffix_of(path) == ".csv"


def recognises(place: Place) -> str:
    """An example of what makes a place this format, or ''."""
    if not place.is_dir:
        return place.path.name if is_pixel_csv(place.path) else ""
    if place.tree.class_dirs:
        return ""
    return next((file.name for file in csv_files(place.path)), "")
