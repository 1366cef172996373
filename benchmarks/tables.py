"""CSV and folders of pictures, both ways, against pandas and Pillow; peak memory."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path

from benchmarks.data import Place, clear
from benchmarks.measure import Figure, call, compare, cpu, rotate, signdata, wall


def pandas_to_folders(csv: str, out: str) -> None:
    """The usual way: the whole table by pandas, each row saved by Pillow."""
    import numpy as np
    import pandas as pd
    from PIL import Image

    table = pd.read_csv(csv)
    codes = table["label"].to_numpy()
    pixels = table.drop(columns="label").to_numpy(np.uint8).reshape(-1, 28, 28)
    for code in set(codes.tolist()):
        os.makedirs(f"{out}/{chr(65 + code)}")
    for number, (code, picture) in enumerate(zip(codes.tolist(), pixels, strict=True), 1):
        Image.fromarray(picture).save(f"{out}/{chr(65 + code)}/{number:06d}.png")


def folders_to_pandas(folder: str, out: str) -> None:
    """The usual way: each picture opened by Pillow, the whole table written by pandas."""
    import numpy as np
    import pandas as pd
    from PIL import Image

    rows = []
    for path in sorted(Path(folder).glob("*/*.png"), key=lambda path: int(path.stem)):
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("L")).ravel()
        rows.append(np.concatenate(([ord(path.parent.name) - 65], pixels)))
    names = ["label", *(f"pixel{i}" for i in range(1, 785))]
    pd.DataFrame(np.array(rows), columns=names).to_csv(out, index=False)


def constant_files(model: str, out: str) -> None:
    """The limit: as many files under the same names as in `model`, all of its mean size."""
    paths = sorted(Path(model).glob("*/*.png"))
    data = bytes(sum(path.stat().st_size for path in paths) // len(paths))
    for folder in {path.parent.name for path in paths}:
        os.makedirs(f"{out}/{folder}")
    for path in paths:
        file = os.open(f"{out}/{path.parent.name}/{path.name}", os.O_WRONLY | os.O_CREAT, 0o666)
        os.write(file, data)
        os.close(file)


def decode_alone(folder: str) -> None:
    """The limit: each file read and decoded by OpenCV, and nothing else."""
    import cv2
    import numpy as np

    for path in sorted(glob.glob(f"{folder}/*/*")):
        with open(path, "rb") as file:
            data = np.frombuffer(file.read(), np.uint8)
        if cv2.imdecode(data, cv2.IMREAD_UNCHANGED) is None:
            raise AssertionError(f"{path} is no picture")


def read_table(csv: str) -> None:
    """The usual way to have a CSV in memory."""
    import pandas as pd

    pd.read_csv(csv)


def same_pictures(one: Path, other: Path) -> None:
    """Raise unless two trees hold the same pixels under the same names."""
    import numpy as np
    from PIL import Image

    names = sorted(path.relative_to(one) for path in one.glob("*/*.png"))
    if names != sorted(path.relative_to(other) for path in other.glob("*/*.png")):
        raise AssertionError(f"other files in {one} than in {other}")
    for name in names:
        with Image.open(one / name) as mine, Image.open(other / name) as theirs:
            if not np.array_equal(np.asarray(mine), np.asarray(theirs)):
                raise AssertionError(f"other pixels in {name}")


def same_bytes(one: Path, other: Path) -> None:
    """Raise unless two files are equal."""
    if one.read_bytes() != other.read_bytes():
        raise AssertionError(f"{one} and {other} differ")


def csv_to_folders(place: Place) -> Iterator[Figure]:
    mine, theirs = place.memory / "ours", place.memory / "usual"
    pictures = place.pictures
    ways = {
        "ours": lambda: signdata("csv-to-folders", place.csv, clear(mine)),
        "pandas.read_csv, Image.save": lambda: call(pandas_to_folders, place.csv, clear(theirs)),
        "as many constant files": lambda: call(constant_files, pictures, clear(theirs)),
    }

    def look(name: str) -> None:
        if name == "ours":
            same_pictures(mine, pictures)
        elif name.startswith("pandas"):
            same_pictures(theirs, pictures)

    costs = rotate(place.rounds, ways, look)
    clear(mine)
    clear(theirs)
    ours, (way, limit) = costs["ours"], list(ways)[1:]
    job = "csv to folders, in memory"
    yield Figure(job, way, "s CPU", cpu(ours), cpu(costs[way]), ">= 5x less")
    yield Figure(job, limit, "s CPU", cpu(ours), cpu(costs[limit]), "<= 4x")
    yield Figure(job, way, "s wall", wall(ours), wall(costs[way]))


def csv_to_folders_disk(place: Place) -> Iterator[Figure]:
    mine, theirs = place.disk / "ours", place.disk / "constant"

    def settled(path: Path) -> Path:
        clear(path)
        os.sync()
        return path

    ours, usual = compare(
        place.rounds,
        lambda: signdata("csv-to-folders", place.csv, settled(mine)),
        lambda: call(constant_files, place.pictures, settled(theirs)),
        lambda: same_pictures(mine, place.pictures),
    )
    clear(mine)
    clear(theirs)
    way = "as many constant files"
    yield Figure("csv to folders, on disk", way, "s wall", wall(ours), wall(usual), "<= 1.3x")
    yield Figure("csv to folders, on disk", way, "s CPU", cpu(ours), cpu(usual))


def folders_to_csv(place: Place) -> Iterator[Figure]:
    mine, theirs = place.memory / "ours.csv", place.memory / "usual.csv"
    way, limit = "Image.open, DataFrame.to_csv", "cv2.imdecode alone"
    ways = {
        "ours": lambda: signdata("folders-to-csv", place.pictures, clear(mine)),
        way: lambda: call(folders_to_pandas, place.pictures, clear(theirs)),
        limit: lambda: call(decode_alone, place.pictures),
    }

    def look(name: str) -> None:
        if name == way:
            same_bytes(mine, theirs)

    costs = rotate(place.rounds, ways, look)
    clear(mine)
    clear(theirs)
    ours = costs["ours"]
    yield Figure("folders to csv", way, "s CPU", cpu(ours), cpu(costs[way]), ">= 5x less")
    yield Figure("folders to csv", limit, "s CPU", cpu(ours), cpu(costs[limit]))
    yield Figure("folders to csv", way, "s wall", wall(ours), wall(costs[way]))


def memory(place: Place) -> Iterator[Figure]:
    """Peak memory of reading the CSV, and of reading one three times as long."""
    n_rounds = min(2, place.rounds)
    for job, name in (("convert", "ours.h5"), ("csv-to-folders", "ours")):
        out = place.memory / name
        peaks = []
        for rows in (place.rows, 3 * place.rows):
            csv = place.csv_of(rows)
            ours = [signdata(job, csv, clear(out)).peak for _ in range(n_rounds)]
            usual = [call(read_table, csv).peak for _ in range(n_rounds)]
            peaks.append(max(ours))
            way = "pandas.read_csv alone"
            yield Figure(f"{job}, {rows:,} rows", way, "MB peak", ours, usual, "<= 150")
        title = f"{job}, three times the rows"
        yield Figure(title, "itself", "MB peak", peaks[1:], peaks[:1], "<= 1.1x")
        clear(out)


JOBS = {
    "csv-to-folders": csv_to_folders,
    "csv-to-folders-disk": csv_to_folders_disk,
    "folders-to-csv": folders_to_csv,
    "memory": memory,
}
