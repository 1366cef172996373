"""The command that makes synthetic datasets."""

from __future__ import annotations

from typing import Unpack

from signdata.filesystem import output_path
from signdata.options import (
    LimitKeywords,
    LimitOptions,
    PathLike,
    ProgressCallback,
    callback,
    command,
)
from signdata.results import Result


@command(LimitOptions)
def sample(
    kind: str,
    out: PathLike,
    *,
    n: int | None = None,
    signers: int | None = None,
    size: tuple[int, int] | None = None,
    seed: int = 0,
    overwrite: bool = False,
    progress: ProgressCallback | bool | None = None,
    **shared: Unpack[LimitKeywords],
) -> Result:
    """Make a small synthetic dataset to try things on.

    Parameters
    ----------
    kind : str
        ``sign-mnist``: two CSVs; ``asl-alphabet``: a tree of 29 classes; ``wlasl``: a JSON with
        videos; ``photos``: colour photographs of several signers with hand boxes; ``ms-asl``,
        ``asl-citizen``, ``autsl``, ``lsa64``, ``how2sign``, ``phoenix-2014t``: clips laid out as
        in these datasets.
    out : path
        The directory to make.
    n : int, optional
        Rows of both CSVs together; pictures a class; clips or recordings a gloss; pictures a
        letter and signer.
    signers : int, optional
        How many people sign.
    size : tuple of int, optional
        Width and height of pictures and videos.
    seed : int
        Random seed: another one draws other hands.
    overwrite : bool
        Whether something else under the output's name may be replaced.
    progress : callable or bool, optional
        Called with samples done and total.
    """
    from signdata.synthetic import kinds

    return kinds.make(kind, output_path(out), n, signers, size, seed, overwrite, callback(progress))
