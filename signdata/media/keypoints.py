"""Keypoints in a picture, moved along with its pixels: scaled, turned, cut, put side by side.

A point's coordinates count pixels, with the centre of the first one at 0, as OpenPose counts them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

Size: TypeAlias = tuple[int, int]
"""Width and height in pixels."""

CANVAS = ("canvas_width", "canvas_height")
"""Keys of a keypoint file that say of which size its points are."""

POINTS = "_keypoints_2d"
"""How the names of lists of points end: x, y and confidence of each, 0 0 0 where none was found."""

DIGITS = 3


@dataclass(frozen=True)
class Placement:
    """Where the pixels of a picture have gone: an affine map, and what picture they are in now.

    Attributes
    ----------
    source : tuple of int
        Width and height of the picture that they come from.
    size : tuple of int
        Width and height of the picture that they are in.
    x, y : tuple of float
        Each new coordinate as ``a * x + b * y + c`` of the old ones.
    """

    source: Size
    size: Size
    x: tuple[float, float, float] = (1.0, 0.0, 0.0)
    y: tuple[float, float, float] = (0.0, 1.0, 0.0)

    @classmethod
    def of(cls, width: int, height: int) -> Placement:
        """Of a picture that nothing has happened to."""
        return cls((width, height), (width, height))

    def scaled(self, width: int, height: int) -> Placement:
        """Once the picture is stretched to another size."""
        wide, high = width / self.size[0], height / self.size[1]
        return replace(
            self,
            size=(width, height),
            x=_stretched(self.x, wide),
            y=_stretched(self.y, high),
        )

    def oriented(self, transposed: bool, from_right: bool, from_below: bool) -> Placement:
        """Once rows and columns have changed places, or been reversed, in this order."""
        x, y, (width, height) = self.x, self.y, self.size
        if transposed:
            x, y, width, height = y, x, height, width
        if from_right:
            x = (-x[0], -x[1], width - 1 - x[2])
        if from_below:
            y = (-y[0], -y[1], height - 1 - y[2])
        return replace(self, size=(width, height), x=x, y=y)

    def cut(self, left: int, top: int, right: int, bottom: int) -> Placement:
        """Once a part of it is cut out; right and bottom are the first outside."""
        moved = self.moved(-left, -top)
        return replace(moved, size=(right - left, bottom - top))

    def moved(self, right: int, down: int) -> Placement:
        """Once it lies farther to the right and down in another picture."""
        (a, b, c), (d, e, f) = self.x, self.y
        return replace(self, x=(a, b, c + right), y=(d, e, f + down))

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Where a point has gone."""
        (a, b, c), (d, e, f) = self.x, self.y
        return a * x + b * y + c, d * x + e * y + f

    def holds(self, x: float, y: float) -> bool:
        """Whether a point is in the picture now."""
        width, height = self.size
        return -0.5 <= x < width - 0.5 and -0.5 <= y < height - 0.5


def _stretched(row: tuple[float, float, float], factor: float) -> tuple[float, float, float]:
    a, b, c = row
    return a * factor, b * factor, (c + 0.5) * factor - 0.5


@dataclass
class Keypoints:
    """The keypoint file of one picture, as OpenPose writes it.

    Attributes
    ----------
    document : dict
        The JSON object, with its list of people.
    """

    document: dict[str, Any]

    @classmethod
    def parse(cls, data: bytes) -> Keypoints | None:
        """Read a file; None if it is another kind of file."""
        try:
            document = json.loads(data)
        except (ValueError, RecursionError):
            return None
        if not isinstance(document, dict) or not isinstance(document.get("people"), list):
            return None
        if not all(isinstance(person, dict) for person in document["people"]):
            return None
        found = cls(document)
        return found if all(map(_is_list_of_points, found._lists())) else None

    def _lists(self) -> Iterator[Any]:
        for person in self.document["people"]:
            yield from (values for key, values in person.items() if key.endswith(POINTS))

    def points(self) -> Iterator[tuple[float, float]]:
        """The points that were found."""
        for values in self._lists():
            for i in range(0, len(values), 3):
                if values[i + 2] > 0:
                    yield values[i], values[i + 1]

    @property
    def canvas(self) -> Size | None:
        """Width and height that its points are of, where it says so."""
        width, height = (self.document.get(key) for key in CANVAS)
        if isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0:
            return width, height
        return None

    def put(self, placement: Placement) -> Keypoints:
        """The same points in the picture that theirs has become; those outside are not found.

        Points that are all within 0 and 1 are shares of the picture.
        """
        place = self._from(placement.source)
        people = []
        for person in self.document["people"]:
            changed = dict(person)
            for key, values in person.items():
                if key.endswith(POINTS):
                    changed[key] = _put(values, place, placement)
            people.append(changed)
        size = dict(zip(CANVAS, placement.size, strict=True))
        return Keypoints({**self.document, "people": people, **size})

    def _from(self, source: Size) -> Callable[[float, float], tuple[float, float]]:
        """Brings a point to the pixels of the picture that it was found in."""
        width, height = source
        canvas = self.canvas
        if all(0 <= x <= 1 and 0 <= y <= 1 for x, y in self.points()):
            return lambda x, y: (x * width - 0.5, y * height - 0.5)
        if canvas is None or canvas == source:
            return lambda x, y: (x, y)
        return Placement.of(*canvas).scaled(width, height).point

    def dump(self) -> bytes:
        """The bytes of the file."""
        return json.dumps(self.document).encode()


def _is_list_of_points(values: Any) -> bool:
    return (
        isinstance(values, list)
        and len(values) % 3 == 0
        and all(isinstance(v, int | float) and abs(v) < 1e9 for v in values)
    )


def _put(
    values: list[float],
    place: Callable[[float, float], tuple[float, float]],
    placement: Placement,
) -> list[float]:
    put: list[float] = []
    for i in range(0, len(values), 3):
        x, y, confidence = values[i : i + 3]
        if confidence > 0:
            x, y = placement.point(*place(x, y))
            if placement.holds(x, y):
                put += [round(x, DIGITS), round(y, DIGITS), confidence]
                continue
        put += [0, 0, 0]
    return put


def put(data: bytes, placement: Placement) -> bytes | None:
    """The bytes of a keypoint file whose picture has changed; None of a file of another kind."""
    found = Keypoints.parse(data)
    return None if found is None else found.put(placement).dump()


def put_box(text: str, placement: Placement) -> str:
    """A box in the picture that its own has become, cut off at its sides; '' if it is outside.

    Parameters
    ----------
    text : str
        left, top, right and bottom with blanks between them, in pixels, the last two the first
        outside; or all within 0 and 1, as shares. What is no such box comes back as it is.
    """
    try:
        x0, y0, x1, y1 = map(float, text.split())
    except ValueError:
        return text
    (width, height), (wide, high) = placement.source, placement.size
    shares = all(0 <= value <= 1 for value in (x0, y0, x1, y1))
    if shares:
        x0, y0, x1, y1 = x0 * width, y0 * height, x1 * width, y1 * height
    if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
        return text  # drawn in a picture of another size, which nobody knows
    # A pixel's centre is half a pixel from its sides.
    left, top = (value + 0.5 for value in placement.point(x0 - 0.5, y0 - 0.5))
    right, bottom = (value + 0.5 for value in placement.point(x1 - 0.5, y1 - 0.5))
    left, right = max(left, 0.0), min(right, float(wide))
    top, bottom = max(top, 0.0), min(bottom, float(high))
    if left >= right or top >= bottom:
        return ""
    if shares:
        bounds = (left / wide, top / high, right / wide, bottom / high)
        return " ".join(f"{value:.6g}" for value in bounds)
    x, y = min(round(left), wide - 1), min(round(top), high - 1)
    return f"{x} {y} {max(round(right), x + 1)} {max(round(bottom), y + 1)}"


def side_by_side(files: list[tuple[bytes | None, Size]]) -> bytes | None:
    """One keypoint file for pictures that lie in a row, left to right; None if none has any.

    Parameters
    ----------
    files : list
        The keypoint file of each picture, if any, and the picture's width and height.
    """
    people: list[Any] = []
    first: Keypoints | None = None
    left, high = 0, max((size[1] for _, size in files), default=0)
    for data, (width, height) in files:
        found = Keypoints.parse(data) if data is not None else None
        if found is not None:
            first = first or found
            moved = found.put(replace(Placement.of(width, height).moved(left, 0), size=_ENDLESS))
            people += moved.document["people"]
        left += width
    if first is None:
        return None
    size = dict(zip(CANVAS, (left, high), strict=True))
    return Keypoints({**first.document, "people": people, **size}).dump()


_ENDLESS = (1 << 30, 1 << 30)


def extent(points: Iterator[tuple[float, float]]) -> tuple[float, float]:
    """The largest x and y among points; -inf where there is none."""
    right = down = -math.inf
    for x, y in points:
        right, down = max(right, x), max(down, y)
    return right, down
