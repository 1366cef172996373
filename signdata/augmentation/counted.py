"""The transform of `augment`: variants, and how many there will be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from signdata.augmentation import together
from signdata.augmentation.variants import Variants
from signdata.formats.reader import PictureSummary
from signdata.formats.sample_columns import SampleColumns
from signdata.samples import Sample, Stills


@dataclass(frozen=True)
class Counted:
    """`Variants` with the number of samples in each split, so that a writer can allocate space."""

    variants: Variants
    n_samples: dict[str, int] = field(default_factory=dict)

    def __call__(self, sample: Sample) -> Iterable[Sample]:
        return self.variants(sample)

    def made_together(
        self, samples: SampleColumns, stills: Stills
    ) -> tuple[SampleColumns, Stills] | None:
        """The variants of stills that were read together; None where each has to be made alone."""
        return together.made(self.variants, samples, stills)

    def picture_summary(self, summary: PictureSummary) -> PictureSummary:
        """What the variants have in common."""
        n_before = sum(self.n_samples.values())
        n_made = sum(n * self.variants.n_made(split) for split, n in self.n_samples.items())
        times = {self.variants.n_made(split) for split in self.n_samples}
        n_frames = None
        if summary.n_frames == n_before:
            n_frames = n_made
        elif summary.n_frames is not None and len(times) == 1:
            n_frames = summary.n_frames * times.pop()
        grey = all(any(op.turns_grey for op in chain) for chain in self.variants.recipe.chains)
        return replace(
            summary,
            size_hw=self.variants.size_hw,
            channels=1 if grey else summary.channels,
            lossless=True,
            n_frames=n_frames,
        )
