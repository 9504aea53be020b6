"""The options of a conversion, for ``convert`` and ``pull``; the Report's table."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from ls_tools.cli.output import one_line
from ls_tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ls_tools.cli.output import Console
    from ls_tools.formats import OptionInfo
    from ls_tools.output import Report, Split
    from ls_tools.pipeline import Conversion

F = TypeVar("F", bound="Callable[..., Any]")

LOSSES = 6

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OPTIONS = (
    click.option("--to", required=True, metavar="FORMAT", help="See ls-tools formats."),
    click.option(
        "--out",
        type=click.Path(path_type=Path),
        required=True,
        help="Folder to write; replaced at once if ls-tools wrote it.",
    ),
    click.option(
        "--select",
        metavar="POLICY",
        help="latest, oldest, ground-truth, all, by:WHO, drafts, predictions.",
    ),
    click.option("--classes", type=_FILE, help="Pin class ids: txt, json, data.yaml."),
    click.option(
        "--class-order",
        type=click.Choice(["config", "alphabetical"]),
        default="config",
        show_default=True,
        help="Order of classes that no file pins.",
    ),
    click.option(
        "--rename", type=_FILE, help="Rename, merge or drop labels: json, csv."
    ),
    click.option(
        "--media",
        type=click.Choice(["copy", "symlink", "none"]),
        help="Put the media beside the labels.",
    ),
    click.option("--include-unlabeled", is_flag=True, help="Unlabeled tasks too."),
    click.option(
        "--names",
        type=click.Choice(["original", "task-id"]),
        default="original",
        show_default=True,
        help="How media files are named.",
    ),
    click.option(
        "--clip/--no-clip",
        default=True,
        show_default=True,
        help="Clip shapes to the picture.",
    ),
    click.option(
        "--split",
        metavar="SPEC",
        help="Share the tasks out: train=0.8,val=0.1,test=0.1; or keep the "
        "splits.json of an earlier run.",
    ),
    click.option(
        "--split-by",
        metavar="FIELD",
        help="Tasks with one value in this field of their data stay together.",
    ),
    click.option(
        "--stratify",
        is_flag=True,
        help="Share out the tasks of each class by themselves.",
    ),
    click.option(
        "--limit", type=click.IntRange(min=0), help="Read only so many tasks."
    ),
    click.option("--dry-run", is_flag=True, help="Report, write nothing."),
    click.option("--strict", is_flag=True, help="Any loss is a failure."),
    click.option(
        "--keep-going", is_flag=True, help="Failed media do not change the exit code."
    ),
)


_LAST = "keep_going"
"""The option that those of the formats come after."""

_GIVEN = "ls_tools.cli.conversion.given"
_IS_PLAIN = "ls_tools.cli.conversion.is_plain"


class ConversionCommand(click.Command):
    """A command with ``conversion_options``, and with those of every format.

    The formats are imported when an argument may be an option of theirs.
    """

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The parameters, in the order of the help."""
        params = super().get_params(ctx)
        if ctx.meta.get(_IS_PLAIN):
            return params
        place = 1 + [one.name for one in params].index(_LAST)
        return [*params[:place], *self._format_options, *params[place:]]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; what no other option explains may be a format's."""
        known = {
            flag for one in self.params for flag in (*one.opts, *one.secondary_opts)
        }
        flags = {text.partition("=")[0] for text in args if text.startswith("-")}
        flags.discard("-")  # standard input
        ctx.meta[_GIVEN] = {}  # which contexts share with those above them
        ctx.meta[_IS_PLAIN] = flags <= known and not ctx.resilient_parsing
        return super().parse_args(ctx, args)

    @functools.cached_property
    def _format_options(self) -> list[click.Option]:
        taken = {one.name for one in self.params if one.name}
        return [_click_option(own) for own in _options_of_formats(taken).values()]


def conversion_options(function: F) -> F:
    """Give a ConversionCommand its options and the Conversion, ``plan``."""

    @functools.wraps(function)
    def command(*args: Any, **given: Any) -> Any:
        options = _given_options(click.get_current_context())
        return function(*args, plan=_plan(given, options), **given)

    for option in reversed(_OPTIONS):
        command = option(command)
    return cast("F", command)


def _plan(given: dict[str, Any], options: dict[str, Any]) -> Conversion:
    from ls_tools.output import ClassPolicy
    from ls_tools.pipeline import Conversion

    classes = ClassPolicy(
        pinned=given.pop("classes"),
        order=given.pop("class_order"),
        rename=given.pop("rename"),
    )
    split = _split(
        given.pop("split"), by=given.pop("split_by"), stratify=given.pop("stratify")
    )
    names = Conversion.__dataclass_fields__
    fields = {name: given.pop(name) for name in list(given) if name in names}
    return Conversion(classes=classes, split=split, options=options, **fields)


def _split(spec: str | None, *, by: str | None, stratify: bool) -> Split | None:
    from ls_tools.output import Split

    if spec is not None:
        return Split.parse(spec, by=by, stratify=stratify)
    if by is not None or stratify:
        msg = "--split-by and --stratify need --split."
        raise UsageError(msg, hint="Add --split train=0.8,val=0.1,test=0.1.")
    return None


def _options_of_formats(taken: Collection[str]) -> dict[str, dict[str, OptionInfo]]:
    """The formats' own options by name, as each format has them.

    Raises:
        UsageError: One has a name that is taken.
    """
    from ls_tools.formats import FORMATS, describe_options

    found: dict[str, dict[str, OptionInfo]] = {}
    for name in FORMATS:
        for info in describe_options(FORMATS.load(name)):
            if info.name in taken:
                msg = f"The format {name} has an option {info.name!r}, as all have."
                raise UsageError(msg, hint="Give that of the format another name.")
            found.setdefault(info.name, {})[name] = info
    return found


def _click_option(formats: dict[str, OptionInfo]) -> click.Option:
    """An option, told once for all formats that have it."""
    info = next(iter(formats.values()))
    defaults = ", ".join(f"{name}: {one.default}" for name, one in formats.items())
    is_flag = info.type is bool
    flags = f"{info.flag}/--no-{info.flag.removeprefix('--')}" if is_flag else info.flag
    return click.Option(
        [flags, info.name],
        type=click.Choice(info.choices) if info.choices else info.type,
        default=None,
        help=f"{info.help}  [default for {defaults}]",
        callback=_note_given,
        expose_value=False,
    )


def _given_options(context: click.Context) -> dict[str, Any]:
    """The options of formats that were given, in the order of the help."""
    given = context.meta[_GIVEN]
    names = [one.name for one in context.command.get_params(context)] if given else []
    return {name: given[name] for name in names if name in given}


def _note_given(context: click.Context, option: click.Parameter, value: Any) -> Any:
    if value is not None:
        context.meta[_GIVEN][option.name] = value
    return value


def show_report(console: Console, report: Report, out: Path) -> None:
    """Print a Report: the document on stdout, or a table on stderr."""
    import msgspec

    document = msgspec.json.decode(report.to_json())
    document.pop("schema_version")
    console.result(document, [str(out)])
    if not (console.json or console.quiet):  # which would show none: rich takes long
        console.table(_table(report))


def exit_code(report: Report, *, keep_going: bool) -> int:
    """0, or LOSSES where media failed that were not allowed to fail."""
    return LOSSES if report.media.failed and not keep_going else 0


def _table(report: Report) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(f"Report: {report.format}", "count", box=SIMPLE_HEAD)
    rows: list[tuple[str, int]] = [
        ("tasks in", report.tasks_in),
        ("tasks written", report.tasks_written),
        *((f"  {name}", count) for name, count in (report.splits or {}).items()),
        *((f"  left out: {x.reason}", x.count) for x in report.tasks_skipped),
        ("annotations selected", report.annotations_selected),
        ("regions in", report.regions_in),
        ("regions written", report.regions_written),
        *((f"  skipped: {x.reason}", x.count) for x in report.skipped),
        *((f"  in part: {x.reason}", x.count) for x in report.degraded),
        ("media", report.media.references),
        *((f"  failed: {x.cause}", 1) for x in report.media.failed[:10]),
        ("files written", report.files_written),
    ]
    for name, count in rows:
        table.add_row(Text(one_line(name)), str(count))
    for warning in report.warnings[:10]:
        table.add_row(Text(one_line(f"warning: {warning}")), "")
    return table
