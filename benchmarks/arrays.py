"""HDF5 out of folders and CSV against appending one picture at a time; batches out of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.data import Place, clear
from benchmarks.measure import Figure, call, compare, cpu, rotate, signdata, wall

if TYPE_CHECKING:
    import h5py
    import numpy as np
    from numpy.typing import NDArray

SIDE = 64
BATCH = 64


def append_photos(folder: str, out: str, chunks: str = "auto") -> None:
    """The usual way: each photo by Pillow, the dataset grown by one and written to."""
    import h5py
    import numpy as np
    from PIL import Image

    shape = (SIDE, SIDE, 3)
    with h5py.File(out, "w") as file:
        images, labels = _growing(file, shape, chunks)
        for i, path in enumerate(sorted(Path(folder).glob("*/*.jpg"))):
            with Image.open(path) as picture:
                small = picture.convert("RGB").resize((SIDE, SIDE))
            images.resize(i + 1, axis=0)
            images[i] = np.asarray(small)
            labels.resize(i + 1, axis=0)
            labels[i] = ord(path.parent.name) - 65


def append_pictures(folder: str, out: str, chunks: str = "auto") -> None:
    """The usual way: each small picture by Pillow, as it is, then the same."""
    import h5py
    import numpy as np
    from PIL import Image

    with h5py.File(out, "w") as file:
        images, labels = _growing(file, (28, 28), chunks)
        for i, path in enumerate(sorted(Path(folder).glob("*/*.png"))):
            with Image.open(path) as picture:
                pixels = np.asarray(picture.convert("L"))
            images.resize(i + 1, axis=0)
            images[i] = pixels
            labels.resize(i + 1, axis=0)
            labels[i] = ord(path.parent.name) - 65


def read_by_polars(csv: str) -> None:
    """The limit: the fastest of the libraries that read any CSV, and nothing else."""
    import polars

    polars.read_csv(csv)


def append_rows(csv: str, out: str, chunks: str = "auto") -> None:
    """The usual way: the table by pandas, the dataset grown by one row after the other."""
    import h5py
    import numpy as np
    import pandas as pd

    table = pd.read_csv(csv)
    codes = table["label"].to_numpy()
    pixels = table.drop(columns="label").to_numpy(np.uint8).reshape(-1, 28, 28)
    with h5py.File(out, "w") as file:
        images, labels = _growing(file, (28, 28), chunks)
        for i, picture in enumerate(pixels):
            images.resize(i + 1, axis=0)
            images[i] = picture
            labels.resize(i + 1, axis=0)
            labels[i] = codes[i]


def _growing(file: h5py.File, shape: tuple[int, ...], chunks: str) -> tuple[Any, Any]:
    """Two datasets that can grow; `chunks` is ``auto`` or ``one`` picture each."""
    how = (1, *shape) if chunks == "one" else True
    images = file.create_dataset("images", (0, *shape), "u1", maxshape=(None, *shape), chunks=how)
    return images, file.create_dataset("labels", (0,), "i8", maxshape=(None,), chunks=True)


def same_arrays(ours: Path, usual: Path, *, mean_difference: float) -> None:
    """Raise unless both files hold the same pictures and classes, and ours in one piece."""
    import h5py
    import numpy as np

    with h5py.File(ours) as mine, h5py.File(usual) as theirs:
        if mine["images"].chunks is not None or mine["images"].id.get_offset() is None:
            raise AssertionError(f"{ours}: images are not contiguous")
        names = [name.decode() for name in mine["class_names"][:]]
        codes = np.array([ord(name) - 65 for name in names])[mine["labels"][:]]
        if not np.array_equal(codes, theirs["labels"][:]):
            raise AssertionError("other labels")
        images, others = mine["images"][:], theirs["images"][:]
        if images.shape != others.shape:
            raise AssertionError(f"shapes {images.shape} and {others.shape}")
        found = np.abs(images.astype(np.int16) - others).mean()
        if found > mean_difference:
            raise AssertionError(f"pixels differ by {found:.2f} on average")
        if not np.array_equal(mapped(ours), images):
            raise AssertionError(f"{ours}: the memory map shows other pixels")


def mapped(path: Path) -> NDArray[np.uint8]:
    """The pictures of a file as a memory map."""
    import h5py
    import numpy as np

    with h5py.File(path) as file:
        images = file["images"]
        offset, shape = images.id.get_offset(), images.shape
    return np.memmap(path, np.uint8, "r", offset, shape)


def folders_to_hdf5(place: Place) -> Iterator[Figure]:
    mine, theirs = place.memory / "ours.h5", place.memory / "usual.h5"
    size = f"{SIDE}x{SIDE}"
    for chunks, asked in (("auto", ">= 3x less"), ("one", "")):
        ours, usual = compare(
            place.rounds,
            lambda: signdata("convert", place.photo_tree, clear(mine), "--size", size),
            partial(_append, append_photos, place.photo_tree, theirs, chunks),
            # Area averaging here, Pillow's antialiased bicubic there: no pixel is far off.
            lambda: same_arrays(mine, theirs, mean_difference=0.5),
        )
        yield Figure("folders to hdf5", _way(chunks), "s CPU", cpu(ours), cpu(usual), asked)
        yield Figure("folders to hdf5", _way(chunks), "s wall", wall(ours), wall(usual))
    clear(mine)
    clear(theirs)


def pictures_to_hdf5(place: Place) -> Iterator[Figure]:
    mine, theirs = place.memory / "ours.h5", place.memory / "usual.h5"
    ours, usual = compare(
        place.rounds,
        lambda: signdata("convert", place.pictures, clear(mine)),
        lambda: _append(append_pictures, place.pictures, theirs, "auto"),
        lambda: same_arrays(mine, theirs, mean_difference=0.0),
    )
    job, way = "folders of 28x28 PNGs to hdf5", _way("auto")
    yield Figure(job, way, "s CPU", cpu(ours), cpu(usual), ">= 5x less")
    yield Figure(job, way, "s wall", wall(ours), wall(usual))
    clear(mine)
    clear(theirs)


def csv_to_hdf5(place: Place) -> Iterator[Figure]:
    mine, theirs = place.memory / "ours.h5", place.memory / "usual.h5"
    limit = "polars.read_csv alone"
    ways = {
        "ours": lambda: signdata("convert", place.csv, clear(mine)),
        limit: lambda: call(read_by_polars, place.csv),
        _way("auto"): partial(_append, append_rows, place.csv, theirs, "auto"),
        _way("one"): partial(_append, append_rows, place.csv, theirs, "one"),
    }

    def look(name: str) -> None:
        if name.startswith("h5py"):
            same_arrays(mine, theirs, mean_difference=0.0)

    costs = rotate(place.rounds, ways, look)
    ours = costs.pop("ours")
    for way, asked in ((_way("auto"), ">= 10x less"), (limit, "<= 1.2x"), (_way("one"), "")):
        yield Figure("csv to hdf5", way, "s CPU", cpu(ours), cpu(costs[way]), asked)
        yield Figure("csv to hdf5", way, "s wall", wall(ours), wall(costs[way]))
    clear(mine)
    clear(theirs)


def _append(function: Any, source: Path, out: Path, chunks: str) -> Any:
    return call(function, source, clear(out), chunks)


def _way(chunks: str) -> str:
    return "h5py resize and append" + (", a chunk each" if chunks == "one" else "")


def batches(place: Place) -> Iterator[Figure]:
    """Random batches through a memory map of the file, and out of an array in memory."""
    import numpy as np

    path = clear(place.memory / "ours.h5")
    signdata("convert", place.photo_tree, path, "--size", f"{SIDE}x{SIDE}")
    on_file = mapped(path)
    in_memory = np.array(on_file)
    rng = np.random.default_rng(0)
    n_batches = max(100, len(in_memory) // BATCH * 5)
    ours, usual = [], []
    for _ in range(max(5, place.rounds)):
        order = rng.integers(0, len(in_memory), (n_batches, BATCH))
        ours.append(_microseconds(on_file, order))
        usual.append(_microseconds(in_memory, order))
    clear(path)
    yield Figure("random batches of 64, memmap", "array[idx]", "us/picture", ours, usual, "<= 1.5x")


def _microseconds(images: NDArray[np.uint8], order: NDArray[np.int64]) -> float:
    start = time.process_time()
    for indices in order:
        images[indices]
    return (time.process_time() - start) / order.size * 1e6


JOBS = {
    "folders-to-hdf5": folders_to_hdf5,
    "pictures-to-hdf5": pictures_to_hdf5,
    "csv-to-hdf5": csv_to_hdf5,
    "batches": batches,
}
