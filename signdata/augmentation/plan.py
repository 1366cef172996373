"""The `augment` command: variants of every picture, the same as ImageMagick makes them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signdata.augmentation import boxes, picture_sizes
from signdata.augmentation.annotations import BOX, AnnotatedReader, Annotations
from signdata.augmentation.boxes import Box
from signdata.augmentation.counted import Counted
from signdata.augmentation.variants import COLUMNS, Variants
from signdata.errors import DatasetError, UsageError, one_line
from signdata.filesystem import path_below, replace_file, writing
from signdata.formats.reader import Reader
from signdata.limits import check_size
from signdata.magick import profiles, recipe
from signdata.magick.recipe import Recipe
from signdata.media.contact_sheet import Group, Picture, sheet
from signdata.media.fitting import STRETCHED, Fit, colour
from signdata.media.image.png import SIGNATURE
from signdata.options import one_group
from signdata.output.overlap import refuse_overlap, refuse_replacing
from signdata.results import Problem, Result
from signdata.samples import Broken, Sample

AUTO = "auto"
BOUNDING_BOX = "bbox"
"""Manifest column with a WLASL bounding box."""

N_SHOWN = 6
"""Most samples in a preview."""

_DRAWN = ("brightness", "contrast", "rotation")
"""What a preview says of a variant, by the first letter."""


@dataclass(frozen=True)
class AugmentOptions:
    """The options of `augment`.

    Attributes
    ----------
    recipe : str
        Name of a built-in recipe, or path of a TOML file.
    variants : int or None
        Variants per picture; None uses the recipe's number.
    size : tuple of int or None
        Width and height of the variants; None uses the recipe's size.
    profile : str or None
        ImageMagick version to reproduce; None uses the recipe's.
    splits : {'train', 'all'}
        Splits to augment; pictures of the others are only converted to the same size and colour.
    keep_original : bool
        Whether to include each augmented picture itself.
    boxes : str, Path or None
        A box table, or ``auto``: the tables in the dataset, or the boxes in its manifest.
    label_pattern, group_pattern : str or None
        Regular expressions with one group, searched in the path of a picture.
    seed : int
        Random seed.
    fit : Fit
        How pictures of other proportions are brought to `size`.
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
    fit: Fit = STRETCHED


@dataclass(frozen=True)
class Augmentation:
    """A prepared augmentation.

    Attributes
    ----------
    reader : Reader
        The dataset, with annotated samples.
    transform : Counted
        Makes the variants.
    options : dict
        The options to record.
    inputs : tuple of Path
        Files read in addition to the dataset: the recipe, box tables.
    notes : tuple of Problem
        Pictures whose box may have been drawn on another size.
    """

    reader: Reader
    transform: Counted
    options: dict[str, Any]
    inputs: tuple[Path, ...]
    notes: tuple[Problem, ...] = ()


def prepare(reader: Reader, root: Path, options: AugmentOptions) -> Augmentation:
    """Load the recipe and the boxes, and annotate the dataset.

    Raises
    ------
    UsageError
        If options contradict each other or the recipe.
    MissingError, FormatError
        If a recipe or a box table does not exist or is invalid.
    """
    if options.splits not in ("train", "all"):
        raise UsageError(f"augment-splits {options.splits!r}; expected train or all")
    made = _recipe(options)
    tables = _tables(options.boxes, root)
    columns = _box_columns(options.boxes, tables, reader, root)
    if columns and not made.has("crop"):
        raise UsageError(f"recipe {made.name} has no crop: the boxes would not be used")
    found = _boxes(tables, root)
    if found is not None or options.label_pattern or options.group_pattern:
        annotations = Annotations(
            _pattern(options.label_pattern, "--label-pattern"),
            _pattern(options.group_pattern, "--group-pattern"),
            found,
            frozenset(path_below(table, root) for table in tables),
        )
        reader = AnnotatedReader(reader, annotations, root)
    variants = Variants(made, options.seed, options.splits == "all", options.keep_original, columns)
    transform = Counted(variants, dict(_n_in_splits(reader)))
    recipe_file = Path(options.recipe)
    inputs = (*tables, *((recipe_file,) if recipe_file.is_file() else ()))
    odd = picture_sizes.notes(reader, columns, str(root)) if columns else []
    return Augmentation(reader, transform, _record(options, made, tables), inputs, tuple(odd))


def _pattern(text: str | None, option: str) -> re.Pattern[str] | None:
    return None if text is None else one_group(text, option)


def _recipe(options: AugmentOptions) -> Recipe:
    check_size(options.size, "--size")
    made = recipe.load(options.recipe)
    if options.profile is not None:
        profiles.profile_of(options.profile)
    if options.size is None and not options.fit.stretches:
        raise UsageError("--fit goes with --size")
    red, green, blue = colour(options.fit.background)
    return made.with_options(
        variants=options.variants,
        size=options.size,
        fit=options.fit.how,
        background=f"#{red:02x}{green:02x}{blue:02x}",
        profile=options.profile,
    )


def _tables(source: str | Path | None, root: Path) -> list[Path]:
    if source is None:
        return []
    if source != AUTO:
        return [Path(source)]
    return boxes.tables_in(root) if root.is_dir() else []


def _boxes(tables: Sequence[Path], root: Path) -> dict[str, Box] | None:
    return boxes.read(tables, root) if tables else None


def _box_columns(
    source: str | Path | None, tables: list[Path], reader: Reader, root: Path
) -> tuple[str, ...]:
    """The manifest columns with boxes."""
    if source is None:
        return ()
    if tables:
        return (BOX,)
    if "variant" in reader.info.columns:
        raise UsageError(
            "its pictures are variants, already cropped to their boxes",
            path=root,
            remedy="Leave --boxes out.",
        )
    known = tuple(name for name in (BOX, BOUNDING_BOX) if name in reader.info.columns)
    if not known:
        raise UsageError(
            f"no boxes; expected a file {boxes.TABLE} or a manifest column box or bbox",
            path=root,
            remedy="Name a table: --boxes FILE.",
        )
    return known


def _n_in_splits(reader: Reader) -> Counter[str]:
    return Counter(sample.split for sample in reader)


def _record(options: AugmentOptions, made: Recipe, tables: Sequence[Path]) -> dict[str, Any]:
    digest = hashlib.sha256()
    for table in tables:
        digest.update(table.read_bytes())
    return {
        "recipe": made.name,
        "recipe_sha256": made.digest,
        "variants": made.n_variants,
        "augment_splits": options.splits,
        "keep_original": options.keep_original,
        "boxes_sha256": digest.hexdigest() if tables else None,
        "boxes": None if options.boxes is None else "auto" if options.boxes == AUTO else "table",
        "label_pattern": options.label_pattern,
        "group_pattern": options.group_pattern,
    }


def describe(augmentation: Augmentation) -> dict[str, Any]:
    """Keys of ``signdata.json`` about the variants."""
    variants = augmentation.transform.variants
    return {
        "imagemagick": {"profile": variants.profile.name, "equals": variants.profile.engine},
        "columns": list(COLUMNS),
    }


def preview(
    augmentation: Augmentation, out: Path, *, overwrite: bool = False, dry_run: bool = False
) -> Result:
    """Draw all variants of a few samples on a contact sheet; write nothing else.

    Raises
    ------
    DatasetError
        If no sample can be read.
    OutputExistsError
        If the file exists and may not be replaced.
    """
    refuse_overlap([*augmentation.reader.inputs, *augmentation.inputs], out)
    refuse_replacing(out, SIGNATURE, "PNG", overwrite=overwrite)
    samples = _few(augmentation)
    groups = [_variants_of(augmentation, sample) for sample in samples]
    if not dry_run:
        recipe = augmentation.options["recipe"]
        title = f"augment --recipe {recipe}: originals and their variants"
        with writing(out):
            replace_file(out, sheet(groups, title))
    result = Result("augment", str(out), read=len(groups))
    result.shows_counts = False
    result.details["preview"] = str(out)
    n = sum(len(group.pictures) - 1 for group in groups)
    result.summary = f"{one_line(str(out))}: {n} variants of {len(groups)} samples"
    return result


def _variants_of(augmentation: Augmentation, sample: Sample) -> Group:
    """A sample and its variants: the original with the box that is cut out, then each by name."""
    original = next(iter(sample.frames()))
    box = augmentation.transform.variants.box_of(sample.meta)
    first = Picture(original, ["original", "the box is cut out" if box else ""], box)
    made = [
        Picture(next(iter(one.frames())), [one.meta["variant"], _told(one)])
        for one in augmentation.transform(sample)
    ]
    signer = _signer(sample)
    who = f", signer {signer}" if signer else ""
    return Group(f"{sample.label}  {sample.id}{who}", [first, *made])


def _told(variant: Sample) -> str:
    """What was drawn for a variant, in short."""
    told = [variant.meta.get("filter", "")]
    drawn = {name: variant.meta.get(name, "0") for name in _DRAWN}
    told += [f"{name[0]}{value}" for name, value in drawn.items() if value != "0"]
    return " ".join(told).strip()


def _signer(sample: Sample) -> str:
    return sample.meta.get("signer", "") or sample.group


def _few(augmentation: Augmentation) -> list[Sample]:
    """Readable samples to augment: one of each signer, else of each class; a few, evenly spaced."""
    by_signer: dict[str, Sample] = {}
    by_label: dict[str, Sample] = {}
    for sample in augmentation.reader:
        broken = isinstance(sample.pixels, Broken)
        if not broken and augmentation.transform.variants.varies(sample.split):
            by_label.setdefault(sample.label, sample)
            if signer := _signer(sample):
                by_signer.setdefault(signer, sample)
    found = list((by_signer if len(by_signer) > 1 else by_label).values())
    if not found:
        raise DatasetError("no sample that can be augmented")
    n = min(N_SHOWN, len(found))
    return [found[(2 * k + 1) * len(found) // (2 * n)] for k in range(n)]
