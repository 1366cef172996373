"""The frames of one clip: a range of a video file, selected, cut, scaled.

A clip is read in one pass over its file. Which frames come out is decided by
time stamps that are read first; when decoding then finds other frames than the
time stamps promised, what came out is taken back and the file is read once more
with what was found.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeVar

import av

from signdata.errors import CrashError, DecodeError, ShortError, UsageError
from signdata.media import keypoints
from signdata.media.keypoints import Placement
from signdata.media.video.deinterlacing import METHOD
from signdata.media.video.frame_conversion import Box, Converter, FrameShape, is_shares
from signdata.media.video.frame_selection import (
    Range,
    Selection,
    Taken,
    TimeRange,
    take_range,
)
from signdata.media.video.header import Header
from signdata.media.video.keypoints import Poses
from signdata.media.video.same_size import SameSize
from signdata.media.video.tone_mapping import transfer_of
from signdata.media.video.video_file import VideoFile
from signdata.samples import Frame, Pixels, ReadAgain

T = TypeVar("T")

MAX_KEPT = 32 << 20
"""Bytes of encoded frames that are kept for another sample of the same clip."""

LOST_BY_DECODERS = 2
"""Coded pictures at the end of a file that a decoder may keep to itself."""

LONG_SILENCE = 2
"""Seconds that one frame is repeated for without a word."""

MAX_REPEATS = 4
"""Pictures written for each frame decoded; more have to be asked for."""

RANGE_POLICIES = ("auto", "apply", "ignore")
DECODERS = ("pyav", "ffmpeg")
DEINTERLACE = ("auto", "off")


@dataclass(frozen=True)
class ClipOptions:
    """What is read of every video.

    Attributes
    ----------
    selection : Selection
        Which frames of a clip come out.
    shape : FrameShape
        What they are cut and scaled to.
    ranges : {'auto', 'apply', 'ignore'}
        How labelled ranges are applied; see `signdata.media.video.frame_selection.take_range`.
    keep_short : bool
        Whether a video that ends early gives what it has.
    decoder : {'pyav', 'ffmpeg'}
        The library, or the ffmpeg program in a process of its own.
    timeout : float or None
        Seconds after which a video is given up.
    tone_map : bool
        Whether HDR is brought to standard screens.
    deinterlace : {'auto', 'off'}
        Whether interlaced frames are made whole.
    times : bool
        Whether frames say when they are shown.
    """

    selection: Selection = Selection()
    shape: FrameShape = FrameShape()
    ranges: str = "auto"
    keep_short: bool = False
    decoder: str = "pyav"
    timeout: float | None = None
    tone_map: bool = True
    deinterlace: str = "auto"
    times: bool = False

    def video(self, path: str) -> VideoFile:
        """A video file to be read in this way."""
        return VideoFile(path, self.decoder, self.timeout, self.deinterlace == "auto")

    def __post_init__(self) -> None:
        if self.ranges not in RANGE_POLICIES:
            raise UsageError(f"ranges {self.ranges!r}; expected one of {', '.join(RANGE_POLICIES)}")
        if self.decoder not in DECODERS:
            raise UsageError(f"decoder {self.decoder!r}; expected one of {', '.join(DECODERS)}")
        if self.deinterlace not in DEINTERLACE:
            raise UsageError(f"deinterlace {self.deinterlace!r}; expected auto or off")


@dataclass
class _Learned:
    """What reading a clip has found out."""

    taken: Taken | None = None
    wanted: list[int] = field(default_factory=list)
    without_pose: int = 0
    other_poses: int = 0
    placements: dict[int, Placement] = field(default_factory=dict)
    upright: bool | None = None
    short: str = ""
    verdict: str = ""
    reread: bool = False
    settled: bool = False
    is_shared: bool = False
    jpegs: tuple[int, list[bytes]] | None = None
    still: Fraction = Fraction(0)
    same_size: SameSize = field(default_factory=SameSize)
    transfer: str = ""
    n_deinterlaced: int = 0
    n_coded: int = 0
    stored_at: str = ""


@dataclass(frozen=True)
class ClipPixels(Pixels):
    """The frames of one clip.

    Attributes
    ----------
    video : VideoFile
        The video file, shared by all clips that are cut from it.
    range : Range or TimeRange
        The labelled range in it.
    options : ClipOptions
        What is read.
    box : tuple of float or None
        x0, y0, x1, y1 of the part that is kept, in pixels of the file or of the larger
        picture that it was made from.
    grow : float
        How much larger than the box that part is.
    poses : Poses or None
        Keypoints of the file's frames.
    """

    video: VideoFile
    range: Range | TimeRange = Range()
    options: ClipOptions = ClipOptions()
    box: Box | None = None
    grow: float = 1.0
    poses: Poses | None = None
    _learned: _Learned = field(default_factory=_Learned, compare=False)

    def frames(self) -> Iterator[Frame]:
        return self._each(lambda converter, frame: converter.rgb(frame))

    def jpegs(self, quality: int) -> Iterator[bytes] | None:
        if self.box is not None or not self.options.shape.fit.stretches:
            return None
        learned = self._learned
        if learned.jpegs is not None and learned.jpegs[0] == quality:
            return iter(learned.jpegs[1])
        jpegs = self._each(lambda converter, frame: converter.jpeg(frame, quality))
        return self._kept(jpegs, quality) if learned.is_shared else jpegs

    def share(self) -> ClipPixels:
        """The same clip for one sample more: it is encoded once."""
        self._learned.is_shared = True
        return self

    def _kept(self, jpegs: Iterator[bytes], quality: int) -> Iterator[bytes]:
        """Keep the encoded frames for the other samples of this clip, if they are not too many."""
        kept: list[bytes] | None = []
        size = 0
        for data in jpegs:
            yield data
            size += len(data)
            if kept is not None:
                kept.append(data)
            if size > MAX_KEPT:
                kept = None
        if kept is not None:
            self._learned.jpegs = quality, kept

    def notes(self) -> tuple[str, ...]:
        learned = self._learned
        if learned.taken is None:
            return ()
        notes = list(learned.taken.notes)
        notes += self.video.header.notes()
        length = learned.taken.stop - learned.taken.start
        if learned.short:
            notes.append(f"{learned.short}: what there is was kept")
        if self.box is not None and is_shares(self.box):
            notes.append("a bbox within 0..1 is taken as shares of the frame")
        if learned.still > LONG_SILENCE:
            seconds = f"{float(learned.still):.1f}"
            notes.append(f"one frame stands for {seconds} s and is repeated as long")
        if learned.same_size.n_scaled:
            n, size = learned.same_size.n_scaled, learned.same_size.size
            notes.append(f"the size changes: {n} frames were brought to {size} as the first one")
        elif self.video.size_changes:
            size = learned.same_size.size
            notes.append(f"the size changes: frames were brought to {size} as the first one")
        if learned.transfer and self.options.tone_map:
            notes.append(f"HDR ({learned.transfer}) was tone-mapped to BT.709")
        if self.options.selection.n_frames and length < len(learned.wanted):
            notes.append(f"a range of {length} frames repeated to give {len(learned.wanted)}")
        if learned.without_pose:
            notes.append(f"{learned.without_pose} of {len(learned.wanted)} frames have no pose")
        beyond = self.poses.beyond(len(self.video.header.timeline)) if self.poses else 0
        if beyond > LOST_BY_DECODERS:
            notes.append(
                f"{beyond} files of poses are numbered beyond its last frame: "
                "they may be those of a longer cut of this video"
            )
        if learned.other_poses:
            notes.append(
                f"{learned.other_poses} files of poses are not OpenPose's: copied as they are, "
                "in the pixels of the video"
            )
        return tuple(notes)

    def companion(self, number: int) -> tuple[str, bytes] | None:
        if self.poses is None:
            return None
        learned = self._learned
        index = learned.wanted[number]
        data = self.poses.of(index, len(self.video.header.timeline))
        if data is None:
            learned.without_pose += 1
            return None
        placed = keypoints.put(data, learned.placements[index])
        if placed is None:
            learned.other_poses += 1
        return ".json", placed or data

    def times(self) -> tuple[float, ...]:
        if not self.options.times:
            return ()
        times = self.video.header.timeline.times
        return tuple(float(times[index]) for index in self._learned.wanted)

    def found(self) -> dict[str, str]:
        taken = self._learned.taken
        if taken is None:
            return {}
        learned, fps = self._learned, self.video.header.timeline.fps
        found = {
            "fps": f"{fps:.3f}".rstrip("0").rstrip("."),
            "range": f"{taken.start + 1}-{taken.stop}",
            "verdict": learned.verdict or ("short" if taken.fault else "ok"),
        }
        if learned.transfer:
            found["transfer"] = learned.transfer + (" to bt709" if self.options.tone_map else "")
        if learned.n_deinterlaced:
            found["deinterlaced"] = METHOD
        return found

    def size_hint(self) -> int:
        return self.video.size_hint()

    def stored(self) -> Iterator[bytes] | None:
        return self.video.parts() if self.range.is_whole else None

    def whole_file_suffix(self) -> str:
        options = self.options
        as_it_is = (
            self.range.is_whole
            and options.selection.is_all
            and options.shape == FrameShape()
            and self.box is None
            and self.poses is None
            and not options.times
        )
        return self.video.suffix if as_it_is else ""

    def whole_file(self) -> Iterator[bytes]:
        header = self.video.header
        if header.ends_early:
            self._is_short(header.ends_early)
        if header.damaged_at is not None:
            n, of = header.damaged_at + 1, len(header.timeline)
            self._is_short(f"picture {n} of {of} is not all there", corrupt=True)
        yield from self.video.parts()

    def resolve(self) -> None:
        learned = self._learned
        if learned.settled or (self.range.is_whole and self.options.selection.is_all):
            return
        try:
            self.video.resolve()
        except DecodeError:  # what lies behind the range need not be whole
            with contextlib.suppress(ReadAgain):
                for _ in self._each(lambda converter, frame: None):
                    pass
        learned.settled = True

    def source_sha256(self) -> str:
        return self.video.sha256()

    def _each(self, convert: Callable[[Converter, av.VideoFrame], T]) -> Iterator[T]:
        """Yield what `convert` makes of each selected frame, in order; see the module."""
        learned, video, header = self._learned, self.video, self.video.header
        timeline = header.timeline
        taken = take_range(self.range, timeline, self.options.ranges)
        if taken.fault and (taken.stop == taken.start or not self.options.keep_short):
            raise ShortError(taken.fault, path=self.video.path, remedy=taken.remedy)
        to_the_end = taken.stop == len(timeline)
        if to_the_end and header.ends_early:
            self._is_short(header.ends_early)
        if header.damaged_at is not None and taken.start <= header.damaged_at < taken.stop:
            n, of = header.damaged_at + 1, len(timeline)
            self._is_short(f"picture {n} of {of} is not all there", corrupt=True)
        wanted = self.options.selection.of(timeline, taken.start, taken.stop)
        learned.taken, learned.wanted = taken, wanted
        learned.still = self._longest_repeat(wanted, taken)
        learned.without_pose = learned.other_poses = learned.n_deinterlaced = 0
        learned.transfer = ""
        learned.placements.clear()
        last_use = {index: position for position, index in enumerate(wanted)}
        converter = Converter(
            self.options.shape, header.aspect, self.box, self.grow, tone_map=self.options.tone_map
        )
        same_size = learned.same_size = SameSize()
        waiting: dict[int, T] = {}
        position = 0
        with video.reading(taken.start) as current:
            try:
                for index, frame in current.frames(taken.start):
                    if index in last_use:
                        learned.transfer = learned.transfer or transfer_of(frame)
                        learned.n_deinterlaced += index in current.deinterlaced
                        frame = same_size.of(frame)
                        waiting[index] = convert(converter, frame)
                        if self.poses is not None:
                            learned.placements[index] = self._placement(converter, frame)
                    while position < len(wanted) and wanted[position] in waiting:
                        wanted_index = wanted[position]
                        yield waiting[wanted_index]
                        if last_use[wanted_index] == position:
                            del waiting[wanted_index]
                        position += 1
                    if index + 1 == taken.stop and not to_the_end:
                        as_promised = frame.pts is None or header.index_of(frame.pts) == index
                        if as_promised:
                            return  # what lies behind the range need not be whole
            except DecodeError as err:
                self._start_again(current.stamps, header, err)
            else:
                if len(current.stamps) != len(timeline):
                    self._start_again(current.stamps, header, None)

    def _placement(self, converter: Converter, frame: av.VideoFrame) -> Placement:
        """Where a frame's pixels go, counted as its keypoints count them."""
        learned = self._learned
        if learned.upright is None:
            learned.upright = (
                self.poses is not None
                and converter.is_sideways(frame)
                and self.poses.are_upright((frame.width, frame.height))
            )
        return converter.placement(frame, upright=learned.upright)

    def _longest_repeat(self, wanted: list[int], taken: Taken) -> Fraction:
        """Seconds for which --fps repeats the frame that stands longest.

        Raises
        ------
        DecodeError
            If more pictures are asked for than a rate that is meant so gives.
        """
        selection = self.options.selection
        if selection.fps is None:
            return Fraction(0)
        n = taken.stop - taken.start
        if len(wanted) > MAX_REPEATS * n and not selection.allow_repeats:
            raise DecodeError(
                f"--fps {selection.fps:g} would make {len(wanted):,} pictures of {n:,} frames",
                path=self.video.path,
                remedy="Say extract-frames --allow-repeats if they may be repeated so often.",
            )
        most = max(Counter(wanted).values(), default=1)
        return Fraction(most) / Fraction(selection.fps) if most > 1 else Fraction(0)

    def _is_short(self, why: str, *, corrupt: bool = False) -> None:
        what = f"damaged ({why})" if corrupt else f"ends early ({why})"
        if not self.options.keep_short:
            kind = DecodeError if corrupt else ShortError
            remedy = "Keep what there is with extract-frames --keep-short."
            raise kind(what, path=self.video.path, remedy=remedy)
        self._learned.short = what
        self._learned.verdict = "corrupt" if corrupt else "short"

    def _start_again(
        self, found: list[int | None], header: Header, fault: DecodeError | None
    ) -> None:
        """Decoding found other frames than the time stamps promised: read again, or say so."""
        learned, video, promised = self._learned, self.video, len(header.timeline)
        if isinstance(fault, CrashError):  # it was given up: nobody knows what it holds
            raise fault
        if fault is not None and len(found) == promised and learned.reread:
            return  # the damage behind the frames that there are, once more
        if not found:
            raise fault or DecodeError("a video without a frame", path=video.path)
        if learned.reread:
            what = f"decodes to {promised} frames, then to {len(found)}"
            raise DecodeError(what, path=video.path)
        lost = header.lost(found)
        if fault is not None or lost > LOST_BY_DECODERS:
            why = f"frame {len(found)} of {promised}" + (f": {fault.what}" if fault else "")
            cut_off = bool(header.ends_early) or lost <= LOST_BY_DECODERS
            self._is_short(why, corrupt=not cut_off)
        learned.reread = True
        video.accept_timestamps(found)
        if self.range.is_whole and self.options.selection.is_all and len(found) <= promised:
            learned.taken, learned.wanted = Taken(0, len(found)), learned.wanted[: len(found)]
            return  # every frame there is has come out
        raise ReadAgain
