"""What a user names to be read by a network: pictures, folders of them, videos, links."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from signdata.errors import DecodeError, MissingError, SigndataError
from signdata.filesystem import reading
from signdata.formats.trees.picture_files import read
from signdata.inference import links
from signdata.media.image import decode
from signdata.media.suffixes import VIDEO_SUFFIXES, natural
from signdata.media.video.kinds import is_video
from signdata.samples import Frame, Pixels


@dataclass(frozen=True)
class Input:
    """One picture or video, or what was named and is none.

    Attributes
    ----------
    name : str
        As the user said it, or found below a folder that the user named.
    is_video : bool
    is_link : bool
    fault : SigndataError or None
        Why it cannot be read, if that is known already.
    """

    name: str
    is_video: bool
    is_link: bool = False
    fault: SigndataError | None = None

    @contextmanager
    def opened(self) -> Iterator[Source]:
        """What it holds; a link is fetched once, and nothing of it stays.

        Raises
        ------
        MissingError, DecodeError
            If it is not there, or cannot be fetched.
        """
        if self.fault is not None:
            raise self.fault
        if not self.is_link:
            yield Source(self.name, self.name, self.is_video)
            return
        data = links.fetch(self.name)
        if not self.is_video:
            yield Source(self.name, "", False, data)
            return
        with _nameless(data) as path:
            yield Source(self.name, path, True)

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

    def frames(self) -> Iterator[Frame]:
        """Its frames, one for a picture; raises `DecodeError` on damage."""
        if not self.is_video:
            frame, _ = decode.decode(read(self.path) if self.path else self.data, self.name)
            yield frame
            return
        from signdata.media.video.clip import ClipOptions, ClipPixels

        options = ClipOptions()
        pixels: Pixels = ClipPixels(options.video(self.path), options=options)
        pixels.resolve()
        yield from pixels.frames()


@contextmanager
def _nameless(data: bytes) -> Iterator[str]:
    """A path to bytes that a program can open, and that leaves nothing behind when it is killed."""
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
    """Find what each word names, in order; what is not there is an input with a fault."""
    return [one for word in words for one in _named(word)]


def _named(word: str) -> list[Input]:
    if links.is_link(word):
        suffix = ""
        with suppress(ValueError):  # no link at all: fetching it says so
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
            raise MissingError("no picture and no video in it", path=path)
        return [Input(str(file), bool(_kind(file))) for file in inside]
    if not path.exists():
        raise MissingError("not there", path=path)
    return [Input(str(path), bool(_kind(path)))]


def _kind(path: Path) -> bool | None:
    """Whether a file is a video; None if it is nothing that can be read."""
    if is_video(str(path)):
        return True
    return False if path.suffix.lower() in decode.SUFFIXES else None


def recorded(words: list[str]) -> list[dict[str, str]]:
    """What tells whether the inputs are the same as in another run: names and digests."""
    return [
        {"name": _address(word)}
        if links.is_link(word)
        else {"name": Path(word).resolve().name, "sha256": _digest(word)}
        for word in words
    ]


def _address(link: str) -> str:
    """A link without a user's name and password."""
    head, _, rest = link.partition("://")
    host, slash, path = rest.partition("/")
    return f"{head}://{host.rpartition('@')[2]}{slash}{path}"


def _digest(word: str) -> str:
    """One digest of a file, or of all files of a folder that can be read, and their names."""
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
    """The digest of a regular file's bytes; '' if it cannot be read."""
    if not path.is_file():
        return ""
    try:
        with reading(str(path)), path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except DecodeError:
        return ""
