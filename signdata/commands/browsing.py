"""The command that shows a dataset and its runs in a browser."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from signdata.errors import DependencyError, UsageError, one_line
from signdata.filesystem import output_path
from signdata.formats.open import open_source
from signdata.formats.reader import OpenOptions
from signdata.formats.sources import shown
from signdata.options import PathLike, ReadKeywords, ReadOptions, command
from signdata.output.overlap import refuse_overlap
from signdata.results import Result

if TYPE_CHECKING:
    from signdata.serving.catalog import Catalog
    from signdata.serving.prediction import Predictor
    from signdata.serving.runs import Run
    from signdata.serving.site import Site


@command(ReadOptions)
def serve(
    *src: PathLike,
    model: PathLike | None = None,
    port: int = 0,
    host: str = "127.0.0.1",
    allow_host: Sequence[str] = (),
    open_browser: bool = True,
    anonymous: bool = False,
    audit: bool = True,
    workers: int | None = None,
    say: Callable[[str], None] = print,
    **shared: Unpack[ReadKeywords],
) -> Result:
    """Show a dataset, runs, or both in a browser, until Ctrl-C.

    The app listens on this machine alone, and answers only to whoever has the link that it
    prints. What people mark is saved at once to the file `corrections`, which the first mark
    makes and every command reads. The samples themselves are shown as they are without it.

    Parameters
    ----------
    src : paths
        A dataset in any format, and folders of runs of `baseline` or `evaluate`.
    model : path, optional
        The network that reads what is dropped on the page: a run folder or an ``.onnx`` file;
        by default that of the first run. In a run folder its ``model.onnx`` is preferred.
    port : int
        Port to listen on; 0 takes a free one.
    host : str
        Address to listen on. At any other than this machine's own, whoever has the link can
        see the dataset and mark it, and what is sent is not encrypted.
    allow_host : sequence of str
        Further names by which a browser may call the server, such as that of a tunnel.
    open_browser : bool
        Whether the link is opened in a browser, where there is a screen.
    anonymous : bool
        Whether signers and groups are shown as numbers.
    audit : bool
        Whether the dataset is audited in the background: without it there are no findings and
        no pairs.
    workers : int, optional
        Worker processes of the audit; all cores by default.
    say : callable
        Called with each line to show: the link first.

    Returns
    -------
    Result
        When it ends: ``details`` has ``marks`` and ``corrections``.

    Raises
    ------
    DependencyError
        If the extra ``serve`` is not installed.
    """
    _need_starlette()
    from signdata.pages.runs import is_run
    from signdata.serving import app, server
    from signdata.serving.guard import Tokens

    read = ReadOptions.taken_from(shared)
    file = None if read.corrections is None else output_path(read.corrections)
    read = replace(read, corrections=None)
    sources: list[Path] = []
    roots: list[Path] = []
    for one in map(Path, src):
        (roots if is_run(one) else sources).append(one)
    if not sources and not roots:
        raise UsageError("nothing is named; expected a dataset or a run")
    if file is not None and not sources:
        raise UsageError("--corrections goes with a dataset; found only runs")
    address = server.Address(host, port)
    with ExitStack() as stack:
        listening = server.bound(address)
        stack.callback(listening.close)
        site = _site(sources, roots, read, file=file, model=model, anonymous=anonymous, stack=stack)
        if audit and sources:
            site.audit.start(sources, read, workers)
        tokens = Tokens()
        number = listening.getsockname()[1]
        made = app.build(site, tokens, (host, *allow_host), number)

        def ready() -> None:
            say(address.link(number, tokens.token))
            if not address.is_loopback:
                say(
                    f"warning: {host} can be reached from other machines; "
                    "what is sent is not encrypted"
                )
            if open_browser and _has_screen():
                webbrowser.open(address.link(number, tokens.once()))

        received = server.run(made, listening, ready)
        marks = len(site.marks)
    result = Result("serve", output="" if file is None else str(file), shows_counts=False)
    result.details = {"marks": marks, "corrections": None if file is None else str(file)}
    result.summary = _kept(marks, file)
    result.ended_by = received
    return result


def _kept(marks: int, file: Path | None) -> str:
    """What became of the marks, in words."""
    text = f"{marks:,} mark{'' if marks == 1 else 's'}"
    if file is not None:
        return f"{text} in {one_line(str(file))}"
    return f"{text}, not saved: --corrections FILE keeps them" if marks else "no marks"


def _site(
    sources: Sequence[Path],
    roots: Sequence[Path],
    read: ReadOptions,
    *,
    file: Path | None,
    model: PathLike | None,
    anonymous: bool,
    stack: ExitStack,
) -> Site:
    """Read everything that is shown."""
    from signdata.serving.background_audit import BackgroundAudit
    from signdata.serving.catalog import Catalog
    from signdata.serving.decoding import Decoders
    from signdata.serving.marks import Marks
    from signdata.serving.prediction import Predictor
    from signdata.serving.runs import Run, run_folders
    from signdata.serving.site import Site, SiteOptions

    runs = [Run.open(folder, root) for root in roots for folder in run_folders(root)]
    named = None if model is None else Path(model)
    saved = named or next(iter(_networks(runs)), None)
    # The network starts, in a process of its own, while the dataset is read.
    starting = stack.enter_context(ThreadPoolExecutor(1))
    network = None if saved is None else starting.submit(Predictor, saved)
    stack.callback(_end, network)
    catalog = _read(sources, read, file) if sources else Catalog.empty()
    stack.callback(catalog.close)
    marks = Marks(catalog, file)
    predictor = None if network is None else _started(network, needed=named is not None)
    name = shown(list(sources or roots)).resolve().name
    site = Site(
        catalog,
        runs,
        marks,
        Decoders(),
        predictor,
        BackgroundAudit(),
        SiteOptions(name, anonymous),
    )
    stack.callback(site.close)
    return site


def _read(sources: Sequence[Path], read: ReadOptions, file: Path | None) -> Catalog:
    """Read the dataset's samples, without their pixels."""
    from signdata.media.video.clip import ClipOptions
    from signdata.serving.catalog import Catalog

    clips = ClipOptions(tone_map=read.tone_map, deinterlace=read.deinterlace, times=True)
    with open_source(list(sources), OpenOptions(read, clips=clips)) as reader:
        if file is not None:
            refuse_overlap(reader.inputs, file)
        return Catalog(reader)


def _end(network: Future[Predictor] | None) -> None:
    """End the network's process, if it came to that."""
    if network is not None and network.exception() is None:
        network.result().close()


def _started(network: Future[Predictor], *, needed: bool) -> Predictor | None:
    """The network, once it has started; one that nobody asked for may lack its packages."""
    try:
        return network.result()
    except DependencyError:
        if needed:
            raise
        return None


def _networks(runs: Sequence[Run]) -> list[Path]:
    """The runs that kept a network."""
    kept = ("best.pt", "model.onnx")
    return [run.path for run in runs if any((run.path / name).is_file() for name in kept)]


def _need_starlette() -> None:
    try:
        import jinja2  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as err:
        raise DependencyError(
            f"{err.name} is not installed; serve needs it", remedy="pip install 'signdata[serve]'"
        ) from err


def _has_screen() -> bool:
    """Whether a browser with windows can be opened for someone who sits here."""
    if not sys.stdout.isatty() or os.environ.get("SSH_CONNECTION"):
        return False
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
