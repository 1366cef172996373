"""What coded pictures have in common, from their headers."""

from __future__ import annotations

from collections.abc import Iterable

from signdata.errors import SigndataError
from signdata.formats.reader import PictureSummary
from signdata.media.image import decode
from signdata.media.image.pixels import CodedPixels
from signdata.samples import Sample


def summary_of(samples: Iterable[Sample]) -> PictureSummary:
    """Look at the header of every picture; damaged ones are left for the reading."""
    sizes: set[tuple[int, int]] = set()
    channels: set[int] = set()
    lossless, n_frames = True, 0
    for sample in samples:
        pixels = sample.pixels
        if not isinstance(pixels, CodedPixels):
            continue
        try:
            for data, place in pixels.coded():
                header = decode.probe(data, place)
                sizes.add(header.size_hw)
                channels.add(header.channels)
                lossless &= header.suffix != ".jpg" and not header.changes
                n_frames += 1
        except SigndataError:  # told when it is read
            continue
    return PictureSummary(
        sizes.pop() if len(sizes) == 1 else None,
        channels.pop() if len(channels) == 1 else None,
        lossless,
        n_frames,
    )
