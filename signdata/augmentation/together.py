"""Variants of stills that were read together: the same as of each alone, as arrays and columns."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from signdata.augmentation.made_pixels import loaded, to_frames
from signdata.augmentation.variants import COLUMNS, Variants, group_of, id_of
from signdata.formats.sample_columns import SampleColumns
from signdata.magick import operations
from signdata.magick.geometry import Box
from signdata.magick.operations import Place
from signdata.magick.recipe import Variant
from signdata.samples import TOGETHER, Stills

_AT_ONCE = 1 << 17
"""Values of pictures whose variants are made at once: what is computed of them fits the cache."""


@dataclass(frozen=True)
class _Plan:
    """What is made of one picture: variants, the random seed of each, and what is cut out."""

    variants: Sequence[Variant]
    seeds: Sequence[int]
    box: Box | None


def made(
    variants: Variants, samples: SampleColumns, stills: Stills
) -> tuple[SampleColumns, Stills] | None:
    """The variants of stills, picture by picture; None where each has to be made on its own."""
    n, rows, columns, channels = stills.frames.shape
    size_hw = rows, columns
    n_variants = variants.recipe.n_variants
    height, width = variants.size_hw or (0, 0)
    plans = _plans(variants, samples, size_hw)
    if plans is None or not 0 < n * n_variants * height * width * channels <= TOGETHER:
        return None
    told: list[dict[str, str]] = []
    parts: list[NDArray[np.uint8]] = []
    step = max(1, _AT_ONCE // stills.frames[0].size)
    for run in _runs(plans):
        told += _descriptions(variants, plans[run], size_hw)
        for start in range(run.start, run.stop, step):
            some = slice(start, min(start + step, run.stop))
            parts += _pixels(variants, plans[some], stills.frames[some])
    if len({part.shape[1:] for part in parts}) > 1:
        return None
    digests = tuple(_each(stills.source_sha256, n_variants))
    return _columns(samples, told, n_variants), Stills(np.concatenate(parts), digests)


def _plans(
    variants: Variants, samples: SampleColumns, size_hw: tuple[int, int]
) -> list[_Plan] | None:
    """What is made of each picture, where that is variants alone."""
    if variants.keep_original or not all(map(variants.varies, samples.splits)):
        return None
    if samples.broken or not samples.are_stills:
        return None
    known = [name for name in variants.columns if name in samples.meta]
    plans = []
    for number, one in enumerate(samples.ids):
        bounds = {name: samples.meta[name][number] for name in known}
        if variants.box_fault(bounds, size_hw):
            return None
        plans.append(_Plan(*variants.drawn(one), variants.box_of(bounds)))
    return plans


def _runs(plans: Sequence[_Plan]) -> Iterator[slice]:
    """Pictures that follow each other and have the same variants and box."""
    start = 0
    for _, run in itertools.groupby(plans, lambda plan: (plan.variants, plan.box)):
        stop = start + len(list(run))
        yield slice(start, stop)
        start = stop


def _pixels(
    variants: Variants, plans: Sequence[_Plan], frames: NDArray[np.uint8]
) -> list[NDArray[np.uint8]]:
    """The variants of pictures (N, H, W, C) of one run, as one array if all have one shape."""
    profile, box = variants.profile, plans[0].box
    chains, places = [], []
    for variant, *seeds in zip(plans[0].variants, *(plan.seeds for plan in plans), strict=True):
        is_random = any(operation.random for operation in variant.chain)
        chains.append(variant.chain)
        places.append([Place(profile, box, seed) for seed in (seeds if is_random else seeds[:1])])
    results = operations.run_each(chains, loaded(frames), places)
    made = [to_frames(one, profile) for one in results]
    if len({one.shape for one in made}) > 1:
        return made  # which cannot be stored together
    return [np.stack(made, axis=1).reshape(-1, *made[0].shape[1:])]


def _descriptions(
    variants: Variants, plans: Sequence[_Plan], size_hw: tuple[int, int]
) -> list[dict[str, str]]:
    """What the manifest says of the variants of pictures of one run."""

    def of(plan: _Plan) -> list[dict[str, str]]:
        told = []
        for variant, seed in zip(plan.variants, plan.seeds, strict=True):
            place = Place(variants.profile, plan.box, seed)
            words = operations.options(variant.chain, size_hw, place)
            told.append(variants.description(variant.name, variant.chain, words))
        return told

    if variants.profile.hdri:  # no seed is told
        return of(plans[0]) * len(plans)
    return [one for plan in plans for one in of(plan)]


def _columns(
    samples: SampleColumns, told: Sequence[dict[str, str]], n_variants: int
) -> SampleColumns:
    """Variants as columns, given what is known of their pictures."""
    names = [one["variant"] for one in told]
    pictures = _each(samples.ids, n_variants)
    stored = _each(samples.stored_as or [""] * len(samples), n_variants)
    signers = samples.meta.get("signer", samples.groups)
    groups = map(group_of, samples.ids, samples.groups, signers)
    return replace(
        samples,
        ids=list(map(id_of, pictures, names)),
        labels=_each(samples.labels, n_variants),
        splits=_each(samples.splits, n_variants),
        groups=_each(list(groups), n_variants),
        sources=pictures,
        stored_as=[one and id_of(one, name) for one, name in zip(stored, names, strict=True)],
        meta={
            **{name: _each(values, n_variants) for name, values in samples.meta.items()},
            **{name: [one[name] for one in told] for name in COLUMNS},
        },
        files=(),
    )


def _each(values: Sequence[str], n: int) -> list[str]:
    """Every value so many times."""
    return [value for value in values for _ in range(n)]
