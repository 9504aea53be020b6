"""The COCO formats and their options."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ls_tools.errors import UsageError
from ls_tools.formats.coco.extents import Drafting, Extents
from ls_tools.formats.coco.people import People
from ls_tools.formats.coco.writer import CocoWriter
from ls_tools.formats.fitting import (
    check_tolerances,
    ellipse_tolerance_option,
    mask_tolerance_option,
)
from ls_tools.formats.pictures import (
    KEYPOINT_CONTROLS,
    MASK_CONTROLS,
    SHAPE_CONTROLS,
    VECTOR_CONTROLS,
    PictureFormat,
    PictureReader,
    Wanted,
    labels_option,
)
from ls_tools.formats.poses import KeypointNames, occluded_option, says_only
from ls_tools.formats.protocol import ClassIds, DivisibleFormat, Writing, option
from ls_tools.geometry import Box, Ellipse, EncodedMask, Keypoint, Polygon
from ls_tools.raster import require_vision
from ls_tools.regions import choices_of

if TYPE_CHECKING:
    from ls_tools.formats.coco.people import Bone
    from ls_tools.label_config import LabelConfig
    from ls_tools.models import Result
    from ls_tools.output import Output
    from ls_tools.regions import Drawing

_BONE = re.compile(r"\s*(\d+)\s*-\s*(\d+)\s*")
_SHAPES = (Box, Polygon, Ellipse, EncodedMask, Keypoint)


@dataclass(frozen=True, slots=True, kw_only=True)
class CocoOptions:
    """Options of the COCO format."""

    labels: str = labels_option("first")
    ellipse_tolerance_px: float = ellipse_tolerance_option()
    masks: str = option(
        "rle",
        "How masks are written: as run-length codes, exact, or as polygons where "
        "they have no holes.",
        choices=("rle", "polygon"),
    )
    mask_tolerance_px: float = mask_tolerance_option(0.5)
    crowd: str = option(
        "",
        "The per-region choice that marks a region as a crowd, which is written as a "
        "run-length code with iscrowd 1.",
    )
    occluded: str = occluded_option()
    skeleton: str = option(
        "",
        "Which keypoints are joined by lines, by their places from 1: 1-2,2-3.",
    )

    def __post_init__(self) -> None:
        check_tolerances(
            ellipse_px=self.ellipse_tolerance_px, mask_px=self.mask_tolerance_px
        )
        self.bones()

    def bones(self) -> list[Bone]:
        """The pairs of ``skeleton``, places from 1.

        Raises:
            UsageError: It does not parse.
        """
        pairs = self.skeleton.split(",") if self.skeleton.strip() else []
        found = [_BONE.fullmatch(pair) for pair in pairs]
        bones = [(int(pair[1]), int(pair[2])) for pair in found if pair]
        if len(bones) < len(pairs) or any(min(bone) < 1 for bone in bones):
            msg = f"The skeleton {self.skeleton!r} is not one."
            raise UsageError(msg, hint="Give pairs of places from 1: 1-2,2-3.")
        return bones


@dataclass(frozen=True, slots=True, kw_only=True)
class BrushCocoOptions:
    """Options of the format of masks alone."""

    labels: str = labels_option("first")


class CocoFormat(PictureFormat, DivisibleFormat):
    """COCO; readable by pycocotools."""

    name: ClassVar[str] = "coco"
    aliases: ClassVar[tuple[str, ...]] = ("COCO", "COCO_WITH_IMAGES")
    summary: ClassVar[str] = "COCO JSON: boxes, outlines, masks and keypoints"
    controls: ClassVar[frozenset[str]] = (
        SHAPE_CONTROLS | VECTOR_CONTROLS | MASK_CONTROLS
    )
    classless_controls: ClassVar[frozenset[str]] = KEYPOINT_CONTROLS
    options_type: ClassVar[type[Any]] = CocoOptions
    class_ids: ClassVar[ClassIds] = "category"

    def begin(
        self, config: LabelConfig, output: Output, options: CocoOptions, survey: None
    ) -> Writing:
        """Begin ``result.json``, or a file per split, and ``images/``."""
        del survey
        if options.crowd or config.controls_of(*MASK_CONTROLS):
            require_vision()
        told = _Told(options)
        wanted = Wanted(
            controls=self.controls | self.classless_controls,
            shapes=_SHAPES,
            all_labels=options.labels == "all",
            sizes_needed=True,
            keeps_score=True,
            expresses=told.expresses,
        )
        drafting = Drafting(
            ellipse_tolerance_px=options.ellipse_tolerance_px,
            mask_tolerance_px=options.mask_tolerance_px,
            are_masks_outlined=options.masks == "polygon",
            clip=output.clip,
            bounds=output.bounds,
            is_crowd=told.is_crowd if options.crowd else None,
        )
        extents = Extents(drafting)
        names = KeypointNames(config, output.classes)
        people = People(names, extents, output, options.occluded)
        people.join(options.bones())
        maker = people if names.names else extents
        return CocoWriter(PictureReader(config, output, wanted), output, maker)


class BrushCocoFormat(PictureFormat, DivisibleFormat):
    """COCO of masks alone, exact to the pixel; readable by pycocotools."""

    name: ClassVar[str] = "brush_coco"
    aliases: ClassVar[tuple[str, ...]] = ("BRUSH_TO_COCO",)
    summary: ClassVar[str] = "COCO JSON of brush and bitmask regions, as RLE"
    controls: ClassVar[frozenset[str]] = MASK_CONTROLS | {"Labels"}
    extra: ClassVar[str] = "vision"
    requires: ClassVar[tuple[str, ...]] = ("numpy", "PIL")
    options_type: ClassVar[type[Any]] = BrushCocoOptions
    class_ids: ClassVar[ClassIds] = "category"

    def begin(
        self,
        config: LabelConfig,
        output: Output,
        options: BrushCocoOptions,
        survey: None,
    ) -> Writing:
        """Begin ``result.json``, or a file per split, and ``images/``."""
        del survey
        wanted = Wanted(
            controls=self.controls,
            shapes=(EncodedMask,),
            all_labels=options.labels == "all",
            sizes_needed=True,
            keeps_score=True,
        )
        extents = Extents(Drafting(clip=output.clip, bounds=output.bounds))
        return CocoWriter(PictureReader(config, output, wanted), output, extents)


class _Told:
    """What per-region choices say, in the words that the user named."""

    def __init__(self, options: CocoOptions) -> None:
        self._crowd = options.crowd
        self._occluded = options.occluded

    def expresses(self, drawing: Drawing, result: Result) -> bool:
        """Whether a result says nothing but what is written."""
        is_point = isinstance(drawing.shape, Keypoint)
        return says_only(result, self._occluded if is_point else self._crowd)

    def is_crowd(self, drawing: Drawing) -> bool:
        """Whether a drawing is marked as a crowd."""
        return any(self._crowd in choices_of(result) for result in drawing.extras)
