"""``python -m tests.magick.oracle [--engine NAME]... [--write]``: ask the real ImageMagick.

Runs every operation on drawn pictures and noise, 20 to 300 pixels, by each ImageMagick that is
installed and by `signdata.magick`, and prints how far they are apart. Ends with 1 if further
than they may be, with 0 where there is no ImageMagick. ``--write`` makes the goldens anew.
"""

from __future__ import annotations

import argparse
import sys

from signdata.magick.profiles import profile_of
from tests.magick import goldens
from tests.magick.differences import Difference
from tests.magick.engines import NAMES, Engine, find
from tests.magick.operations import OPERATIONS
from tests.magick.pictures import large, read, small

LINE = "{:29} {:6} {:>4} {:>9}  {}"


def main() -> None:
    """Compare, or write the goldens."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--engine", action="append", choices=NAMES, help="only this one")
    parser.add_argument("--write", action="store_true", help="write the goldens anew")
    options = parser.parse_args()
    found = [engine for name in options.engine or NAMES if (engine := find(name))]
    if not found:
        print(f"no ImageMagick here (looked for {', '.join(options.engine or NAMES)})")
        return
    engines = []
    for engine in found:
        print(f"{engine.name}: {engine.version}; profile {engine.profile or 'none: left out'}")
        if engine.profile and engine.version not in {other.version for other in engines}:
            engines.append(engine)
    if options.write:
        goldens.write([engine for engine in engines if engine.name in goldens.WANTED])
        return
    print(LINE.format("operation", "engine", "most", "differing", "verdict"))
    if not all([_compare(engine) for engine in engines]):
        sys.exit(1)


def _compare(engine: Engine) -> bool:
    """Print a line an operation; tell whether all are as near as they should be."""
    pictures = list({**read(list(small())), **large()}.values())
    profile = profile_of(engine.profile)
    operations = [found for found in OPERATIONS.values() if engine.profile in found.profiles]
    outputs = iter(engine.run([(one, picture) for one in operations for picture in pictures]))
    fine = True
    for operation in operations:
        pairs = ((operation(picture, profile), next(outputs)) for picture in pictures)
        difference = Difference.of(list(pairs))
        near = difference.within(operation, profile)
        verdict = "equal" if not difference.most else "near" if near else "WRONG"
        share = f"{100 * difference.share:.4f} %"
        print(LINE.format(operation.name, engine.name, difference.most, share, verdict), flush=True)
        fine &= near
    return fine


if __name__ == "__main__":
    main()
