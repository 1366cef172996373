"""The `trim` command: raw downloads of WLASL or of a table into one MP4 for each clip."""

from __future__ import annotations

import csv
import json
import math
import os
import shutil
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from signdata.conversion import losses, pipeline
from signdata.errors import FormatError, UsageError
from signdata.extraction import coverage, loaders
from signdata.extraction.frame_folders import Sources, open_videos
from signdata.extraction.spans import cut_out
from signdata.filesystem import remove, write_file
from signdata.formats.corrected import groups_in
from signdata.formats.table.metadata import METADATA
from signdata.formats.trees.pictures import write_flat_sidecars
from signdata.formats.wlasl.index import index_of
from signdata.formats.wlasl.layout import POSES, TRIMMED_INDEX, index_at
from signdata.formats.writer import EncodedItem, OutputSummary, Writer, refuse_broken
from signdata.media.keypoints import Placement
from signdata.media.video import ffmpeg_encode, ffmpeg_program
from signdata.media.video.clip import ClipOptions, ClipPixels
from signdata.media.video.frame_conversion import Converter, FrameShape
from signdata.media.video.frame_selection import Timeline, take_range
from signdata.media.video.orientation import UPRIGHT, orientation_of
from signdata.options import ClipSelection, PoseOptions, RunOptions
from signdata.output.overlap import refuse_overlap
from signdata.results import NOTE, Problem, Result
from signdata.safe_names import component
from signdata.samples import Sample


def trim(
    src: Path,
    out: Path,
    clips: ClipSelection,
    poses: PoseOptions,
    how: RunOptions,
    *,
    copy: bool,
    layout_for: str | None = None,
) -> Result:
    """Run the command; see `signdata.trim`."""
    if layout_for not in (None, loaders.I3D):
        raise UsageError(f"--layout-for {layout_for}; expected {loaders.I3D}")
    ffmpeg_program.find_program()
    reader = open_videos(
        src,
        Sources(clips),
        ClipOptions(),
        poses=Path(poses.poses) if poses.poses is not None else None,
        pose_base=poses.pose_base,
        among=("wlasl", "table"),
    )
    refuse_overlap(reader.inputs, out)
    covered = coverage.of(reader)
    index = index_at(src) if reader.info.format == "wlasl" else None
    listed = loaders.nslt_entries(reader, renamed=False) if layout_for else ()
    result = pipeline.convert(
        reader,
        TrimmedWriter(index, covered.missing, listed, copy=copy, dry_run=how.dry_run),
        out,
        command="trim",
        options={
            **clips.record(),
            "copy": copy,
            **poses.record(),
            **({} if layout_for is None else {"layout_for": layout_for}),
        },
        transforms=(cut,),
        notes=[
            *(_lost_groups(clips) if index is not None else ()),
            *loaders.passed_over(listed),
        ],
        how=how,
    )
    covered.tell(result)
    return result


def _lost_groups(clips: ClipSelection) -> list[Problem]:
    """What the index of the written clips cannot hold of the corrections."""
    groups = {} if clips.corrections is None else groups_in(Path(clips.corrections))
    if not groups:
        return []
    what = f"the groups of {len(groups):,} corrected samples; the index names signers alone"
    return [Problem("", "", NOTE, f"{losses.LOST}{what}")]


def cut(sample: Sample) -> Iterable[Sample]:
    """A transform: the sample as it is once its clip is a file of its own."""
    pixels = sample.pixels
    if isinstance(pixels, ClipPixels):
        pixels = CutPixels(
            pixels.video,
            pixels.range,
            pixels.options,
            poses=pixels.poses,
            _learned=pixels._learned,
        )
    return (replace(sample, pixels=pixels, meta=cut_out(sample.meta)),)


@dataclass(frozen=True)
class CutPixels(ClipPixels):
    """The frames of one clip, to be encoded again or copied."""

    def write(self, target: str, *, name: str, copy: bool) -> None:
        """Write the clip as an MP4 of its own.

        Parameters
        ----------
        target : str
            The file to write.
        name : str
            What it is called in its folder once it is whole.
        copy : bool
            Whether the file's bytes are taken where nothing of it has to change.
        """
        learned = self._learned
        if os.path.isfile(learned.stored_at):  # for another sample of this clip
            shutil.copyfile(learned.stored_at, target)
            return
        self._write(target, copy=copy)
        learned.stored_at = os.path.join(os.path.dirname(target), name)

    def _write(self, target: str, *, copy: bool) -> None:
        if copy and self._is_all() and ffmpeg_encode.can_be_copied(self.video.path):
            with closing(self.coded()) as frames:
                upright = all(orientation_of(frame) == UPRIGHT for frame in frames)
            learned = self._learned
            as_it_is = not learned.n_deinterlaced and not (
                learned.transfer and self.options.tone_map
            )
            if upright and as_it_is and self._is_all():
                self._copy(target)
                return
        coded = f"{target}.nut"
        try:
            self._encode(coded)
            ffmpeg_encode.store(coded, self.video.path, self._timeline(), target=target)
        finally:
            remove(Path(coded))

    def _encode(self, target: str) -> None:
        header, timeout = self.video.header, self.options.timeout
        with closing(self.coded()) as frames:
            ffmpeg_encode.encode(
                frames,
                self.video.path,
                target=target,
                rate=header.rate,
                aspect=header.aspect,
                tone_map=self.options.tone_map,
                deadline=None if timeout is None else time.monotonic() + timeout,
            )

    def _copy(self, target: str) -> None:
        with open(target, "wb") as file:
            for data in self.video.parts():
                file.write(data)

    def _is_all(self) -> bool:
        """Whether the clip is its whole file, and that is whole itself."""
        header = self.video.header
        taken = take_range(self.range, header.timeline, self.options.ranges)
        everything = (taken.start, taken.stop) == (0, len(header.timeline)) and not taken.fault
        return everything and not header.ends_early and not self._learned.short

    def coded(self) -> Generator[Any, None, None]:
        """Yield the frames of the range as they were decoded, counting them."""
        n = 0
        for frame in self._each(lambda _, frame: frame):
            n += 1
            yield frame
        self._learned.n_coded = n

    def _placement(self, converter: Converter, frame: Any) -> Placement:
        """Where a frame's pixels are in the clip that is encoded."""
        is_turned = orientation_of(frame).transposed
        aspect = self.video.header.aspect if is_turned else None
        upright = super()._placement(Converter(FrameShape(), aspect), frame)
        return ffmpeg_encode.even(upright, frame)

    def keypoints(self) -> Iterator[tuple[int, bytes]]:
        """The keypoint file of each frame that was written, with its number from 0."""
        learned = self._learned
        learned.without_pose = learned.other_poses = 0
        for number in range(len(learned.wanted)):
            found = self.companion(number)
            if found is not None:
                yield number, found[1]

    def _timeline(self) -> Timeline:
        """When each frame of the range is shown, from its first one on."""
        taken, whole = self._learned.taken, self.video.header.timeline
        assert taken is not None
        first = whole.times[taken.start]
        end = whole.times[taken.stop] if taken.stop < len(whole) else whole.end
        times = [when - first for when in whole.times[taken.start : taken.stop]]
        return Timeline(times, end - first)

    def found(self) -> dict[str, str]:
        n = self._learned.n_coded
        return super().found() | ({"n_frames": str(n)} if n else {})


class TrimmedWriter(Writer):
    """Writes one MP4 a clip, flat, and an index of them next to it.

    Parameters
    ----------
    index : Path or None
        The JSON that the clips come from; None where it is a table, for which the manifest is
        the index, and ``metadata.csv`` the one that Hugging Face's `videofolder` reads.
    missing : sequence of str
        Ids of videos that are not there.
    listed : sequence of NsltEntry
        What ``nslt_N.json`` has of them; () for no such file.
    copy : bool
        Whether files of which nothing has to change are copied.
    dry_run : bool
        Whether nothing need be encoded, as nothing will be written.
    """

    name = "trimmed videos"
    single_file = False
    holds = frozenset({"clip"})

    def __init__(
        self,
        index: Path | None,
        missing: Sequence[str],
        listed: Sequence[loaders.NsltEntry] = (),
        *,
        copy: bool,
        dry_run: bool,
    ) -> None:
        self._index = index
        self._missing = missing
        self._listed = listed
        self._copy = copy
        self._dry_run = dry_run

    def encoded_items(self, sample: Sample) -> Iterator[EncodedItem]:
        refuse_broken(sample)
        pixels = sample.pixels
        if not isinstance(pixels, CutPixels):
            raise FormatError("a folder of pictures; trim cuts videos", path=sample.source)
        if self._dry_run:
            for _ in pixels.coded():
                pass
        stem = component(sample.id.replace("/", "-"), what="id")
        name = f"{stem}.mp4"
        yield EncodedItem(name, b"", make=partial(pixels.write, name=name, copy=self._copy))
        for number, data in pixels.keypoints():
            path = f"{POSES}/{stem}/{number:012d}_keypoints.json"
            yield EncodedItem(path, data, companion=True)

    def companions(self, path: str) -> tuple[str, ...]:
        return (f"{POSES}/{path.removesuffix('.mp4')}",)

    def finish(self, tree: Path, finished: OutputSummary) -> None:
        write_flat_sidecars(tree, finished)
        coverage.write_missing(tree, self._missing)
        if self._listed:
            loaders.write_nslt(tree, self._listed, finished)
        if self._index is None:
            _write_metadata(tree / METADATA, finished)
        else:
            _write_index(tree / TRIMMED_INDEX, self._index, finished)


def _write_metadata(path: Path, finished: OutputSummary) -> None:
    """Write the table of the clips that Hugging Face's `videofolder` reads."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["file_name", "label", "split", "id"])
        for row in finished.rows():
            table.writerow([row["path"], row["label"], row["split"], row["id"]])


def _write_index(path: Path, source: Path, finished: OutputSummary) -> None:
    """Write the WLASL JSON of the clips."""
    splits = {row["id"]: row["split"] for row in finished.rows()}
    labels = {row["id"]: row["label"] for row in finished.rows()}
    entries = json.loads(source.read_bytes(), parse_int=_whole, parse_float=_real)
    index = json.dumps(index_of(entries, splits, finished.classes, labels), indent=4)
    write_file(path, f"{index}\n".encode())


def _whole(text: str) -> int | str:
    """A whole number of an index; as text where it has more digits than Python converts."""
    return int(text) if len(text) < _MOST_DIGITS else text


def _real(text: str) -> float | str:
    """A number of an index; as text where it would be written as what is no JSON."""
    number = float(text)
    return number if math.isfinite(number) else text


_MOST_DIGITS = 4000
