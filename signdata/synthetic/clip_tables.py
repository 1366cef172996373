"""Made-up datasets in the shape of published ones whose clips are listed in tables."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, count
from pathlib import Path

from PIL import Image as Pillow

from signdata.errors import UsageError
from signdata.options import ProgressCallback
from signdata.synthetic.checks import check
from signdata.synthetic.clips import GLOSSES, Clip, Gloss, draw_clip
from signdata.synthetic.films import check_even, encode
from signdata.synthetic.render import Image
from signdata.synthetic.signers import generator, make_signer

RATE = Fraction(25)

_SPLITS = ("train", "val", "test", "train", "train")
"""Of every five signers three are for training, one each for the others."""

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(frozen=True)
class _Take:
    """One recording: who signs what.

    Attributes
    ----------
    name : str
        What it is called where nothing else is asked for.
    glosses : tuple of Gloss
        Signed one after another.
    number, signer : int
        The number of the recording among those of its first gloss; who signs.
    """

    name: str
    glosses: tuple[Gloss, ...]
    number: int
    signer: int

    @property
    def split(self) -> str:
        return _SPLITS[self.signer % len(_SPLITS)]


@dataclass(frozen=True)
class _Studio:
    """Where recordings are made."""

    seed: int
    size: tuple[int, int]
    made: Callable[[], object]

    def frames(self, take: _Take) -> tuple[Iterator[Image], list[int]]:
        """The frames of a recording, and where each of its signs ends."""
        parts, ends = [], [0]
        for place, gloss in enumerate(take.glosses):
            rng = generator(self.seed, "clip tables", take.name, place)
            n = int(rng.integers(10, 21))
            who = make_signer(self.seed, take.signer)
            parts.append(draw_clip(Clip(gloss, who, self.size[::-1], n, 0, n), rng)[0])
            ends.append(ends[-1] + n)
        self.made()
        return chain.from_iterable(parts), ends

    def film(self, take: _Take, path: Path) -> list[int]:
        """Encode a recording; where each of its signs ends, in frames."""
        frames, ends = self.frames(take)
        path.parent.mkdir(parents=True, exist_ok=True)
        encode(path, frames, RATE, self.size)
        return ends


def _takes(n: int, glosses: Sequence[Gloss], signers: int, signs: int = 1) -> list[_Take]:
    return [
        _Take(
            f"{place:03d}-{number:03d}",
            tuple(glosses[(place + step) % len(glosses)] for step in range(signs)),
            number,
            number % signers,
        )
        for place in range(len(glosses))
        for number in range(n)
    ]


def _write_csv(path: Path, rows: Sequence[Sequence[object]], delimiter: str = ",") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter, lineterminator="\n").writerows(rows)


def _of_splits(takes: Sequence[_Take]) -> dict[str, list[_Take]]:
    found: dict[str, list[_Take]] = {}
    for take in takes:
        found.setdefault(take.split, []).append(take)
    return found


def write_asl_citizen(root: Path, studio: _Studio, takes: Sequence[_Take]) -> int:
    """Write ``splits/SPLIT.csv`` and ``videos/``."""
    for split, mine in _of_splits(takes).items():
        rows: list[Sequence[object]] = [("Participant ID", "Video file", "Gloss", "ASL-LEX Code")]
        for take in mine:
            gloss = take.glosses[0].name.upper().replace(" ", "")
            name = f"{take.name.replace('-', '')}-{gloss}.mp4"
            studio.film(take, root / "videos" / name)
            rows.append((f"P{take.signer + 1}", name, gloss, f"A_01_{take.name[:3]}"))
        _write_csv(root / "splits" / f"{split}.csv", rows)
    return len(takes)


def write_autsl(root: Path, studio: _Studio, takes: Sequence[_Take]) -> int:
    """Write ``SPLIT_labels.csv``, a folder of videos for each split and the list of signs."""
    numbers = {gloss.name: number for number, gloss in enumerate(GLOSSES)}
    for split, mine in _of_splits(takes).items():
        rows = []
        for take in mine:
            number = numbers[take.glosses[0].name]
            name = f"signer{take.signer}_sample{number * 1000 + take.number}"
            studio.film(take, root / split / f"{name}_color.mp4")
            rows.append((name, number))
        _write_csv(root / f"{split}_labels.csv", rows)
    used = {take.glosses[0].name for take in takes}
    signs = [(numbers[name], f"isaret{numbers[name]}", name) for name in sorted(used)]
    _write_csv(root / "SignList_ClassId_TR_EN.csv", [("ClassId", "TR", "EN"), *signs])
    return len(takes)


def write_lsa64(root: Path, studio: _Studio, takes: Sequence[_Take]) -> int:
    """Write ``all/CCC_SSS_RRR.mp4``."""
    for take in takes:
        sign, number = int(take.name[:3]) + 1, take.number + 1
        studio.film(take, root / "all" / f"{sign:03d}_{take.signer + 1:03d}_{number:03d}.mp4")
    return len(takes)


def write_msasl(root: Path, studio: _Studio, takes: Sequence[_Take]) -> int:
    """Write ``MSASL_SPLIT.json`` and videos of two signs each, called by ids as of YouTube."""
    names = sorted({gloss.name for take in takes for gloss in take.glosses})
    width, height = studio.size
    for split, mine in _of_splits(takes).items():
        entries = []
        for take in mine:
            rng = generator(studio.seed, "msasl", take.name)
            video = "".join(_LETTERS[i] for i in rng.integers(len(_LETTERS), size=11))
            ends = studio.film(take, root / "videos" / f"{video}.mp4")
            entries += [
                {
                    "org_text": gloss.name,
                    "clean_text": gloss.name,
                    "start_time": float(start / RATE),
                    "signer_id": take.signer,
                    "signer": take.signer,
                    "start": start,
                    "end": end,
                    "file": f"{gloss.name} {take.name}",
                    "label": names.index(gloss.name),
                    "height": float(height),
                    "fps": float(RATE),
                    "end_time": float(end / RATE),
                    "url": f"https://www.youtube.com/watch?v={video}",
                    "text": gloss.name,
                    "box": [0.0, 0.1, 1.0, 0.9],
                    "width": float(width),
                }
                for gloss, start, end in zip(take.glosses, ends[:-1], ends[1:], strict=True)
            ]
        (root / f"MSASL_{split}.json").write_text(json.dumps(entries), encoding="utf-8")
    (root / "MSASL_classes.json").write_text(json.dumps(names), encoding="utf-8")
    return sum(len(take.glosses) for take in takes)


def write_how2sign(root: Path, studio: _Studio, takes: Sequence[_Take]) -> int:
    """Write a table with tabs for each split, and recordings of two sentences each."""
    for split, mine in _of_splits(takes).items():
        rows: list[Sequence[object]] = [
            (
                *("VIDEO_ID", "VIDEO_NAME", "SENTENCE_ID", "SENTENCE_NAME"),
                *("START_REALIGNED", "END_REALIGNED", "SENTENCE"),
            )
        ]
        for take in mine:
            video = f"{take.name}-5-rgb_front"
            ends = studio.film(take, root / "raw_videos" / f"{video}.mp4")
            for i, (first, last) in enumerate(((0, 2), (2, 4))):
                words = " and ".join(gloss.name for gloss in take.glosses[first:last])
                times = (f"{float(ends[place] / RATE):.2f}" for place in (first, last))
                name = f"{take.name}_{i}"
                sentence = f"{words.capitalize()}."
                rows.append((take.name, video, name, f"{name}-5-rgb_front", *times, sentence))
        _write_csv(root / f"how2sign_realigned_{split}.csv", rows, "\t")
    return 2 * len(takes)


def write_phoenix(root: Path, studio: _Studio, takes: Sequence[_Take]) -> int:
    """Write a corpus with bars for each split, and a folder of PNGs for each sentence."""
    for split, mine in _of_splits(takes).items():
        folder = "dev" if split == "val" else split
        rows: list[Sequence[object]] = [
            ("name", "video", "start", "end", "speaker", "orth", "translation")
        ]
        for take in mine:
            name = f"01April_2010_tagesschau-{take.name}"
            place = root / "features" / "fullFrame-210x260px" / folder / name
            place.mkdir(parents=True)
            for i, frame in enumerate(studio.frames(take)[0]):
                Pillow.fromarray(frame).save(place / f"images{i + 1:04d}.png")
            orth = " ".join(gloss.name.upper().replace(" ", "-") for gloss in take.glosses)
            speaker = f"Signer{take.signer + 1:02d}"
            rows.append((name, f"{name}/1/*.png", -1, -1, speaker, orth, orth.lower()))
        name = f"PHOENIX-2014-T.{folder}.corpus.csv"
        _write_csv(root / "annotations" / "manual" / name, rows, "|")
    return len(takes)


def writer(
    write: Callable[[Path, _Studio, Sequence[_Take]], int], signs: int = 1
) -> Callable[..., dict[str, int]]:
    """The function that makes one of these datasets, of recordings of `signs` signs."""

    def write_dataset(
        root: Path,
        *,
        n: int = 5,
        glosses: int = 4,
        size: tuple[int, int] = (160, 120),
        signers: int = 5,
        seed: int = 0,
        progress: ProgressCallback | None = None,
    ) -> dict[str, int]:
        """Write a dataset: `n` recordings for each of `glosses` glosses.

        Returns
        -------
        dict
            ``samples``, ``videos``, ``signers``.

        Raises
        ------
        UsageError
            When nothing can be made of the numbers.
        """
        check(size=size, n=n, glosses=glosses, signers=signers)
        check_even(size)
        if glosses > len(GLOSSES):
            raise UsageError(f"glosses {glosses}; expected at most {len(GLOSSES)}")
        takes = _takes(n, GLOSSES[:glosses], signers, signs)
        numbers = count(1)

        def made() -> None:
            if progress is not None:
                progress(next(numbers), len(takes))

        samples = write(root, _Studio(seed, size, made), takes)
        return {"samples": samples, "videos": len(takes), "signers": min(signers, n)}

    return write_dataset


KINDS: dict[str, Callable[..., dict[str, int]]] = {
    "ms-asl": writer(write_msasl, 2),
    "asl-citizen": writer(write_asl_citizen),
    "autsl": writer(write_autsl),
    "lsa64": writer(write_lsa64),
    "how2sign": writer(write_how2sign, 4),
    "phoenix-2014t": writer(write_phoenix, 3),
}
"""By the names that `sample` knows."""
