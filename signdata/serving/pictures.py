"""The pictures that the app shows: sheets of thumbnails, frames, strips, original files."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np

from signdata.errors import CrashError, DecodeError, SigndataError
from signdata.formats.trees.picture_files import PictureFiles
from signdata.media.image.pixels import CodedPixels
from signdata.media.video.clip import ClipPixels
from signdata.samples import Broken, Frame, Sample
from signdata.serving import decoding_tasks, tiles
from signdata.serving.catalog import PLAIN, Catalog
from signdata.serving.decoding import Decoders
from signdata.serving.problems import ApiError

OWN_SIZE = 64
"""Pictures up to this side are shown in their own size."""

_KEPT_BYTES = 24 << 20
"""Thumbnails that are kept; those of a CSV or of raw arrays are read again instead."""

SHEET_SECONDS = 60.0
"""Time limit of the thumbnails of one sheet that are decoded together."""


@dataclass(frozen=True)
class Sheet:
    """Thumbnails side by side, `tiles.ACROSS` in a row."""

    data: bytes
    size_hw: tuple[int, int]
    n: int
    media_type: str = "image/webp"


class Pictures:
    """Pictures of a catalog's samples.

    What needs a decoder is done in another process. A sample on which that one dies is not
    tried a second time.
    """

    def __init__(self, catalog: Catalog, decoders: Decoders) -> None:
        self._catalog, self._decoders = catalog, decoders
        self._cells: OrderedDict[tuple[int, int, int], Frame] = OrderedDict()
        self._bytes = 0
        self._deadly: dict[int, str] = {}
        self._lock = Lock()
        self._own: tuple[int, int] | None = None
        self._looked = False

    # -- Sheets

    def sheet(self, numbers: Sequence[int], side: int) -> Sheet:
        """The thumbnails of some samples; a cross where one cannot be read."""
        size_hw = self.cell_size(side)
        kept = {n: self._kept(n, size_hw) for n in numbers}
        plain: list[int] = []
        coded: list[int] = []
        for n, made in kept.items():
            if made is None and self.reason(n) == "":
                (plain if self._is_plain(n) else coded).append(n)
        found: dict[int, Frame] = {n: made for n, made in kept.items() if made is not None}
        for n in plain:
            found[n] = self._plain_cell(n, size_hw)
        found |= self._decoded(coded, size_hw)
        cross = tiles.unreadable(size_hw)
        cells = [found.get(n, cross) for n in numbers]
        data = tiles.sheet_bytes(cells, size_hw) if cells else b""
        return Sheet(data, size_hw, len(cells))

    def reason(self, number: int) -> str:
        """Why a sample cannot be shown, as far as that is known; '' otherwise."""
        error = self._catalog.error(number)
        return error.what if error is not None else self._deadly.get(number, "")

    def cell_size(self, side: int) -> tuple[int, int]:
        """Height and width of a thumbnail: `side`, or the pictures' own size where it is small."""
        if not self._looked:
            self._own = self._size_of_first()
            self._looked = True
        if self._own is not None and max(self._own) <= OWN_SIZE:
            return self._own
        return side, side

    def _size_of_first(self) -> tuple[int, int] | None:
        for number in np.flatnonzero(self._catalog.readable)[:8].tolist():
            try:
                height, width = self._ask(number, "size", self._catalog.samples[number])[0]
            except (SigndataError, ApiError):
                continue
            return height, width
        return None

    def _decoded(self, numbers: list[int], size_hw: tuple[int, int]) -> dict[int, Frame]:
        """Cells that a decoder makes: all at once, or one by one after it died."""
        if not numbers:
            return {}
        try:
            return self._asked_cells(numbers, size_hw)
        except CrashError as err:
            if len(numbers) == 1:
                self._deadly[numbers[0]] = err.what
                return {}
        found: dict[int, Frame] = {}
        for n in numbers:
            found |= self._decoded([n], size_hw)
        return found

    def _asked_cells(self, numbers: list[int], size_hw: tuple[int, int]) -> dict[int, Frame]:
        samples = [self._catalog.samples[n] for n in numbers]
        shapes, data = self._decoders.ask("cells", samples, size_hw, seconds=SHEET_SECONDS)
        found: dict[int, Frame] = {}
        start, area = 0, size_hw[0] * size_hw[1]
        for n, channels in zip(numbers, shapes, strict=True):
            if isinstance(channels, str):
                self._deadly[n] = channels
                continue
            part = data[start : start + area * channels]
            start += area * channels
            found[n] = np.frombuffer(part, np.uint8).reshape(*size_hw, channels)
            self._keep(n, size_hw, found[n])
        return found

    def _plain_cell(self, number: int, size_hw: tuple[int, int]) -> Frame:
        try:
            return tiles.cell(decoding_tasks.first_frame(self._catalog.samples[number]), size_hw)
        except SigndataError as err:
            self._deadly[number] = err.what
            return tiles.unreadable(size_hw)

    def _is_plain(self, number: int) -> bool:
        return isinstance(self._catalog.samples[number].pixels, PLAIN)

    def _kept(self, number: int, size_hw: tuple[int, int]) -> Frame | None:
        with self._lock:
            made = self._cells.get((number, *size_hw))
            if made is not None:
                self._cells.move_to_end((number, *size_hw))
            return made

    def _keep(self, number: int, size_hw: tuple[int, int], made: Frame) -> None:
        with self._lock:
            self._cells[(number, *size_hw)] = made
            self._bytes += made.nbytes
            while self._bytes > _KEPT_BYTES:
                self._bytes -= self._cells.popitem(last=False)[1].nbytes

    # -- One sample

    def frame(self, number: int, k: int, longest: int) -> tuple[str, bytes]:
        """One frame, and the type of its bytes."""
        value, data = self._ask(number, "frame", self._sample(number), k, longest)
        return str(value), data

    def film(self, number: int, start: int, n: int, longest: int) -> Sheet:
        """Consecutive frames of a clip, 8 across."""
        value, data = self._ask(number, "film", self._sample(number), start, n, longest)
        return Sheet(data, (value[0], value[1]), value[2])

    def strip(self, number: int, longest: int) -> Sheet:
        """Evenly spaced frames of a clip in one row."""
        value, data = self._ask(number, "strip", self._sample(number), longest)
        return Sheet(data, (value[0], value[1]), value[2])

    def about(self, number: int) -> dict[str, Any]:
        """What only reading a sample tells."""
        value: dict[str, Any] = self._ask(number, "about", self._sample(number))[0]
        return value

    def original(self, number: int) -> tuple[str, str | bytes]:
        """The file, or the bytes, that a sample is stored in, and their type.

        Raises
        ------
        ApiError
            404 if there is no such file: rows of a table, frames of a folder, raw arrays.
        """
        pixels = self._sample(number).pixels
        if isinstance(pixels, ClipPixels):
            return str(self._ask(number, "media_type", pixels.video.path)[0]), pixels.video.path
        if isinstance(pixels, PictureFiles) and len(pixels.paths) == 1:
            return str(self._ask(number, "media_type", pixels.paths[0])[0]), pixels.paths[0]
        if isinstance(pixels, CodedPixels):
            kind, data = self._ask(number, "stored", self._sample(number))
            if kind:
                return str(kind), data
        raise ApiError(404, "this sample has no file of its own", where=str(number))

    def may_have_file(self, number: int) -> bool:
        """Whether `original` may find something, as far as can be told without reading."""
        pixels = self._catalog.samples[number].pixels
        if isinstance(pixels, PictureFiles):
            return len(pixels.paths) == 1
        is_still = self._catalog.samples[number].kind == "still"
        return isinstance(pixels, ClipPixels) or (is_still and isinstance(pixels, CodedPixels))

    def _sample(self, number: int) -> Sample:
        sample = self._catalog.samples[number]
        if isinstance(sample.pixels, Broken):
            raise sample.pixels.error
        if number in self._deadly:
            raise DecodeError(self._deadly[number], path=sample.id)
        return sample

    def _ask(self, number: int, task: str, *arguments: Any) -> tuple[Any, bytes]:
        """Run a task about a sample: here if there is nothing to decode, else elsewhere."""
        if self._is_plain(number):
            found: tuple[Any, bytes] = getattr(decoding_tasks, task)(*arguments)
            return found
        try:
            return self._decoders.ask(task, *arguments)
        except CrashError as err:
            self._deadly[number] = err.what
            raise
