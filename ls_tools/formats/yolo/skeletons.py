"""Boxes with keypoints to rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ls_tools.formats.poses import (
    LOOSE,
    ONE_CLASS,
    Pose,
    gather_poses,
    ltwh_around,
    make_rows,
    point_px,
    visibility,
)
from ls_tools.formats.yolo.rows import box_numbers, fit_box, lines
from ls_tools.output import DROPPED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ls_tools.formats.pictures import Labelled
    from ls_tools.formats.poses import KeypointNames
    from ls_tools.formats.yolo.dataset import PlainMake, Written
    from ls_tools.geometry import Ltwh
    from ls_tools.output import Output

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
        self._bounds = output.bounds
        self._occluded = occluded
        self._has_bodies = has_bodies
        self._classes = output.classes
        self.data_yaml: tuple[str, ...] = _data_yaml(names.names)
        self.plain_rows: PlainMake | None = None  # keypoints may belong to them

    def rows(self, found: Iterable[Labelled]) -> Iterator[Written]:
        """The lines of each region; those of a pose stand with its body."""
        poses, left = gather_poses(found, self._names, has_bodies=self._has_bodies)
        yield from left
        for pose in poses:
            for member, written in make_rows(pose, self._lines, clip=self._clip):
                yield member, () if written is None else written

    def _lines(self, pose: Pose) -> Sequence[str] | str:
        """The rows of a pose: one for each class of its body."""
        first = pose.body or pose.keypoints()[0]
        box = self._box(pose)
        class_ids = pose.body.class_ids if pose.body else self._class_ids()
        if isinstance(box, str) or not class_ids:
            return box if isinstance(box, str) else DROPPED
        numbers = box_numbers(box, first.drawing.size)
        for point in pose.points:
            numbers += self._columns(point) if point else (0.0, 0.0, 0)
        return lines(class_ids, numbers)

    def _box(self, pose: Pose) -> Ltwh | str:
        if pose.body:
            return fit_box(pose.body, self._bounds, clip=self._clip)
        return ltwh_around(pose.keypoints(), clip=self._clip)

    def _class_ids(self) -> list[int]:
        """The class of keypoints alone; none where the rename file drops it."""
        class_id = self._classes.index_of_unlabelled(ONE_CLASS, LOOSE)
        return [] if class_id is None else [class_id]

    def _columns(self, point: Labelled) -> tuple[float, float, int]:
        """Place of a keypoint, as shares of the image, and its visibility."""
        (x, y), size = point_px(point), point.drawing.size
        shares = x / size.width_px, y / size.height_px
        return *shares, visibility(point, self._occluded)


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
