"""What a user names to be read by a network: pictures, folders of them, videos, links."""

from __future__ import annotations

import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

from signdata.errors import DecodeError, MissingError, SigndataError, UsageError
from signdata.formats.trees.picture_files import read
from signdata.media.image import decode
from signdata.media.suffixes import VIDEO_SUFFIXES, natural
from signdata.samples import Frame, Pixels

MAX_BYTES = 64 << 20
"""More is not fetched from a link."""

SECONDS = 60.0
"""A link that takes longer is given up."""

SILENT = 15.0
"""And one that says nothing for so long."""


@dataclass(frozen=True)
class Input:
    """One picture or video.

    Attributes
    ----------
    name : str
        As the user said it, or found below a folder that the user named.
    path : Path
        Where it is.
    is_video : bool
    """

    name: str
    path: Path
    is_video: bool

    def frames(self) -> Iterator[Frame]:
        """Its frames, one for a picture; raises `DecodeError` on damage."""
        if not self.is_video:
            frame, _ = decode.decode(read(str(self.path)), self.name)
            yield frame
            return
        from signdata.media.video.clip import ClipOptions, ClipPixels

        options = ClipOptions()
        pixels: Pixels = ClipPixels(options.video(str(self.path)), options=options)
        pixels.resolve()
        yield from pixels.frames()


@contextmanager
def opened(words: list[str]) -> Iterator[list[Input]]:
    """Find what each word names; links are fetched, and gone at the end.

    Raises
    ------
    MissingError
        If something is not there, or a folder holds no picture and no video.
    DecodeError
        If a link cannot be fetched.
    """
    with tempfile.TemporaryDirectory(prefix="signdata-") as scratch:
        found: list[Input] = []
        for number, word in enumerate(words):
            if word.lower().startswith(("http://", "https://")):
                found.append(_fetched(word, Path(scratch) / str(number)))
            else:
                found += _found(Path(word))
        yield found


def _found(path: Path) -> list[Input]:
    if path.is_dir():
        inside = sorted(
            (file for file in path.rglob("*") if file.is_file() and _kind(file) is not None),
            key=lambda file: natural(file.relative_to(path).as_posix()),
        )
        if not inside:
            raise MissingError("no picture and no video in it", path=path)
        return [Input(str(file), file, bool(_kind(file))) for file in inside]
    if not path.exists():
        raise MissingError("not there", path=path)
    return [Input(str(path), path, bool(_kind(path)))]


def _kind(path: Path) -> bool | None:
    """Whether a name is that of a video; None if it is of nothing that can be read."""
    suffix = path.suffix.lower()
    if suffix in VIDEO_SUFFIXES:
        return True
    return False if suffix in decode.SUFFIXES else None


def _fetched(link: str, target: Path) -> Input:
    """Fetch a link that a user typed: http(s) only, up to `MAX_BYTES`, within `SECONDS`."""
    deadline = time.monotonic() + SECONDS
    opener = urllib.request.build_opener(_WebOnly)
    try:
        url = link.strip().replace(" ", "%20")
        request = urllib.request.Request(url, headers={"User-Agent": "signdata"})
        with opener.open(request, timeout=SILENT) as answer:
            data = _body(answer, deadline)
        is_video = Path(urlsplit(url).path).suffix.lower() in VIDEO_SUFFIXES
    except SigndataError:
        raise
    except (OSError, ValueError, HTTPException) as err:
        if isinstance(err, urllib.error.HTTPError):
            err.close()  # it is the answer, too
        reason = getattr(err, "reason", err)
        raise DecodeError(f"cannot be fetched ({reason})", path=link) from err
    if len(data) > MAX_BYTES:
        raise DecodeError(f"over {MAX_BYTES >> 20} MiB; more is not fetched", path=link)
    target.write_bytes(data)
    return Input(link, target, is_video)


def _body(answer: HTTPResponse, deadline: float) -> bytes:
    """All that a server sends, or a little more than `MAX_BYTES` of it."""
    data = bytearray()
    while part := answer.read1(1 << 16):
        data += part
        if len(data) > MAX_BYTES:
            break
        if time.monotonic() > deadline:
            raise TimeoutError(f"took over {SECONDS:g} s")
    else:
        if answer.length:
            raise OSError(f"ended after {len(data):,} bytes; {answer.length:,} more were announced")
    return bytes(data)


class _WebOnly(urllib.request.HTTPRedirectHandler):
    """Follows redirections to http(s) only."""

    def redirect_request(self, *args: object, **kwargs: object) -> urllib.request.Request | None:
        request = super().redirect_request(*args, **kwargs)  # type: ignore[arg-type]
        if request is not None and request.type not in ("http", "https"):
            raise UsageError(f"redirected to {request.full_url}; expected http or https")
        return request
