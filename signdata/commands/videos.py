"""Commands that read videos: into frame folders, and into trimmed clips."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

from signdata.filesystem import output_path
from signdata.media.fitting import Fit
from signdata.media.video.frame_conversion import FrameShape
from signdata.media.video.frame_selection import Selection
from signdata.options import (
    SKIP,
    ClipKeywords,
    ClipSelection,
    PathLike,
    PoseKeywords,
    PoseOptions,
    RunKeywords,
    RunOptions,
    command,
)
from signdata.results import Result


class VideoKeywords(ClipKeywords, PoseKeywords, RunKeywords, total=False):
    pass


@command(ClipSelection, PoseOptions, RunOptions, on_error=SKIP)
def extract_frames(
    src: PathLike,
    out: PathLike,
    *,
    from_format: str | None = None,
    official_splits: bool = True,
    follow_symlinks: bool = False,
    layout: str | None = None,
    frames: int | None = None,
    margin: float = 0.0,
    fps: float | None = None,
    allow_repeats: bool = False,
    segments: int | None = None,
    frames_per_segment: int | None = None,
    short_side: int | None = None,
    size: tuple[int, int] | None = None,
    fit: str = "stretch",
    background: str = "black",
    crop_bbox: bool = False,
    bbox_scale: float = 1.0,
    montage: bool = False,
    layout_for: str | None = None,
    image_format: str | None = None,
    quality: int = 95,
    name_template: str | None = None,
    class_names: str | None = None,
    annotations_style: str | None = None,
    decoder: str = "pyav",
    times: bool = False,
    **shared: Unpack[VideoKeywords],
) -> Result:
    """Decode videos into one folder of numbered pictures a clip.

    Parameters
    ----------
    src : path
        A tree ``[SPLIT/]CLASS/NAME.mp4``, a WLASL JSON, a table of clips or tars of videos.
    out : path
        The directory to make: ``[SPLIT/]CLASS/CLIP/img_00001.jpg``, with ``annotations.txt``
        or ``annotations_SPLIT.txt`` for loaders.
    from_format : {'videos', 'wlasl', 'table', 'webdataset'}, optional
        What `src` is, where that is not clear.
    official_splits : bool
        Whether the splits of a WLASL JSON are used.
    follow_symlinks : bool
        Whether symbolic links to folders are followed.
    layout : str, optional
        What the paths of a tree mean: ``{label}_{signer}_*``.
    frames : int, optional
        That many evenly spaced frames of each clip; all by default.
    margin : float
        Share that is cut off both ends first.
    fps : float, optional
        Resample by time to this rate.
    allow_repeats : bool
        Whether `fps` may give more than four times as many pictures as a clip has frames.
    segments, frames_per_segment : int, optional
        Evenly spaced runs of consecutive frames, as VideoFrameDataset samples.
    short_side, size
        Scale the shorter side to this many pixels, or to this width and height.
    fit : {'stretch', 'pad', 'crop'}
        How frames of other proportions come to `size`: stretched; whole, in the middle of the
        background; or cropped to the middle. Keypoints follow.
    background : str
        Background of padded frames: a colour's name or ``#rrggbb``.
    crop_bbox, bbox_scale
        Cut out WLASL's box, grown by this factor.
    montage : bool
        Put the frames of a clip side by side in one picture.
    layout_for : {'i3d', 'videoframedataset', 'sign2text', 'mmaction2'}, optional
        Write what this loader reads: its names of pictures, its lists, its folders.
    image_format : {'jpg', 'png'}, optional
        JPEG by default; PNG keeps every value.
    quality : int
        JPEG quality, 1..100.
    name_template : str, optional
        Name of a picture without suffix; given its number from 1. ``img_{:05d}`` by default.
    class_names : {'safe', 'as-is'}, optional
        `safe`, the default, writes ``_`` for blanks in class and clip folders, as loaders
        split lines at blanks; the class list and the manifest keep the names.
    annotations_style : {'v2', 'v1'}, optional
        ``PATH START END CLASS_IDX``, the default, or ``PATH N_FRAMES CLASS_IDX``.
    decoder : {'pyav', 'ffmpeg'}
        The library, or the ffmpeg program in a process of its own.
    times : bool
        Whether ``times.csv`` next to the frames of each clip says when each is shown.
    """
    from signdata.extraction import frame_folders

    poses = PoseOptions.taken_from(shared)
    return frame_folders.extract(
        Path(src),
        output_path(out),
        frame_folders.Sources(
            ClipSelection.taken_from(shared), from_format, official_splits, follow_symlinks, layout
        ),
        frame_folders.Clips(
            Selection(frames, fps, segments, frames_per_segment, margin, allow_repeats),
            FrameShape(short_side, (size[1], size[0]) if size else None, Fit(fit, background)),
            frame_folders.box_scale(crop_bbox, bbox_scale),
            montage,
            Path(poses.poses) if poses.poses is not None else None,
            poses.pose_base,
            decoder,
            times,
        ),
        frame_folders.pictures_for(
            layout_for, image_format, quality, name_template, class_names, annotations_style
        ),
        RunOptions.taken_from(shared),
    )


@command(ClipSelection, PoseOptions, RunOptions, on_error=SKIP)
def trim(
    src: PathLike,
    out: PathLike,
    *,
    copy: bool = False,
    layout_for: str | None = None,
    **shared: Unpack[VideoKeywords],
) -> Result:
    """Cut raw downloads of WLASL's videos into one MP4 for each instance.

    Every frame of an instance's range is kept, at its own time; what comes out is H.264,
    upright, of even size, without sound. The downloads are called by video id or by the id
    on YouTube. The keypoint files of `poses` are cut along: `out` gets those of each clip in
    ``poses/VIDEO_ID/``, counted from 0, their points moved as the pixels are.

    Parameters
    ----------
    src : path
        A WLASL JSON.
    out : path
        The directory to make: ``VIDEO_ID.mp4`` for each instance and ``WLASL.json``, the
        index of those that were written.
    copy : bool
        Whether a file of which nothing has to change (the whole of an MP4 of H.264, upright,
        of even size) is copied as it is, with its sound.
    layout_for : {'i3d'}, optional
        Write ``nslt_N.json`` as well, by which WLASL's I3D finds classes and splits.
    """
    from signdata.extraction import trimmed_clips

    return trimmed_clips.trim(
        Path(src),
        output_path(out),
        ClipSelection.taken_from(shared),
        PoseOptions.taken_from(shared),
        RunOptions.taken_from(shared),
        copy=copy,
        layout_for=layout_for,
    )
