"""Options that every command shares, and the run that they describe."""

from __future__ import annotations

import contextlib
import functools
import signal
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

import click

from ls_tools.cli.output import Console
from ls_tools.errors import DeadlineError, SettingsError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import FrameType

    from ls_tools.progress import Progress
    from ls_tools.settings import BucketSettings, Settings

F = TypeVar("F", bound="Callable[..., Any]")

_LONGEST_S = 1e9


def check_seconds(
    context: click.Context, parameter: click.Parameter, seconds: float | None
) -> float | None:
    """A callback that refuses what no timer can hold: nan, inf, ages."""
    if seconds is None or 0 <= seconds <= _LONGEST_S:
        return seconds
    message = f"{seconds:g} is not between 0 and {_LONGEST_S:g} seconds"
    raise click.BadParameter(message, ctx=context, param=parameter)


def refuse_empty(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """A callback that refuses an empty name, as an unset shell variable gives."""
    if value == "" or (isinstance(value, tuple) and "" in value):
        message = "it is empty"
        raise click.BadParameter(message, ctx=context, param=parameter)
    return value


def _read_ways(
    context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]
) -> dict[str, BucketSettings]:
    """A callback that reads the ways of single buckets; of one, the last counts."""
    from ls_tools.settings.stores import parse_buckets

    found: dict[str, BucketSettings] = {}
    try:
        for text in texts:
            found |= parse_buckets(text)
    except ValueError as exc:
        raise click.BadParameter(str(exc), ctx=context, param=parameter) from exc
    return found


def read_lines(file: Iterable[str] | None) -> list[str]:
    """The lines of a text file that are not blank; none where there is no file.

    Raises:
        UsageError: It is not UTF-8.
    """
    try:
        return [line for line in (raw.strip() for raw in file or ()) if line]
    except UnicodeDecodeError as exc:
        name = getattr(file, "name", "The input")
        msg = f"{name} is not UTF-8 text: {exc.reason} at byte {exc.start}."
        raise UsageError(msg, hint="Save it as UTF-8.") from exc


class _Expired(KeyboardInterrupt):
    """The deadline of the command; as no OSError, nothing takes it for a fault."""


_CONNECTION = (
    click.option("--url", help="Server URL.  [env: LABEL_STUDIO_URL]"),
    click.option(
        "--token-file",
        type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
        help="File that holds the token; - for standard input.",
    ),
    click.option(
        "--token",
        help="The token itself; other users of the machine can see it, so prefer "
        "--token-file.  [env: LABEL_STUDIO_API_KEY]",
    ),
)
_STORAGE = (
    click.option(
        "--cache-dir",
        type=click.Path(file_okay=False, path_type=Path),
        help="Cache folder.  [env: LS_TOOLS_CACHE_DIR]",
    ),
    click.option("--offline", is_flag=True, help="Open no connection."),
    click.option(
        "--cloud",
        type=click.Choice(["auto", "direct", "server"]),
        help="How bucket references are fetched.  [env: LS_TOOLS_CLOUD]",
    ),
    click.option(
        "--bucket-cloud",
        multiple=True,
        callback=_read_ways,
        metavar="NAME=WAY",
        help="Likewise, of one bucket; repeat it.  [env: LS_TOOLS_BUCKETS]",
    ),
)
_RUNNING = (
    click.option(
        "--jobs",
        type=click.IntRange(1, 1024),
        help="Most transfers at once, and most processes of a conversion.  "
        "[env: LS_TOOLS_JOBS, LS_TOOLS_PROCESSES]",
    ),
    click.option(
        "--timeout",
        "deadline_s",
        type=click.FloatRange(min=0, min_open=True),
        callback=check_seconds,
        metavar="SECONDS",
        help="Give up when the whole command takes longer.",
    ),
    click.option("--json", "as_json", is_flag=True, help="One JSON document."),
    click.option("--quiet", "-q", is_flag=True, help="No progress, no remarks."),
    click.option("--debug", is_flag=True, help="Log, and show tracebacks."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What the shared options of one command amount to.

    Attributes:
        settings: From the options, else from the environment.
        console: Where results and remarks go.
        progress: A progress bar on a terminal, a line now and then elsewhere.
    """

    settings: Settings
    console: Console
    progress: Progress


def shared_options(*, server: bool = True) -> Callable[[F], F]:
    """Give a command the shared options and an Invocation as first argument.

    Args:
        server: Whether the command can talk to a server.
    """
    options = (*(_CONNECTION if server else ()), *_STORAGE, *_RUNNING)

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def command(**given: Any) -> Any:
            shared = {name: given.pop(name) for name in _NAMES if name in given}
            with _invocation(shared) as invocation:
                return function(invocation, **given)

        for option in reversed(options):
            command = option(command)
        return cast("F", command)

    return decorate


_NAMES = (
    "url",
    "token_file",
    "token",
    "cache_dir",
    "offline",
    "cloud",
    "bucket_cloud",
    "jobs",
    "deadline_s",
    "as_json",
    "quiet",
    "debug",
)


@contextlib.contextmanager
def _invocation(given: dict[str, Any]) -> Iterator[Invocation]:
    from ls_tools.cli.progress import progress_for

    console = Console(json=given["as_json"], quiet=given["quiet"])
    settings = _settings(given)
    with (
        _deadline(given["deadline_s"]),
        progress_for(console) as progress,
        _logging_to(console, debug=given["debug"]),
    ):
        yield Invocation(settings=settings, console=console, progress=progress)


def _settings(given: dict[str, Any]) -> Settings:
    from ls_tools.settings import Settings

    settings = Settings.from_env(
        url=given.get("url"),
        token=_token(given.get("token"), given.get("token_file")),
        cache_dir=given["cache_dir"],
        cloud=given["cloud"],
        jobs=given["jobs"],
        processes=given["jobs"],
        mode="offline" if given["offline"] else None,
    )
    ways = given["bucket_cloud"]
    return settings.evolve(buckets={**settings.buckets, **ways}) if ways else settings


def _token(token: str | None, token_file: Path | None) -> str | None:
    if token_file is None:
        return token or None
    if token:
        msg = "Both --token and --token-file are given."
        raise SettingsError(msg, hint="Give one of them.")
    try:
        with click.open_file(str(token_file), errors="replace") as file:
            text = str(file.read(65536)).strip()
    except OSError as exc:
        msg = f"The token file {token_file} cannot be read: {exc.strerror}."
        raise SettingsError(msg, hint="Check the path given as --token-file.") from exc
    if not text:
        msg = f"The token file {token_file} is empty."
        raise SettingsError(msg, hint="Put the token on its first line.")
    return text.split()[0]


@contextlib.contextmanager
def _logging_to(console: Console, *, debug: bool) -> Iterator[None]:
    """Show what the library logs: retries and the like, or all of it."""
    import logging

    class Remarks(logging.Handler):
        """Says each record as a remark."""

        def emit(self, record: logging.LogRecord) -> None:
            console.note(f"ls-tools: {record.getMessage()}")

    logger = logging.getLogger("ls_tools")
    handler = Remarks(logging.DEBUG if debug else logging.INFO)
    logger.setLevel(handler.level)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)


@contextlib.contextmanager
def _deadline(seconds: float | None) -> Iterator[None]:
    """Raise DeadlineError in the main thread once ``seconds`` have passed."""
    if seconds is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def expire(number: int, frame: FrameType | None) -> NoReturn:
        del number, frame
        raise _Expired

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except _Expired:
        msg = f"The command took longer than the {seconds:g} s of --timeout."
        hint = "Run it again to go on, or allow more time."
        raise DeadlineError(msg, hint=hint) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
