"""Pixels of a sample that is picture files."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

from signdata.errors import DecodeError, MissingError
from signdata.formats import frame_times
from signdata.media.image.decode import decode
from signdata.media.image.masks import seen
from signdata.media.image.pixels import CodedPixels
from signdata.samples import Frame

# A pipe must not make the opening wait for ever.
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True)
class PictureFiles(CodedPixels):
    """A still or a clip in picture files, one a frame, in order."""

    paths: tuple[str, ...]
    poses: bool = field(default=False, kw_only=True)
    times_file: str = field(default="", kw_only=True)

    reads_together = True

    @property
    def files(self) -> tuple[str, ...]:
        return self.paths

    def lone_file(self) -> str:
        alone = len(self.paths) == 1 and not self.poses and not self.times_file
        return self.paths[0] if alone else ""

    def alone(self) -> tuple[bytes, str] | None:
        path = self.lone_file()
        return (read(path), path) if path else None

    def companion(self, number: int) -> tuple[str, bytes] | None:
        if not self.poses:
            return None
        file = os.path.splitext(self.paths[number])[0] + ".json"
        return (".json", read(file)) if os.path.exists(file) else None

    def times(self) -> tuple[float, ...]:
        return frame_times.load(self.times_file, len(self.paths)) if self.times_file else ()

    _digests: list[str] = field(default_factory=list, compare=False, kw_only=True)

    def coded(self) -> Iterator[tuple[bytes, str]]:
        digest = hashlib.sha256()
        for path in self.paths:
            data = read(path)
            digest.update(data)
            yield data, path
        self._digests[:] = [digest.hexdigest()]

    def seen_again(self) -> Iterator[Frame]:
        for path in self.paths:
            frame, _ = decode(read(path), path)
            yield seen(frame) if self.of_masks else frame

    def source_sha256(self) -> str:
        if self._digests:  # of the reading just done; the next question reads again
            return self._digests.pop()
        digest = hashlib.sha256()
        for path in self.paths:
            digest.update(read(path))
        return digest.hexdigest()


def read(path: str) -> bytes:
    """All bytes of a regular file.

    Raises
    ------
    MissingError
        If it is not there.
    DecodeError
        If it cannot be read or is no regular file.
    """
    try:
        file = os.open(path, _READ)
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                raise DecodeError("no regular file", path=path)
            data = os.read(file, status.st_size + 1)
            while len(data) < status.st_size and (more := os.read(file, status.st_size)):
                data += more
            return data
        finally:
            os.close(file)
    except FileNotFoundError as err:
        raise MissingError("not there", path=path) from err
    except DecodeError:
        raise
    except OSError as err:
        raise DecodeError(f"cannot be read ({err.strerror})", path=path) from err
