"""What is converted: one export or several, each with its label config."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias, Union

from ls_tools.errors import NotFoundError, UsageError
from ls_tools.label_config import (
    LabelConfig,
    infer_label_config,
    parse_label_config,
)
from ls_tools.origin import redact_url
from ls_tools.pipeline.merging import AdoptedTasks, merge_configs
from ls_tools.reading import SeveralTasks, is_bucket_uri, read_tasks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ls_tools.formats import Format
    from ls_tools.pipeline.merging import MergedConfig
    from ls_tools.pipeline.plan import Conversion
    from ls_tools.progress import Progress
    from ls_tools.reading import TaskReader, Tasks
    from ls_tools.settings import Settings

INFERENCE_TASKS = 10_000
"""Tasks looked at to infer a label config where none is given."""

Source: TypeAlias = Union[str, "os.PathLike[str]", BinaryIO]
"""An export, as ``read_tasks`` takes it."""

Config: TypeAlias = Union[str, "os.PathLike[str]", LabelConfig, None]
"""A label config: its path, or parsed already; None to infer it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One export with its label config.

    Attributes:
        source: The export.
        config: Its label config.
        name: What the Report calls it where there are several inputs.
    """

    source: Source
    config: Config = None
    name: str

    @classmethod
    def each(
        cls,
        sources: Source | Sequence[Source],
        configs: Config | Sequence[Config] = None,
    ) -> list[Input]:
        """Inputs from what ``convert`` is given.

        Args:
            sources: One export, or a list of them.
            configs: A config for all of them, or a list with one for each.

        Raises:
            UsageError: There is no input, or the numbers do not fit.
        """
        given: list[Source] = _listed(sources)
        own: list[Config] = _listed(configs)
        if not given:
            msg = "There is no input."
            raise UsageError(msg, hint="Give one export or more.")
        if len(own) not in {1, len(given)}:
            msg = f"There are {len(own)} label configs for {len(given)} inputs."
            hint = "Give one for all of them, or one for each, in the same order."
            raise UsageError(msg, hint=hint)
        if given.count("-") > 1:
            msg = "Standard input can be read once only."
            raise UsageError(msg, hint="Give - once.")
        own *= len(given) if len(own) == 1 else 1
        return [
            cls(source=source, config=config, name=_name_of(source))
            for source, config in zip(given, own, strict=True)
        ]


def _listed(given: Any) -> list[Any]:
    return list(given) if isinstance(given, (list, tuple)) else [given]


def _name_of(source: Source) -> str:
    if source == "-":
        return "standard input"
    if isinstance(source, (str, os.PathLike)):
        return redact_url(str(source)) if is_bucket_uri(source) else os.fspath(source)
    name = getattr(source, "name", None)
    return name if isinstance(name, str) else "stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInputs:
    """Inputs that are being read.

    Attributes:
        tasks: The tasks of all of them.
        config: The label config of all of them.
        own_configs: The config of each.
        names: Their names, each one once; empty where there is one input.
        disagreements: What their configs contradict each other in.
    """

    tasks: Tasks
    config: LabelConfig
    own_configs: tuple[LabelConfig, ...]
    names: tuple[str, ...] = ()
    disagreements: tuple[str, ...] = ()


@contextmanager
def open_inputs(
    inputs: Sequence[Input],
    plan: Conversion,
    target: Format,
    *,
    settings: Settings,
    progress: Progress,
) -> Iterator[OpenInputs]:
    """Open the inputs and their configs, until the block ends.

    Raises:
        LsToolsError: One of them cannot be read.
    """
    with ExitStack() as stack:
        readers: list[TaskReader] = []
        for one in inputs:
            reader = read_tasks(
                one.source, limit=plan.limit, settings=settings, progress=progress
            )
            readers.append(stack.enter_context(reader))
            if plan.limit is None:
                reader.prefetch()
        configs = _load_configs(inputs, readers, settings)
        if len(inputs) == 1:
            yield OpenInputs(tasks=readers[0], config=configs[0], own_configs=configs)
        else:
            merged = merge_configs(
                configs, controls=target.controls, objects=target.objects
            )
            yield _join(inputs, readers, merged, limit=plan.limit)


def _join(
    inputs: Sequence[Input],
    readers: Sequence[TaskReader],
    merged: MergedConfig,
    *,
    limit: int | None,
) -> OpenInputs:
    tasks: list[Tasks] = [
        AdoptedTasks(reader, adoption) if adoption else reader
        for reader, adoption in zip(readers, merged.adoptions, strict=True)
    ]
    return OpenInputs(
        tasks=SeveralTasks(tasks, limit=limit),
        config=merged.config,
        own_configs=tuple(adoption.own for adoption in merged.adoptions),
        names=_distinct([one.name for one in inputs]),
        disagreements=merged.disagreements,
    )


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """The names, those that come again with their place among the inputs."""
    return tuple(
        f"{name} ({place})" if names.count(name) > 1 else name
        for place, name in enumerate(names, start=1)
    )


def _load_configs(
    inputs: Sequence[Input], readers: Sequence[TaskReader], settings: Settings
) -> tuple[LabelConfig, ...]:
    return tuple(
        _load_config(one.config, reader, settings)
        for one, reader in zip(inputs, readers, strict=True)
    )


def _load_config(config: Config, reader: TaskReader, settings: Settings) -> LabelConfig:
    if config is None:
        return infer_label_config(islice(reader, INFERENCE_TASKS))
    if isinstance(config, LabelConfig):
        return config
    path = Path(config)
    try:
        with path.open("rb") as file:
            xml = file.read(settings.bounds.xml_bytes + 1)
    except OSError as exc:
        msg = f"The label config {path} cannot be read: {exc.strerror}."
        raise NotFoundError(msg, hint="Check the path given as config.") from exc
    return parse_label_config(xml, max_bytes=settings.bounds.xml_bytes)


def check_apart(source: Source, out: Path) -> None:
    """Refuse to replace what is being read, and to read what was written.

    Raises:
        UsageError: One of the two lies in the other.
    """
    if not isinstance(source, (str, os.PathLike)):
        return
    if source == "-" or is_bucket_uri(source):
        return
    given, place = Path(os.path.realpath(source)), Path(os.path.realpath(out))
    if given.is_relative_to(place):
        msg = f"The input {source} lies in the output folder {out}, to be replaced."
    elif place.is_relative_to(given):
        msg = f"The output folder {out} lies in the input: it would be read too."
    else:
        return
    raise UsageError(msg, hint="Give an output folder elsewhere.")
