"""The format ``masks``: which regions it takes, and what it writes beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ls_tools.formats.masks.instances import InstanceWriter
from ls_tools.formats.masks.semantic import SemanticWriter
from ls_tools.formats.pictures import (
    MASK_CONTROLS,
    SHAPE_CONTROLS,
    VECTOR_CONTROLS,
    PictureFormat,
    PictureReader,
    Wanted,
)
from ls_tools.formats.protocol import ClassIds, DivisibleFormat, Writing, option
from ls_tools.geometry import Box, Ellipse, EncodedMask, Polygon

if TYPE_CHECKING:
    from ls_tools.label_config import LabelConfig
    from ls_tools.output import Output


@dataclass(frozen=True, slots=True, kw_only=True)
class MasksOptions:
    """Options of the masks format."""

    kind: str = option(
        "semantic",
        "One mask of classes per image (semantic), or one mask per region with a "
        "table of them (instance).",
        choices=("semantic", "instance"),
    )


class MasksFormat(PictureFormat, DivisibleFormat):
    """Masks of boxes, polygons, ellipses, vectors, brushes and bitmasks."""

    name: ClassVar[str] = "masks"
    aliases: ClassVar[tuple[str, ...]] = ("MASKS_WITH_IMAGES",)
    summary: ClassVar[str] = "PNG masks: classes per image, or one per region"
    controls: ClassVar[frozenset[str]] = (
        SHAPE_CONTROLS | MASK_CONTROLS | VECTOR_CONTROLS
    )
    extra: ClassVar[str] = "vision"
    requires: ClassVar[tuple[str, ...]] = ("numpy", "PIL")
    options_type: ClassVar[type[Any]] = MasksOptions
    class_ids: ClassVar[ClassIds] = "contiguous"

    def begin(
        self, config: LabelConfig, output: Output, options: MasksOptions, survey: None
    ) -> Writing:
        """Begin ``masks/``, ``images/``, ``index.csv`` and what names the values."""
        del survey
        is_semantic = options.kind == "semantic"
        wanted = Wanted(
            controls=self.controls,
            shapes=(Box, Polygon, Ellipse, EncodedMask),
            all_labels=not is_semantic,
            sizes_needed=True,
        )
        reader = PictureReader(config, output, wanted)
        kind = SemanticWriter if is_semantic else InstanceWriter
        return kind(reader, output)
