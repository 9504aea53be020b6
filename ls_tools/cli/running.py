"""One run of the command line: signals, errors, exit codes."""

from __future__ import annotations

import contextlib
import signal
import sys
import traceback
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
    wants_json = "--json" in argv
    try:
        with _terminate_as_interrupt():
            result = app.main(argv, prog_name="ls-tools", standalone_mode=False)
    except click.exceptions.Exit as exc:
        return exc.exit_code
    except click.ClickException as exc:
        return _fail(_from_click(exc), argv, wants_json=wants_json)
    except LsToolsError as exc:
        return _fail(exc, argv, wants_json=wants_json)
    except BrokenPipeError:
        # The reader of our output is gone; say nothing more to it.
        sys.stdout = None
        return 1
    except (KeyboardInterrupt, click.Abort):
        print_error(LsToolsError("Interrupted."), wants_json=wants_json)
        return INTERRUPTED
    except OSError as exc:
        message = f"{exc.strerror or exc}: {exc.filename or 'no file name'}."
        return _fail(OutputError(message), argv, wants_json=wants_json)
    return result if isinstance(result, int) else 0


def _fail(error: LsToolsError, argv: list[str], *, wants_json: bool) -> int:
    if "--debug" in argv:
        traceback.print_exception(error, file=sys.stderr)
    print_error(error, wants_json=wants_json)
    return error.exit_code


def _from_click(exc: click.ClickException) -> UsageError:
    command = exc.ctx.command_path if getattr(exc, "ctx", None) else "ls-tools"
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
