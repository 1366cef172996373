"""Tables next to pictures, as Hugging Face's `imagefolder` reads them: one, or one a split."""

from __future__ import annotations

import csv
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from signdata import sidecars
from signdata.filesystem import write_file
from signdata.formats.writer import OutputSummary

METADATA = "metadata.csv"


def write_metadata(tree: Path, finished: OutputSummary) -> None:
    """Write ``metadata.csv`` at the root, or into every split folder: ``file_name,label,...``."""
    own = {"path", "label", "split", *sidecars.OWN_COLUMNS}
    columns = [name for name in finished.columns if name not in own]
    with ExitStack() as stack:
        tables: dict[str, Any] = {}
        for row in finished.rows():
            folder = row["split"]
            if folder not in tables:
                path = tree / folder / METADATA
                write_file(path, b"")
                file = stack.enter_context(path.open("w", encoding="utf-8", newline=""))
                tables[folder] = csv.writer(file, lineterminator="\n")
                tables[folder].writerow(["file_name", "label", *columns])
            name = row["path"].removeprefix(f"{folder}/") if folder else row["path"]
            cells = (row.get(column, "") for column in columns)
            tables[folder].writerow([name, row["label"], *cells])
