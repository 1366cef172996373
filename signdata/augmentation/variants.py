"""Variants of pictures: one sample in, as many out as the recipe asks for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from signdata.augmentation.boxes import are_fractions, parse
from signdata.augmentation.made_pixels import (
    MadeFrames,
    MadePicture,
    all_to_frames,
    loaded,
    to_frames,
)
from signdata.augmentation.moved_keypoints import moved
from signdata.errors import DatasetError
from signdata.limits import check_size
from signdata.magick import operations, profiles
from signdata.magick.geometry import Box
from signdata.magick.operations import BrightnessContrast, Chain, Crop, Pixelate, Place, Resize
from signdata.magick.profiles import Profile, Quanta
from signdata.magick.recipe import Recipe, Variant
from signdata.media.image.decode import TURNED
from signdata.samples import (
    Broken,
    Frame,
    Pixels,
    Sample,
)

COLUMNS = (
    "recipe",
    "variant",
    "filter",
    "brightness",
    "contrast",
    "rotation",
    "pixelation",
    "profile",
    "imagemagick",
)
"""Manifest columns that a variant has in addition to its picture's."""

PLAIN = "plain"
"""Variant name of a picture that is only converted to the variants' size and colour."""


@dataclass(frozen=True)
class Variants:
    """A transform that makes the variants of a recipe.

    Attributes
    ----------
    recipe : Recipe
        Defines the variants.
    seed : int
        Random seed.
    all_splits : bool
        Whether validation and test pictures are augmented, too; otherwise they are only
        converted to the size and colour of the variants.
    keep_original : bool
        Whether to include each augmented picture itself, in the same size and colour.
    columns : tuple of str
        Manifest columns with a box; the first one that is not empty is used.
    """

    recipe: Recipe
    seed: int = 0
    all_splits: bool = False
    keep_original: bool = False
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for chain in self.recipe.chains:
            size_hw = _exact_size(chain)
            check_size(size_hw and size_hw[::-1], f"recipe {self.recipe.name}: size")

    @property
    def profile(self) -> Profile:
        return profiles.profile_of(self.recipe.profile)

    def varies(self, split: str) -> bool:
        """Whether the samples of a split are augmented."""
        return self.all_splits or split in ("", "train")

    def n_made(self, split: str) -> int:
        """Number of samples made from one sample of a split."""
        return self.recipe.n_variants + self.keep_original if self.varies(split) else 1

    def __call__(self, sample: Sample) -> Iterable[Sample]:
        if isinstance(sample.pixels, Broken):
            yield sample
        elif sample.kind == "clip":
            yield from self._of_clip(sample)
        else:
            yield from self._of_still(sample)

    def drawn(self, sample_id: str) -> tuple[Sequence[Variant], list[int]]:
        """The variants of a sample to augment, and the random seed of each."""
        digest = hashlib.sha256(sample_id.encode("utf-8", "surrogateescape")).digest()
        random = np.random.default_rng([self.seed, int.from_bytes(digest[:8], "little")])
        variants = self.recipe.variants(random)
        return variants, random.integers(0, 1 << 31, len(variants)).tolist()

    def planned(self, sample: Sample) -> tuple[Sequence[Variant], list[Place]]:
        """The variants of a sample to augment, each with its box and random seed."""
        variants, seeds = self.drawn(sample.id)
        box = self.box_of(sample.meta)
        return variants, [Place(self.profile, box, seed) for seed in seeds]

    def _of_still(self, sample: Sample) -> Iterator[Sample]:
        [frame] = sample.pixels.frames()
        notes, sha256 = sample.pixels.notes(), sample.pixels.source_sha256()
        turned, beside = _Turned.of(notes), sample.pixels.companion(0)
        self._check_box(sample, frame)
        quanta = loaded(frame[None])
        variants, places = self.planned(sample) if self.varies(sample.split) else ([], [])
        made = operations.run([variant.chain for variant in variants], quanta, places)
        if self.keep_original or not variants:
            plain = MadePicture(
                self._plain(frame, quanta, sample),
                all_notes=notes,
                sha256=sha256,
                beside=self._plain_beside(beside, frame, sample),
            )
            yield self._plain_sample(sample, plain, frame, turned)
            notes = ()
        frames = all_to_frames(made, self.profile)
        for variant, place, one in zip(variants, places, frames, strict=True):
            moved_along = moved(beside, variant.chain, frame.shape[:2], place)
            pixels = MadePicture(one, all_notes=notes, sha256=sha256, beside=moved_along)
            yield self._variant(sample, variant, pixels, place, frame.shape[:2], turned)
            notes = ()

    def _plain_beside(
        self, beside: tuple[str, bytes] | None, frame: Frame, sample: Sample
    ) -> tuple[str, bytes] | None:
        """What belongs next to the picture itself, in the size of the variants."""
        if self._fits(frame):
            return beside
        place = Place(self.profile, self.box_of(sample.meta))
        return moved(beside, self.recipe.plain, frame.shape[:2], place)

    def _of_clip(self, sample: Sample) -> Iterator[Sample]:
        first = next(iter(sample.frames()))
        turned = _Turned.of(sample.pixels.notes())
        self._check_box(sample, first)
        varied = self.varies(sample.split)
        if self.keep_original or not varied:
            place = Place(self.profile, self.box_of(sample.meta))
            if self._fits(first):
                yield self._plain_sample(sample, sample.pixels, first, turned)
            else:
                pixels = MadeFrames(sample.pixels, self.recipe.plain, place, first.shape[:2])
                yield self._plain_sample(sample, pixels, first, turned)
        if varied:
            for variant, place in zip(*self.planned(sample), strict=True):
                pixels = MadeFrames(sample.pixels, variant.chain, place, first.shape[:2])
                yield self._variant(sample, variant, pixels, place, first.shape[:2], turned)

    def _plain(self, frame: Frame, quanta: Quanta, sample: Sample) -> Frame:
        if self._fits(frame):
            return frame
        place = Place(self.profile, self.box_of(sample.meta))
        [values] = operations.run([self.recipe.plain], quanta, [place])
        plain: Frame = to_frames(values, self.profile)[0]
        return plain

    def _fits(self, frame: Frame) -> bool:
        """Whether a frame already has the size and colour of the variants."""
        return frame.shape == (*(self.size_hw or ()), 1)

    @property
    def size_hw(self) -> tuple[int, int] | None:
        """Height and width of all variants; None if they depend on the picture."""
        sizes = {_exact_size(chain) for chain in self.recipe.chains}
        return sizes.pop() if len(sizes) == 1 else None

    def _bounds(self, meta: Mapping[str, str]) -> str:
        """The bounds of a box as stored in a sample's manifest columns, or ''."""
        kept = (meta.get(name, "") for name in self.columns)
        return next((text for text in kept if parse(text) is not None), "")

    def box_of(self, meta: Mapping[str, str]) -> Box | None:
        """Left, top, width and height of what is cut out of a sample; None for all of it."""
        bounds = parse(self._bounds(meta))
        if bounds is None:
            return None
        left, top, right, bottom = bounds
        return left, top, right - left, bottom - top

    def box_fault(self, meta: Mapping[str, str], size_hw: Sequence[int]) -> str:
        """What is wrong with the box of a picture of this size; '' if nothing is."""
        box = self.box_of(meta)
        if box is None:
            return ""
        left, top, width, height = box
        if width < 1 or height < 1 or are_fractions(self._bounds(meta)):
            return f"box {self._bounds(meta)!r}; expected left, top, right and bottom in pixels"
        if left < 0 or top < 0 or left + width > size_hw[1] or top + height > size_hw[0]:
            return (
                f"box {left},{top} to {left + width},{top + height} is not inside the picture "
                f"({size_hw[1]}x{size_hw[0]})"
            )
        return ""

    def _check_box(self, sample: Sample, frame: Frame) -> None:
        fault = self.box_fault(sample.meta, frame.shape)
        if fault:
            raise DatasetError(
                fault,
                path=sample.source or sample.id,
                remedy="Correct its row, or leave the picture out with --on-error skip.",
            )

    def _plain_sample(
        self, sample: Sample, pixels: Pixels, frame: Frame, turned: _Turned
    ) -> Sample:
        words: tuple[str, ...] = ()
        if not self._fits(frame):
            place = Place(self.profile, self.box_of(sample.meta))
            words = turned.before(operations.options(self.recipe.plain, frame.shape[:2], place))
        meta = {**sample.meta, **self.description(PLAIN, self.recipe.plain, words)}
        group = group_of(sample.id, sample.group, sample.meta.get("signer", ""))
        return replace(sample, pixels=pixels, meta=meta, group=group, source=sample.id)

    def _variant(
        self,
        sample: Sample,
        variant: Variant,
        pixels: Pixels,
        place: Place,
        size_hw: tuple[int, int],
        turned: _Turned,
    ) -> Sample:
        words = operations.options(variant.chain, size_hw, place)
        return replace(
            sample,
            id=id_of(sample.id, variant.name),
            stored_as=sample.stored_as and id_of(sample.stored_as, variant.name),
            pixels=pixels,
            meta={
                **sample.meta,
                **self.description(variant.name, variant.chain, turned.before(words)),
            },
            group=group_of(sample.id, sample.group, sample.meta.get("signer", "")),
            source=sample.id,
        )

    def description(self, name: str, chain: Chain, words: Sequence[str]) -> dict[str, str]:
        """What the manifest says of a variant, in the order of `COLUMNS`."""
        return {
            "recipe": self.recipe.name,
            "variant": name,
            **_settings(chain or self.recipe.plain),
            "profile": self.recipe.profile,
            "imagemagick": " ".join(words),
        }


@lru_cache(maxsize=1024)
def _settings(chain: Chain) -> dict[str, str]:
    """The manifest columns that hold what the operations of a chain were given."""
    brightness = contrast = rotation = pixelation = 0.0
    filter = ""
    for operation in chain:
        if isinstance(operation, Resize):
            filter = operation.filter
        elif isinstance(operation, BrightnessContrast):
            brightness, contrast = operation.brightness, operation.contrast
        elif isinstance(operation, Pixelate):
            pixelation = operation.percent
        else:
            rotation = getattr(operation, "degrees", rotation)
    return {
        "filter": filter,
        "brightness": f"{brightness:g}",
        "contrast": f"{contrast:g}",
        "rotation": f"{rotation:g}",
        "pixelation": f"{pixelation:g}",
    }


@dataclass(frozen=True)
class _Turned:
    """How a picture's pixels were changed when they were read, before the first operation.

    Attributes
    ----------
    orientation : bool
        Whether the orientation was applied, as ``-auto-orient`` does.
    otherwise : bool
        Whether there was another change, which ImageMagick does not reproduce.
    """

    orientation: bool
    otherwise: bool

    @classmethod
    def of(cls, notes: Sequence[str]) -> _Turned:
        orientations = [note for note in notes if TURNED in note]
        return cls(bool(orientations), len(orientations) < len(notes))

    def before(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """The options for ImageMagick itself; () if it cannot do the same."""
        if self.otherwise or not words:
            return ()
        return ("-auto-orient", *words) if self.orientation else words


def _exact_size(chain: Chain) -> tuple[int, int] | None:
    """The size of every picture after a chain; None if it depends on the picture's size."""
    size_hw = None
    for operation in chain:
        if operation.exact_size is not None:
            size_hw = operation.exact_size
        elif isinstance(operation, Crop):
            size_hw = None
        elif size_hw is not None:
            size_hw = operation.size_after(size_hw, Place(profiles.PROFILES["im7-2017"]))
    return size_hw


def id_of(picture: str, variant: str) -> str:
    """The id of a variant, given its picture's and its name."""
    return f"{picture}-{variant}"


def group_of(picture: str, group: str, signer: str) -> str:
    """The group that keeps a picture's variants in one split: its group, its signer, or itself."""
    return group or signer or picture
