"""Keypoints to the columns of the rows that they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from msgspec import UNSET

from ls_tools.errors import UsageError
from ls_tools.formats.pictures import OUTSIDE, SECOND_LABEL
from ls_tools.formats.poses import NO_PARENT, Pose, gather_poses, visibility
from ls_tools.geometry import Keypoint, clip_ltwh, points_hull
from ls_tools.output import DROPPED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ls_tools.formats.coco.document import Category
    from ls_tools.formats.coco.extents import Columns, Extents, Made
    from ls_tools.formats.pictures import Labelled
    from ls_tools.formats.poses import KeypointNames
    from ls_tools.output import Output

Bone: TypeAlias = tuple[int, int]
"""Two keypoints that a line joins, by their places from 1."""

NO_BODY = "region of the keypoint was not written"
ONE_CLASS = "keypoints"
"""The category of keypoints that belong to no region: those of one image."""

_MISSING = (0, 0, 0)


class People:
    """The regions of an annotation to a row per region, with its keypoints.

    Args:
        names: The keypoints, in the order of their columns.
        extents: Makes what a row has without keypoints.
        output: Its classes name what belongs to no region.
        occluded: The choice that marks a keypoint as occluded; empty for none.
    """

    def __init__(
        self, names: KeypointNames, extents: Extents, output: Output, occluded: str
    ) -> None:
        self._names = names
        self._extents = extents
        self._index_of = output.classes.index_of
        self._clip = output.clip
        self._occluded = occluded
        self._bones: Sequence[Bone] = ()

    def join(self, bones: Sequence[Bone]) -> None:
        """Join keypoints by lines.

        Raises:
            UsageError: There are fewer keypoints.
        """
        highest = max((place for bone in bones for place in bone), default=0)
        if highest > len(self._names.names):
            msg = (
                f"The skeleton names keypoint {highest}; the label config has "
                f"{len(self._names.names)}."
            )
            raise UsageError(msg, hint="Places count from 1, as in COCO.")
        self._bones = bones

    def finish(self, category: Category) -> None:
        """Say which keypoints a category has: all do."""
        category.keypoints = self._names.names
        category.skeleton = tuple(self._bones)

    def rows(self, found: Iterable[Labelled]) -> Iterator[Made]:
        """Each region once; keypoints without a row of their own with None."""
        poses, left = gather_poses(found, self._names, has_bodies=True)
        orphans = [point for point, reason in left if reason == NO_PARENT]
        yield from (one for one in left if one[1] != NO_PARENT)
        of_images, left = gather_poses(orphans, self._names, has_bodies=False)
        yield from left
        for pose in (*poses, *of_images):
            yield from self._pose_rows(pose)

    def _pose_rows(self, pose: Pose) -> Iterator[Made]:
        for place, point in enumerate(pose.points):
            if point is not None and not self._is_on_image(point):
                pose.points[place] = None
                yield point, OUTSIDE
        points = pose.keypoints()
        members = [pose.body, *points] if pose.body else points
        if not members:
            return
        columns = self._columns(pose, points)
        yield members[0], columns
        for point in points[pose.body is None :]:
            yield point, NO_BODY if isinstance(columns, str) else None

    def _columns(self, pose: Pose, points: Sequence[Labelled]) -> Columns | str:
        if pose.body is not None:
            columns = self._extents.columns(pose.body)
        else:
            columns = self._image_columns(points)
        if isinstance(columns, str):
            return columns
        keypoints: list[float] = []
        for point in pose.points:
            keypoints += _MISSING if point is None else self._keypoint(point)
        return *columns, keypoints, len(points)

    def _image_columns(self, points: Sequence[Labelled]) -> Columns | str:
        """Of keypoints without a region: the box around them, of at least a pixel."""
        first = points[0]
        class_id = self._index_of(ONE_CLASS)
        if class_id is None:
            return DROPPED
        first.class_ids = [class_id]
        left, top, width, height = points_hull([_place(point) for point in points])
        more_x, more_y = max(1.0 - width, 0.0), max(1.0 - height, 0.0)
        ltwh = left - more_x / 2, top - more_y / 2, width + more_x, height + more_y
        if self._clip:
            ltwh = clip_ltwh(ltwh, first.drawing.size) or ltwh
        score = first.drawing.result.score
        score_column = UNSET if score is None else score
        return ltwh, ltwh[2] * ltwh[3], [], UNSET, score_column, 0

    def _keypoint(self, point: Labelled) -> tuple[float, float, int]:
        if len(point.drawing.labels) > 1 and SECOND_LABEL not in point.losses:
            point.losses.append(SECOND_LABEL)
        return *_place(point), visibility(point, self._occluded)

    def _is_on_image(self, point: Labelled) -> bool:
        (x, y), size = _place(point), point.drawing.size
        return not self._clip or (0 <= x <= size.width_px and 0 <= y <= size.height_px)


def _place(point: Labelled) -> tuple[float, float]:
    shape = point.drawing.shape
    if not isinstance(shape, Keypoint):  # what gather_poses made sure of
        raise TypeError(shape)
    return shape.x_px, shape.y_px
