"""The inputs of `predict`: pictures, folders of pictures, videos, links."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

from signdata.errors import DecodeError, MissingError, SigndataError
from signdata.filesystem import not_there, reading
from signdata.formats.trees.masks import are_masks
from signdata.formats.trees.picture_files import read
from signdata.inference import links
from signdata.media.image import decode, kinds
from signdata.media.image.masks import seen
from signdata.media.suffixes import VIDEO_SUFFIXES, natural
from signdata.media.video.kinds import is_video
from signdata.media.video.moving import kind_of
from signdata.options import VideoOptions
from signdata.samples import Frame, Pixels


@dataclass(frozen=True)
class Input:
    """One picture or video, or an argument that is neither.

    Attributes
    ----------
    name : str
        As typed by the user, or found in a folder that the user named.
    is_video : bool
    is_link : bool
    of_masks : bool
        Whether it is of a folder of masks, of values 0 and 1, or one.
    fault : SigndataError or None
        Why it cannot be read, if already known.
    """

    name: str
    is_video: bool
    is_link: bool = False
    of_masks: bool = False
    fault: SigndataError | None = None

    @contextmanager
    def opened(self, videos: VideoOptions = VideoOptions()) -> Iterator[Source]:
        """Its content; a link is fetched once and not kept on disk.

        Parameters
        ----------
        videos : VideoOptions
            What is made of the frames of videos.

        Raises
        ------
        MissingError, DecodeError
            If it does not exist or cannot be fetched.
        """
        if self.fault is not None:
            raise self.fault
        if not self.is_link:
            masks = self.of_masks
            yield Source(self.name, self.name, self.is_video, of_masks=masks, videos=videos)
            return
        data = links.fetch(self.name)
        with _in_memory(data, self.name, is_video=self.is_video, videos=videos) as source:
            yield source

    @property
    def stem(self) -> str:
        """Its name without folder and suffix."""
        return "link" if self.is_link else Path(self.name).stem


@dataclass(frozen=True)
class Source:
    """The frames of an input: in a file, or a picture's bytes."""

    name: str
    path: str
    is_video: bool
    data: bytes = b""
    of_masks: bool = False
    videos: VideoOptions = VideoOptions()
    notes: list[str] = field(default_factory=list)

    def frames(self) -> Iterator[Frame]:
        """Its frames, one for a picture; raises `DecodeError` on damage.

        `notes` then has what was done beyond reading.
        """
        if not self.is_video:
            frame, notes = decode.decode(read(self.path) if self.path else self.data, self.name)
            self.notes[:] = notes
            yield seen(frame) if self.of_masks else frame
            return
        from signdata.media.video.clip import ClipOptions, ClipPixels

        options = ClipOptions(tone_map=self.videos.tone_map, deinterlace=self.videos.deinterlace)
        pixels: Pixels = ClipPixels(options.video(self.path), options=options)
        pixels.resolve()
        yield from pixels.frames()
        self.notes[:] = pixels.notes()


@dataclass(frozen=True)
class Upload:
    """The bytes of a picture or of a video, of which nothing else is known."""

    data: bytes
    name: str = "upload"

    @property
    def is_video(self) -> bool:
        """Whether they do not begin as a picture does."""
        return not kinds.kind_of(self.data[:32])

    @contextmanager
    def opened(self, videos: VideoOptions = VideoOptions()) -> Iterator[Source]:
        """The content; it is never put under a name."""
        is_video = self.is_video
        with _in_memory(self.data, self.name, is_video=is_video, videos=videos) as source:
            yield source


@contextmanager
def _in_memory(data: bytes, name: str, *, is_video: bool, videos: VideoOptions) -> Iterator[Source]:
    """The frames of a file's bytes, which are not kept on disk."""
    with _temporary_path(data) as path:
        if is_video or _moves(path):
            yield Source(name, path, True, videos=videos)
        else:
            yield Source(name, "", False, data)


@contextmanager
def _temporary_path(data: bytes) -> Iterator[str]:
    """A path from which a program can read `data`; a killed process leaves nothing behind."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        link = Path(f"/proc/self/fd/{file.fileno()}")
        if link.exists():
            yield str(link)
            return
    with tempfile.NamedTemporaryFile(prefix="signdata-") as named:
        named.write(data)
        named.flush()
        yield named.name


def find(words: list[str]) -> list[Input]:
    """Find the inputs that each word names, in order; a missing one is an input with a fault."""
    return [one for word in words for one in _named(word)]


def _named(word: str) -> list[Input]:
    if links.is_link(word):
        suffix = ""
        with suppress(ValueError):  # an invalid link is reported when it is fetched
            suffix = Path(urlsplit(word.strip()).path).suffix.lower()
        return [Input(word, suffix in VIDEO_SUFFIXES, is_link=True)]
    path = Path(word)
    try:
        return _files(path)
    except OSError as err:
        if not isinstance(err, SigndataError):
            err = DecodeError(f"cannot be read ({err.strerror})", path=path)
        return [Input(word, False, fault=err)]


def _files(path: Path) -> list[Input]:
    if path.is_dir():
        inside = sorted(
            (file for file in path.rglob("*") if file.is_file() and _kind(file) is not None),
            key=lambda file: natural(file.relative_to(path).as_posix()),
        )
        if not inside:
            raise MissingError("contains no pictures or videos", path=path)
        of_masks = are_masks((str(file) for file in inside if not _kind(file)), path)
        return [Input(str(file), bool(_kind(file)), of_masks=of_masks) for file in inside]
    if not path.exists():
        raise not_there(path)
    of_masks = not _kind(path) and are_masks([str(path)], path)
    return [Input(str(path), bool(_kind(path)), of_masks=of_masks)]


def _kind(path: Path) -> bool | None:
    """Whether a file is a video, or moves like one; None if it is nothing that can be read."""
    if is_video(str(path)) or _moves(str(path)):
        return True
    return False if path.suffix.lower() in decode.SUFFIXES else None


def _moves(path: str) -> bool:
    """Whether a file is a picture that has a second one behind it."""
    if not kind_of(path):
        return False
    with suppress(DecodeError, MissingError):
        return sum(1 for _ in islice(decode.moving_pictures(read(path), path), 2)) > 1
    return False


def recorded(words: list[str]) -> list[dict[str, str]]:
    """What is recorded to compare the inputs of two runs: names and checksums."""
    return [
        {"name": _address(word)}
        if links.is_link(word)
        else {"name": Path(word).resolve().name, "sha256": _digest(word)}
        for word in words
    ]


def _address(link: str) -> str:
    """A link without user name and password."""
    head, _, rest = link.partition("://")
    host, slash, path = rest.partition("/")
    return f"{head}://{host.rpartition('@')[2]}{slash}{path}"


def _digest(word: str) -> str:
    """One checksum of a file, or of the names and contents of a folder's readable files."""
    digest = hashlib.sha256()
    for one in _named(word):
        if one.fault is not None:
            continue
        place = Path(one.name)
        inside = place.relative_to(word).as_posix() if place != Path(word) else ""
        digest.update(f"{inside}\n".encode("utf-8", "surrogateescape"))
        digest.update(file_digest(place).encode())
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """The SHA-256 of a regular file; '' if it cannot be read."""
    if not path.is_file():
        return ""
    try:
        with reading(str(path)), path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except DecodeError:
        return ""
