"""Functions that take keyword groups become commands."""

from __future__ import annotations

import contextlib
import difflib
import inspect
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import Field
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from signdata import bars
from signdata.calls import Call, calling
from signdata.limits import MAX_PIXELS, pixel_limit
from signdata.options.allowed import check_allowed
from signdata.options.group import Group
from signdata.options.running import ProgressCallback
from signdata.results import Result
from signdata.values import checked_call
from signdata.workers import cluster as clusters

P = ParamSpec("P")
R = TypeVar("R", bound=Result)


def command(
    *groups: type[Group], manifests: Collection[str] = (), **defaults: Any
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function a command: its groups' keywords spelled out, its time taken.

    Parameters
    ----------
    groups
        The keyword groups that the function takes as ``**shared``.
    manifests
        Parameters of which only the files next to the data are read: of a dataset in a store,
        no more is fetched.
    defaults
        Keywords of the groups whose default is another one here.

    Raises
    ------
    TypeError
        From the command, if a keyword is none of its own.
    """
    shared = {name: one for group in groups for name, one in group.keywords().items()}

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        spelled = inspect.signature(function)
        own = [p for p in spelled.parameters.values() if p.kind is not p.VAR_KEYWORD]
        named = {parameter.name for parameter in own}
        added = [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=defaults.get(name, one.default),
                annotation=one.type,
            )
            for name, one in shared.items()
            if name not in named
        ]
        known = named | {parameter.name for parameter in added}
        everything = [*own, *added]
        flags = {name: one.metadata["flag"].split("/")[0] for name, one in shared.items()}
        flags = {name: flag for name, flag in flags.items() if flag and "-no-" not in flag}

        def run(*args: Any, **keywords: Any) -> R:
            with calling(Call(spelled, args, keywords)):
                return function(*args, **{**defaults, **keywords})

        @wraps(function)
        def called(*args: P.args, **keywords: P.kwargs) -> R:
            for name in keywords:
                if name not in known:
                    raise TypeError(_unexpected(function.__name__, name, known))
            start = time.monotonic()
            values, taken = checked_call(everything, args, keywords, flags)
            check_allowed(taken, flags)
            with (
                _limited(shared, taken),
                _on_cluster(shared, taken),
                _shown_progress(function.__name__, known, taken) as bar,
            ):
                given = {**taken, **bar}
                result = _with_local_copies(run, spelled, tuple(values), given, manifests)
            result.seconds = time.monotonic() - start
            return result

        spelled = spelled.replace(parameters=[*own, *added])
        called.__signature__ = spelled  # type: ignore[attr-defined]
        called.__doc__ = (
            f"{inspect.cleandoc(function.__doc__ or '')}\n\n{_explained(added, shared)}"
        )
        return called

    return decorate


@contextlib.contextmanager
def _shown_progress(
    name: str, known: set[str], keywords: Mapping[str, Any]
) -> Iterator[dict[str, ProgressCallback | None]]:
    """The keyword `progress` as the function takes it, if it is one of its own.

    True is a bar, and so is nothing in a notebook, where nobody else shows one.
    """
    asked = keywords.get("progress")
    if "progress" not in known or callable(asked):
        yield {}
    elif asked or (asked is None and bars.in_notebook()):
        with bars.bar(*bars.counted(name)) as update:
            yield {"progress": update}
    else:
        yield {"progress": None}


def _limited(
    shared: Mapping[str, Field[Any]], keywords: Mapping[str, Any]
) -> contextlib.AbstractContextManager[None]:
    """The limit of pixels that a command was called with."""
    if "max_pixels" not in shared:
        return contextlib.nullcontext()
    return pixel_limit(keywords.get("max_pixels", MAX_PIXELS), has_option=True)


def _on_cluster(
    shared: Mapping[str, Field[Any]], keywords: Mapping[str, Any]
) -> contextlib.AbstractContextManager[None]:
    """The cluster that a command was told to use."""
    if "cluster" not in shared:
        return contextlib.nullcontext()
    return clusters.using(keywords.get("cluster"), allow_skew=bool(keywords.get("allow_skew")))


def _with_local_copies(
    run: Callable[..., R],
    signature: inspect.Signature,
    args: tuple[Any, ...],
    keywords: Mapping[str, Any],
    manifests: Collection[str],
) -> R:
    """Call a command; what it reads from an address is fetched first."""
    has_stores = "storage_options" in signature.parameters
    if not has_stores or "://" not in str((args, keywords.values())):
        return run(*args, **keywords)
    from signdata.stores import arguments

    return arguments.call(run, signature.bind(*args, **keywords), manifests)


def _unexpected(function: str, name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"{function}() got an unexpected keyword argument {name!r}.{hint}"


def _explained(parameters: list[inspect.Parameter], shared: Mapping[str, Field[Any]]) -> str:
    """The shared keywords, as numpydoc writes them."""
    lines = ["Other Parameters", "----------------"]
    for parameter in parameters:
        lines += [f"{parameter.name} : {parameter.annotation}"]
        lines += [f"    {shared[parameter.name].metadata['help']}"]
    return "\n".join(lines)
