"""One function for each command: the same name, the same keywords, returning a `Result`.

Arguments are keyword-only after the paths. Every function that writes takes

workers : int or None
    Worker processes; None takes all cores. Never changes a byte of the output.
on_error : {'stop', 'skip'}
    Whether one unreadable sample ends the run or is recorded and left out.
dry_run : bool
    Read and count everything, write nothing.
overwrite : bool
    Replace whatever else stands under the output's name.
progress : callable or None
    Called as ``progress(done, total)`` in samples.

and raises a `signdata.errors.SigndataError` for everything a user can mend.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeAlias

from signdata.conversion import pipeline
from signdata.conversion.pipeline import Transform
from signdata.conversion.transforms import Geometry
from signdata.errors import MissingError, UsageError
from signdata.formats import detect, targets
from signdata.formats.csv.writer import CsvWriter
from signdata.formats.folders import FoldersOptions, FoldersReader, FoldersWriter
from signdata.formats.frames import DEFAULT_TEMPLATE
from signdata.formats.open import open_dataset
from signdata.formats.reader import Reader
from signdata.formats.views import Only, Without
from signdata.formats.wlasl import layout
from signdata.formats.writer import Writer
from signdata.inference import export_run
from signdata.inspection import summary
from signdata.media.video.frame_selection import Selection
from signdata.options import SKIP, STOP, Progress, Run
from signdata.output.output import refuse_overlap
from signdata.results import NOTE, Problem, Result
from signdata.training import baseline_report, devices

PathLike: TypeAlias = str | Path
P = ParamSpec("P")

__all__ = [
    "audit",
    "augment",
    "baseline",
    "convert",
    "csv_to_folders",
    "demo",
    "export",
    "extract_frames",
    "folders_to_csv",
    "info",
    "open_dataset",
    "predict",
    "sample",
    "split",
    "trim",
    "verify",
]


def _timed(function: Callable[P, Result]) -> Callable[P, Result]:
    """Fill in how long a command took."""

    @wraps(function)
    def timed(*args: P.args, **kwargs: P.kwargs) -> Result:
        start = time.monotonic()
        result = function(*args, **kwargs)
        result.seconds = time.monotonic() - start
        return result

    return timed


@_timed
def csv_to_folders(
    csvs: PathLike | Sequence[PathLike],
    out: PathLike,
    *,
    labels: str = "letters",
    csv_size: tuple[int, int] | None = None,
    header: bool = True,
    size: tuple[int, int] | None = None,
    image_format: str | None = None,
    quality: int = 95,
    workers: int | None = None,
    on_error: str = STOP,
    dry_run: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Turn the rows of Sign-MNIST CSVs into an ImageFolder tree of pictures.

    Parameters
    ----------
    csvs : path or sequence of paths
        One CSV gives ``OUT/LABEL/000001.png``; several give ``OUT/SPLIT/LABEL/...``.
    out : path
        The directory to make.
    labels : str
        ``letters`` (A..Y), ``codes``, or a file with one class name a line.
    csv_size : tuple of int, optional
        Width and height of the pictures in the CSV; squares by default.
    header : bool
        Whether the first line is a header.
    size : tuple of int, optional
        Width and height of the written pictures; those of the CSV by default.
    image_format : {'png', 'jpg'}, optional
        PNG, which keeps every value, by default.
    quality : int
        1..100 for JPEG.
    """
    sources = _paths(csvs)
    reader = open_dataset(sources, format="csv", labels=labels, csv_size=csv_size, header=header)
    options = {
        "labels": _labels_option(labels),
        "csv_size": csv_size,
        "header": header,
        **_picture_options(size, False, image_format, quality),
    }
    return _convert(
        reader,
        FoldersWriter(targets.picture_options(image_format, quality)),
        sources,
        Path(out),
        "csv-to-folders",
        options,
        Run(workers, on_error, dry_run, overwrite, progress),
        transforms=_geometry(size, False),
    )


@_timed
def folders_to_csv(
    src: PathLike,
    out: PathLike,
    *,
    split: str | None = None,
    size: tuple[int, int] | None = None,
    gray: bool = False,
    workers: int | None = None,
    on_error: str = STOP,
    dry_run: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Write an ImageFolder tree of grey pictures, or any dataset of stills, as one CSV.

    A tree that was made of a CSV gives the same bytes back: its spelling and the order of
    its rows are in the tree's manifest. Without a manifest rows are ordered by the number
    in each name, else by path.

    Parameters
    ----------
    src, out : path
        The dataset and the CSV to make.
    split : str, optional
        The split to write; needed when there are several.
    size : tuple of int, optional
        Width and height; needed when pictures differ in size.
    gray : bool
        Convert colour pictures (Rec. 601 luma).
    """
    source = Path(src)
    targets.check_suffix("csv", Path(out))
    if detect.recognise([source]) == "folders":
        reader: Reader = FoldersReader(source, FoldersOptions(by_number=True))
    else:
        reader = open_dataset(source)
    if split is None:
        summary.refuse_several_splits(reader, source)
    else:
        reader = Only(reader, split)
    return _convert(
        reader,
        CsvWriter(Path(out).name, split or ""),
        [source],
        Path(out),
        "folders-to-csv",
        {"split": split, **_picture_options(size, gray, None, 95)},
        Run(workers, on_error, dry_run, overwrite, progress),
        transforms=_geometry(size, gray),
    )


@_timed
def convert(
    src: PathLike | Sequence[PathLike],
    out: PathLike,
    *,
    from_format: str | None = None,
    to_format: str | None = None,
    split: str | None = None,
    labels: str = "letters",
    csv_size: tuple[int, int] | None = None,
    header: bool = True,
    videos: PathLike | None = None,
    follow_symlinks: bool = False,
    hdf5_layout: str = "auto",
    size: tuple[int, int] | None = None,
    gray: bool = False,
    image_format: str | None = None,
    quality: int = 95,
    workers: int | None = None,
    on_error: str = STOP,
    dry_run: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Convert a dataset from any format to any other that can hold it.

    Parameters
    ----------
    src : path or sequence of paths
        The dataset; several CSV files make one.
    out : path
        What to make: ``.h5`` or ``.hdf5``, ``.csv``, or a directory.
    from_format, to_format : str, optional
        Names of formats, where they are not clear from `src` and `out`.
    split : str, optional
        Read only these samples.
    labels, csv_size, header
        How a CSV is read, as in `csv_to_folders`.
    videos : path, optional
        Folder of the videos of a WLASL JSON.
    follow_symlinks : bool
        Whether symbolic links to folders are followed.
    hdf5_layout : {'auto', 'raw', 'encoded'}
        Arrays, or picture files; see `signdata.formats.hdf5.reader`.
    size, gray, image_format, quality
        How pictures are written; by default they stay as they are.
    """
    sources = _paths(src)
    reader = open_dataset(
        sources,
        format=from_format,
        split=split,
        labels=labels,
        csv_size=csv_size,
        header=header,
        videos=videos,
        follow_symlinks=follow_symlinks,
    )
    options = {
        "from": reader.info.format,
        "to": to_format or targets.format_for(Path(out), reader.info),
        "split": split,
        "labels": _labels_option(labels),
        "csv_size": csv_size,
        "header": header,
        "hdf5_layout": hdf5_layout,
        **_picture_options(size, gray, image_format, quality),
    }
    pictures = targets.picture_options(image_format, quality)
    return _convert(
        reader,
        targets.writer(options["to"], Path(out), pictures, hdf5_layout, split),
        sources,
        Path(out),
        "convert",
        options,
        Run(workers, on_error, dry_run, overwrite, progress),
        transforms=_geometry(size, gray),
    )


@_timed
def extract_frames(
    src: PathLike,
    out: PathLike,
    *,
    videos: PathLike | None = None,
    official_splits: bool = True,
    glosses: int | Sequence[str] | PathLike | None = None,
    subset: PathLike | None = None,
    signers: Sequence[str] = (),
    limit: int | None = None,
    frames: int | None = None,
    margin: float = 0.0,
    fps: float | None = None,
    segments: int | None = None,
    frames_per_segment: int | None = None,
    ranges: str = "auto",
    keep_short: bool = False,
    short_side: int | None = None,
    size: tuple[int, int] | None = None,
    crop_bbox: bool = False,
    bbox_scale: float = 1.0,
    montage: bool = False,
    poses: PathLike | None = None,
    image_format: str = "jpg",
    quality: int = 95,
    name_template: str = DEFAULT_TEMPLATE,
    class_names: str = "safe",
    annotations_style: str = "v2",
    decoder: str = "pyav",
    timeout: float | None = 600.0,
    follow_symlinks: bool = False,
    workers: int | None = None,
    on_error: str = SKIP,
    dry_run: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Decode videos into one folder of numbered pictures a clip.

    Parameters
    ----------
    src : path
        A tree ``[SPLIT/]CLASS/NAME.mp4`` or a WLASL JSON.
    out : path
        The directory to make: ``[SPLIT/]CLASS/CLIP/img_00001.jpg``, with ``annotations.txt``
        or ``annotations_SPLIT.txt`` for loaders.
    videos : path, optional
        Folder of the videos of a WLASL JSON; ``videos/`` beside it by default.
    official_splits : bool
        Whether the splits of a WLASL JSON are used.
    glosses : int, sequence of str or path, optional
        The first so many glosses of the JSON, or these, or a file with one a line.
    subset : path, optional
        An official subset file (``nslt_100.json``).
    signers : sequence of str
        Read only these signers.
    limit : int, optional
        Read at most so many clips.
    frames : int, optional
        That many evenly spaced frames of each clip; all by default.
    margin : float
        Share that is cut off both ends first.
    fps : float, optional
        Resample by time to this rate.
    segments, frames_per_segment : int, optional
        Evenly spaced runs of consecutive frames, as VideoFrameDataset samples.
    ranges : {'auto', 'apply', 'ignore'}
        How WLASL's ``frame_start`` and ``frame_end`` are applied; `auto` takes a file whole
        that was already cut to its range.
    keep_short : bool
        Whether a video that ends early gives what it has.
    short_side, size
        Scale the shorter side to so many pixels, or to this width and height.
    crop_bbox, bbox_scale
        Cut out WLASL's box, grown by this factor.
    montage : bool
        Put the frames of a clip side by side in one picture.
    poses : path, optional
        A folder of keypoint files for each video id; each frame's is copied beside it.
    image_format : {'jpg', 'png'}
        JPEG by default; PNG keeps every value.
    quality : int
        1..100 for JPEG.
    name_template : str
        Name of a picture without suffix; given its number from 1.
    class_names : {'safe', 'as-is'}
        `safe` writes ``_`` for blanks in class and clip folders, as loaders split lines at
        blanks; the class list and the manifest keep the names.
    annotations_style : {'v2', 'v1'}
        ``PATH START END CLASS_IDX`` or ``PATH N_FRAMES CLASS_IDX``.
    decoder : {'pyav', 'ffmpeg'}
        The library, or the ffmpeg program in a process of its own.
    timeout : float, optional
        Seconds after which a video is given up.
    follow_symlinks : bool
        Whether symbolic links to folders are followed.
    """
    from signdata.extraction import frame_folders
    from signdata.media.video.frame_conversion import FrameShape

    return frame_folders.extract(
        Path(src),
        Path(out),
        frame_folders.Sources(
            Path(videos) if videos is not None else None,
            official_splits,
            frame_folders.read_glosses(glosses),
            Path(subset) if subset is not None else None,
            tuple(map(str, signers)),
            limit,
            follow_symlinks,
        ),
        frame_folders.Clips(
            Selection(frames, fps, segments, frames_per_segment, margin),
            ranges,
            keep_short,
            FrameShape(short_side, (size[1], size[0]) if size else None),
            frame_folders.box_scale(crop_bbox, bbox_scale),
            montage,
            Path(poses) if poses is not None else None,
            decoder,
            timeout,
        ),
        frame_folders.Pictures(
            targets.picture_options(image_format, quality, class_names=class_names),
            name_template,
            annotations_style,
        ),
        Run(workers, on_error, dry_run, overwrite, progress),
    )


@_timed
def trim(
    src: PathLike,
    out: PathLike,
    *,
    videos: PathLike | None = None,
    glosses: int | Sequence[str] | PathLike | None = None,
    subset: PathLike | None = None,
    signers: Sequence[str] = (),
    limit: int | None = None,
    ranges: str = "auto",
    keep_short: bool = False,
    copy: bool = False,
    timeout: float | None = 600.0,
    workers: int | None = None,
    on_error: str = SKIP,
    dry_run: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Cut raw downloads of WLASL's videos into one MP4 for each instance.

    Every frame of an instance's range is kept, at its own time; what comes out is H.264,
    upright, of even size, without sound.

    Parameters
    ----------
    src : path
        A WLASL JSON.
    out : path
        The directory to make: ``VIDEO_ID.mp4`` for each instance and ``WLASL.json``, the
        index of those that were written.
    videos : path, optional
        Folder of the downloads, called by video id or by the id on YouTube; ``videos/``
        beside `src` by default.
    glosses : int, sequence of str or path, optional
        The first so many glosses of the JSON, or these, or a file with one a line.
    subset : path, optional
        An official subset file (``nslt_100.json``).
    signers : sequence of str
        Read only these signers.
    limit : int, optional
        Read at most so many clips.
    ranges : {'auto', 'apply', 'ignore'}
        How ``frame_start`` and ``frame_end`` are applied, as in `extract_frames`.
    keep_short : bool
        Whether a video that ends early gives what it has.
    copy : bool
        Whether a file of which nothing has to change (the whole of an MP4 of H.264, upright,
        of even size) is copied as it is, with its sound.
    timeout : float, optional
        Seconds after which a video is given up.
    """
    from signdata.extraction import frame_folders, trimmed_clips

    return trimmed_clips.trim(
        Path(src),
        Path(out),
        frame_folders.Sources(
            videos=Path(videos) if videos is not None else None,
            glosses=frame_folders.read_glosses(glosses),
            subset=Path(subset) if subset is not None else None,
            signers=tuple(map(str, signers)),
            limit=limit,
        ),
        trimmed_clips.Cutting(ranges, keep_short, copy, timeout),
        Run(workers, on_error, dry_run, overwrite, progress),
    )


@_timed
def augment(
    src: PathLike | Sequence[PathLike],
    out: PathLike | None = None,
    *,
    recipe: PathLike = "sign-mnist-60",
    variants: int | None = None,
    size: tuple[int, int] | None = None,
    profile: str | None = None,
    augment_splits: str = "train",
    keep_original: bool = False,
    boxes: PathLike | None = None,
    label_pattern: str | None = None,
    group_pattern: str | None = None,
    preview: PathLike | None = None,
    seed: int = 0,
    from_format: str | None = None,
    to_format: str | None = None,
    split: str | None = None,
    labels: str = "letters",
    csv_size: tuple[int, int] | None = None,
    header: bool = True,
    videos: PathLike | None = None,
    follow_symlinks: bool = False,
    hdf5_layout: str = "auto",
    image_format: str | None = None,
    quality: int = 95,
    workers: int | None = None,
    on_error: str = STOP,
    dry_run: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Make variants of every picture, with the grey levels that ImageMagick gives.

    Samples of validation and test splits are not varied, but brought to the same size and
    colour. All variants of a picture share its split and its group.

    Parameters
    ----------
    src, out : path
        The dataset and the one to make; `out` may be left out with `preview`.
    recipe : str or path
        ``sign-mnist-60``, ``observed-20``, or a TOML file.
    variants : int, optional
        How many of each picture; as the recipe says by default.
    size : tuple of int, optional
        Width and height of the variants; as the recipe says by default.
    profile : {'im7-2017', 'im6-q16', 'im7-current'}, optional
        Which ImageMagick; as the recipe says by default.
    augment_splits : {'train', 'all'}
        Which splits are varied.
    keep_original : bool
        Whether each varied picture comes along, brought to the same size and colour.
    boxes : path, optional
        A table of boxes that are cut out first, or ``auto``: ``*_loc.csv`` in the dataset,
        else the column ``box`` or ``bbox`` of its manifest.
    label_pattern : str, optional
        Regular expression with one group for the label in a picture's path.
    group_pattern : str, optional
        The same for who signs, and what must not straddle splits.
    preview : path, optional
        Draw all variants of a few samples into this PNG, and write nothing else.
    seed : int
        Another seed draws other variants.
    from_format, to_format, split, labels, csv_size, header, videos, follow_symlinks, \
    hdf5_layout, image_format, quality
        How `src` is read and `out` is written, as in `convert`.
    """
    from signdata.augmentation import plan as augmenting

    sources = _paths(src)
    reader = open_dataset(
        sources,
        format=from_format,
        split=split,
        labels=labels,
        csv_size=csv_size,
        header=header,
        videos=videos,
        follow_symlinks=follow_symlinks,
    )
    augmentation = augmenting.prepare(
        reader,
        sources[0],
        augmenting.AugmentOptions(
            str(recipe),
            variants,
            size,
            profile,
            augment_splits,
            keep_original,
            boxes,
            label_pattern,
            group_pattern,
            seed,
        ),
    )
    if preview is not None:
        return augmenting.preview(augmentation, Path(preview), overwrite=overwrite, dry_run=dry_run)
    if out is None:
        raise UsageError("no output named", remedy="Name OUT, or a picture with --preview.")
    target = Path(out)
    written = to_format or targets.format_for(target, reader.info)
    return _convert(
        augmentation.reader,
        targets.writer(
            written, target, targets.picture_options(image_format, quality), hdf5_layout, split
        ),
        sources,
        target,
        "augment",
        {
            "from": from_format,
            "to": written,
            "split": split,
            "labels": _labels_option(labels),
            "csv_size": list(csv_size) if csv_size else None,
            "header": header,
            "hdf5_layout": hdf5_layout,
            "image_format": image_format,
            "quality": quality,
            **augmentation.options,
        },
        Run(workers, on_error, dry_run, overwrite, progress),
        transforms=[augmentation.transform],
        seed=seed,
        describe=lambda: augmenting.describe(augmentation),
    )


@_timed
def split(
    src: PathLike | Sequence[PathLike],
    out: PathLike,
    *,
    ratios: str | None = None,
    keep: Sequence[str] = (),
    pool: bool = False,
    stratify: str = "label",
    group_by: str = "auto",
    folds: int | None = None,
    look: bool = True,
    mode: str = "link",
    into: str | None = None,
    seed: int = 0,
    labels: str = "letters",
    csv_size: tuple[int, int] | None = None,
    header: bool = True,
    follow_symlinks: bool = False,
    workers: int | None = None,
    on_error: str = STOP,
    dry_run: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Split a dataset into train, val and test that do not leak, stratified by label.

    What belongs together stays together: signers or source pictures where the dataset knows
    them, near-duplicates and runs of frames where they can be seen. The leak certificate
    (key ``leak_certificate`` of ``signdata.json``) says what was kept apart and what not.

    Parameters
    ----------
    src : path or sequence of paths
        The dataset.
    out : path
        A directory, or ``.h5`` or ``.csv`` for one file.
    ratios : str, optional
        Shares of train, val and test (or train and test), in percent or as fractions;
        ``80,10,10`` by default.
    keep : sequence of str
        Splits that stay as they are; the ratios name the others.
    pool : bool
        Whether samples of all splits are mixed and split anew.
    stratify : str
        ``label``, ``signer``, or another column of the manifest.
    group_by : str
        ``auto``, ``none``, ``signer``, ``near-duplicates``, ``blocks:K`` (runs of K frames), a
        column of the manifest, or a regular expression with one group for a sample's path.
    folds : int, optional
        Write the number of one of so many folds into the column ``fold`` instead of splits.
    look : bool
        Whether near-duplicates are looked for.
    into : {'folders', 'hdf5', 'csv'}, optional
        Format of `out`; by its name by default.
    mode : {'link', 'copy', 'symlink', 'manifest'}
        How files that stay as they are come into a directory. `manifest` writes no picture,
        only ``manifest.csv`` with each sample's split.
    seed : int
        Another seed draws another split.
    labels, csv_size, header, follow_symlinks
        How `src` is read, as in `convert`.
    """
    from signdata.splitting import plan as splits

    sources = _paths(src)
    reader = open_dataset(
        sources, labels=labels, csv_size=csv_size, header=header, follow_symlinks=follow_symlinks
    )
    writer = targets.writer_for(Path(out), reader.info, mode, sources[0], into)
    wanted = splits.SplitOptions(
        ratios, tuple(keep), pool, stratify, group_by, folds, look, seed, workers
    )
    plan = splits.plan(reader, sources[0], wanted, progress)
    if plan.left_out:
        reader = Without(reader, plan.left_out)
    options = {
        "ratios": ratios,
        "keep": sorted(keep),
        "pool": pool,
        "stratify": stratify,
        "group_by": group_by,
        "folds": folds,
        "look": look,
        "mode": mode,
        "labels": _labels_option(labels),
        "csv_size": csv_size,
        "header": header,
    }
    result = _convert(
        reader,
        writer,
        sources,
        Path(out),
        "split",
        options,
        Run(workers, on_error, dry_run, overwrite, progress),
        transforms=(plan.assign,),
        seed=seed,
        describe=lambda: plan.document(reader.info.origin),
        notes=[Problem("", "", NOTE, note) for note in plan.notes],
    )
    result.details["splits"] = plan.counts
    result.details["leak_certificate"] = plan.certificate.to_dict()
    result.details["leaks"] = result.details["leak_certificate"]["leaks"]
    result.summary = "\n".join(part for part in (result.summary, plan.text) if part)
    return result


@_timed
def audit(
    src: PathLike | Sequence[PathLike],
    *others: PathLike,
    threshold: float = 0.98,
    contact_sheet: PathLike | None = None,
    fix: PathLike | None = None,
    strict: bool = False,
    seed: int = 0,
    from_format: str | None = None,
    split: str | None = None,
    labels: str = "letters",
    csv_size: tuple[int, int] | None = None,
    header: bool = True,
    videos: PathLike | None = None,
    follow_symlinks: bool = False,
    workers: int | None = None,
    dry_run: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Find what is wrong with a dataset, or between its splits, or between several datasets.

    Parameters
    ----------
    src : path or sequence of paths
        The dataset.
    others : paths
        Further datasets to hold it against; then the parts are the datasets, by name (and
        ``NAME/SPLIT`` where one has several splits), else the splits of `src`.
    threshold : float
        Correlation from which two pictures are twins.
    contact_sheet : path, optional
        Draw leaks, conflicts and groups of near-duplicates into this PNG.
    fix : path, optional
        Write `src` without the offenders, each listed in its ``problems.csv``: what cannot be
        read, pictures under two labels, copies, samples of a later split (or, beside others,
        of any) with a twin in an earlier one (in another dataset).
    strict : bool
        Whether `exit_code` is 4 when something was found that counts; see
        `signdata.auditing.findings`.
    seed : int
        Of the hold-outs of the probe.
    from_format, labels, csv_size, header, follow_symlinks
        How all datasets are read, as in `convert`.
    split, videos
        The same for `src` alone.
    """
    from signdata.auditing import cleaning, report
    from signdata.auditing import contact_sheet as picturing
    from signdata.auditing import run as auditing

    def opened(path: PathLike | Sequence[PathLike], **options: Any) -> Reader:
        return open_dataset(
            path,
            format=from_format,
            labels=labels,
            csv_size=csv_size,
            header=header,
            follow_symlinks=follow_symlinks,
            **options,
        )

    sources = _paths(src)
    readers = [opened(src, split=split, videos=videos), *map(opened, others)]
    if fix is not None:
        refuse_overlap([*sources, *map(Path, others)], Path(fix))
    with ExitStack() as stack:
        for reader in readers:
            stack.enter_context(reader)
        found = auditing.audit(
            readers,
            [sources[0], *map(Path, others)],
            auditing.AuditOptions(threshold, seed, workers, progress),
        )
        result = report.result(found, strict=strict)
        if contact_sheet is not None:
            drawn = picturing.draw(found, Path(contact_sheet))
            report.tell_of_sheet(result, str(contact_sheet), drawn=drawn)
        if fix is None:
            return result
        left_out = cleaning.offenders(found)
        target = Path(fix)
        made = _convert(
            cleaning.without(found, left_out),
            targets.writer(
                targets.format_for(target, found.first.info),
                target,
                targets.picture_options(None, 95),
                "auto",
                None,
            ),
            [*sources, *map(Path, others)],
            target,
            "audit",
            {
                "from": found.first.info.format,
                "threshold": threshold,
                "others": len(others),
                "split": split,
                "labels": _labels_option(labels),
                "csv_size": csv_size,
                "header": header,
                **cleaning.record(left_out),
            },
            Run(workers, SKIP, dry_run, overwrite, progress),
            notes=cleaning.problems(left_out),
        )
        return report.with_fixed(result, made, found, left_out)


@_timed
def info(
    src: PathLike | Sequence[PathLike],
    *,
    from_format: str | None = None,
    split: str | None = None,
    labels: str = "letters",
    csv_size: tuple[int, int] | None = None,
    header: bool = True,
    videos: PathLike | None = None,
    follow_symlinks: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Count a dataset's samples per class and split, and tell what its pictures are.

    Parameters
    ----------
    src : path or sequence of paths
        The dataset.
    from_format, split, labels, csv_size, header, videos, follow_symlinks
        How it is read, as in `convert`.
    """
    reader = open_dataset(
        _paths(src),
        format=from_format,
        split=split,
        labels=labels,
        csv_size=csv_size,
        header=header,
        videos=videos,
        follow_symlinks=follow_symlinks,
    )
    return summary.describe(reader, progress)


@_timed
def verify(
    a: PathLike,
    b: PathLike | None = None,
    *,
    labels: str = "letters",
    csv_size: tuple[int, int] | None = None,
    header: bool = True,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Result:
    """Check a dataset against its manifest, or tell whether two hold the same samples.

    Parameters
    ----------
    a, b : path
        With `a` alone, every stored file is held against the digest in its manifest. With
        both, samples are paired by id when both have the same ids, else compared as
        multisets of split, label and pixels. A dataset without splits equals one whose
        samples share one split.
    labels, csv_size, header
        How a CSV is read, as in `csv_to_folders`.

    Returns
    -------
    Result
        `exit_code` 0 when the same, 4 when not; the differences are its problems.
    """
    from signdata.inspection import verification

    def opened(path: PathLike) -> Reader:
        return open_dataset(path, labels=labels, csv_size=csv_size, header=header)

    if b is None:
        a = layout.trimmed_folder(Path(a))
        return verification.against_manifest(opened(a), a, workers, progress)
    return verification.compare(opened(a), opened(b), Path(a), Path(b), workers, progress)


@_timed
def predict(
    run: PathLike,
    *paths: PathLike,
    top: int = 5,
    annotate: PathLike | None = None,
    device: str = "auto",
    overwrite: bool = False,
) -> Result:
    """Let a saved network say what it reads in pictures and videos.

    Parameters
    ----------
    run : path
        A run folder of `baseline`, its ``best.pt``, or an exported ``.onnx`` file.
    paths : paths
        Pictures, videos, folders of them, or links (http or https; up to 64 MiB).
    top : int
        How many of the likeliest classes are named.
    annotate : path, optional
        Folder for a copy of each picture, or of a video's middle frame, with the answer on it.
    device : {'auto', 'cpu', 'cuda'}
        Where a run's network reads.
    overwrite : bool
        Whether `annotate` may be a folder with something in it.

    Returns
    -------
    Result
        ``details['predictions']``: for each input its ``path`` and ``top``, a list of
        ``label`` and ``probability``. A network for pictures reads 16 frames of a video: `top`
        is of the mean of their probabilities, and ``frames`` has the likeliest class of each.
    """
    from signdata.inference import prediction

    return prediction.predict(
        Path(run),
        [str(path) for path in paths],
        top=top,
        annotate=None if annotate is None else Path(annotate),
        device=device,
        overwrite=overwrite,
    )


@_timed
def export(
    run: PathLike,
    out: PathLike | None = None,
    *,
    onnx: bool = True,
    quantize: bool = False,
    data: PathLike | Sequence[PathLike] | None = None,
    split: str = "test",
    overwrite: bool = False,
) -> Result:
    """Write a run's network as ONNX, and hold it against PyTorch.

    Parameters
    ----------
    run : path
        A run folder of `baseline`.
    out : path, optional
        The ``.onnx`` file to make; ``model.onnx`` in the run folder by default.
    onnx : bool
        The format; there is no other.
    quantize : bool
        Whether a copy with 8-bit weights is written beside it (``NAME.uint8.onnx``).
    data : path or sequence of paths, optional
        A dataset on whose `split` the networks are compared and tested; by default they are
        compared on random inputs. What has no such split is split as the run has split it.
    split : str
        The split of `data`.
    overwrite : bool
        Replace files that are there.
    """

    if not onnx:
        raise UsageError("no format to export to", remedy="Say --onnx.")
    target = Path(out) if out is not None else Path(run) / "model.onnx"
    reader = open_dataset(_paths(data)) if data else None
    return export_run.export(
        Path(run), target, quantize=quantize, reader=reader, split=split, overwrite=overwrite
    )


@_timed
def sample(
    kind: str,
    out: PathLike,
    *,
    n: int | None = None,
    signers: int | None = None,
    size: tuple[int, int] | None = None,
    seed: int = 0,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Make a small synthetic dataset to try things on.

    Parameters
    ----------
    kind : {'sign-mnist', 'asl-alphabet', 'wlasl', 'photos'}
        Two CSVs; a tree of 29 classes; a JSON with videos; colour photographs of several
        signers with hand boxes.
    out : path
        The directory to make.
    n : int, optional
        Rows of both CSVs together; pictures a class; clips a gloss; pictures a letter and
        signer.
    signers : int, optional
        How many people sign.
    size : tuple of int, optional
        Width and height of pictures and videos.
    seed : int
        Another seed draws other hands.
    """
    from signdata.synthetic import kinds

    return kinds.make(kind, Path(out), n, signers, size, seed, overwrite)


@_timed
def baseline(
    src: PathLike | Sequence[PathLike] = (),
    *,
    out: PathLike | None = None,
    model: str | None = None,
    preset: str | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    lr: float | None = None,
    optimizer: str | None = None,
    schedule: str | None = None,
    patience: int | None = None,
    label_smoothing: float | None = None,
    class_weights: str | None = None,
    clip_norm: float | None = None,
    augment: str | None = None,
    weights: PathLike | None = None,
    finetune: bool = False,
    device: str | None = None,
    compile: bool = False,
    seed: int = 0,
    list_models: bool = False,
    seeds: int = 1,
    compare_splits: bool = False,
    resume: PathLike | None = None,
    from_format: str | None = None,
    videos: PathLike | None = None,
    labels: str = "letters",
    csv_size: tuple[int, int] | None = None,
    header: bool = True,
    overwrite: bool = False,
    progress: Callable[[int, int, str], None] | None = None,
) -> Result:
    """Train a reference network on a dataset and test it once.

    A run that was broken off goes on where it was when it is called again with the same
    options, or by `resume`.

    Parameters
    ----------
    src : path or sequence of paths
        The dataset, in any format. Without a `val` split, a tenth of `train` is held out;
        without any split, a tenth each for `val` and `test`. Only `list_models` needs none.
    out : path, optional
        The run's folder; ``runs/STEM-MODEL-sSEED`` by default.
    model : str, optional
        Name of the network; by default the one for pictures or for clips.
    preset : {'ours', 'published'}, optional
        Settings that hold where no other option says more: ours (the default), or those of
        the network's source.
    epochs, batch_size, lr
        How it is trained.
    optimizer : {'adamw', 'adam', 'sgd'}, optional
    schedule : {'one-cycle', 'plateau', 'constant'}, optional
        Of the learning rate.
    patience : int, optional
        Epochs without a better one on val after which learning ends; 0 is never.
    label_smoothing : float, optional
        0..1.
    class_weights : {'none', 'balanced'}, optional
        `balanced` makes all classes weigh alike.
    clip_norm : float, optional
        The gradient is shortened to this length; 0 is never.
    augment : {'light', 'none', 'recipe'}, optional
        Random changes, anew in every epoch: small ones (the default), none, or one of the 60
        variants that Sign-MNIST was made with.
    weights : path, optional
        File of weights to start from.
    finetune : bool
        Whether the layers that a network keeps fixed learn too.
    device : {'auto', 'cpu', 'cuda'}, optional
        `auto` (the default) takes CUDA where there is one.
    compile : bool
        Whether the network is compiled before it learns.
    seed : int
        Of weights, order and augmentation, and of what is held out.
    seeds : int
        Runs, each with the next seed and the same split; more than one gives a mean and a
        standard deviation.
    compare_splits : bool
        Whether all samples are mixed and split anew in two ways, by rows at random and by
        whole groups; both accuracies, the gap and controls are told.
    resume : path, optional
        Folder of a run that goes on, with its own options.
    list_models : bool
        Train nothing; ``details["models"]`` holds each network's `name`, `parameters`,
        `trainable`, `input`, `classes` and `source`.
    from_format, videos, labels, csv_size, header
        How `src` is read, as in `convert`.
    overwrite : bool
        Whether something else under the name of the run's folder may be replaced.
    progress : callable, optional
        Called as ``progress(done, total, note)`` in steps.
    """
    from signdata.training import baseline_runs

    if list_models:
        return baseline_report.list_models()
    sources = _paths(src)
    if not sources:
        raise UsageError("no dataset is named; expected SRC, found none")
    settings: dict[str, Any] = {
        "model": model,
        "preset": preset,
        "epochs": epochs,
        "batch_size": batch_size,
        "lr": lr,
        "optimizer": optimizer,
        "schedule": schedule,
        "patience": patience,
        "label_smoothing": label_smoothing,
        "class_weights": class_weights,
        "clip_norm": clip_norm,
        "augment": augment,
        "weights": None if weights is None else str(weights),
        "finetune": finetune or None,
        "device": device,
        "compile": compile or None,
        "seeds": seeds if seeds != 1 else None,
        "compare_splits": compare_splits or None,
    }
    if resume is not None:
        asked = {"out": out, "overwrite": overwrite or None, "seed": seed or None, **settings}
        baseline_runs.refuse_options(asked)
        settings, seed = baseline_runs.options_of(Path(resume))
    devices.need_torch()
    with open_dataset(
        sources,
        format=from_format,
        videos=videos,
        labels=labels,
        csv_size=csv_size,
        header=header,
    ) as reader:
        settings["model"] = settings["model"] or baseline_runs.default_model(reader)
        name = f"{sources[0].stem}-{settings['model']}-s{seed}"
        place = Path(resume or out or Path("runs") / name)
        refuse_overlap(sources, place)
        return baseline_runs.run(reader, place, settings, seed, overwrite, progress)


@_timed
def demo(
    out: PathLike = "signdata-demo",
    *,
    overwrite: bool = False,
    say: Callable[[str], None] = print,
) -> Result:
    """Show the whole way on synthetic data.

    Parameters
    ----------
    out : path
        The directory to work in.
    say : callable
        Told each command and what came of it.
    """
    from signdata.commands import walkthrough

    return walkthrough.show(Path(out), say, overwrite=overwrite)


def _convert(
    reader: Reader,
    writer: Writer,
    sources: list[Path],
    out: Path,
    command: str,
    options: dict[str, Any],
    how: Run,
    *,
    transforms: Sequence[Transform] = (),
    seed: int = 0,
    describe: Callable[[], dict[str, Any]] | None = None,
    notes: Sequence[Problem] = (),
) -> Result:
    refuse_overlap(sources, out)
    with reader:
        return pipeline.convert(
            reader,
            writer,
            out,
            command=command,
            options=options,
            seed=seed,
            transforms=transforms,
            describe=describe,
            notes=notes,
            how=how,
        )


def _labels_option(labels: str) -> str:
    """What is recorded of `labels`: the word, or what the file says."""
    if labels in ("letters", "codes"):
        return labels
    try:
        return f"file {hashlib.sha256(Path(labels).read_bytes()).hexdigest()}"
    except OSError as err:
        raise MissingError(f"cannot be read ({err.strerror})", path=labels) from err


def _paths(value: PathLike | Sequence[PathLike]) -> list[Path]:
    return [Path(value)] if isinstance(value, str | Path) else [Path(one) for one in value]


def _geometry(size: tuple[int, int] | None, gray: bool) -> tuple[Geometry, ...]:
    geometry = Geometry((size[1], size[0]) if size else None, gray)
    return (geometry,) if geometry else ()


def _picture_options(
    size: tuple[int, int] | None, gray: bool, image_format: str | None, quality: int
) -> dict[str, Any]:
    return {
        "size": list(size) if size else None,
        "gray": gray,
        "image_format": image_format,
        "quality": quality,
    }
