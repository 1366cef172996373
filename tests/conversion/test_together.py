"""Stills that are read and encoded together give what they give one by one, to the last byte."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import signdata
from signdata.augmentation.counted import Counted
from signdata.augmentation.made_pixels import MadePicture
from signdata.errors import SigndataError
from signdata.formats.batches import ListBatch, list_batches, runs
from signdata.formats.csv.rows_as_samples import CsvBatch, CsvPixels
from signdata.formats.trees.packed_samples import PictureBatch
from signdata.formats.trees.picture_files import PictureFiles
from signdata.samples import ArrayPixels, Broken, Sample, Stills
from tests.conftest import picture

KINDS = (CsvPixels, PictureFiles, MadePicture)
SIDE = 6


class Runs:
    """Conversions, both ways."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
        self._monkeypatch, self._root = monkeypatch, root
        self.n_together = 0
        for kind in KINDS:
            monkeypatch.setattr(kind, "together", self._counted(kind))
        for batch in (CsvBatch, PictureBatch):
            monkeypatch.setattr(batch, "together", self._counted_batch(batch.together))

    def _counted(self, kind: Any) -> Any:
        together = kind.together

        def counted(cls: type, pixels: Sequence[Any]) -> Stills | None:
            stills: Stills | None = together(pixels)
            self.n_together += 0 if stills is None else len(pixels)
            return stills

        return classmethod(counted)

    def _counted_batch(self, together: Any) -> Any:
        def counted(batch: Any) -> Any:
            found = together(batch)
            self.n_together += 0 if found is None else len(found[0])
            return found

        return counted

    def both(self, convert: Callable[[Path], Any], name: str) -> None:
        """Assert that a conversion ends in the same way, with the same files."""
        found = []
        for way in ("together", "alone"):
            out = self._root / way / name
            out.parent.mkdir(exist_ok=True)
            with self._monkeypatch.context() as patch:
                for kind in KINDS:
                    patch.setattr(kind, "reads_together", way == "together")
                if way == "alone":
                    patch.setattr(PictureBatch, "together", lambda batch: None)
                found.append((told(convert, out), files(out.parent)))
        (ended, left), other = found
        assert (ended, left.keys()) == (other[0], other[1].keys())
        assert left == other[1]


def told(convert: Callable[[Path], Any], out: Path) -> object:
    """What a conversion says of itself."""
    try:
        result = convert(out)
    except SigndataError as err:
        return type(err), str(err).replace(str(out), out.name)
    counts = (result.read, result.written, result.skipped, result.failed, result.exit_code)
    return counts, result.problems


def files(root: Path) -> dict[str, bytes]:
    """Every file below a directory."""
    paths = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Runs:
    monkeypatch.setattr("signdata.formats.csv.scan.BLOCK", 2000)  # several batches of a few rows
    return Runs(monkeypatch, tmp_path)


def png(frame: np.ndarray) -> bytes:
    """A picture as Pillow writes it: packed, its rows filtered."""
    file = io.BytesIO()
    Image.fromarray(frame[:, :, 0] if frame.shape[2] == 1 else frame).save(file, "png")
    return file.getvalue()


def rows(n: int = 40, values: int = SIDE * SIDE, first: int = 0) -> Iterator[str]:
    for i in range(first, first + n):
        cells = picture(i, 1, values).ravel()
        yield ",".join(map(str, (i % 7, *cells)))


def header(values: int = SIDE * SIDE) -> str:
    return ",".join(["label", *(f"pixel{i}" for i in range(1, values + 1))])


def write_csv(folder: Path, lines: Sequence[str] | None = None, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([header(), *(lines or rows())]) + "\n")
    return path


def write_tree(folder: Path, channels: int = 1, further: dict[str, bytes] | None = None) -> Path:
    """Pictures as several programs write them, more than one batch of them, in three splits."""
    made = {}
    for i in range(70):
        frame = picture(i, SIDE, SIDE, channels)
        split = ("train", "val", "test")[i % 3]
        smooth = np.broadcast_to(np.arange(SIDE)[:, None, None] * 9 + i, frame.shape)
        made[f"{split}/{'ABC'[i % 2]}/{i:03d}.png"] = png(
            frame if i % 4 else smooth.astype(np.uint8)
        )
    for place, data in (made | (further or {})).items():
        path = folder / "a" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder / "a"


def jpeg(frame: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(frame[:, :, 0] if frame.shape[2] == 1 else frame).save(file, "jpeg")
    return file.getvalue()


TARGETS: dict[str, tuple[str, dict[str, Any]]] = {
    "csv": ("out.csv", {}),
    "folders": ("out", {"to_format": "folders"}),
    "folders of JPEGs": ("out", {"to_format": "folders", "image_format": "jpg"}),
    "folders of PNGs": ("out", {"to_format": "folders", "image_format": "png"}),
    "table": ("out", {"to_format": "table"}),
    "arrays": ("out.npz", {}),
    "hdf5": ("out.h5", {}),
    "hdf5 raw": ("out.h5", {"hdf5_layout": "raw"}),
    "hdf5 encoded": ("out.h5", {"hdf5_layout": "encoded"}),
}
CHANGES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "smaller": {"size": (5, 4)},
    "larger and padded": {"size": (9, 7), "fit": "pad"},
    "grey": {"gray": True},
    "some classes": {"classes": "A,B", "max_per_class": 9},
    "renamed": {"rename": "names.csv"},
}
SOURCES = {
    "csv": write_csv,
    "grey": write_tree,
    "colour": lambda folder: write_tree(folder, 3),
    "of two sizes": lambda folder: write_tree(folder, 1, {"val/A/x.png": png(picture(1, 4, 4))}),
    "with a JPEG": lambda folder: write_tree(folder, 1, {"val/A/x.jpg": jpeg(picture(1, 6, 6))}),
}


PAIRS = [
    (source, target, change)
    for source in SOURCES
    for target in TARGETS
    for change in CHANGES
    if change == "as it is" or source in ("csv", "grey")
]


@pytest.mark.parametrize(("source", "target", "change"), PAIRS)
def test_every_pair_gives_the_same_bytes(
    source: str, target: str, change: str, tmp_path: Path, ways: Runs
) -> None:
    made = SOURCES[source](tmp_path)
    name, options = TARGETS[target]
    options = options | CHANGES[change]
    if change == "renamed":
        (tmp_path / "names.csv").write_text("A,first\nB,second\n")
        options["rename"] = tmp_path / "names.csv"
    ways.both(lambda out: signdata.convert(made, out, workers=1, **options), name)


@pytest.mark.parametrize("target", ["csv", "table", "arrays", "hdf5", "folders of PNGs"])
def test_a_tree_is_read_together(target: str, tmp_path: Path, ways: Runs) -> None:
    name, options = TARGETS[target]
    options = {**options, "size": (5, 4)}
    signdata.convert(write_tree(tmp_path), tmp_path / name, workers=1, **options)
    assert ways.n_together == 70


@pytest.mark.parametrize("target", ["csv", "folders", "table", "arrays", "hdf5"])
def test_a_csv_is_read_together(target: str, tmp_path: Path, ways: Runs) -> None:
    name, options = TARGETS[target]
    signdata.convert(write_csv(tmp_path), tmp_path / name, workers=1, **options)
    assert ways.n_together == 40


DAMAGED = {
    "a short row": "3,1,2,3",
    "a value too high": ",".join(["3", *["256"] * (SIDE * SIDE)]),
    "a label without a class": ",".join(["9", *["1"] * (SIDE * SIDE)]),
    "a blank in a cell": ",".join(["3", *[" 1"] * (SIDE * SIDE)]),
    "a leading zero": ",".join(["3", *["01"] * (SIDE * SIDE)]),
    "four digits": ",".join(["3", *["1234"] * (SIDE * SIDE)]),
    "an empty cell": ",".join(["3", *[""] * (SIDE * SIDE)]),
}


@pytest.mark.parametrize("target", ["csv", "folders", "hdf5"])
@pytest.mark.parametrize("on_error", ["stop", "skip"])
@pytest.mark.parametrize("fault", DAMAGED)
def test_a_damaged_row_in_the_middle(
    fault: str, on_error: str, target: str, tmp_path: Path, ways: Runs
) -> None:
    made = write_csv(tmp_path, [*rows(20), DAMAGED[fault], *rows(20, first=20)])
    name, options = TARGETS[target]
    ways.both(
        lambda out: signdata.convert(made, out, workers=1, on_error=on_error, **options), name
    )
    assert ways.n_together > 0


@pytest.mark.parametrize("target", ["csv", "folders", "hdf5"])
@pytest.mark.parametrize("on_error", ["stop", "skip"])
@pytest.mark.parametrize(
    "data", [png(picture(0, SIDE, SIDE))[:-20], b"no picture", png(picture(0, SIDE + 1, SIDE))]
)
def test_a_damaged_picture_in_the_middle(
    data: bytes, on_error: str, target: str, tmp_path: Path, ways: Runs
) -> None:
    made = write_tree(tmp_path, 1, {"train/A/050.png": data})
    name, options = TARGETS[target]
    ways.both(
        lambda out: signdata.convert(made, out, workers=1, on_error=on_error, **options), name
    )


@pytest.mark.parametrize("labels", ["codes", "none"])
def test_labels_of_a_csv(labels: str, tmp_path: Path, ways: Runs) -> None:
    lines = list(rows())
    if labels == "none":
        made = tmp_path / "a.csv"
        pixels = (line.partition(",")[2] for line in lines)
        made.write_text("\n".join([header().partition(",")[2], *pixels]) + "\n")
    else:
        made = write_csv(tmp_path, lines)
    ways.both(lambda out: signdata.csv_to_folders(made, out, workers=1, labels=labels), "out")


def test_csvs_of_several_splits(tmp_path: Path, ways: Runs) -> None:
    made = [write_csv(tmp_path, list(rows(9)), f"sign_{split}.csv") for split in ("train", "test")]
    ways.both(lambda out: signdata.csv_to_folders(made, out, workers=1), "out")
    assert ways.n_together == 18


def test_a_dry_run(tmp_path: Path, ways: Runs) -> None:
    made = write_csv(tmp_path)
    ways.both(lambda out: signdata.csv_to_folders(made, out, workers=1, dry_run=True), "out")


def test_names_that_no_file_may_have(tmp_path: Path, ways: Runs) -> None:
    made = write_csv(tmp_path)
    (tmp_path / "names.csv").write_text("B,con\n")
    ways.both(
        lambda out: signdata.convert(
            made, out, workers=1, to_format="folders", rename=tmp_path / "names.csv"
        ),
        "out",
    )


@pytest.mark.parametrize("target", ["csv", "folders of PNGs", "hdf5"])
def test_what_was_begun_together_goes_on_alone(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = write_tree(tmp_path)
    name, options = TARGETS[target]
    (tmp_path / "whole").mkdir()
    (tmp_path / "broken").mkdir()

    class Ended(BaseException):
        pass

    def end(done: int, total: int | None) -> None:
        raise Ended

    out = tmp_path / "broken" / name
    signdata.convert(made, tmp_path / "whole" / name, workers=1, **options)
    with pytest.raises(Ended):
        signdata.convert(made, out, workers=1, progress=end, **options)
    monkeypatch.setattr(PictureFiles, "reads_together", False)
    assert signdata.convert(made, out, workers=1, **options).written == 70
    assert files(tmp_path / "broken") == files(tmp_path / "whole")


def test_boxes_are_changed_with_the_pictures(tmp_path: Path, ways: Runs) -> None:
    made = write_tree(tmp_path)
    places = sorted(path.relative_to(made).as_posix() for path in made.rglob("*.png"))
    lines = [
        ",".join((place[:-4], place, place.split("/")[1], place.split("/")[0], ",,2 2 4 4"))
        for place in places
    ]
    columns = "id,path,label,split,group,source,box"
    (made / "manifest.csv").write_text("\n".join([columns, *lines]) + "\n")
    ways.both(
        lambda out: signdata.convert(made, out, workers=1, size=(3, 3), to_format="folders"), "out"
    )
    assert ways.n_together == 70  # read, but changed one by one
    assert (tmp_path / "together/out/manifest.csv").read_text().count(",1 1 2 2,") == 70


def sample(name: str, pixels: Any) -> Sample:
    return Sample(name, "A", pixels)


def test_runs_keep_the_order_and_part_where_kinds_change() -> None:
    frame = picture(1)
    pixels = [
        PictureFiles(("1.png",)),
        PictureFiles(("2.png",)),
        Broken(SigndataError("x")),
        PictureFiles(("3.png",)),
        ArrayPixels(frame),
        ArrayPixels(frame),
        CsvPixels(frame),
        CsvPixels(frame),
    ]
    samples = tuple(sample(str(i), one) for i, one in enumerate(pixels))
    found = [[one.id for one in run] for run in runs(ListBatch("0", samples))]
    assert found == [["0", "1"], ["2"], ["3"], ["4"], ["5"], ["6", "7"]]
    assert [len(batch.samples) for batch in list_batches(samples, 5)] == [5, 3]


def test_large_pictures_are_not_read_together(tmp_path: Path) -> None:
    path = tmp_path / "1.png"
    path.write_bytes(png(np.zeros((1100, 1000, 1), np.uint8)))
    pixels = [PictureFiles((str(path),))] * 8
    assert PictureFiles.together(pixels[:7]) is not None
    assert PictureFiles.together(pixels) is None


def test_rows_that_are_not_plain_are_not_read_together() -> None:
    plain = CsvPixels(picture(1))
    assert CsvPixels.together([plain, plain]) is not None
    assert CsvPixels.together([plain, CsvPixels(picture(2), plain=False)]) is None
    assert CsvPixels.together([plain, CsvPixels(picture(2, 4, 5))]) is None


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many variants were made together, each time."""
    found = []
    make = Counted.made_together

    def counted(transform: Counted, samples: Any, stills: Stills) -> Any:
        variants = make(transform, samples, stills)
        found.append(0 if variants is None else len(variants[0]))
        return variants

    monkeypatch.setattr(Counted, "made_together", counted)
    return found


@pytest.mark.parametrize("source", ["csv", "colour"])
@pytest.mark.parametrize("out", ["out.h5", "out.csv", "out.npz", "out"])
def test_variants_are_made_together(
    source: str, out: str, ways: Runs, made: list[int], tmp_path: Path
) -> None:
    path = SOURCES[source](tmp_path)

    def augment(target: Path) -> Any:
        split = "train" if target.suffix == ".csv" and path.is_dir() else None
        how = {"split": split, "max_per_class": 2, "augment_splits": "all"}
        return signdata.augment(path, target, workers=1, **how)

    ways.both(augment, out)
    assert made
    assert all(n > 0 and n % 60 == 0 for n in made)


RECIPE = """
profile = "im6-q16"
[[treatments]]
steps = [
    { op = "crop" },
    { op = "noise", kind = ["Impulse", "Gaussian"], attenuate = 2 },
    { op = "resize", size = "5x4!", filter = ["Mitchell", "Box"] },
]
[[treatments]]
steps = [{ op = "crop" }, { op = "resize", size = "5x4!" }, { op = "pixelate", percent = 30 }]
"""
VARIANTS: dict[str, tuple[dict[str, Any], int]] = {
    "of a draw each": ({"recipe": "observed-20"}, 20),
    "some of all": ({"variants": 7}, 7),
    "with noise that ImageMagick repeats": ({"recipe": "noise.toml"}, 5),
    "of boxes": ({"recipe": "noise.toml", "boxes": "a/hands_loc.csv"}, 5),
    "with the originals": ({"variants": 2, "keep_original": True}, 0),
    "of one split": ({"variants": 2, "augment_splits": "train"}, 0),
    "of sizes that are drawn": ({"recipe": "sizes.toml", "to_format": "folders"}, 0),
}


@pytest.mark.parametrize("kind", VARIANTS)
def test_variants(
    kind: str, ways: Runs, made: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_tree(tmp_path, 3)
    places = [one.relative_to(path).as_posix() for one in sorted(path.rglob("*.png"))]
    boxes = [f"{place},{i % 2},1,{4 + i % 3},5" for i, place in enumerate(places)]
    columns = "image,top_left_x,top_left_y,bottom_right_x,bottom_right_y"
    (path / "hands_loc.csv").write_text("\n".join([columns, *boxes]))
    (tmp_path / "noise.toml").write_text(RECIPE)
    (tmp_path / "sizes.toml").write_text(RECIPE.replace('"5x4!"', '["5x4!", "6x6!"]', 1))
    options, n = VARIANTS[kind]
    options = {"augment_splits": "all", "max_per_class": 3, **options}
    ways.both(lambda out: signdata.augment(path, out, workers=1, **options), "out")
    assert made == [6 * n]


def test_a_box_outside_its_picture_is_told_of_that_picture(
    ways: Runs, made: list[int], tmp_path: Path
) -> None:
    path = write_tree(tmp_path)
    places = [one.relative_to(path).as_posix() for one in sorted(path.rglob("*.png"))]
    boxes = [f"{place},0,0,{7 if i == 3 else 5},5" for i, place in enumerate(places)]
    columns = "image,top_left_x,top_left_y,bottom_right_x,bottom_right_y"
    (path / "hands_loc.csv").write_text("\n".join([columns, *boxes]))
    ways.both(
        lambda out: signdata.augment(
            path, out, boxes="auto", variants=2, on_error="skip", augment_splits="all", workers=1
        ),
        "out.h5",
    )
    assert made == [0, 6 * 2]
