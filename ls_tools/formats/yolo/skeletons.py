"""Boxes with keypoints to rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ls_tools.formats.pictures import OUTSIDE, fit_ltwh
from ls_tools.formats.poses import Pose, gather_poses, visibility
from ls_tools.formats.yolo.rows import box_numbers, fit_box, lines
from ls_tools.geometry import Keypoint, points_hull

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ls_tools.formats.pictures import Labelled
    from ls_tools.formats.poses import KeypointNames
    from ls_tools.formats.yolo.dataset import Written
    from ls_tools.geometry import Ltwh
    from ls_tools.output import Output

NO_BODY = "region of the keypoint was not written"
ONE_CLASS = "keypoints"
"""The class of all keypoints of an image, where no control could name another."""

_SIDES = ("left", "right")


class PoseMaker:
    """The regions of an annotation to a row per pose.

    Args:
        names: The keypoints, in the order of their columns.
        output: Where to.
        occluded: The choice that marks a keypoint as occluded.
        has_bodies: The label config has controls for what keypoints belong to.
    """

    def __init__(
        self, names: KeypointNames, output: Output, occluded: str, *, has_bodies: bool
    ) -> None:
        self._names = names
        self._clip = output.clip
        self._occluded = occluded
        self._has_bodies = has_bodies
        self._index_of = output.classes.index_of
        self.data_yaml = _data_yaml(names.names)

    def rows(self, found: Iterable[Labelled]) -> Iterator[Written]:
        """The lines of each region; those of a pose stand with its body."""
        poses, left = gather_poses(found, self._names, has_bodies=self._has_bodies)
        yield from left
        for pose in poses:
            yield from self._pose_rows(pose)

    def _pose_rows(self, pose: Pose) -> Iterator[Written]:
        for place, point in enumerate(pose.points):
            if point is not None and not self._is_on_image(point):
                pose.points[place] = None
                yield point, OUTSIDE
        points = pose.keypoints()
        members = [pose.body, *points] if pose.body else points
        if not members:
            return
        written = self._lines(pose, points)
        yield members[0], written
        for point in members[1:]:
            yield point, NO_BODY if isinstance(written, str) else ()

    def _lines(self, pose: Pose, points: Sequence[Labelled]) -> Sequence[str] | str:
        """The rows of a pose: one for each class of its body."""
        first = pose.body or points[0]
        box = fit_box(pose.body, clip=self._clip) if pose.body else self._hull(points)
        if isinstance(box, str):
            return box
        class_ids = first.class_ids if pose.body else [self._index_of(ONE_CLASS) or 0]
        numbers = box_numbers(box, first.drawing.size)
        for point in pose.points:
            numbers += self._columns(point) if point else (0.0, 0.0, 0)
        return lines(class_ids, numbers)

    def _is_on_image(self, point: Labelled) -> bool:
        x, y, _ = self._columns(point)
        return not self._clip or (0 <= x <= 1 and 0 <= y <= 1)

    def _columns(self, point: Labelled) -> tuple[float, float, int]:
        """Place of a keypoint, as shares of the image, and its visibility."""
        shape, size = point.drawing.shape, point.drawing.size
        if not isinstance(shape, Keypoint):  # what gather_poses made sure of
            raise TypeError(shape)
        x, y = shape.x_px / size.width_px, shape.y_px / size.height_px
        return x, y, visibility(point, self._occluded)

    def _hull(self, points: Sequence[Labelled]) -> Ltwh | str:
        """The box around keypoints that belong to no region."""
        shapes = [point.drawing.shape for point in points]
        places = [(s.x_px, s.y_px) for s in shapes if isinstance(s, Keypoint)]
        size = points[0].drawing.size
        return fit_ltwh(points_hull(places), size, [], clip=self._clip)


def _data_yaml(names: Sequence[str]) -> tuple[str, ...]:
    """What ``data.yaml`` says of keypoints: how many, and which mirror which."""
    mirrored = _mirrored(names)
    lines = [f"kpt_shape: [{len(names)}, 3]"]
    if mirrored:
        lines.append(f"flip_idx: {mirrored}")
    return tuple(lines)


def _mirrored(names: Sequence[str]) -> list[int]:
    """The place of each name's mirror image; empty where names do not tell."""
    places = {name.casefold(): place for place, name in enumerate(names)}
    found: list[int] = []
    has_sides = False
    for place, name in enumerate(names):
        other = _other_side(name.casefold())
        has_sides = has_sides or other != name.casefold()
        if other not in places:
            return []
        found.append(places.get(other, place))
    return found if has_sides else []


def _other_side(name: str) -> str:
    for side, other in (_SIDES, _SIDES[::-1]):
        if side in name:
            return name.replace(side, other)
    return name
