"""What a Croissant file says of pictures, or of paths of clips, in Parquet files."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from signdata.errors import DatasetError
from signdata.formats.croissant import (
    BOOLEAN,
    FLOAT,
    INTEGER,
    PICTURE,
    TEXT,
    Description,
    Node,
    field,
    file_set,
    of_column,
    patterns_of,
    record_set,
)
from signdata.formats.parquet.files import SUFFIX
from signdata.formats.parquet.library import arrow
from signdata.formats.parquet.reader import ParquetReader
from signdata.formats.parquet.stored_columns import class_names_of, columns_of
from signdata.formats.parquet.stored_files import schema_of

FILES, PICTURES, CLIPS, CLASSES = "files", "pictures", "clips", "classes"
"""Ids of the set of files, of the records in them, and of the class names."""


def describe(root: Path, reader: ParquetReader, base: str) -> Description:
    """The files, a record for each row, and what the numbers of labels mean.

    Raises
    ------
    DatasetError
        If they are Arrow files, which Croissant knows nothing of.
    """
    paths = [PurePosixPath(path.relative_to(root).as_posix()) for path in reader.files]
    if any(path.suffix.lower() != SUFFIX for path in paths):
        raise DatasetError(
            "Arrow files; expected Parquet, which Croissant can describe",
            path=root,
            remedy="Make it with convert --to parquet.",
        )
    schema = schema_of(reader.files[0])
    files = file_set(FILES, patterns_of(paths, root), base)
    first: list[Node] = []
    if reader.kind == "clip":
        names, classes = tuple(schema.names), class_names_of(schema, reader.files[0])
    else:
        columns = columns_of(schema, reader.files[0])
        inside = "bytes" if columns.in_struct else ""
        first = [field(columns.picture, PICTURE, of_column(files, columns.picture, inside))]
        names, classes = (columns.label, *columns.further), columns.classes
    fields = [
        field(name, _type_of(schema.field(name).type), of_column(files, name)) for name in names
    ]
    kind, what = (CLIPS, "clip") if reader.kind == "clip" else (PICTURES, "picture")
    records = [record_set(kind, f"One record a {what}.", [*first, *fields])]
    if classes:
        records.append(_class_names(classes))
    return Description([files], records)


def _type_of(kind: object) -> str:
    types = arrow("pyarrow.types")
    if types.is_boolean(kind):
        return BOOLEAN
    if types.is_integer(kind):
        return INTEGER
    return FLOAT if types.is_floating(kind) else TEXT


def _class_names(classes: tuple[str, ...]) -> Node:
    """Records that are in the Croissant file itself: the number and name of each class."""
    made = record_set(
        CLASSES,
        "What the numbers of labels mean.",
        [
            {"name": "index", "dataType": INTEGER},
            {"name": "name", "dataType": TEXT},
        ],
    )
    data = [
        {f"{CLASSES}/index": number, f"{CLASSES}/name": name} for number, name in enumerate(classes)
    ]
    return {**made, "key": {"@id": f"{CLASSES}/index"}, "data": data}
