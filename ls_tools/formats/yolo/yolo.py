"""The YOLO format: its options, and which geometry a label config asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ls_tools.formats.fitting import (
    check_tolerances,
    ellipse_tolerance_option,
    mask_tolerance_option,
)
from ls_tools.formats.pictures import (
    KEYPOINT_CONTROLS,
    MASK_CONTROLS,
    OUTLINE_CONTROLS,
    SHAPE_CONTROLS,
    VECTOR_CONTROLS,
    PictureFormat,
    PictureReader,
    Wanted,
    labels_option,
)
from ls_tools.formats.poses import (
    KeypointNames,
    expresses_visibility,
    occluded_option,
)
from ls_tools.formats.protocol import ClassIds, DivisibleFormat, Writing, option
from ls_tools.formats.yolo.dataset import DatasetWriter
from ls_tools.formats.yolo.rows import RowMaker, make_box, make_outline, make_turned_box
from ls_tools.formats.yolo.skeletons import PoseMaker
from ls_tools.geometry import Box, Ellipse, EncodedMask, Keypoint, Polygon

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ls_tools.formats.yolo.dataset import Maker
    from ls_tools.label_config import LabelConfig
    from ls_tools.output import Output

_BODY_CONTROLS = SHAPE_CONTROLS | MASK_CONTROLS | VECTOR_CONTROLS
_AREA_CONTROLS = OUTLINE_CONTROLS | MASK_CONTROLS | VECTOR_CONTROLS
_SHAPES = (Box, Polygon, Ellipse, EncodedMask)
_POSE_SHAPES = (*_SHAPES, Keypoint)
_TASKS = ("detect", "segment", "obb", "pose")


@dataclass(frozen=True, slots=True, kw_only=True)
class YoloOptions:
    """Options of the YOLO format."""

    task: str = option(
        "auto",
        "The geometry of every row: boxes (detect), outlines (segment), turned boxes "
        "(obb) or boxes with keypoints (pose); auto takes pose where the label config "
        "has a keypoint control, else segment where it has one for outlines or masks.",
        choices=("auto", *_TASKS),
    )
    labels: str = labels_option("all")
    ellipse_tolerance_px: float = ellipse_tolerance_option()
    mask_tolerance_px: float = mask_tolerance_option(1.0, "outline")
    occluded: str = occluded_option()

    def __post_init__(self) -> None:
        check_tolerances(
            ellipse_px=self.ellipse_tolerance_px, mask_px=self.mask_tolerance_px
        )


class YoloFormat(PictureFormat, DivisibleFormat):
    """YOLO; readable by Ultralytics."""

    name: ClassVar[str] = "yolo"
    aliases: ClassVar[tuple[str, ...]] = ("YOLO", "YOLO_WITH_IMAGES")
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "YOLO_OBB": {"task": "obb"},
        "YOLO_OBB_WITH_IMAGES": {"task": "obb"},
        "yolo_detect": {"task": "detect"},
        "yolo_segment": {"task": "segment"},
        "yolo_pose": {"task": "pose"},
    }
    summary: ClassVar[str] = "YOLO text files: boxes, outlines, turned boxes or poses"
    controls: ClassVar[frozenset[str]] = _BODY_CONTROLS
    classless_controls: ClassVar[frozenset[str]] = KEYPOINT_CONTROLS
    options_type: ClassVar[type[Any]] = YoloOptions
    class_ids: ClassVar[ClassIds] = "contiguous"

    def begin(
        self, config: LabelConfig, output: Output, options: YoloOptions, survey: None
    ) -> Writing:
        """Begin ``images/``, ``labels/`` and the files that list the classes."""
        del survey
        task = _choose_task(config) if options.task == "auto" else options.task
        is_pose = task == "pose"
        wanted = Wanted(
            controls=_BODY_CONTROLS | (KEYPOINT_CONTROLS if is_pose else frozenset()),
            shapes=_POSE_SHAPES if is_pose else _SHAPES,
            all_labels=options.labels == "all",
            sizes_needed=False,
            expresses=expresses_visibility(options.occluded),
        )
        reader = PictureReader(config, output, wanted)
        maker = _maker(task, config, output, options)
        return DatasetWriter(reader, output, maker)


def _choose_task(config: LabelConfig) -> str:
    if config.controls_of("KeyPointLabels"):
        return "pose"
    return "segment" if config.controls_of(*_AREA_CONTROLS) else "detect"


def _maker(
    task: str, config: LabelConfig, output: Output, options: YoloOptions
) -> Maker:
    if task == "pose":
        names = KeypointNames(config, output.classes)
        has_bodies = bool(config.controls_of(*(_BODY_CONTROLS - {"Labels"})))
        return PoseMaker(names, output, options.occluded, has_bodies=has_bodies)
    make = {"detect": make_box, "segment": make_outline, "obb": make_turned_box}[task]
    return RowMaker(make, output, options)
