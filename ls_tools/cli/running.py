"""One run of the command line: signals, errors, exit codes."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from ls_tools.cli.app import app
from ls_tools.cli.output import print_error
from ls_tools.errors import LsToolsError, OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

INTERRUPTED = 130


def run(argv: list[str]) -> int:
    """Run one command and return its exit code; see ``docs/exit-codes.md``."""
    _open_closed_streams()
    try:
        with _terminate_as_interrupt():
            result = app.main(argv, prog_name="ls-tools", standalone_mode=False)
    except click.exceptions.Exit as exc:
        return exc.exit_code
    except BrokenPipeError:
        # The reader of our output is gone; say nothing more to it.
        _let_go_of_stdout()
        return 1
    except (Exception, KeyboardInterrupt) as exc:  # noqa: BLE001 -- the last resort
        return _fail(exc, argv)
    return result if isinstance(result, int) else 0


def _open_closed_streams() -> None:
    """Give closed standard streams somewhere to go, else files get their numbers."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            null = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115, PTH123
            setattr(sys, name, null)


def _fail(exc: BaseException, argv: list[str]) -> int:
    if "--debug" in argv:
        traceback.print_exception(exc, file=sys.stderr)
    error = _as_error(exc)
    with contextlib.suppress(OSError):  # Nobody can be told.
        print_error(error, wants_json="--json" in argv)
    _let_go_of_stdout()
    return INTERRUPTED if _is_interrupt(exc) else error.exit_code


def _let_go_of_stdout() -> None:
    """Drop output that cannot be written, else the end of the process fails on it."""
    try:
        sys.stdout.flush()
    except OSError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


def _as_error(exc: BaseException) -> LsToolsError:
    if isinstance(exc, LsToolsError):
        return exc
    if isinstance(exc, click.ClickException):
        return _from_click(exc)
    if isinstance(exc, OSError):
        name = f": {exc.filename}" if exc.filename else ""
        msg = f"{exc.strerror or 'The system refused'}{name}."
        return OutputError(msg, hint="Check the path, its rights and the disk.")
    if _is_interrupt(exc):
        return LsToolsError("Interrupted.", hint="Run it again to start anew.")
    return _unexpected(exc)


def _is_interrupt(exc: BaseException) -> bool:
    # While classes are made, Python 3.11 wraps what interrupts it.
    return isinstance(exc, (KeyboardInterrupt, click.Abort)) or isinstance(
        exc.__cause__, KeyboardInterrupt
    )


def _unexpected(exc: BaseException) -> LsToolsError:
    """A bug, without its text: that may hold a signed URL."""
    frames = traceback.extract_tb(exc.__traceback__)
    own = [frame for frame in frames if "ls_tools" in frame.filename]
    place = (own or frames)[-1]
    where = f"{Path(place.filename).name}:{place.lineno}"
    msg = f"Unexpected {type(exc).__name__} at {where}: this is a bug in ls_tools."
    return LsToolsError(msg, hint="Run it with --debug, and report what it shows.")


def _from_click(exc: click.ClickException) -> UsageError:
    context = getattr(exc, "ctx", None)
    command = context.command_path if context else "ls-tools"
    hint = f"See: {command} --help."
    return UsageError(exc.format_message().rstrip(".") + ".", hint=hint)


@contextlib.contextmanager
def _terminate_as_interrupt() -> Iterator[None]:
    """Treat SIGTERM as Ctrl-C, so that every clean-up runs."""

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        del number, frame
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # Not the main thread: the host program owns the signals.
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
