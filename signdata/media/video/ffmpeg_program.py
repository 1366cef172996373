"""The ffmpeg program: found, started, watched, and its errors read."""

from __future__ import annotations

import contextlib
import re
import subprocess
import threading
import time
from typing import IO, Any

import ffmpeg
import imageio_ffmpeg

from signdata.errors import DependencyError
from signdata.media.video.timeout import LONGEST

_PART = re.compile(r"\[[^]]*@ 0x[0-9a-f]+\] ?")
"""Which part of the program says a line, and where it lies in memory."""


_UNDECODABLE = (
    "submitting packet to decoder",
    "while decoding stream",
    "corrupt decoded frame",
)
"""What the program says, in this or an older version, of a packet that it goes on after."""

_LEVEL = re.compile(r"\[(info|warning|error|fatal|panic)\] ")
"""How much a line matters, where the program was told to say so."""

_NEW_SIZE = re.compile(r"Reconfiguring filter graph because .*?\b([0-9]+)x([0-9]+)\b")
"""What it says where frames of another kind follow, if it was told to say so much."""

_SHOWN: dict[str, Any] = {"loglevel": "error", "hide_banner": None}


class Program:
    """The ffmpeg program at work; to be used in a ``with``, which ends it in any case.

    Parameters
    ----------
    words : list of str
        Its command line.
    deadline : float, optional
        `time.monotonic` value at which it is ended.

    Attributes
    ----------
    late : bool
        Whether it was ended for that.
    decoding_error : str
        What it said of a packet that could not be decoded, or ''; complete after `fault`.
    sizes : set of tuple of int
        Widths and heights that it said the frames change to; complete after `fault`.
    """

    def __init__(self, words: list[str], deadline: float | None = None) -> None:
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self._complaint = self.decoding_error = ""
        self.late = False
        self.sizes: set[tuple[int, int]] = set()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self._timer = None
        if deadline is not None:
            left = max(0.0, deadline - time.monotonic())
            self._timer = threading.Timer(min(left, LONGEST), self._give_up)
            self._timer.daemon = True
            self._timer.start()

    @property
    def stdin(self) -> IO[bytes]:
        """What it reads."""
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def stdout(self) -> IO[bytes]:
        """What it writes."""
        assert self._process.stdout is not None
        return self._process.stdout

    def fault(self) -> str:
        """Wait for its end; why it failed, or ''."""
        code = self._process.wait()
        self._listener.join()
        if self.late:
            return "takes too long"
        return (self._complaint or f"exit code {code}") if code else ""

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            text = _PART.sub("", line[-500:].decode(errors="replace")).strip()
            level = _LEVEL.match(text)
            text = text[level.end() :] if level else text
            if level is None or level[1] not in ("info", "warning"):
                self._complaint = self._complaint or text
            if changed := _NEW_SIZE.search(text):
                self.sizes.add((int(changed[1]), int(changed[2])))
            if any(words in text for words in _UNDECODABLE):
                self.decoding_error = self.decoding_error or text

    def _give_up(self) -> None:
        self.late = True
        self._process.kill()

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._process.kill()
        self._process.wait()
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            with contextlib.suppress(OSError):  # what it did not read any more
                pipe.close()


class _Readable:
    """A pipe of which a library only knows that it can be read."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self.read = pipe.read


def _words(output: Any) -> list[str]:
    return list(map(str, ffmpeg.compile(output, cmd=find_program())))


def find_program() -> str:
    """Where the ffmpeg program is.

    Raises
    ------
    DependencyError
        If there is none.
    """
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as err:
        raise DependencyError(
            "no ffmpeg program", remedy="Install ffmpeg, or say where it is in IMAGEIO_FFMPEG_EXE."
        ) from err
