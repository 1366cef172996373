"""A synthetic WLASL: the index, and the videos that could still be downloaded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from signdata.errors import UsageError
from signdata.options import ProgressCallback
from signdata.synthetic.checks import check
from signdata.synthetic.clips import GLOSSES, Clip, Gloss, draw_clip
from signdata.synthetic.drawing import drawn
from signdata.synthetic.films import check_even, encode
from signdata.synthetic.hands import Box
from signdata.synthetic.signers import generator, make_signer

_RATES = (Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(24))
_MISSING = 0.06
_LONGER = 0.12

# Three signers are enough for all splits; of ten, six are in train and two each in the others.
_SPLITS = ("train", "val", "test", "train", "train", "train", "val", "test", "train", "train")


@dataclass(frozen=True)
class _Take:
    """One instance of the index: gloss, signer and file."""

    video_id: str
    gloss: Gloss
    instance: int
    signer: int


def write_wlasl(
    root: Path,
    *,
    n: int = 12,
    glosses: int = 8,
    size: tuple[int, int] = (160, 120),
    signers: int = 10,
    seed: int = 0,
    progress: ProgressCallback | None = None,
) -> dict[str, int]:
    """Write ``WLASL_v0.3.json`` and ``videos/VIDEO_ID.mp4`` like those of WLASL.

    As in the real one, the index says 25 fps whatever the file's rate, a few signs are a range
    in a longer file, and some videos are missing. Splits are by signer.

    Parameters
    ----------
    root : Path
        An existing directory.
    n : int
        Clips per gloss.
    glosses : int
        Number of glosses, at most ``len(GLOSSES)``.
    size : tuple of int
        Width and height; even numbers, because of H.264's chroma subsampling.
    signers : int
        Number of signers. Of every ten, six are in train, two in val and two in test.
    seed : int
    progress : callable, optional
        Called with clips drawn and the total.

    Returns
    -------
    dict
        ``samples`` in the index, ``videos`` in the folder, ``missing``, ``classes``, ``signers``.

    Raises
    ------
    UsageError
        If a size or count is out of range.
    """
    check(size=size, n=n, glosses=glosses, signers=signers)
    check_even(size)
    if glosses > len(GLOSSES):
        raise UsageError(f"glosses {glosses}; expected at most {len(GLOSSES)}")
    takes = _takes(n, GLOSSES[:glosses], signers)
    missing = _missing(takes, seed)
    entries: dict[str, list[dict[str, object]]] = {}
    (root / "videos").mkdir()
    films = drawn(_Films(root / "videos", size, seed, missing), takes, len(takes), progress)
    for take, instance in zip(takes, films, strict=True):
        entries.setdefault(take.gloss.name, []).append(instance)
    index = [{"gloss": gloss, "instances": instances} for gloss, instances in entries.items()]
    text = json.dumps(index, indent=4)
    (root / "WLASL_v0.3.json").write_text(text, encoding="ascii", newline="\n")
    return {
        "samples": len(takes),
        "videos": len(takes) - len(missing),
        "missing": len(missing),
        "classes": glosses,
        "signers": min(signers, n),
    }


def _takes(n: int, glosses: Sequence[Gloss], signers: int) -> list[_Take]:
    # WLASL numbers its videos by gloss in alphabetical order, with gaps.
    order = sorted(glosses, key=lambda gloss: gloss.name)
    first = {gloss.name: 1 + place * (n + 3) for place, gloss in enumerate(order)}
    return [
        _Take(f"{first[gloss.name] + instance:05d}", gloss, instance, instance % signers)
        for gloss in glosses
        for instance in range(n)
    ]


def _missing(takes: Sequence[_Take], seed: int) -> frozenset[str]:
    """The missing videos: about one in sixteen; none if there are fewer than ten."""
    if len(takes) < 10:
        return frozenset()
    rng = generator(seed, "wlasl", "missing")
    gone = rng.choice(len(takes), max(round(_MISSING * len(takes)), 1), replace=False)
    return frozenset(takes[index].video_id for index in gone)


@dataclass(frozen=True)
class _Films:
    """Writes the video of one instance, unless it is missing, and returns its index entry."""

    folder: Path
    size: tuple[int, int]
    seed: int
    missing: frozenset[str]

    def __call__(self, take: _Take) -> dict[str, object]:
        rng = generator(self.seed, "wlasl", take.video_id)
        n_signing = int(rng.integers(24, 61))
        rate = _RATES[rng.integers(len(_RATES))]
        longer = rng.random() < _LONGER
        before, after = (int(x) for x in rng.integers(12, 40, 2)) if longer else (0, 0)
        clip = Clip(
            take.gloss,
            make_signer(self.seed, take.signer),
            self.size[::-1],
            n_signing + before + after,
            before,
            before + n_signing,
        )
        frames, box = draw_clip(clip, rng)
        if take.video_id not in self.missing:
            encode(self.folder / f"{take.video_id}.mp4", frames, rate, self.size)
        # Bounds are 1-based and inclusive; -1 means to the end.
        bounds = (before + 1, before + n_signing) if longer else (1, -1)
        return _instance(take, box, bounds)


def _instance(take: _Take, box: Box, bounds: tuple[int, int]) -> dict[str, object]:
    source = ("drawnsigns", "handmade", "penandsign")[take.signer % 3]
    name = take.gloss.name.replace(" ", "-")
    return {
        "bbox": list(box),
        "fps": 25,
        "frame_end": bounds[1],
        "frame_start": bounds[0],
        "instance_id": take.instance,
        "signer_id": take.signer,
        "source": source,
        "split": _SPLITS[take.signer % len(_SPLITS)],
        "url": f"https://example.org/{source}/{name}-{take.video_id}.mp4",
        "variation_id": 0,
        "video_id": take.video_id,
    }
