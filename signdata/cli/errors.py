"""How a run of the command line ends: signals, errors as one line, exit codes."""

from __future__ import annotations

import contextlib
import errno
import gc
import json
import os
import signal
import sys
import warnings
from types import FrameType
from typing import NoReturn, TextIO

import click

from signdata.cli.app import COMMANDS, group
from signdata.cli.display import drop_closed
from signdata.errors import ClusterWarning, SigndataError, one_line

CLOSED_PIPE = 128 + 13
"""What a command ends with that was broken off because nobody reads its output any more."""

LATEST = 4.0
"""Seconds after a signal when the process ends, whatever it is still doing."""


_usual_show = warnings.showwarning


class Interrupted(BaseException):
    """SIGINT (Ctrl-C) or SIGTERM: work is left so that the same command goes on."""

    def __init__(self, number: int) -> None:
        self.exit_code = 128 + number


def main(args: list[str] | None = None) -> NoReturn:
    """Run the command line and exit with its code."""
    args = sys.argv[1:] if args is None else args
    # numpy's BLAS would start a thread a core when it is imported; our workers are processes.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.set_threshold(50_000)  # what a run makes it keeps: looking through it again finds nothing
    debug = "--debug" in args
    before = {number: signal.signal(number, _interrupt) for number in _SIGNALS}
    shown, warnings.showwarning = warnings.showwarning, _show_warning
    try:
        code = group.main(args=_debug_first(args), standalone_mode=False, prog_name="signdata")
        sys.stdout.flush()
    except Interrupted as err:
        _end(err.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _fail(_INTERRUPTED, 130)
    except click.exceptions.NoArgsIsHelpError as err:
        err.show()
        sys.exit(err.exit_code)
    except click.UsageError as err:
        _usage(err)
    except click.ClickException as err:
        _fail(err.format_message(), err.exit_code)
    except SigndataError as err:
        if "--json" in args:
            try:
                _print_failure(err, args)
            except BrokenPipeError:
                drop_closed()
        if debug:
            raise
        _fail(str(err), err.exit_code)
    except SystemExit:  # click's answer to a closed pipe: the command was broken off
        drop_closed()
        sys.exit(CLOSED_PIPE)
    except Exception as err:
        if drop_closed():
            sys.exit(CLOSED_PIPE)
        if "--json" in args:
            with contextlib.suppress(OSError):  # it may be stdout that is full
                _print_failure(SigndataError(_bug(err)), args)
        if debug:
            raise
        _fail(_bug(err), _code_of(err))
    finally:
        warnings.showwarning = shown
        for number, handler in before.items():
            signal.signal(number, handler)
    sys.exit(code if isinstance(code, int) else 0)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """A warning of ours in one line; what libraries warn of as they would."""
    if issubclass(category, ClusterWarning):
        click.echo(f"warning: {one_line(str(message))}", err=True)
    else:
        _usual_show(message, category, filename, lineno, file, line)


def _print_failure(err: SigndataError, args: list[str]) -> None:
    """The JSON object of a command that ended with an error."""
    from signdata.results import Problem, Result

    command = next((arg for arg in args if arg in COMMANDS), "")
    result = Result(command, problems=[Problem.from_error(err, "error")])
    click.echo(json.dumps(result.to_dict()))


def _debug_first(args: list[str]) -> list[str]:
    """`--debug` works before and after the command's name."""
    rest = [arg for arg in args if arg != "--debug"]
    return ["--debug", *rest] if len(rest) < len(args) else rest


_SIGNALS = (signal.SIGINT, signal.SIGTERM)


_INTERRUPTED = "interrupted. Repeat the same command: it goes on where it stopped."


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Raise `Interrupted`; the next signal, or the alarm, ends the process at once."""

    def end(*_: object) -> None:
        os.write(2, f"error: {_INTERRUPTED}\n".encode())
        os._exit(128 + number)

    for other in _SIGNALS:
        signal.signal(other, end)
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, end)
        signal.setitimer(signal.ITIMER_REAL, LATEST)
    raise Interrupted(number)


def _end(code: int) -> NoReturn:
    """End the process at once: all that is to be kept is on disk, and all workers have ended.

    Taking Python down may take longer than the time that is left, and then the alarm, whose
    handler goes first, would end it with a code of its own.
    """
    try:
        click.echo(f"error: {_INTERRUPTED}", err=True)
    finally:
        os._exit(code)


def _usage(err: click.UsageError) -> NoReturn:
    hint = f" See {err.ctx.command_path} --help." if err.ctx else ""
    text = " ".join(err.format_message().split())  # click lists choices one a line
    _fail(text + ("" if text.endswith((".", "?")) else ".") + hint, err.exit_code)


def _is_output_error(err: Exception) -> bool:
    return isinstance(err, OSError) and err.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


_NOT_OURS = (errno.ENAMETOOLONG, errno.EACCES, errno.EPERM, errno.ELOOP, errno.EIO, errno.ESTALE)
"""Why a file that was named cannot be reached, whatever is asked of it."""


def _is_unreachable(err: Exception) -> bool:
    return isinstance(err, OSError) and err.errno in _NOT_OURS and err.filename is not None


def _code_of(err: Exception) -> int:
    """What the command ends with after an error that nobody expected."""
    if isinstance(err, MemoryError) or _is_unreachable(err):
        return 4
    return 5 if _is_output_error(err) else 1


def _bug(err: Exception) -> str:
    name = type(err).__name__
    if isinstance(err, MemoryError):
        return f"does not fit into memory ({err or 'no more of it'})"
    if _is_output_error(err):
        return f"{err}. Free some space and run the same command again."
    if isinstance(err, OSError) and _is_unreachable(err):
        return f"{os.fsdecode(err.filename)}: cannot be reached ({err.strerror})"
    return f"{name}: {err}. This is a bug of signdata; --debug shows where."


def _fail(message: str, code: int) -> NoReturn:
    try:
        click.echo(f"error: {one_line(message)}", err=True)
    except BrokenPipeError:
        drop_closed()
    sys.exit(code)
