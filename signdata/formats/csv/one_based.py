"""Labels that count letters from 1, told from Sign-MNIST's codes by what those never have.

Sign-MNIST's codes are 0 to 24 without 9. A file without 0 that has two of these - a 1, a 9 or 25,
a 26 - is none of it: its other labels would be read one letter too far, so it is asked about. One
that only begins with 1 may be a part of Sign-MNIST without A; that is a note.
"""

from __future__ import annotations

from pathlib import Path

from signdata.errors import FormatError
from signdata.labels import ONE_BASED_CODES, SIGN_MNIST_CODES
from signdata.results import NOTE, Problem

_SAY = "--labels one-based if 1 is A and 26 is Z"


def check(codes: frozenset[int], path: Path, column: str) -> list[Problem]:
    """What to note about a file that is read as Sign-MNIST's letters.

    Raises
    ------
    FormatError
        If its labels count from 1, which those of Sign-MNIST do not.
    """
    if not codes or 0 in codes or not codes <= ONE_BASED_CODES.keys():
        return []
    where = f"column {column}"
    hints = (1 in codes) + bool(codes & {9, 25}) + (26 in codes)
    if hints > 1:
        has = ", ".join(map(str, sorted(codes - SIGN_MNIST_CODES.keys())))
        raise FormatError(
            f"labels {min(codes)} to {max(codes)} with {has} and without 0; expected 0..24 "
            "without 9 (A..Y without J)",
            path=path,
            where=where,
            remedy=f"Say {_SAY}, or --labels codes to keep the numbers.",
        )
    if 1 in codes:
        return [Problem(path.name, where, NOTE, f"no label 0: 1 is read as B. Say {_SAY}.")]
    return []
