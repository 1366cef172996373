"""Frames of one size where the size changes within a stream."""

from __future__ import annotations

import av
import av.filter

from signdata.media.video.filters import chain


class SameSize:
    """Brings frames to the size of the first: scaled to fit, black next to them where they do not.

    Attributes
    ----------
    n_scaled : int
        How many frames were of another size.
    """

    def __init__(self) -> None:
        self.n_scaled = 0
        self._wh: tuple[int, int] | None = None
        self._graph: av.filter.Graph | None = None
        self._made_for: tuple[int, int, str] | None = None

    @property
    def size(self) -> str:
        """``640x480``, as the first frame lies."""
        return "{}x{}".format(*self._wh) if self._wh else ""

    def of(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The frame at the size of the first one."""
        if self._wh is None:
            self._wh = frame.width, frame.height
        if (frame.width, frame.height) == self._wh:
            return frame
        self.n_scaled += 1
        kind = (frame.width, frame.height, frame.format.name)
        if self._graph is None or self._made_for != kind:
            self._graph, self._made_for = _make(frame, self._wh), kind
        self._graph.push(frame)
        fitted = self._graph.pull()
        assert isinstance(fitted, av.VideoFrame)
        return fitted


def _make(frame: av.VideoFrame, size: tuple[int, int]) -> av.filter.Graph:
    scaled = {"w": str(size[0]), "h": str(size[1]), "flags": "area"}
    return chain(frame, ("pad", padding(*size)), ("scale", scaled))


def padding(width: int, height: int) -> dict[str, str]:
    """The arguments of the filter that pads frames to the proportions of this size."""
    return {
        "w": f"max(iw,ceil(ih*{width}/{height}))",
        "h": f"max(ih,ceil(iw*{height}/{width}))",
        "x": "(ow-iw)/2",
        "y": "(oh-ih)/2",
    }
