"""The pixels of a sample that is an item of an array."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signdata.errors import DecodeError
from signdata.formats.pixel_arrays.forms import ROUNDED, Form, to_frame
from signdata.samples import Frame, Pixels


@dataclass(frozen=True)
class ItemPixels(Pixels):
    """Item `index` of an array; a format says how a block of items is read."""

    path: str
    name: str
    index: int
    form: Form
    _notes: set[str] = field(default_factory=set, compare=False, kw_only=True)

    @abstractmethod
    def block(self, start: int, stop: int) -> NDArray[Any]:
        """Items `start` to `stop` along the form's axis."""

    def notes(self) -> tuple[str, ...]:
        return tuple(self._notes)

    @property
    def _where(self) -> str:
        return f"{self.name}[{self.index}]"

    def frames(self) -> Iterator[Frame]:
        self._notes.clear()
        picture = self.form.picture(self._item())
        frame, rounded = to_frame(picture, self.form.scale, self.path, self._where)
        if rounded:
            self._notes.add(ROUNDED)
        for one in frame if self.form.n_frames else (frame,):
            yield np.ascontiguousarray(one)

    def _item(self) -> NDArray[Any]:
        """The item, out of the block that its neighbours are read with; by itself on damage."""
        first = self.index - self.index % self.form.step
        error = None
        for start, stop in ((first, first + self.form.step), (self.index, self.index + 1)):
            try:
                block = self.block(start, min(stop, self.form.n))
                return np.array(np.take(block, self.index - start, axis=self.form.axis))
            except Exception as err:  # a damaged file may make a library raise anything
                error = err
        raise DecodeError(f"damaged ({error})", path=self.path, where=self._where) from error
