"""Progress bars: tqdm's, as text or as a notebook's widget."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from signdata.errors import one_line

Update = Callable[..., None]
"""Called as ``update(done, total, note)``; see `signdata.options.ProgressCallback`."""


_COUNTED: dict[str, tuple[str, Mapping[str, str]]] = {"baseline": ("step", {"reading": "sample"})}


def counted(command: str) -> tuple[str, Mapping[str, str]]:
    """What a command's progress counts, and while which note it counts something else."""
    return _COUNTED.get(command, ("sample", {}))


@contextmanager
def bar(unit: str, units: Mapping[str, str]) -> Iterator[Update]:
    """Show a bar, and yield what moves it.

    In a notebook with ipywidgets it is a widget, elsewhere a line of text on stderr. A note that
    ends with a line break stays where it is printed.

    Parameters
    ----------
    unit : str
        What is counted.
    units : mapping of str to str
        What is counted while the note is the key. Each such phase has a bar of its own.
    """
    options: dict[str, Any] = {"unit_scale": True, "leave": False, "dynamic_ncols": True}
    with _class()(unit=unit, file=sys.stderr, **options) as shown:

        def update(done: int, total: int | None, note: str = "") -> None:
            if units.get(note, unit) != shown.unit:
                shown.reset()  # its clock too: another phase has another pace
                shown.unit = units.get(note, unit)
            shown.total = total
            if note.endswith("\n"):
                shown.write(one_line(note.rstrip("\n")), file=sys.stderr)
            else:
                shown.set_postfix_str(one_line(note), refresh=False)
            shown.update(done - shown.n)

        yield update


def _class() -> Any:
    """tqdm's bar for this place.

    `tqdm.auto` warns where it is in a notebook without ipywidgets: a line of text does there too.
    """
    if in_notebook():
        try:
            import ipywidgets  # noqa: F401 - what the notebook's bar is made of
        except ImportError:
            pass
        else:
            from tqdm.auto import tqdm as widget

            return widget
    from tqdm import tqdm

    return tqdm


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    shell = sys.modules.get("IPython")
    get = getattr(shell, "get_ipython", lambda: None)
    return getattr(get(), "kernel", None) is not None
