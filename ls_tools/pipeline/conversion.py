"""Conversion: an export in, a folder of a target format out."""

from __future__ import annotations

import dataclasses
import logging
import tempfile
import time
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ls_tools.errors import LossError, NotFoundError, UsageError
from ls_tools.formats import describe_options, implies_media, load_format
from ls_tools.label_config import infer_label_config, parse_label_config
from ls_tools.output import (
    ClassMap,
    ClassPolicy,
    ClassScope,
    Items,
    MediaPolicy,
    NamePlan,
    NameStyle,
    Output,
    Report,
    Tally,
    stage,
)
from ls_tools.progress import NullProgress
from ls_tools.reading import read_tasks
from ls_tools.resolver import Resolver
from ls_tools.selection import Selection
from ls_tools.settings import Settings

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from typing import BinaryIO

    from ls_tools.formats import Format
    from ls_tools.label_config import LabelConfig
    from ls_tools.progress import Progress
    from ls_tools.reading import TaskReader

_LOG = logging.getLogger("ls_tools")

INFERENCE_TASKS = 10_000
"""Tasks looked at to infer a label config where none is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What to write, and how.

    Attributes:
        to: Name of the format, or one of its aliases.
        out: Folder to write.
        select: Which annotations count, as ``Selection.parse`` takes it; the
            format's own default where None.
        classes: What pins, orders and renames the classes.
        media: Put media beside the labels; None means ``none`` unless the
            format's name asks for images.
        include_unlabeled: Write tasks without a selected annotation too.
        names: How media files are named.
        clip: Clip shapes to the picture.
        limit: Read only so many tasks.
        dry_run: Report, but write and fetch nothing.
        strict: Raise LossError, and publish nothing, where anything is lost.
        options: The format's own options by name; those that belong to
            another format are refused.
    """

    to: str
    out: Path
    select: str | None = None
    classes: ClassPolicy = field(default_factory=ClassPolicy)
    media: MediaPolicy | None = None
    include_unlabeled: bool = False
    names: NameStyle = "original"
    clip: bool = True
    limit: int | None = None
    dry_run: bool = False
    strict: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, to: str, out: str | os.PathLike[str], **options: Any) -> Conversion:
        """A Conversion from keywords: its own fields, then the format's options.

        Raises:
            UsageError: A keyword is neither.
        """
        own = {item.name for item in dataclasses.fields(cls)}
        fields = {k: v for k, v in options.items() if k in own}
        rest = {k: v for k, v in options.items() if k not in own}
        return cls(to=to, out=Path(out), **fields, **({"options": rest} if rest else {}))


def convert(
    source: str | os.PathLike[str] | BinaryIO,
    to: str,
    out: str | os.PathLike[str],
    *,
    config: str | os.PathLike[str] | LabelConfig | None = None,
    settings: Settings | None = None,
    **options: Any,
) -> Report:
    """Convert an export.

    Args:
        source: A file, a directory, ``-``, or an open binary file.
        to: Name of the target format: ``"yolo"``.
        out: Folder to write; a folder that an earlier run wrote is replaced.
        config: Label config: a path, or one that is parsed already; inferred
            from the results where None.
        settings: For fetching media; from the environment where None.
        **options: Fields of ``Conversion``, and options of the format.

    Returns:
        The Report. Failed media are in it and raise nothing.

    Raises:
        NotAnExportError: ``source`` is no Label Studio export.
        OutputError: ``out`` is not ours to replace, or cannot be written.
        LossError: ``strict=True`` and something was lost; nothing is published.
        UsageError: An option makes no sense.
    """
    plan = Conversion.of(to, out, **options)
    return run_conversion(source, plan, config=config, settings=settings)


def run_conversion(
    source: str | os.PathLike[str] | BinaryIO,
    plan: Conversion,
    *,
    config: str | os.PathLike[str] | LabelConfig | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Report:
    """Do what ``plan`` says; ``convert`` with its options in one value.

    Raises:
        LsToolsError: As ``convert``.
    """
    settings = settings or Settings.from_env()
    target = load_format(plan.to)
    options = build_options(target, plan.options)
    selection = Selection.parse(
        plan.select or target.default_selection, keep_cancelled=target.keeps_cancelled
    )
    with read_tasks(source, bounds=settings.bounds) as reader:
        job = _Job(
            plan=plan,
            target=target,
            options=options,
            selection=selection,
            reader=reader,
            config=_load_config(config, reader, settings),
            progress=progress or NullProgress(),
        )
        return job.run(settings)


def build_options(target: Format, given: Mapping[str, Any]) -> Any:
    """The options value of a format.

    Raises:
        UsageError: An option is not one of this format's, or has a value that
            is not among its choices.
    """
    known = {info.name: info for info in describe_options(target)}
    for name, value in given.items():
        if name not in known:
            msg = f"The format {target.name} has no option {name!r}."
            own = ", ".join(known) or "none"
            raise UsageError(msg, hint=f"Its options: {own}.")
        choices = known[name].choices
        if choices and value not in choices:
            msg = f"{value!r} is no value of {name!r}."
            raise UsageError(msg, hint=f"Use one of {', '.join(choices)}.")
    return target.options_type(**given)


def _load_config(
    config: str | os.PathLike[str] | LabelConfig | None,
    reader: TaskReader,
    settings: Settings,
) -> LabelConfig:
    if config is None:
        return infer_label_config(islice(reader, INFERENCE_TASKS))
    if not isinstance(config, (str, Path)) and not hasattr(config, "__fspath__"):
        return config  # type: ignore[return-value]  # neither path nor text
    path = Path(config)  # type: ignore[arg-type]  # a path by now
    try:
        xml = path.read_bytes()
    except OSError as exc:
        msg = f"The label config {path} cannot be read: {exc.strerror}."
        raise NotFoundError(msg, hint="Check the path given as config.") from exc
    return parse_label_config(xml, max_bytes=settings.bounds.xml_bytes)
