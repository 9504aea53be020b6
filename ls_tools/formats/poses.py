"""What pose formats share: the order of keypoints, and whose keypoints they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from ls_tools.formats.fitting import OUTSIDE
from ls_tools.formats.pictures import Labelled
from ls_tools.formats.protocol import option
from ls_tools.geometry import Keypoint, clip_ltwh, points_hull
from ls_tools.output import DROPPED
from ls_tools.regions import choices_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ls_tools.geometry import Ltwh, Point
    from ls_tools.label_config import Label, LabelConfig
    from ls_tools.models import Result
    from ls_tools.output import ClassMap
    from ls_tools.regions import Drawing

NO_PARENT = "keypoint without a region that it belongs to"
TWICE = "second keypoint of one name in its region"
UNKNOWN_NAME = "keypoint label is not in the label config"
UNNAMED = "keypoint without a label"
NO_BODY = "region of the keypoint was not written"

ONE_CLASS = "keypoints"
"""The class of keypoints that belong to no region: those of one image."""

LOOSE = "Keypoints without a region"
"""What is of that class, for the Report."""

T = TypeVar("T")


class Pose(msgspec.Struct, gc=False):
    """A body and its keypoints.

    Attributes:
        body: The region that the keypoints belong to; None for keypoints that
            belong to none, where no control could have made one.
        points: By the place of their names; None where one was not labeled.
    """

    body: Labelled | None
    points: list[Labelled | None]

    def keypoints(self) -> list[Labelled]:
        """Those that were labeled."""
        return [point for point in self.points if point is not None]


class KeypointNames:
    """The names of keypoints, in the order in which their columns are written.

    It is the order of the label config; that of ``model_index`` where every
    label has one.

    Args:
        config: The label config.
        classes: Renames labels.
    """

    def __init__(self, config: LabelConfig, classes: ClassMap) -> None:
        plain = ("Labels",) if config.controls_of("KeyPoint") else ()
        controls = config.controls_of("KeyPointLabels", *plain)
        labels = [label for control in controls for label in control.labels]
        self._classes = classes
        named = (classes.name_of(label.name) for label in _ordered(labels))
        self.names: tuple[str, ...] = tuple(dict.fromkeys(n for n in named if n))
        self._places = {name: place for place, name in enumerate(self.names)}

    def place_of(self, point: Labelled) -> int | str:
        """The place of a keypoint, or the reason why it has none."""
        labels = point.drawing.labels
        if not labels:
            return UNNAMED
        name = self._classes.name_of(labels[0])
        if name is None:
            return DROPPED
        return self._places.get(name, UNKNOWN_NAME)


def gather_poses(
    found: Iterable[Labelled], names: KeypointNames, *, has_bodies: bool
) -> tuple[list[Pose], list[tuple[Labelled, str]]]:
    """Put the keypoints of one annotation to the regions that they belong to.

    Args:
        found: The regions of the annotation that can be read.
        names: The names of the keypoints.
        has_bodies: The label config has a control for bodies. Where it has
            none, the keypoints of an image are one pose.

    Returns:
        The poses in the order of their bodies, and the keypoints that belong
        to none with the reason.
    """
    poses: dict[Any, Pose] = {}
    points: list[Labelled] = []
    for one in found:
        if isinstance(one.drawing.shape, Keypoint):
            points.append(one)
        else:
            poses[one.region.id or id(one)] = Pose(one, [None] * len(names.names))
    left: list[tuple[Labelled, str]] = []
    for point in points:
        parent: Any = _parent_id(point)
        if not has_bodies:
            parent = ("image", point.picture.position)
            poses.setdefault(parent, Pose(None, [None] * len(names.names)))
        reason = _put(point, poses.get(parent), names)
        if reason:
            left.append((point, reason))
    return [pose for pose in poses.values() if pose.body or pose.keypoints()], left


def _put(point: Labelled, pose: Pose | None, names: KeypointNames) -> str:
    """Why ``point`` is not in ``pose``; empty where it is now."""
    place = names.place_of(point)
    if isinstance(place, str):
        return place
    if pose is None:
        return NO_BODY if _parent_id(point) else NO_PARENT
    if pose.body and pose.body.picture is not point.picture:
        return NO_PARENT
    if pose.points[place] is not None:
        return TWICE
    pose.points[place] = point
    return ""


def make_rows(
    pose: Pose, make: Callable[[Pose], T | str], *, clip: bool
) -> Iterator[tuple[Labelled, T | str | None]]:
    """Each region of a pose once, with the row that the first of them stands for.

    Args:
        pose: Keypoints that are off the image are taken out of it.
        make: Makes the row, or says why there is none; the pose has a body or a
            keypoint.
        clip: Keypoints off the image are not written.

    Yields:
        A region and the row; None for those whose row another one stands for; a
        reason where a region is not written.
    """
    for place, point in enumerate(pose.points):
        if point is not None and clip and not _is_on_image(point):
            pose.points[place] = None
            yield point, OUTSIDE
    points = pose.keypoints()
    members = [pose.body, *points] if pose.body else points
    if not members:
        return
    row = make(pose)
    yield members[0], row
    for point in members[1:]:
        yield point, NO_BODY if isinstance(row, str) else None


def point_px(point: Labelled) -> Point:
    """Where a keypoint is, in pixels."""
    shape = point.drawing.shape
    if not isinstance(shape, Keypoint):  # what gather_poses made sure of
        raise TypeError(shape)
    return shape.x_px, shape.y_px


def ltwh_around(points: Sequence[Labelled], *, clip: bool) -> Ltwh:
    """The box around at least one keypoint, of a pixel or more each way."""
    left, top, width, height = points_hull([point_px(point) for point in points])
    more_x, more_y = max(1.0 - width, 0.0), max(1.0 - height, 0.0)
    ltwh = left - more_x / 2, top - more_y / 2, width + more_x, height + more_y
    return (clip_ltwh(ltwh, points[0].drawing.size) if clip else None) or ltwh


def _is_on_image(point: Labelled) -> bool:
    (x, y), size = point_px(point), point.drawing.size
    return 0 <= x <= size.width_px and 0 <= y <= size.height_px


def visibility(point: Labelled, occluded: str) -> int:
    """COCO's flag of a labeled keypoint: 1 for occluded, 2 for visible.

    Args:
        point: The keypoint.
        occluded: The per-region choice that says so; empty for none.
    """
    if occluded and any(occluded in choices_of(r) for r in point.drawing.extras):
        return 1
    return 2


def expresses_visibility(occluded: str) -> Callable[[Drawing, Result], bool]:
    """Whether a result of a region says what ``visibility`` gives: see ``Wanted``."""

    def expresses(drawing: Drawing, result: Result) -> bool:
        is_point = isinstance(drawing.shape, Keypoint)
        return is_point and says_only(result, occluded)

    return expresses


def says_only(result: Result, word: str) -> bool:
    """Whether a result is the choice of ``word`` and of nothing else."""
    return bool(word) and set(choices_of(result)) == {word}


def occluded_option() -> Any:
    """The option ``occluded``; see ``visibility``."""
    return option(
        "",
        "The per-region choice that marks a keypoint as labeled but not visible, "
        "which is written as v=1 instead of 2.",
    )


def _ordered(labels: Sequence[Label]) -> Sequence[Label]:
    places = [label.attributes.get("model_index", "") for label in labels]
    if not all(place.isdecimal() for place in places):
        return labels
    ranked = zip(map(int, places), range(len(labels)), labels, strict=True)
    return [label for _, _, label in sorted(ranked)]


def _parent_id(point: Labelled) -> str | None:
    parents = (result.parent_id for result in point.region.results)
    return next((parent for parent in parents if parent), None)
