"""Labels that count letters from 1, told from Sign-MNIST's codes by what never occurs in those.

Sign-MNIST's codes are 0 to 24 without 9. A file with 9, 25 or 26 and without 0 is not one of
them: read so, the other labels would be one letter too far, so it is asked about. A file that
begins with 1 and has nothing else that is strange may be a part of Sign-MNIST without A; that is
a note.
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
    strange = sorted(codes - SIGN_MNIST_CODES.keys())
    if strange:
        has = ", ".join(map(str, strange))
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
