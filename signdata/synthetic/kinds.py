"""The `sample` command: writes a synthetic dataset."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from signdata.errors import UsageError, one_line
from signdata.options import ProgressCallback
from signdata.output import one_shot
from signdata.results import Result
from signdata.synthetic import clip_tables, datasets

Counts = Mapping[str, int]


def make(
    kind: str,
    out: Path,
    n: int | None,
    signers: int | None,
    size: tuple[int, int] | None,
    seed: int,
    overwrite: bool,
    progress: ProgressCallback | None,
) -> Result:
    """Write a synthetic dataset of a kind; see `signdata.sample`."""
    if kind not in KINDS:
        raise UsageError(f"kind {kind!r}; expected one of {', '.join(KINDS)}")
    document, already = one_shot.make(
        out,
        command=f"sample {kind}",
        options={"n": n, "signers": signers, "size": list(size) if size else None},
        seed=seed,
        sources=(),
        overwrite=overwrite,
        build=lambda root: {"counts": dict(KINDS[kind](root, n, signers, size, seed, progress))},
    )
    counts = document["counts"]
    result = Result("sample", str(out))
    if already:
        result.details["already_done"] = True
        result.summary = f"{one_line(str(out))} is complete already: nothing to do"
    result.read = int(counts["samples"])
    result.written = result.read
    result.details.update({"kind": kind, **{k: v for k, v in counts.items() if k != "samples"}})
    return result


def _given(**values: Any) -> dict[str, Any]:
    """The keywords that are not None; the others keep their defaults."""
    return {name: value for name, value in values.items() if value is not None}


def _sign_mnist(
    root: Path,
    n: int | None,
    signers: int | None,
    size: tuple[int, int] | None,
    seed: int,
    progress: ProgressCallback | None,
) -> Counts:
    if size and size[0] != size[1]:
        raise UsageError(f"size {size[0]}x{size[1]}; expected a square for a Sign-MNIST CSV")
    if n == 1:
        raise UsageError("1 row; expected at least 2, one for each of the two CSVs")
    n_test = max(1, n // 5) if n else None
    n_train = n - (n_test or 0) if n else None
    side = size[0] if size else None
    given = _given(n_train=n_train, n_test=n_test, size=side, signers=signers)
    return datasets.write_sign_mnist(root, seed=seed, progress=progress, **given)


def _maker(write: Callable[..., Counts]) -> Callable[..., Counts]:
    def make_one(
        root: Path,
        n: int | None,
        signers: int | None,
        size: tuple[int, int] | None,
        seed: int,
        progress: ProgressCallback | None,
    ) -> Counts:
        given = _given(n=n, signers=signers, size=size)
        return write(root, seed=seed, progress=progress, **given)

    return make_one


KINDS: dict[str, Callable[..., Counts]] = {
    "sign-mnist": _sign_mnist,
    "asl-alphabet": _maker(datasets.write_asl_alphabet),
    "wlasl": _maker(datasets.write_wlasl),
    "photos": _maker(datasets.write_photos),
    **{name: _maker(write) for name, write in clip_tables.KINDS.items()},
}
