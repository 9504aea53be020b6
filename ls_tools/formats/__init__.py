"""The target formats by name, loaded when they are asked for.

A new format is one module here, and one line in ``FORMATS``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ls_tools.errors import UnknownFormatError
from ls_tools.formats.protocol import (
    ClassIds,
    DivisibleFormat,
    Format,
    NoOptions,
    Numbers,
    OptionInfo,
    Survey,
    Writing,
    describe_options,
    option,
)
from ls_tools.formats.requirements import check_requirements, missing_modules
from ls_tools.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "FORMATS",
    "ClassIds",
    "DivisibleFormat",
    "Format",
    "NoOptions",
    "Numbers",
    "OptionInfo",
    "Survey",
    "Writing",
    "check_requirements",
    "describe_options",
    "implies_media",
    "load_format",
    "missing_modules",
    "option",
    "preset_options",
    "register_format",
]

FORMATS: Registry[type[Format]] = Registry(
    "format",
    {
        "json": "ls_tools.formats.json_tasks:JsonFormat",
        "jsonl": "ls_tools.formats.json_tasks:JsonLinesFormat",
        "json_min": "ls_tools.formats.json_min:JsonMinFormat",
        "csv": "ls_tools.formats.tabular:CsvFormat",
        "tsv": "ls_tools.formats.tabular:TsvFormat",
        "conll2003": "ls_tools.formats.conll2003:Conll2003Format",
        "spacy": "ls_tools.formats.spacy_docs:SpacyFormat",
        "coco": "ls_tools.formats.coco:CocoFormat",
        "brush_coco": "ls_tools.formats.coco:BrushCocoFormat",
        "voc": "ls_tools.formats.voc:VocFormat",
        "yolo": "ls_tools.formats.yolo:YoloFormat",
        "brush_numpy": "ls_tools.formats.brush:BrushNumpyFormat",
        "brush_png": "ls_tools.formats.brush:BrushPngFormat",
        "masks": "ls_tools.formats.masks:MasksFormat",
        "asr_manifest": "ls_tools.formats.asr_manifest:AsrManifestFormat",
        "rttm": "ls_tools.formats.rttm:RttmFormat",
        "mot": "ls_tools.formats.mot:MotFormat",
        "video_yolo": "ls_tools.formats.yolo.video:VideoYoloFormat",
        "video_coco": "ls_tools.formats.coco.video:VideoCocoFormat",
        "parquet": "ls_tools.formats.parquet:ParquetFormat",
    },
)
"""Every format by its name, in the order of listings."""


def load_format(name: str) -> Format:
    """The format called ``name``, by its own name or by one of its aliases.

    Args:
        name: In any case, with ``-`` or ``_``: ``yolo``, ``YOLO_WITH_IMAGES``.

    Raises:
        UnknownFormatError: No format has this name; the hint lists them.
    """
    wanted = _normalise(name)
    if wanted in FORMATS:
        return FORMATS.load(wanted)()
    for known in FORMATS:
        kind = FORMATS.load(known)
        if wanted in map(_normalise, (*kind.aliases, *kind.presets)):
            return kind()
    msg = f"Unknown format {name!r}."
    raise UnknownFormatError(msg, hint=f"Known: {', '.join(FORMATS)}.", name=name)


def preset_options(target: Format, name: str) -> Mapping[str, Any]:
    """The options that a name of ``target`` stands for: ``YOLO_OBB`` is a task."""
    wanted = _normalise(name)
    found = (o for n, o in target.presets.items() if _normalise(n) == wanted)
    return next(found, {})


def register_format(
    name: str, target: str | type[Format], *, replace: bool = False
) -> None:
    """Add a format of one's own.

    Args:
        name: Its name, lower case.
        target: The class, or ``"module:Class"`` to import it on first use.
        replace: Allow taking the name of a format that is there already.

    Raises:
        UsageError: The name is taken and ``replace`` is not given.
    """
    FORMATS.register(_normalise(name), target, replace=replace)


def implies_media(name: str) -> bool:
    """Whether a format's name asks for the media too, as ``COCO_WITH_IMAGES``."""
    return _normalise(name).endswith("_with_images")


def _normalise(name: str) -> str:
    return name.strip().casefold().replace("-", "_")
