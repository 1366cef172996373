"""HDF5 out of folders and CSV against appending one picture at a time; batches out of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.data import Place, clear
from benchmarks.measure import Figure, call, cpu, rotate, signdata, wall
from benchmarks.tables import decode_alone

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
    yield from _to_hdf5(
        "folders to hdf5",
        place,
        place.photo_tree,
        append_photos,
        limit=("cv2.imdecode alone", decode_alone, ""),
        asked=">= 3x less",
        options=("--size", f"{SIDE}x{SIDE}"),
        # Area averaging here, Pillow's antialiased bicubic there: no pixel is far off.
        mean_difference=0.5,
    )


def pictures_to_hdf5(place: Place) -> Iterator[Figure]:
    yield from _to_hdf5(
        "folders of 28x28 PNGs to hdf5",
        place,
        place.pictures,
        append_pictures,
        limit=("cv2.imdecode alone", decode_alone, ""),
        asked=">= 5x less",
    )


def csv_to_hdf5(place: Place) -> Iterator[Figure]:
    yield from _to_hdf5(
        "csv to hdf5",
        place,
        place.csv,
        append_rows,
        limit=("polars.read_csv alone", read_by_polars, "<= 1.2x"),
        asked=">= 10x less",
    )


def _to_hdf5(
    job: str,
    place: Place,
    source: Path,
    usual: Callable[..., None],
    *,
    limit: tuple[str, Callable[[str], None], str],
    asked: str,
    options: tuple[str, ...] = (),
    mean_difference: float = 0.0,
) -> Iterator[Figure]:
    """A dataset to HDF5, the usual way with two kinds of chunks, and a part that nobody can skip.

    `limit` is that part, what it is called, and what is asked of signdata against it.
    """
    mine, theirs = place.memory / "ours.h5", place.memory / "usual.h5"
    part, function, asked_of_it = limit
    ways = {
        "ours": lambda: signdata("convert", source, clear(mine), *options),
        part: lambda: call(function, source),
        _way("auto"): lambda: call(usual, source, clear(theirs), "auto"),
        _way("one"): lambda: call(usual, source, clear(theirs), "one"),
    }

    def look(name: str) -> None:
        if name.startswith("h5py"):
            same_arrays(mine, theirs, mean_difference=mean_difference)

    costs = rotate(place.rounds, ways, look)
    ours = costs.pop("ours")
    for way, ask in ((_way("auto"), asked), (part, asked_of_it), (_way("one"), "")):
        yield Figure(job, way, "s CPU", cpu(ours), cpu(costs[way]), ask)
        yield Figure(job, way, "s wall", wall(ours), wall(costs[way]))
    clear(mine)
    clear(theirs)


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
