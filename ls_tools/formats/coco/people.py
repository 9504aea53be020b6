"""Keypoints to the columns of the rows that they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeAlias

from msgspec import UNSET

from ls_tools.errors import UsageError
from ls_tools.formats.poses import (
    LOOSE,
    NO_PARENT,
    ONE_CLASS,
    Pose,
    gather_poses,
    ltwh_around,
    make_rows,
    point_px,
    visibility,
)
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

_MISSING = (0, 0, 0)


class People:
    """The regions of an annotation to a row per region, with its keypoints.

    Args:
        names: The keypoints, in the order of their columns.
        extents: Makes what a row has without keypoints.
        output: Its classes name what belongs to no region.
        occluded: The choice that marks a keypoint as occluded; empty for none.
    """

    takes_plain_boxes: ClassVar[bool] = False  # keypoints may belong to them

    def __init__(
        self, names: KeypointNames, extents: Extents, output: Output, occluded: str
    ) -> None:
        self._names = names
        self._extents = extents
        self._classes = output.classes
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
            yield from make_rows(pose, self._columns, clip=self._clip)

    def _columns(self, pose: Pose) -> Columns | str:
        points = pose.keypoints()
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
        class_id = self._classes.index_of_unlabelled(ONE_CLASS, LOOSE)
        if class_id is None:
            return DROPPED
        first.class_ids = [class_id]
        ltwh = ltwh_around(points, clip=self._clip)
        return ltwh, ltwh[2] * ltwh[3], [], UNSET, UNSET, 0

    def _keypoint(self, point: Labelled) -> tuple[float, float, int]:
        return *point_px(point), visibility(point, self._occluded)
