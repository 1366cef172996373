"""The formats, each with everything that the rest of signdata asks about it.

Only names are here; code is imported when a format is used. What commands offer (`--from`,
`--to`), which target a name means, how a source is recognised, which outputs are one file:
all of it is read from `FORMATS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signdata.errors import UsageError
from signdata.formats import compressed

if TYPE_CHECKING:
    from signdata.formats.croissant import Description
    from signdata.formats.own_record import OwnRecord
    from signdata.formats.place import Place
    from signdata.formats.reader import Reader
    from signdata.formats.writer import Writer


@dataclass(frozen=True)
class Format:
    """What a format says about itself.

    Attributes
    ----------
    name : str
        Its name for ``--from`` and ``--to``.
    on_disk : str
        How it looks on disk, in a few words.
    holds : frozenset of str
        The kinds of sample that it holds: ``still``, ``clip``.
    suffixes : tuple of str
        How the name of its one file ends, the usual suffix first; () for a directory.
    read_suffixes : tuple of str
        How the names of further files end that are read, never written.
    reader, writer : str
        ``module:Class`` of its `Reader` and `Writer`; '' where there is none.
    recognises : str
        ``module:function`` that is given a `Place` and returns an example of what makes the
        place this format, '' where it is another one.
    several : bool
        Whether several files together are one dataset.
    own_record : str
        ``module:NAME`` of an `OwnRecord`, where the output's record is inside its one file.
    croissant : str
        ``module:function`` that is given the folder, the reader and what URLs start with, and
        returns what a Croissant file says of a dataset; '' where it can say nothing.
    """

    name: str
    on_disk: str
    holds: frozenset[str]
    suffixes: tuple[str, ...] = ()
    read_suffixes: tuple[str, ...] = ()
    reader: str = ""
    writer: str = ""
    recognises: str = ""
    several: bool = False
    own_record: str = ""
    croissant: str = ""

    @property
    def is_file(self) -> bool:
        """Whether a dataset is one file."""
        return bool(self.suffixes)

    def names(self, path: Path) -> bool:
        """Whether a path is named like the one file of this format."""
        return path.name.lower().endswith(self.suffixes) if self.suffixes else False

    def names_source(self, path: Path) -> bool:
        """Whether a path is named like a file that this format reads."""
        suffixes = (*self.suffixes, *self.read_suffixes)
        return bool(suffixes) and path.name.lower().endswith(suffixes)

    def recognised_in(self, place: Place) -> str:
        """An example of what makes `place` this format, or ''."""
        function: Callable[[Place], str] = _load(self.recognises)
        return function(place)


_CLIP, _STILL = frozenset({"clip"}), frozenset({"still"})

FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        Format(
            "csv",
            "`label,pixel1,...,pixelN`, one grey picture per row",
            _STILL,
            (".csv",),
            compressed.suffixes(".csv"),
            reader="signdata.formats.csv.reader:CsvReader",
            writer="signdata.formats.csv.writer:CsvWriter",
            recognises="signdata.formats.csv.files:recognises",
            several=True,
            croissant="signdata.formats.csv.croissant:describe",
        ),
        Format(
            "folders",
            "`ROOT/[SPLIT/]CLASS/NAME.png`",
            _STILL,
            reader="signdata.formats.folders:FoldersReader",
            writer="signdata.formats.folders:FoldersWriter",
            recognises="signdata.formats.trees.contents:recognises_folders",
            croissant="signdata.formats.trees.croissant:describe",
        ),
        Format(
            "frames",
            "`ROOT/[SPLIT/]CLASS/CLIP/img_00001.jpg`",
            _CLIP | _STILL,
            reader="signdata.formats.frames:FramesReader",
            writer="signdata.formats.frames:FramesWriter",
            recognises="signdata.formats.trees.contents:recognises_frames",
            croissant="signdata.formats.trees.croissant:describe",
        ),
        Format(
            "hdf5",
            "one `.h5` file, readable with h5py alone",
            _CLIP | _STILL,
            (".h5", ".hdf5"),
            (".mat",),
            reader="signdata.formats.hdf5.reader:Hdf5Reader",
            writer="signdata.formats.hdf5.writer:Hdf5Writer",
            recognises="signdata.formats.hdf5.signature:recognises",
            own_record="signdata.formats.hdf5.own_record:RECORD",
        ),
        Format(
            "arrays",
            "`X.npy` + `Y.npy`, or one `.npz`",
            _CLIP | _STILL,
            (".npz",),
            (".npy",),
            reader="signdata.formats.arrays.reader:ArraysReader",
            writer="signdata.formats.arrays.writer:ArraysWriter",
            recognises="signdata.formats.arrays.files:recognises",
            several=True,
        ),
        Format(
            "table",
            "a table of pictures or clips (CSV, TSV, JSONL, Parquet): paths and labels",
            _CLIP | _STILL,
            (),
            (".csv", ".tsv", ".jsonl", ".parquet", *compressed.SUFFIXES),
            reader="signdata.formats.table.reader:TableReader",
            writer="signdata.formats.table.writer:TableWriter",
            recognises="signdata.formats.table.files:recognises",
        ),
        Format(
            "parquet",
            "Parquet files with a column of pictures, or of paths of clips; `save_to_disk` folders",
            _CLIP | _STILL,
            (),
            (".parquet", ".arrow"),
            reader="signdata.formats.parquet.reader:ParquetReader",
            writer="signdata.formats.parquet.writer:ParquetWriter",
            recognises="signdata.formats.parquet.files:recognises",
            croissant="signdata.formats.parquet.croissant:describe",
        ),
        Format(
            "webdataset",
            "tars of samples with an index, as `webdataset` and the Hugging Face Hub read them",
            _CLIP | _STILL,
            (),
            (".tar",),
            reader="signdata.formats.webdataset.reader:WebDatasetReader",
            writer="signdata.formats.webdataset.writer:WebDatasetWriter",
            recognises="signdata.formats.webdataset.files:recognises",
        ),
        Format(
            "videos",
            "`ROOT/[SPLIT/]CLASS/NAME.mp4`",
            _CLIP,
            reader="signdata.formats.videos:VideosReader",
            recognises="signdata.formats.trees.contents:recognises_videos",
            croissant="signdata.formats.trees.croissant:describe",
        ),
        Format(
            "wlasl",
            "a WLASL JSON (`WLASL_v0.3.json`) next to a folder of videos",
            _CLIP,
            reader="signdata.formats.wlasl.reader:WlaslReader",
            recognises="signdata.formats.wlasl.layout:recognises",
        ),
    )
}
"""In the order in which they are listed, and in which a directory is chosen as a target."""


def readable() -> tuple[str, ...]:
    """Names of the formats that can be read."""
    return tuple(one.name for one in FORMATS.values() if one.reader)


def writable() -> tuple[str, ...]:
    """Names of the formats that can be written."""
    return tuple(one.name for one in FORMATS.values() if one.writer)


def reader_class(name: str) -> type[Reader]:
    """The reader class of a format; `UsageError` if it has none."""
    known = readable()
    if name not in known:
        expected = ", ".join(known)
        raise UsageError(f"format {name!r} cannot be read; expected one of {expected}")
    made: type[Reader] = _load(FORMATS[name].reader)
    return made


def writer_class(name: str) -> type[Writer]:
    """The writer class of a format; `UsageError` if it has none."""
    known = writable()
    if name not in known:
        expected = ", ".join(known)
        raise UsageError(f"format {name!r} cannot be written; expected one of {expected}")
    made: type[Writer] = _load(FORMATS[name].writer)
    return made


def described() -> tuple[str, ...]:
    """Names of the formats that a Croissant file can describe."""
    return tuple(one.name for one in FORMATS.values() if one.croissant)


def description(name: str, root: Path, reader: Reader, base: str) -> Description:
    """What a Croissant file says of a dataset of a format; `UsageError` if it can say nothing."""
    if name not in described():
        raise UsageError(
            f"{name} cannot be described by Croissant; expected {', '.join(described())}",
            path=root,
            remedy="Convert it first.",
        )
    function: Callable[[Path, Reader, str], Description] = _load(FORMATS[name].croissant)
    return function(root, reader, base)


def own_record(path: Path) -> OwnRecord | None:
    """How an output that is a file of this name tells of itself; None where sidecars do."""
    for one in FORMATS.values():
        if one.own_record and path.suffix.lower() in one.suffixes:
            record: OwnRecord = _load(one.own_record)
            return record
    return None


def _load(entry: str) -> Any:
    module, _, name = entry.partition(":")
    return getattr(import_module(module), name)
