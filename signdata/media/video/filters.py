"""Chains of ffmpeg's filters that decoded frames go through."""

from __future__ import annotations

from itertools import pairwise

import av
import av.filter


def chain(frame: av.VideoFrame, *filters: tuple[str, dict[str, str]]) -> av.filter.Graph:
    """A graph that frames of the size and format of `frame` go through, one filter after another.

    Parameters
    ----------
    frame : VideoFrame
        The first of the frames.
    filters : tuple of (str, dict)
        The name and the arguments of each filter.
    """
    graph = av.filter.Graph()
    places = [
        graph.add_buffer(
            width=frame.width,
            height=frame.height,
            format=frame.format,
            time_base=frame.time_base,
        ),
        *(graph.add(name, **arguments) for name, arguments in filters),
        graph.add("buffersink"),
    ]
    for before, after in pairwise(places):
        before.link_to(after)
    graph.configure()
    return graph
