"""The `augment` command: variants of every picture, as ImageMagick would make them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signdata.augmentation import boxes, picture_sizes
from signdata.augmentation.annotations import BOX, AnnotatedReader, Description
from signdata.augmentation.boxes import Box
from signdata.augmentation.variants import COLUMNS, Counted, Variants
from signdata.errors import DatasetError, UsageError, one_line
from signdata.filesystem import path_below, replace_file, writing
from signdata.formats.reader import Reader
from signdata.limits import check_size
from signdata.magick import profiles, recipe
from signdata.magick.recipe import Recipe
from signdata.media.contact_sheet import sheet
from signdata.media.image.png import SIGNATURE
from signdata.options import one_group
from signdata.output.overlap import refuse_overlap, refuse_replacing
from signdata.results import Problem, Result
from signdata.samples import Broken, Sample

AUTO = "auto"
BOUNDING_BOX = "bbox"
"""Manifest column with the box of WLASL."""

N_SHOWN = 4
"""Samples on a preview."""


@dataclass(frozen=True)
class AugmentOptions:
    """What `augment` is to make.

    Attributes
    ----------
    recipe : str
        Name of a built-in recipe, or path of a TOML file.
    variants : int or None
        How many of each picture; None as the recipe says.
    size : tuple of int or None
        Width and height of the variants; None as the recipe says.
    profile : str or None
        Which ImageMagick; None as the recipe says.
    splits : {'train', 'all'}
        Which splits are varied; the others are brought to the same size and colour.
    keep_original : bool
        Whether each varied picture comes along itself.
    boxes : str, Path or None
        A table of boxes, or ``auto``: those that lie in the dataset or its manifest.
    label_pattern, group_pattern : str or None
        Regular expressions with one group, for the path of a picture.
    seed : int
        Another seed draws other variants.
    """

    recipe: str = "sign-mnist-60"
    variants: int | None = None
    size: tuple[int, int] | None = None
    profile: str | None = None
    splits: str = "train"
    keep_original: bool = False
    boxes: str | Path | None = None
    label_pattern: str | None = None
    group_pattern: str | None = None
    seed: int = 0


@dataclass(frozen=True)
class Augmentation:
    """What is to be done, made out of what is wanted.

    Attributes
    ----------
    reader : Reader
        The dataset, its samples described.
    transform : Counted
        What makes the variants.
    options : dict
        What is recorded.
    inputs : tuple of Path
        Files that are read beside the dataset: the recipe, tables of boxes.
    notes : tuple of Problem
        Pictures whose box may have been drawn on another size.
    """

    reader: Reader
    transform: Counted
    options: dict[str, Any]
    inputs: tuple[Path, ...]
    notes: tuple[Problem, ...] = ()


def prepare(reader: Reader, root: Path, wanted: AugmentOptions) -> Augmentation:
    """Find recipe and boxes, and describe the dataset by them.

    Raises
    ------
    UsageError
        If options contradict each other or the recipe.
    MissingError, FormatError
        If a recipe or a table of boxes is not there, or is none.
    """
    if wanted.splits not in ("train", "all"):
        raise UsageError(f"augment-splits {wanted.splits!r}; expected train or all")
    made = _recipe(wanted)
    tables = _tables(wanted.boxes, root)
    columns = _box_columns(wanted.boxes, tables, reader, root)
    if columns and not made.has("crop"):
        raise UsageError(f"recipe {made.name} has no crop: its boxes would not be used")
    found = _boxes(tables, root)
    if found is not None or wanted.label_pattern or wanted.group_pattern:
        description = Description(
            _pattern(wanted.label_pattern, "--label-pattern"),
            _pattern(wanted.group_pattern, "--group-pattern"),
            found,
            frozenset(path_below(table, root) for table in tables),
        )
        reader = AnnotatedReader(reader, description, root)
    variants = Variants(made, wanted.seed, wanted.splits == "all", wanted.keep_original, columns)
    transform = Counted(variants, dict(_n_in_splits(reader)))
    recipe_file = Path(wanted.recipe)
    inputs = (*tables, *((recipe_file,) if recipe_file.is_file() else ()))
    odd = picture_sizes.notes(reader, columns, str(root)) if columns else []
    return Augmentation(reader, transform, _record(wanted, made, tables), inputs, tuple(odd))


def _pattern(text: str | None, option: str) -> re.Pattern[str] | None:
    return None if text is None else one_group(text, option)


def _recipe(wanted: AugmentOptions) -> Recipe:
    check_size(wanted.size, "--size")
    made = recipe.load(wanted.recipe)
    if wanted.profile is not None:
        profiles.profile_of(wanted.profile)
    return made.with_options(variants=wanted.variants, size=wanted.size, profile=wanted.profile)


def _tables(wanted: str | Path | None, root: Path) -> list[Path]:
    if wanted is None:
        return []
    if wanted != AUTO:
        return [Path(wanted)]
    return boxes.tables_in(root) if root.is_dir() else []


def _boxes(tables: Sequence[Path], root: Path) -> dict[str, Box] | None:
    return boxes.read(tables, root) if tables else None


def _box_columns(
    wanted: str | Path | None, tables: list[Path], reader: Reader, root: Path
) -> tuple[str, ...]:
    """The manifest columns that hold boxes."""
    if wanted is None:
        return ()
    if tables:
        return (BOX,)
    if "variant" in reader.info.columns:
        raise UsageError(
            "its pictures are variants: their boxes were cut out already",
            path=root,
            remedy="Leave --boxes out.",
        )
    known = tuple(name for name in (BOX, BOUNDING_BOX) if name in reader.info.columns)
    if not known:
        raise UsageError(
            f"no boxes: neither {boxes.TABLE} in it nor a column box or bbox in its manifest",
            path=root,
            remedy="Name a table: --boxes FILE.",
        )
    return known


def _n_in_splits(reader: Reader) -> Counter[str]:
    return Counter(sample.split for sample in reader)


def _record(wanted: AugmentOptions, made: Recipe, tables: Sequence[Path]) -> dict[str, Any]:
    digest = hashlib.sha256()
    for table in tables:
        digest.update(table.read_bytes())
    return {
        "recipe": made.name,
        "recipe_sha256": made.digest,
        "variants": made.n_variants,
        "augment_splits": wanted.splits,
        "keep_original": wanted.keep_original,
        "boxes_sha256": digest.hexdigest() if tables else None,
        "boxes": None if wanted.boxes is None else "auto" if wanted.boxes == AUTO else "table",
        "label_pattern": wanted.label_pattern,
        "group_pattern": wanted.group_pattern,
    }


def describe(augmentation: Augmentation) -> dict[str, Any]:
    """What ``signdata.json`` says of the variants."""
    variants = augmentation.transform.variants
    return {
        "imagemagick": {"profile": variants.profile.name, "equals": variants.profile.engine},
        "columns": list(COLUMNS),
    }


def preview(
    augmentation: Augmentation, out: Path, *, overwrite: bool = False, dry_run: bool = False
) -> Result:
    """Draw all variants of a few samples on one sheet; write nothing else.

    Raises
    ------
    DatasetError
        If no sample can be read.
    OutputExistsError
        If there is something under its name that is not to be replaced.
    """
    refuse_overlap([*augmentation.reader.inputs, *augmentation.inputs], out)
    refuse_replacing(out, SIGNATURE, "PNG", overwrite=overwrite)
    rows = []
    for sample in _few(augmentation):
        pictures = [
            (made.meta["variant"], next(iter(made.frames())))
            for made in augmentation.transform(sample)
        ]
        rows.append((f"{sample.label}  {sample.id}", pictures))
    if not dry_run:
        with writing(out):
            replace_file(out, sheet(rows))
    result = Result("augment", str(out), read=len(rows))
    result.shows_counts = False
    result.details["preview"] = str(out)
    n = sum(len(some) for _, some in rows)
    result.summary = f"{one_line(str(out))}: {n} variants of {len(rows)} samples"
    return result


def _few(augmentation: Augmentation) -> list[Sample]:
    """Some readable samples that are varied, of different classes as far as there are."""
    by_label: dict[str, Sample] = {}
    for sample in augmentation.reader:
        broken = isinstance(sample.pixels, Broken)
        if not broken and augmentation.transform.variants.varies(sample.split):
            by_label.setdefault(sample.label, sample)
    found = list(by_label.values())
    if not found:
        raise DatasetError("no sample that can be varied")
    step = max(1, len(found) // N_SHOWN)
    return found[::step][:N_SHOWN]
