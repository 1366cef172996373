"""What the schema of a file says: which column has pictures, which labels, what they mean.

Files that Hugging Face's library writes say it themselves (the key ``huggingface`` of the schema);
in others it is told by types and names.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from signdata.errors import FormatError, UsageError
from signdata.formats.parquet.library import arrow
from signdata.formats.table_columns import LABELS

HUGGING_FACE = b"huggingface"
OWN = b"signdata"
"""Keys of a schema: what Hugging Face's library knows of its columns, and what we know."""

PICTURE, PATH, LABEL = "image", "path", "label"
"""The columns of pictures, of paths of clips and of labels in files that we write."""

PICTURES = (
    "image",
    "img",
    "picture",
    "photo",
    "frame",
    "image_bytes",
    "bytes",
    "data",
    "content",
    "jpg",
    "jpeg",
    "png",
)
"""Names of columns of plain bytes that are pictures."""

_LABELS = (*LABELS, "labels", "y")


@dataclass(frozen=True)
class StoredColumns:
    """The columns of a file of pictures.

    Attributes
    ----------
    picture : str
        The column of pictures.
    in_struct : bool
        Whether its values are ``{bytes, path}``, as Hugging Face's library stores them.
    label : str
        The column of labels.
    classes : tuple of str
        What the integers in it mean; () where it holds the labels themselves.
    further : tuple of str
        Columns of single values that are kept.
    left_out : tuple of str
        Columns of anything else, which are not read.
    split : str or None
        The split that the file says it holds; None where it does not say.
    """

    picture: str
    in_struct: bool
    label: str
    classes: tuple[str, ...]
    further: tuple[str, ...]
    left_out: tuple[str, ...]
    split: str | None = None


def columns_of(
    schema: Any, path: Path, images: str | None = None, targets: str | None = None
) -> StoredColumns:
    """Which columns of a file hold what.

    Parameters
    ----------
    schema : pyarrow.Schema
        Of the file.
    path : Path
        What errors name.
    images, targets : str, optional
        The columns of pictures and of labels, as the user said.

    Raises
    ------
    FormatError
        If there is none, or two could be meant.
    UsageError
        If a column that the user named is not there.
    """
    for option, name in (("--images", images), ("--targets", targets)):
        if name is not None and name not in schema.names:
            raise UsageError(
                f"{option} {name}; expected one of {', '.join(schema.names)}", path=path
            )
    features = features_of(schema, path)
    picture = images or _one(picture_columns(schema, features), "pictures", "--images", path)
    if not _holds_bytes(schema.field(picture).type):
        raise FormatError(
            f"a column of {schema.field(picture).type}; expected pictures as bytes",
            path=path,
            where=f"column {picture}",
        )
    label = targets or _one(_label_columns(schema, features), "labels", "--targets", path)
    _refuse_several_labels(schema.field(label).type, label, path)
    rest = [one for one in schema if one.name not in (picture, label)]
    kept = tuple(one.name for one in rest if _is_single(one.type))
    return StoredColumns(
        picture,
        arrow("pyarrow.types").is_struct(schema.field(picture).type),
        label,
        _class_names(features.get(label), label, path),
        kept,
        tuple(one.name for one in rest if one.name not in kept),
        _own_split(schema, path),
    )


def features_of(schema: Any, path: Path) -> dict[str, dict[str, Any]]:
    """What Hugging Face's library wrote of the columns; {} in files of others."""
    info = _said(schema, HUGGING_FACE, path).get("info")
    features = info.get("features") if isinstance(info, dict) else None
    if not isinstance(features, dict):
        return {}
    return {name: one for name, one in features.items() if isinstance(one, dict)}


def class_names_of(schema: Any, path: Path) -> tuple[str, ...]:
    """What the labels mean in a file that we wrote."""
    return _class_names(features_of(schema, path).get(LABEL), LABEL, path)


def _said(schema: Any, key: bytes, path: Path) -> dict[str, Any]:
    data = (schema.metadata or {}).get(key)
    if data is None:
        return {}
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as err:
        raise FormatError(
            f"not a JSON object ({err})", path=path, where=f"metadata {key.decode()}"
        ) from err


def _own_split(schema: Any, path: Path) -> str | None:
    split = _said(schema, OWN, path).get("split")
    return split if isinstance(split, str) else None


def picture_columns(schema: Any, features: dict[str, dict[str, Any]]) -> list[str]:
    """The columns that hold pictures; a file without one is a table of something else."""
    declared = [
        one.name
        for one in schema
        if features.get(one.name, {}).get("_type") == "Image" and _holds_bytes(one.type)
    ]
    if declared:
        return declared
    untold = [one for one in schema if "_type" not in features.get(one.name, {})]
    is_struct = arrow("pyarrow.types").is_struct
    structs = [one.name for one in untold if is_struct(one.type) and _holds_bytes(one.type)]
    named = [
        one.name for one in untold if _is_binary(one.type) and one.name.strip().lower() in PICTURES
    ]
    return structs or named


def _label_columns(schema: Any, features: dict[str, dict[str, Any]]) -> list[str]:
    declared = [
        name for name in schema.names if features.get(name, {}).get("_type") == "ClassLabel"
    ]
    if len(declared) == 1:
        return declared
    named = [name for name in declared or schema.names if name.strip().lower() in _LABELS]
    return named or declared


def _one(found: list[str], what: str, option: str, path: Path) -> str:
    if len(found) > 1:
        raise FormatError(
            f"{len(found)} readings: {what} in column {' or '.join(found)}",
            path=path,
            remedy=f"Say which with {option} {found[0]}.",
        )
    if not found:
        raise FormatError(
            f"no column of {what}", path=path, remedy=f"Say which it is with {option} NAME."
        )
    return found[0]


def _refuse_several_labels(kind: Any, label: str, path: Path) -> None:
    if not _is_single(kind):
        raise FormatError(
            f"a column of {kind}; expected one label a picture", path=path, where=f"column {label}"
        )


def _class_names(feature: dict[str, Any] | None, label: str, path: Path) -> tuple[str, ...]:
    if not feature or feature.get("_type") != "ClassLabel":
        return ()
    names = feature.get("names")
    where = f"column {label}"
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
        raise FormatError("class names that are no list of text", path=path, where=where)
    if len(set(names)) < len(names):
        raise FormatError("a class name that appears twice", path=path, where=where)
    return tuple(names)


def _holds_bytes(kind: Any) -> bool:
    if arrow("pyarrow.types").is_struct(kind):
        return any(one.name == "bytes" and _is_binary(one.type) for one in kind)
    return _is_binary(kind)


def _is_binary(kind: Any) -> bool:
    types = arrow("pyarrow.types")
    return bool(
        types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind)
    )


def _is_single(kind: Any) -> bool:
    """Whether a column holds one text, number or date in each row."""
    types = arrow("pyarrow.types")
    if types.is_dictionary(kind):
        kind = kind.value_type
    return not (types.is_nested(kind) or _is_binary(kind) or types.is_null(kind))
