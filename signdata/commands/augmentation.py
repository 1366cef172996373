"""The command that makes variants of pictures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Unpack

from signdata.augmentation import plan
from signdata.commands.conversion import convert_dataset, writer
from signdata.errors import UsageError
from signdata.filesystem import output_path
from signdata.formats import targets
from signdata.formats.open import open_source
from signdata.formats.reader import OpenOptions
from signdata.formats.sources import shown
from signdata.media.fitting import Fit
from signdata.options import (
    EncodingKeywords,
    EncodingOptions,
    PathLike,
    ReadKeywords,
    ReadOptions,
    RunKeywords,
    RunOptions,
    command,
    paths,
)
from signdata.results import Result


class AugmentKeywords(ReadKeywords, EncodingKeywords, RunKeywords, total=False):
    pass


@command(ReadOptions, EncodingOptions, RunOptions)
def augment(
    src: PathLike | Sequence[PathLike],
    out: PathLike | None = None,
    *,
    recipe: PathLike = "sign-mnist-60",
    variants: int | None = None,
    size: tuple[int, int] | None = None,
    fit: str = "stretch",
    background: str = "black",
    profile: str | None = None,
    augment_splits: str = "train",
    keep_original: bool = False,
    boxes: PathLike | None = None,
    label_pattern: str | None = None,
    group_pattern: str | None = None,
    preview: PathLike | None = None,
    seed: int = 0,
    to_format: str | None = None,
    hdf5_layout: str = "auto",
    **shared: Unpack[AugmentKeywords],
) -> Result:
    """Make variants of every picture, with the grey levels that ImageMagick gives.

    Samples of validation and test splits are not varied, but brought to the same size and
    colour. All variants of a picture share its split and its group.

    Parameters
    ----------
    src, out : path
        The dataset and the one to make; `out` may be left out with `preview`.
    recipe : str or path
        ``sign-mnist-60``, ``observed-20``, or a TOML file.
    variants : int, optional
        How many of each picture; as the recipe says by default.
    size : tuple of int, optional
        Width and height of the variants; as the recipe says by default.
    fit : {'stretch', 'pad', 'crop'}
        How pictures of other proportions are brought to `size`, by ImageMagick's arithmetic:
        ``-resize WxH!``, or ``WxH`` or ``WxH^`` and ``-extent``.
    background : str
        Background of padded pictures: a colour's name or ``#rrggbb``.
    profile : {'im7-2017', 'im6-q16', 'im7-current'}, optional
        Which ImageMagick; as the recipe says by default.
    augment_splits : {'train', 'all'}
        Which splits are varied.
    keep_original : bool
        Whether each varied picture comes along, brought to the same size and colour.
    boxes : path, optional
        A table of boxes that are cut out first, or ``auto``: ``*_loc.csv`` in the dataset,
        else the column ``box`` or ``bbox`` of its manifest.
    label_pattern : str, optional
        Another way to say `layout`, or a regular expression with one group for the label in a
        picture's path.
    group_pattern : str, optional
        The same for who signs, and what must not straddle splits.
    preview : path, optional
        Draw all variants of a few samples into this PNG, and write nothing else.
    seed : int
        Random seed: another one draws other variants.
    to_format, hdf5_layout
        What `out` is, as in `convert`.
    """
    read, encoding = ReadOptions.taken_from(shared), EncodingOptions.taken_from(shared)
    how = RunOptions.taken_from(shared)
    sources = paths(src)
    read, label_pattern, group_pattern = _layout_of(read, label_pattern, group_pattern)
    told = {"boxes": boxes, "label-pattern": label_pattern, "group-pattern": group_pattern}
    for name, value in told.items():
        if value is not None and len(sources) > 1:
            raise UsageError(
                f"--{name} goes with one source; expected one directory, found {len(sources)}",
                remedy="Convert them into one first.",
            )
    by_path = label_pattern is not None and read.from_format is None and sources[0].is_dir()
    opened = replace(read, from_format="folders") if by_path else read  # whatever they are called
    reader = open_source(sources, OpenOptions(opened))
    augmentation = plan.prepare(
        reader,
        shown(sources),
        plan.AugmentOptions(
            str(recipe),
            variants,
            size,
            profile,
            augment_splits,
            keep_original,
            boxes,
            label_pattern,
            group_pattern,
            seed,
            Fit(fit, background),
        ),
    )
    if preview is not None:
        return plan.preview(
            augmentation, output_path(preview), overwrite=how.overwrite, dry_run=how.dry_run
        )
    if out is None:
        raise UsageError("no output named", remedy="Name OUT, or a picture with --preview.")
    target = output_path(out)
    written = targets.format_for(target, reader.info, to_format)
    return convert_dataset(
        augmentation.reader,
        writer(written, target, encoding, hdf5_layout, read.split),
        target,
        "augment",
        {
            **read.record_of(reader.info.format),
            "to": written,
            "hdf5_layout": hdf5_layout,
            "image_format": encoding.image_format,
            "quality": encoding.quality,
            **augmentation.options,
        },
        how,
        inputs=augmentation.inputs,
        notes=augmentation.notes,
        transforms=[augmentation.transform],
        seed=seed,
        describe=lambda: plan.describe(augmentation),
    )


_FIELD = re.compile(r"\{[a-z]")
"""What a layout has, and a regular expression has not."""


def _layout_of(
    read: ReadOptions, label_pattern: str | None, group_pattern: str | None
) -> tuple[ReadOptions, str | None, str | None]:
    """The reading options with what a pattern says of paths, if it is a layout, and the others."""
    patterns = (label_pattern, group_pattern)
    layouts = {one for one in patterns if one is not None and _FIELD.search(one)}
    if not layouts:
        return read, label_pattern, group_pattern
    layouts |= set() if read.layout is None else {read.layout}
    if len(layouts) > 1:
        raise UsageError(
            f"two layouts: {' and '.join(sorted(layouts))}; expected one",
            remedy="Say all of it with --layout.",
        )
    layout = layouts.pop()
    label_pattern = None if label_pattern == layout else label_pattern
    group_pattern = None if group_pattern == layout else group_pattern
    return replace(read, layout=layout), label_pattern, group_pattern
