"""The options of a conversion, for ``convert`` and ``pull``; the Report's table."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from ls_tools.cli.output import one_line
from ls_tools.errors import UsageError
from ls_tools.formats import FORMATS, describe_options

if TYPE_CHECKING:
    from collections.abc import Callable

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


def conversion_options(function: F) -> F:
    """Give a command the options of a conversion and the Conversion, ``plan``.

    The formats' own options are added from the registry, each one once.
    """
    own = _format_options()

    @functools.wraps(function)
    def command(*args: Any, **given: Any) -> Any:
        options = {n: v for n in own if (v := given.pop(n, None)) is not None}
        return function(*args, plan=_plan(given, options), **given)

    for formats in reversed(list(own.values())):
        command = _click_option(formats)(command)
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


def _format_options() -> dict[str, dict[str, OptionInfo]]:
    """The formats' own options by name, as each format has them."""
    found: dict[str, dict[str, OptionInfo]] = {}
    for name in FORMATS:
        for info in describe_options(FORMATS.load(name)):
            found.setdefault(info.name, {})[name] = info
    return found


def _click_option(formats: dict[str, OptionInfo]) -> Callable[[F], F]:
    info = next(iter(formats.values()))
    defaults = ", ".join(f"{name}: {one.default}" for name, one in formats.items())
    text = f"{info.help}  [default for {defaults}]"
    if info.type is bool:
        flags = f"{info.flag}/--no-{info.flag.removeprefix('--')}"
        return click.option(flags, info.name, default=None, help=text)
    kind = click.Choice(info.choices) if info.choices else info.type
    return click.option(info.flag, info.name, type=kind, default=None, help=text)


def show_report(console: Console, report: Report, out: Path) -> None:
    """Print a Report: the document on stdout, or a table on stderr."""
    import msgspec

    document = msgspec.json.decode(report.to_json())
    document.pop("schema_version")
    console.result(document, [str(out)])
    if not console.json:
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
