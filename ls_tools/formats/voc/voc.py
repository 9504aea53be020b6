"""The VOC format and its options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ls_tools.errors import UsageError
from ls_tools.formats.fitting import (
    check_tolerances,
    ellipse_tolerance_option,
    mask_tolerance_option,
)
from ls_tools.formats.pictures import (
    MASK_CONTROLS,
    VECTOR_CONTROLS,
    PictureFormat,
    PictureReader,
    Wanted,
    labels_option,
)
from ls_tools.formats.protocol import ClassIds, DivisibleFormat, Writing, option
from ls_tools.formats.voc.objects import ObjectMaker, is_flag
from ls_tools.formats.voc.writer import VocWriter
from ls_tools.geometry import Box, Ellipse, EncodedMask, Polygon
from ls_tools.raster import require_vision

if TYPE_CHECKING:
    from ls_tools.label_config import LabelConfig
    from ls_tools.output import Output


@dataclass(frozen=True, slots=True, kw_only=True)
class VocOptions:
    """Options of the VOC format."""

    labels: str = labels_option("first")
    ellipse_tolerance_px: float = ellipse_tolerance_option()
    mask_tolerance_px: float = mask_tolerance_option(0.5)
    first_pixel: int = option(
        0,
        "The number of the first pixel: 0 as Label Studio counts, or 1 as the "
        "VOC development kit does, by which xmin, ymin and polygons are one more.",
    )

    def __post_init__(self) -> None:
        check_tolerances(
            ellipse_px=self.ellipse_tolerance_px, mask_px=self.mask_tolerance_px
        )
        if self.first_pixel not in {0, 1}:
            msg = f"The first pixel of a VOC image is 0 or 1, not {self.first_pixel}."
            raise UsageError(msg, hint="Leave first_pixel out, or give it 1.")


class VocFormat(PictureFormat, DivisibleFormat):
    """Pascal VOC; readable by supervision, torchvision, datumaro, CVAT."""

    name: ClassVar[str] = "voc"
    aliases: ClassVar[tuple[str, ...]] = ("VOC", "VOC_WITH_IMAGES")
    summary: ClassVar[str] = "Pascal VOC XML: boxes, and polygons beside them"
    controls: ClassVar[frozenset[str]] = (
        PictureFormat.controls | VECTOR_CONTROLS | MASK_CONTROLS
    )
    options_type: ClassVar[type[Any]] = VocOptions
    class_ids: ClassVar[ClassIds] = "contiguous"

    def begin(
        self, config: LabelConfig, output: Output, options: VocOptions, survey: None
    ) -> Writing:
        """Begin ``Annotations/``, ``images/`` and the lists of ``ImageSets/``."""
        del survey
        if config.controls_of(*MASK_CONTROLS):
            require_vision()
        wanted = Wanted(
            controls=self.controls,
            shapes=(Box, Polygon, Ellipse, EncodedMask),
            all_labels=options.labels == "all",
            sizes_needed=True,
            expresses=is_flag,
        )
        reader = PictureReader(config, output, wanted)
        maker = ObjectMaker(options, output)
        return VocWriter(reader, output, maker)
