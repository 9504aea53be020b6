"""The options that choose what a snapshot holds, for ``snapshot`` and ``pull``."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from ls_tools.client import SnapshotFilter

F = TypeVar("F", bound="Callable[..., Any]")

_CHOICE = click.Choice(["only", "exclude"])


class CommaList(click.ParamType):  # type: ignore[type-arg]  # new in click 8.4
    """A comma-separated list of known words."""

    name = "list"

    def __init__(self, *words: str) -> None:
        self._words = words

    def get_metavar(self, *_: Any, **__: Any) -> str:
        """The words, as the help shows them."""
        return ",".join(self._words)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> frozenset[str]:
        """Split and check."""
        if isinstance(value, frozenset):
            return value
        words = frozenset(word.strip() for word in value.split(",") if word.strip())
        if unknown := sorted(words - set(self._words)):
            known = ", ".join(self._words)
            self.fail(f"{', '.join(unknown)}: not one of {known}", param, ctx)
        return words


class SnapshotId(click.ParamType):  # type: ignore[type-arg]  # new in click 8.4
    """A snapshot's id, or ``latest``."""

    name = "id"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | Literal["latest"]:
        """Read the number or the word."""
        if value == "latest":
            return "latest"
        try:
            return int(value)
        except ValueError:
            self.fail(f"{value!r} is neither a number nor latest", param, ctx)


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
        type=CommaList("usual", "ground_truth", "skipped"),
        help="Only annotations of these kinds; all where not given.",
    ),
    click.option(
        "--full",
        type=CommaList("predictions", "drafts", "annotators", "history"),
        default=frozenset(),
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


def project_argument(function: F) -> F:
    """Give a command the PROJECT argument: an id, or an exact title."""
    return click.argument("project", metavar="PROJECT")(function)
