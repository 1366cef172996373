"""What may be typed after a command, as the last line that it prints."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signdata.formats import registry
from signdata.options import next_command
from signdata.results import Result
from signdata.samples import SPLIT_NAMES, SPLITS

Following = tuple[str, ...]
"""A command and its words."""


@dataclass(frozen=True)
class Done:
    """A command that has ended.

    Attributes
    ----------
    result : Result
        What it returned.
    words : tuple of str
        What was typed beside the options.
    options : mapping
        Its options.
    """

    result: Result
    words: tuple[str, ...]
    options: Mapping[str, Any]

    @property
    def out(self) -> str:
        """What it wrote."""
        return self.result.output

    @property
    def source(self) -> str:
        """What it read first."""
        return self.words[0]


def line_after(command: str, words: Sequence[Any], options: Mapping[str, Any], done: Result) -> str:
    """The line that says what may be typed after a command; '' where nothing follows."""
    if done.details.get("dry_run"):
        return "next: the same without --dry-run"
    typed = [word for one in words for word in (one if isinstance(one, list | tuple) else [one])]
    words = tuple(str(word) for word in typed if word is not None)
    if done.ended_by or command not in _AFTER or any("://" in word for word in words):
        return ""
    following = _AFTER[command](Done(done, words, options))
    if not following:
        return ""
    same_source = words and words[0] in following[1:] and following[0] in _READ_ALIKE
    return next_command(*following, *(_reading(options) if same_source else ()))


_READ_ALIKE = frozenset({"audit", "baseline", "report", "split"})
"""Commands that read one source, so that what was said of how it is read holds for them."""


def _reading(options: Mapping[str, Any]) -> Following:
    """How the source was said to be read."""
    flags = {"from_format": "--from", "layout": "--layout", "videos": "--videos"}
    said = ((flag, options.get(name)) for name, flag in flags.items())
    return tuple(word for flag, value in said if value for word in (flag, str(value)))


def _splits_in(folder: str) -> set[str]:
    """The splits that a directory has folders of."""
    try:
        names = os.listdir(folder)
    except OSError:
        return set()
    return {SPLIT_NAMES[name.casefold()] for name in names if name.casefold() in SPLIT_NAMES}


def _split(place: str) -> Following:
    """Splits for a dataset that lacks some; training for one that has all."""
    found = _splits_in(place)
    target = f"{place.rstrip('/')}-split"
    if found == set(SPLITS):
        return ("baseline", place)
    if found in ({"train", "test"}, {"train", "val"}):
        [kept] = found - {"train"}
        return ("split", place, target, "--keep", kept, "--ratios", "90,10")
    pooled = ("--pool",) if found else ()
    return ("split", place, target, *pooled, "--ratios", "80,10,10")


def _is_file(place: str) -> bool:
    return any(one.names(Path(place)) for one in registry.FORMATS.values())


def _after_reading(done: Done) -> Following:
    """A dataset that was written: trained on if it is one file, else split."""
    out = done.out
    if out.lower().endswith(".csv"):
        split = done.options.get("split")
        return ("verify", done.source, out, *(("--split", split) if split else ()))
    return ("baseline", out) if _is_file(out) else _split(out)


def _after_convert(done: Done) -> Following:
    is_tree = bool(_splits_in(done.out)) or not (Path(done.out) / "data").is_dir()
    return _after_reading(done) if is_tree else ("verify", done.source, done.out)


def _after_split(done: Done) -> Following:
    listed = done.options.get("mode") == "manifest"
    return ("diff", done.source, done.out) if listed else ("report", done.out)


def _after_audit(done: Done) -> Following:
    if done.options.get("fix"):
        return ("audit", str(done.options["fix"]))
    if len(done.words) > 1 or done.result.details.get("serious"):
        return ("report", done.source)
    return _split(done.source) if os.path.isdir(done.source) else ("report", done.source)


def _after_verify(done: Done) -> Following:
    if done.result.exit_code:
        return ("report", done.source)
    return ("audit", done.source)


def _after_replay(done: Done) -> Following:
    same = done.result.details.get("same")
    return ("verify", done.out) if same else ("diff", done.source, done.out)


def _after_sample(done: Done) -> Following:
    kind, place = done.words[0], done.words[1].rstrip("/")
    if kind == "sign-mnist":
        csvs = (f"{place}/sign_mnist_{part}.csv" for part in ("train", "test"))
        return ("csv-to-folders", *csvs, f"{place}-folders")
    if kind == "asl-alphabet":
        return _split(done.words[1])
    if kind == "photos":
        meant = ("--layout", "{signer}/{label}*")
        return ("augment", place, f"{place}-variants.h5", "--boxes", "auto", *meant)
    index = f"{place}/WLASL_v0.3.json" if kind == "wlasl" else place
    layout: Following = ("--layout", "{label}_{signer}_*") if kind == "lsa64" else ()
    return ("extract-frames", index, f"{place}-frames", "--frames", "16", *layout)


def _after_croissant(done: Done) -> Following:
    return ("report", done.source) if done.out else ()  # else what was printed is the file


def _after_predict(done: Done) -> Following:
    if done.options.get("annotate"):
        return ("evaluate", done.source, "SRC")
    return ("predict", *done.words, "--annotate", "seen")


def _after_baseline(done: Done) -> Following:
    return ("report", *done.words, done.out)


def _after_evaluate(done: Done) -> Following:
    if done.out:
        return ("report", *done.words[1:], done.out)
    return ("evaluate", *done.words, "-o", "evaluated")


_AFTER: dict[str, Callable[[Done], Following]] = {
    "csv_to_folders": _after_reading,
    "folders_to_csv": _after_reading,
    "extract_frames": _after_reading,
    "trim": lambda done: ("extract-frames", done.out, f"{done.out.rstrip('/')}-frames"),
    "convert": _after_convert,
    "split": _after_split,
    "augment": _after_reading,
    "audit": _after_audit,
    "info": lambda done: ("audit", done.source),
    "verify": _after_verify,
    "diff": lambda done: ("verify", *done.words),
    "replay": _after_replay,
    "croissant": _after_croissant,
    "baseline": _after_baseline,
    "evaluate": _after_evaluate,
    "predict": _after_predict,
    "export": lambda done: ("predict", done.out, "PICTURE"),
    "report": lambda done: ("serve", *done.words),
    "sample": _after_sample,
    "demo": lambda done: ("serve", f"{done.out}/asl-split", f"{done.out}/run"),
}
"""What follows each command."""
