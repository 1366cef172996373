"""Chains of operations: applied to a picture, and as options of ImageMagick."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from signdata.magick.operations.base import Operation, Place
from signdata.magick.operations.matrices import Matrix
from signdata.magick.operations.spoil import Spread
from signdata.magick.operations.turn import Srt
from signdata.magick.profiles import Quanta

Chain: TypeAlias = tuple[Operation, ...]


def run(chains: Sequence[Chain], quanta: Quanta, places: Sequence[Place]) -> list[Quanta]:
    """Apply several chains to one picture, or to all frames of a clip.

    Parameters
    ----------
    chains, places
        One of each per variant; the places differ only in their seeds.
    quanta : ndarray
        (F, C, H, W) as loaded.
    """
    return run_each(chains, quanta, [[place] for place in places])


def run_each(
    chains: Sequence[Chain], quanta: Quanta, places: Sequence[Sequence[Place]]
) -> list[Quanta]:
    """Apply several chains to several pictures of one size.

    Common first steps of chains are computed once.

    Parameters
    ----------
    chains
        One per variant.
    quanta : ndarray
        (N, C, H, W) as loaded.
    places
        For each variant, one per picture, or one for all; all differ only in their seeds.
    """
    done: dict[tuple[object, ...], Quanta] = {(): quanta}
    results = []
    for chain, those in zip(chains, places, strict=True):
        key: tuple[object, ...] = ()
        values = quanta
        for number, operation in enumerate(chain):
            seeds = tuple(place.seed for place in those) if operation.random else ()
            key = (*key, operation, seeds)
            if key not in done:
                here = those
                if operation.random:
                    here = [replace(place, seed=place.seed + number) for place in those]
                done[key] = operation.apply_each(values, here)
            values = done[key]
        results.append(values)
    return results


def options(chain: Chain, size_hw: tuple[int, int], place: Place) -> tuple[str, ...]:
    """ImageMagick's options between input and output; () if it cannot do the same."""
    is_random = any(operation.random for operation in chain)
    return _options(chain, size_hw, place if is_random else Place(place.profile, place.box))


@lru_cache(maxsize=1024)
def _options(chain: Chain, size_hw: tuple[int, int], place: Place) -> tuple[str, ...]:
    words: list[str] = []
    for number, operation in enumerate(chain):
        here = replace(place, seed=place.seed + number)
        found = operation.options(size_hw, here)
        if found is None:
            return ()
        if found[:1] == ["+filter"] and "-filter" not in words:
            found = found[1:]  # none is in force
        if isinstance(operation, Srt | Spread) and "-rotate" in words:
            words += ["-virtual-pixel", "Edge"]  # -rotate leaves white around the picture
        words += found
        size_hw = operation.size_after(size_hw, here)
    return tuple(words)


def matrix(chain: Chain, size_hw: tuple[int, int], place: Place) -> tuple[Matrix, tuple[int, int]]:
    """Where the points of a picture are in a chain's result, and the size of that."""
    whole: Matrix = np.eye(3)
    for operation in chain:
        whole = operation.matrix(size_hw, place) @ whole
        size_hw = operation.size_after(size_hw, place)
    return whole, size_hw
