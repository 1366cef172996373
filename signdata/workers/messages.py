"""What goes to a node of a cluster and comes back, as pickles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Bundle:
    """Work for one node.

    Attributes
    ----------
    folder : str
        Where relative paths start: the working folder of the driver.
    run_file : str
        Its run file, with the whole path, or ''.
    prepare : bytes
        A pickled function without arguments, called once by each child before its first bundle;
        what it raises ends the run, and what it returns goes back.
    job : bytes
        The pickled function, and the one that divides an item; or, where these are large, the
        name of a file that holds them, with their checksum as its last part after a ``-``.
    items : bytes
        The pickled items; b'' if the node is only asked to prepare.
    workers : int or None
        Processes; None takes the cores of the node.
    shares : dict
        How many children share the cores of a host, where it is more than one.
    """

    folder: str
    run_file: str
    prepare: bytes
    job: bytes | str = b""
    items: bytes = b""
    workers: int | None = None
    shares: dict[str, int] | None = None


@dataclass(frozen=True)
class Answer:
    """What came of a bundle.

    Attributes
    ----------
    prepared : object
        What the bundle's `prepare` returned.
    results : bytes
        The pickled results of each item: one, or one for each part it was divided into.
    seconds : float
        How long the node took, without what is done once.
    error : Exception or None
        What ended it.
    """

    prepared: Any = None
    results: bytes = b""
    seconds: float = 0.0
    error: Exception | None = None
