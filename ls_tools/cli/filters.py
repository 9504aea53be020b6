"""The options that choose what a snapshot holds, for ``snapshot`` and ``pull``."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import click

from ls_tools.cli.options import check_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from ls_tools.client import SnapshotFilter

F = TypeVar("F", bound="Callable[..., Any]")

_CHOICE = click.Choice(["only", "exclude"])


def split_words(*known: str) -> Callable[..., frozenset[str] | None]:
    """A callback that reads a comma-separated list of known words."""

    def read(
        context: click.Context, parameter: click.Parameter, text: str | None
    ) -> frozenset[str] | None:
        if text is None:
            return None
        words = frozenset(word.strip() for word in text.split(",") if word.strip())
        if unknown := sorted(words.difference(known)):
            message = f"{', '.join(unknown)}: not one of {', '.join(known)}"
            raise click.BadParameter(message, ctx=context, param=parameter)
        return words

    return read


def read_snapshot_id(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> int | Literal["latest"] | None:
    """A callback that reads a snapshot's id, or ``latest``."""
    if text is None or text == "latest":
        return text  # type: ignore[return-value]  # just compared
    try:
        return int(text)
    except ValueError:
        message = f"{text!r} is neither a number nor latest"
        raise click.BadParameter(message, ctx=context, param=parameter) from None


_OPTIONS = (
    click.option("--view", type=int, help="Only tasks of this Data Manager view."),
    click.option("--tasks-skipped", type=_CHOICE, help="Tasks that were skipped."),
    click.option("--tasks-finished", type=_CHOICE, help="Tasks that are finished."),
    click.option("--tasks-annotated", type=_CHOICE, help="Tasks with annotations."),
    click.option(
        "--only-with-annotations", is_flag=True, help="Leave out unannotated tasks."
    ),
    click.option(
        "--annotation-kinds",
        metavar="usual,ground_truth,skipped",
        callback=split_words("usual", "ground_truth", "skipped"),
        help="Only annotations of these kinds; all where not given.",
    ),
    click.option(
        "--full",
        metavar="predictions,drafts,annotators,history",
        callback=split_words("predictions", "drafts", "annotators", "history"),
        default="",
        help="Export these in full, not as bare ids.",
    ),
    click.option(
        "--interpolate-key-frames",
        is_flag=True,
        help="Let the server fill in video frames between key frames.",
    ),
)


def filter_options(function: F) -> F:
    """Give a command the filter options and a SnapshotFilter, ``chosen``."""

    @functools.wraps(function)
    def command(*args: Any, **given: Any) -> Any:
        from ls_tools.client import SnapshotFilter

        names = SnapshotFilter.__dataclass_fields__
        fields = {name: given.pop(name) for name in list(given) if name in names}
        chosen: SnapshotFilter = SnapshotFilter(**fields)
        return function(*args, chosen=chosen, **given)

    for option in reversed(_OPTIONS):
        command = option(command)
    return cast("F", command)


def wait_option(function: F) -> F:
    """Give a command ``--wait``: the longest wait for a snapshot, in seconds."""
    option = click.option(
        "--wait",
        "wait_s",
        type=click.FloatRange(min=0),
        callback=check_seconds,
        default=3600.0,
        show_default=True,
        metavar="SECONDS",
        help="Wait at most so long for the snapshot.",
    )
    return option(function)


def project_argument(function: F) -> F:
    """Give a command the PROJECT argument: an id, or an exact title."""
    return click.argument("project", metavar="PROJECT")(function)
