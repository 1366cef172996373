"""Keyword groups: each keyword that commands share is named, typed, defaulted and explained once.

A group is a frozen dataclass, and a ``TypedDict`` of the same names for the signatures::

    @command(ReadOptions, RunOptions)
    def count(src: PathLike, **shared: Unpack[CountKeywords]) -> Result:
        read = ReadOptions.taken_from(shared)

`command` spells the keywords out for ``help()`` and `inspect.signature`, and refuses a misspelt
one. The command line makes its options from the same groups (`signdata.cli.options`).
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import inspect
import os
import re
import shlex
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import wraps
from pathlib import Path
from typing import Any, ClassVar, ParamSpec, Self, TypeAlias, TypedDict, TypeVar

from signdata import bars
from signdata.calls import Call, calling
from signdata.errors import MissingError, UsageError, one_line
from signdata.labels import LABEL_WORDS
from signdata.limits import MAX_PIXELS, check_size, pixel_limit
from signdata.results import Result
from signdata.samples import SPLIT_NAMES
from signdata.values import checked_call
from signdata.workers import cluster as clusters

PathLike: TypeAlias = str | Path
P = ParamSpec("P")
R = TypeVar("R", bound=Result)

STOP, SKIP = "stop", "skip"
"""What happens at a sample that cannot be read: the run ends, or the sample is left out."""


ProgressCallback: TypeAlias = Callable[..., None]
"""Called as ``progress(done, total)`` in samples, total None when unknown.

Training calls it with a third argument, a note on how it goes: in samples while it is
``reading``, then in steps. A note that ends with a line break is to stay on the screen. What is
fetched from a store or sent to one is counted in the same way, in objects, with the note
``fetching`` or ``sending``.
"""


def callback(progress: ProgressCallback | bool | None) -> ProgressCallback | None:
    """What a keyword `progress` calls; `command` has put a bar in the place of True."""
    return progress if callable(progress) else None


def paths(value: PathLike | Sequence[PathLike]) -> list[Path]:
    """One path or several, as a list."""
    return [Path(value)] if isinstance(value, str | Path) else [Path(one) for one in value]


def next_command(name: str, *words: PathLike) -> str:
    """The line that says what may be typed next."""
    typed = " ".join(shlex.quote(one_line(str(word))) for word in words)
    return f"next: signdata {name} {typed}"


def named_split(source: PathLike) -> tuple[str, str]:
    """The split and the place of a source that was named ``train=DIR``; '' for any other."""
    text = str(source)
    word, equals, place = text.partition("=")
    split = SPLIT_NAMES.get(word.casefold(), "")
    if not (equals and split and place) or os.path.lexists(text):
        return "", text
    return split, place


def in_datasets(words: Sequence[PathLike]) -> list[list[PathLike]]:
    """Words of a command line as datasets: those that say their split one after the other are one.

    ``train=a test=b other`` are two datasets.
    """
    made: list[list[PathLike]] = []
    before = ""
    for word in words:
        split = named_split(word)[0]
        if split and before:
            made[-1].append(word)
        else:
            made.append([word])
        before = split
    return made


def keyword(default: Any, help: str, flag: str = "") -> Any:
    """A keyword of a group: its default, its explanation, and its option if that differs."""
    return field(default=default, metadata={"help": help, "flag": flag})


class Group:
    """What all keyword groups can do.

    Attributes
    ----------
    title : str
        What the help of a command shows the group's options under.
    """

    title: ClassVar[str]

    @classmethod
    def keywords(cls) -> dict[str, Field[Any]]:
        """The fields by name."""
        return {one.name: one for one in fields(cls)}  # type: ignore[arg-type]  # groups are dataclasses

    @classmethod
    def title_of(cls, name: str) -> str:
        """The title of the group that defines a field, which may be a base of this one."""
        owner = next(one for one in cls.__mro__ if name in inspect.get_annotations(one))
        title: str = owner.title  # type: ignore[attr-defined]  # fields are in groups only
        return title

    @classmethod
    def taken_from(cls, keywords: Mapping[str, Any]) -> Self:
        """The group's part of the keywords of a call."""
        return cls(**{name: keywords[name] for name in cls.keywords() if name in keywords})


# -- How large a picture may be


class LimitKeywords(TypedDict, total=False):
    max_pixels: int


@dataclass(frozen=True)
class LimitOptions(Group):
    """How large a picture may be; `command` sees to it that it is kept."""

    title = "Limits"

    max_pixels: int = keyword(
        MAX_PIXELS, "Read and write no picture of more pixels, width times height."
    )


# -- How stores are reached


class StoreKeywords(TypedDict, total=False):
    storage_options: Mapping[str, Any] | PathLike | None
    scratch: PathLike | None


@dataclass(frozen=True)
class StoreOptions(Group):
    """How what is at an address (``s3://bucket/asl``) is reached; never recorded."""

    title = "Stores"

    storage_options: Mapping[str, Any] | PathLike | None = keyword(
        None, "JSON file of the store's fsspec options, such as credentials."
    )
    scratch: PathLike | None = keyword(
        None, "Keep local copies of what is at an address here [default: ~/.cache/signdata]."
    )


# -- How a dataset is read


class VideoKeywords(TypedDict, total=False):
    tone_map: bool
    deinterlace: str


class RowKeywords(LimitKeywords, StoreKeywords, total=False):
    split: str | None
    labels: PathLike | Sequence[str]
    csv_size: tuple[int, ...] | None
    header: bool
    corrections: PathLike | None
    classes: Sequence[str] | PathLike | None
    rename: PathLike | None
    max_per_class: int | None
    fold: int | None
    val_fold: int | None


class ReadKeywords(RowKeywords, VideoKeywords, total=False):
    from_format: str | None
    videos: PathLike | None
    follow_symlinks: bool
    layout: str | None
    images: str | None
    targets: str | None
    root: PathLike | None
    path_column: str | None
    label_column: str | None


@dataclass(frozen=True)
class VideoOptions(Group):
    """What is made of the frames of videos."""

    title = "Videos"

    tone_map: bool = keyword(
        True, "Keep the code values of HDR videos, which look dull.", "--no-tone-map"
    )
    deinterlace: str = keyword("auto", "Deinterlace interlaced videos, or leave them.")

    def __post_init__(self) -> None:
        if self.deinterlace not in ("auto", "off"):
            raise UsageError(f"--deinterlace {self.deinterlace!r}; expected auto or off")

    def record_videos(self) -> dict[str, Any]:
        """What of it makes two runs the same, where it differs from the defaults."""
        everything = {"tone_map": self.tone_map, "deinterlace": self.deinterlace}
        usual = VideoOptions()
        return {k: v for k, v in everything.items() if v != getattr(usual, k)}


@dataclass(frozen=True)
class RowOptions(LimitOptions, StoreOptions):
    """How the rows of CSVs are read, and which of them."""

    title = "Reading"

    split: str | None = keyword(None, "Read only this split.")
    labels: PathLike | Sequence[str] = keyword(
        "letters",
        "Meaning of a CSV's labels: A..Y, A..Z from 1, any integer, names, none, lines of FILE.",
    )
    csv_size: tuple[int, ...] | None = keyword(
        None, "Size of a CSV's pictures: WxH, WxHx3 or 3xWxH for colour [default: square]."
    )
    header: bool = keyword(True, "The CSV's first line is a picture.", "--no-header")
    corrections: PathLike | None = keyword(
        None, "Leave out, relabel or group samples as the rows of this CSV say; see docs."
    )
    classes: Sequence[str] | PathLike | None = keyword(
        None, "Read only these classes, in this order, or the lines of FILE."
    )
    rename: PathLike | None = keyword(
        None, "New class names, one old,new per line; several may be merged."
    )
    max_per_class: int | None = keyword(None, "Read at most this many samples of each class.")
    fold: int | None = keyword(
        None, "Read this fold of split --folds as test, the others as train."
    )
    val_fold: int | None = keyword(None, "Read this fold as val.")

    def __post_init__(self) -> None:
        sides = self.csv_size
        if sides is not None and (len(sides) not in (2, 3) or min(sides) < 1):
            raise UsageError(f"--csv-size {sides!r}; expected (28, 28), (W, H, 3) or (3, W, H)")

    def record(self) -> dict[str, Any]:
        """What of it makes two runs the same."""
        return {
            "split": self.split,
            "labels": _content_of(self.labels),
            "csv_size": list(self.csv_size) if self.csv_size else None,
            "header": self.header,
            "classes": _content_of_file(self.classes),
            "rename": _content_of_file(self.rename),
            "max_per_class": self.max_per_class,
            "fold": self.fold,
            "val_fold": self.val_fold,
            **record_corrections(self.corrections),
        }


@dataclass(frozen=True)
class ReadOptions(VideoOptions, RowOptions):
    """How a dataset of any format is read."""

    title = "Reading"

    from_format: str | None = keyword(None, "Format of SRC [default: recognised].", "--from")
    videos: PathLike | None = keyword(
        None, "Videos of a WLASL JSON or of a table [default: videos/]."
    )
    follow_symlinks: bool = keyword(False, "Follow symbolic links to folders.")
    layout: str | None = keyword(None, "Meaning of the paths: '{signer}/{label}/*'; see docs.")
    images: str | None = keyword(
        None, "Array or column of the pictures: .npz, .npy, HDF5, Parquet."
    )
    targets: str | None = keyword(None, "Array or column of their labels.")
    root: PathLike | None = keyword(None, "What the paths in a table are relative to.")
    path_column: str | None = keyword(None, "Column of a table that has paths.")
    label_column: str | None = keyword(None, "Column of a table that has labels.")

    def __post_init__(self) -> None:
        VideoOptions.__post_init__(self)
        RowOptions.__post_init__(self)

    def record_of(self, found_format: str) -> dict[str, Any]:
        """What makes two runs the same, with the format that was found or named.

        Where the files are, and through which links they were reached, is not part of it.
        """
        return {
            "from": found_format,
            "layout": self.layout,
            "images": self.images,
            "targets": self.targets,
            "path_column": self.path_column,
            "label_column": self.label_column,
            **self.record_videos(),
            **self.record(),
        }


def record_corrections(path: PathLike | None) -> dict[str, str]:
    """What is recorded of a file of corrections: that there was one; it is one of the sources."""
    return {} if path is None else {"corrections": "file among the sources"}


def _content_of_file(value: Sequence[str] | PathLike | None) -> str | list[str] | None:
    """What is recorded of a file, or of names: a checksum, or the names."""
    if value is None:
        return None
    if not isinstance(value, str | Path):
        return list(value)
    return _content_of(str(value)) if Path(value).is_file() else str(value)


def _content_of(labels: PathLike | Sequence[str]) -> str | list[str]:
    """What is recorded of `labels`: the word, the names, or a checksum of the file."""
    if not isinstance(labels, str | Path):
        return list(labels)
    if str(labels) in LABEL_WORDS:
        return str(labels)
    try:
        return f"file {hashlib.sha256(Path(labels).read_bytes()).hexdigest()}"
    except OSError as err:
        raise MissingError(f"cannot be read ({err.strerror})", path=labels) from err


# -- Which clips of an index or a table are read, and how


class ClipKeywords(LimitKeywords, StoreKeywords, VideoKeywords, total=False):
    split: str | None
    corrections: PathLike | None
    videos: PathLike | None
    path_column: str | None
    label_column: str | None
    glosses: int | Sequence[str] | PathLike | None
    subset: PathLike | None
    signers: Sequence[str]
    limit: int | None
    ranges: str
    json_fps: str
    keep_short: bool
    timeout: float | None


@dataclass(frozen=True)
class ClipSelection(VideoOptions, LimitOptions, StoreOptions):
    """Which clips of an index or a table are read, and where in their files they are."""

    title = "Which clips"

    split: str | None = keyword(None, "Read only this split.")
    corrections: PathLike | None = keyword(
        None, "Leave out, relabel or group samples as the rows of this CSV say; see docs."
    )
    videos: PathLike | None = keyword(
        None, "Videos of a WLASL JSON or of a table [default: videos/]."
    )
    path_column: str | None = keyword(None, "Column of a table that has paths.")
    label_column: str | None = keyword(None, "Column of a table that has labels.")
    glosses: int | Sequence[str] | PathLike | None = keyword(
        None, "The first N glosses, or those in the lines of FILE."
    )
    subset: PathLike | None = keyword(None, "Official subset: nslt_100.json.")
    signers: Sequence[str] = keyword((), "Only these signers.")
    limit: int | None = keyword(None, "Read at most this many clips.")
    ranges: str = keyword(
        "auto", "Apply WLASL's frame_start and frame_end; auto takes files whole if already cut."
    )
    json_fps: str = keyword(
        "25",
        "Frame rate of frame_start and frame_end: WLASL's 25, or the index's own fps.",
    )
    keep_short: bool = keyword(False, "Keep the frames of a video that ends early.")
    timeout: float | None = keyword(600.0, "Give up on a video after this many seconds.")

    def record(self) -> dict[str, Any]:
        """What of it makes two runs the same."""
        return {
            "split": self.split,
            "path_column": self.path_column,
            "label_column": self.label_column,
            "glosses": self.glosses,
            "subset": None if self.subset is None else Path(self.subset).name,
            "signers": list(self.signers),
            "limit": self.limit,
            "ranges": self.ranges,
            "json_fps": self.json_fps,
            "keep_short": self.keep_short,
            **record_corrections(self.corrections),
            **self.record_videos(),
        }


# -- Keypoints of videos


class PoseKeywords(TypedDict, total=False):
    poses: PathLike | None
    pose_base: int | None


@dataclass(frozen=True)
class PoseOptions(Group):
    """Where the keypoints of videos are; they follow the frames."""

    title = "Keypoints"

    poses: PathLike | None = keyword(
        None, "Keypoint files, a folder for each video; each frame's is written with it."
    )
    pose_base: int | None = keyword(
        None, "Number of the first frame's keypoint file [default: derived from all numbers]."
    )

    def record(self) -> dict[str, Any]:
        """What of it makes two runs the same; nothing where there are none."""
        if self.poses is None:
            return {}
        return {"poses": Path(self.poses).name, "pose_base": self.pose_base}


# -- Where a saved network runs


class NetworkKeywords(TypedDict, total=False):
    device: str


@dataclass(frozen=True)
class NetworkOptions(Group):
    """Where a saved network runs."""

    title = "Network"

    device: str = keyword("auto", "Run the network here; auto uses CUDA if available.")


# -- How pictures are written


class SizeKeywords(TypedDict, total=False):
    size: tuple[int, int] | None
    fit: str
    background: str
    gray: bool


class EncodingKeywords(TypedDict, total=False):
    image_format: str | None
    quality: int


class WriteKeywords(SizeKeywords, EncodingKeywords, total=False):
    pass


@dataclass(frozen=True)
class SizeOptions(Group):
    """What is changed of every picture that is written."""

    title = "Pictures"

    size: tuple[int, int] | None = keyword(
        None, "Size of the written pictures, width x height [default: as read]."
    )
    fit: str = keyword(
        "stretch",
        "Bring other proportions to --size: stretch; pad with the background; crop the middle.",
    )
    background: str = keyword("black", "Background of --fit pad: a colour's name or #rrggbb.")
    gray: bool = keyword(False, "Write grey pictures (Rec. 601 luma).")

    def __post_init__(self) -> None:
        check_size(self.size, "--size")
        if self.fit != "stretch" and self.size is None:
            raise UsageError("--fit goes with --size")


@dataclass(frozen=True)
class EncodingOptions(Group):
    """How pictures are encoded."""

    title = "Pictures"

    image_format: str | None = keyword(
        None, "Picture format [default: original bytes, otherwise png]."
    )
    quality: int = keyword(95, "JPEG quality, 1-100.")


@dataclass(frozen=True)
class WriteOptions(EncodingOptions, SizeOptions):
    """How pictures are written."""

    def record(self) -> dict[str, Any]:
        """What of it makes two runs the same."""
        return {
            "size": list(self.size) if self.size else None,
            "fit": self.fit,
            "background": self.background,
            "gray": self.gray,
            "image_format": self.image_format,
            "quality": self.quality,
        }


# -- How a command runs


class WorkKeywords(TypedDict, total=False):
    workers: int | None
    cluster: Any
    allow_skew: bool
    progress: ProgressCallback | bool | None


class OutputKeywords(WorkKeywords, total=False):
    dry_run: bool
    overwrite: bool


class RunKeywords(OutputKeywords, total=False):
    on_error: str


@dataclass(frozen=True)
class WorkOptions(Group):
    """How the work is done; nothing of it changes a byte of the output."""

    title = "Running"

    workers: int | None = keyword(None, "Worker processes [default: all cores].", "--workers/-j")
    cluster: Any = keyword(
        None, "Work on the nodes of a cluster: dask:tcp://HOST:PORT, dask:FILE.json, ray:auto."
    )
    allow_skew: bool = keyword(
        False, "Accept nodes whose libraries or processors make other bytes than here."
    )
    progress: ProgressCallback | None = keyword(
        None,
        "Called with the number of samples done and the total; True shows a bar, False nothing "
        "[default: a bar in notebooks].",
    )

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 0:
            raise UsageError(f"--workers {self.workers}; expected 0 (only this process) or more")


@dataclass(frozen=True)
class OutputOptions(WorkOptions):
    """Whether and how an output is written."""

    dry_run: bool = keyword(False, "Read and count everything, but write nothing.")
    overwrite: bool = keyword(False, "Replace an existing output.")


@dataclass(frozen=True)
class RunOptions(OutputOptions):
    """How a command that writes a dataset runs."""

    on_error: str = keyword(
        STOP, "Stop at the first unreadable sample, or leave it out and name it."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.on_error not in (STOP, SKIP):
            raise UsageError(f"on-error {self.on_error!r}; expected stop or skip")


# -- Functions that take groups


def command(
    *groups: type[Group], manifests: Collection[str] = (), **defaults: Any
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function a command: its groups' keywords spelled out, its time taken.

    Parameters
    ----------
    groups
        The keyword groups that the function takes as ``**shared``.
    manifests
        Parameters of which only the files next to the data are read: of a dataset in a store,
        no more is fetched.
    defaults
        Keywords of the groups whose default is another one here.

    Raises
    ------
    TypeError
        From the command, if a keyword is none of its own.
    """
    shared = {name: one for group in groups for name, one in group.keywords().items()}

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        spelled = inspect.signature(function)
        own = [p for p in spelled.parameters.values() if p.kind is not p.VAR_KEYWORD]
        named = {parameter.name for parameter in own}
        added = [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=defaults.get(name, one.default),
                annotation=one.type,
            )
            for name, one in shared.items()
            if name not in named
        ]
        known = named | {parameter.name for parameter in added}
        everything = [*own, *added]
        flags = {name: one.metadata["flag"].split("/")[0] for name, one in shared.items()}
        flags = {name: flag for name, flag in flags.items() if flag and "-no-" not in flag}

        def run(*args: Any, **keywords: Any) -> R:
            with calling(Call(spelled, args, keywords)):
                return function(*args, **{**defaults, **keywords})

        @wraps(function)
        def called(*args: P.args, **keywords: P.kwargs) -> R:
            for name in keywords:
                if name not in known:
                    raise TypeError(_unexpected(function.__name__, name, known))
            start = time.monotonic()
            values, taken = checked_call(everything, args, keywords, flags)
            if taken.get("seed", 0) < 0:
                raise UsageError(f"--seed {taken['seed']}; expected 0 or more")
            with (
                _limited(shared, taken),
                _on_cluster(shared, taken),
                _shown_progress(function.__name__, known, taken) as bar,
            ):
                given = {**taken, **bar}
                result = _with_local_copies(run, spelled, tuple(values), given, manifests)
            result.seconds = time.monotonic() - start
            return result

        spelled = spelled.replace(parameters=[*own, *added])
        called.__signature__ = spelled  # type: ignore[attr-defined]
        called.__doc__ = (
            f"{inspect.cleandoc(function.__doc__ or '')}\n\n{_explained(added, shared)}"
        )
        return called

    return decorate


@contextlib.contextmanager
def _shown_progress(
    name: str, known: set[str], keywords: Mapping[str, Any]
) -> Iterator[dict[str, ProgressCallback | None]]:
    """The keyword `progress` as the function takes it, if it is one of its own.

    True is a bar, and so is nothing in a notebook, where nobody else shows one.
    """
    asked = keywords.get("progress")
    if "progress" not in known or callable(asked):
        yield {}
    elif asked or (asked is None and bars.in_notebook()):
        with bars.bar(*bars.counted(name)) as update:
            yield {"progress": update}
    else:
        yield {"progress": None}


def _limited(
    shared: Mapping[str, Field[Any]], keywords: Mapping[str, Any]
) -> contextlib.AbstractContextManager[None]:
    """The limit of pixels that a command was called with."""
    if "max_pixels" not in shared:
        return contextlib.nullcontext()
    return pixel_limit(keywords.get("max_pixels", MAX_PIXELS), has_option=True)


def _on_cluster(
    shared: Mapping[str, Field[Any]], keywords: Mapping[str, Any]
) -> contextlib.AbstractContextManager[None]:
    """The cluster that a command was told to use."""
    if "cluster" not in shared:
        return contextlib.nullcontext()
    return clusters.using(keywords.get("cluster"), allow_skew=bool(keywords.get("allow_skew")))


def _with_local_copies(
    run: Callable[..., R],
    signature: inspect.Signature,
    args: tuple[Any, ...],
    keywords: Mapping[str, Any],
    manifests: Collection[str],
) -> R:
    """Call a command; what it reads from an address is fetched first."""
    has_stores = "storage_options" in signature.parameters
    if not has_stores or "://" not in str((args, keywords.values())):
        return run(*args, **keywords)
    from signdata.stores import arguments

    return arguments.call(run, signature.bind(*args, **keywords), manifests)


def _unexpected(function: str, name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"{function}() got an unexpected keyword argument {name!r}.{hint}"


def _explained(parameters: list[inspect.Parameter], shared: Mapping[str, Field[Any]]) -> str:
    """The shared keywords, as numpydoc writes them."""
    lines = ["Other Parameters", "----------------"]
    for parameter in parameters:
        lines += [f"{parameter.name} : {parameter.annotation}"]
        lines += [f"    {shared[parameter.name].metadata['help']}"]
    return "\n".join(lines)


def same_options(recorded: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    """Whether two records of a command's options mean the same.

    A keyword that the older of the two does not know counts as left at its default, and a format
    that was not recorded as the one that was found.
    """
    names = {*recorded, *asked} - {"from"}
    formats = {recorded.get("from"), asked.get("from")} - {None}
    return len(formats) <= 1 and all(
        recorded.get(name, _DEFAULTS.get(name)) == asked.get(name, _DEFAULTS.get(name))
        for name in names
    )


_DEFAULTS = {
    name: list(one.default) if isinstance(one.default, tuple) else one.default
    for group in (ReadOptions, ClipSelection, WriteOptions)
    for name, one in group.keywords().items()
    if one.default is not MISSING
}


def one_group(text: str, option: str) -> re.Pattern[str]:
    """Compile a regular expression that a user typed; `UsageError` unless it has one group."""
    try:
        pattern = re.compile(text)
    except re.error as err:
        raise UsageError(f"{option} {text!r} is not a regular expression ({err})") from err
    if pattern.groups != 1:
        raise UsageError(f"{option} {text!r} has {pattern.groups} groups; expected one: (...)")
    return pattern
