"""The boxes of a video by frame, as formats write them.

Counts what cannot be written; knows no format.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import msgspec

from ls_tools.formats.fitting import ROTATION_DROPPED, fit_ltwh, fit_points
from ls_tools.formats.videos import Tracked
from ls_tools.geometry import (
    Box,
    Ltwh,
    Point,
    Size,
    corners,
    hull,
    ltwh_to_px,
)
from ls_tools.tracks import NOT_HELD, last_frame, positions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ls_tools.formats.videos import Footage, VideoReader
    from ls_tools.output import Output
    from ls_tools.tracks import Position

NO_VIDEO_SIZE = "video size unknown"
NO_FRAME = "on no frame that is written"
TOO_MANY = "more boxes than a video may have"

MAX_BOXES = 10_000_000
"""Most boxes on the frames of one video."""

_UNIT_SIZE = Size(100, 100)


class Placing(msgspec.Struct, frozen=True):
    """A box on one frame.

    Attributes:
        frame: From 1.
        tracked: Whose box it is.
        number: Which track of the video that is, from 1.
        ltwh: The upright box around it, cut to the frame: pixels; percent where
            the size is unknown and does not matter.
        corners_px: The corners of a turned box, cut to the frame; empty for an
            upright one, and where rotation is not kept.
        rotation_deg: Clockwise.
        size: The size of the frame; 100 times 100 where it is unknown.
    """

    frame: int
    tracked: Tracked
    number: int
    ltwh: Ltwh
    corners_px: Sequence[Point]
    rotation_deg: float
    size: Size


class Placer:
    """Puts the boxes of videos on their frames.

    Args:
        reader: Found the boxes.
        output: Its tally counts the regions.
        sizes_needed: Boxes on videos of unknown size are of no use, even if they
            are upright.
        keeps_rotation: Whether rotation is written, beside the upright box.
    """

    def __init__(
        self,
        reader: VideoReader,
        output: Output,
        *,
        sizes_needed: bool,
        keeps_rotation: bool = False,
    ) -> None:
        self._reader = reader
        self._output = output
        self._sizes_needed = sizes_needed
        self._keeps_rotation = keeps_rotation

    def frames(
        self, footage: Footage, *, empty: bool = False
    ) -> Iterator[tuple[int, list[Placing]]]:
        """The frames of a video with the boxes on each; counts the regions.

        Args:
            footage: The video.
            empty: Those without a box as well, as far as its length is known.
        """
        every, ahead = self._reader.options.every, 1
        streams = [
            _numbered(
                positions(footage.tracks[number - 1].track, end, every=every), number
            )
            for number, end in self._allowed_ends(footage).items()
        ]
        for frame, group in groupby(heapq.merge(*streams), key=itemgetter(0)):
            if empty:
                yield from ((n, []) for n in range(ahead, frame, every))
                ahead = frame + every
            placings = [self._placing(footage, number, p) for _, number, p in group]
            found = [placing for placing in placings if placing is not None]
            if found or empty:
                yield frame, found
        if empty:
            count = self._reader.frames_count(footage)
            yield from ((n, []) for n in range(ahead, count + 1, every))

    def drop(self, placings: Sequence[Placing], reason: str) -> None:
        """Take back boxes of a frame that cannot be written after all."""
        for placing in placings:
            placing.tracked.boxes -= 1
            placing.tracked.missing[reason] = None

    def finish(self, footage: Footage) -> None:
        """Count the regions of a video, when its frames were written."""
        tally = self._output.tally
        for tracked in footage.tracks:
            task_id, region_id = tracked.task_id, tracked.track.region.id
            if not tracked.boxes:
                reason = next(iter(tracked.missing), NO_FRAME)
                tally.skip(reason, task_id=task_id, region_id=region_id)
                continue
            tally.wrote()
            missing = (f"{reason} on some frames" for reason in tracked.missing)
            for reason in (*tracked.losses, *missing):
                tally.degrade(reason, task_id=task_id, region_id=region_id)

    def _allowed_ends(self, footage: Footage) -> dict[int, int]:
        """The last frame of each track, by number, while there is room for all."""
        facts = footage.video.facts
        frames_count = facts.frames_count if facts else None
        room, ends = MAX_BOXES, {}
        for number, tracked in enumerate(footage.tracks, start=1):
            track = tracked.track
            end = min(last_frame(track, frames_count), self._reader.options.max_frames)
            if track.key_frames[-1].enabled and not (
                track.frames_count or frames_count
            ):
                tracked.losses[NOT_HELD] = None
            room -= end - track.key_frames[0].frame + 1
            if room < 0:
                tracked.missing[TOO_MANY] = None
            else:
                ends[number] = end
        return ends

    def _placing(
        self, footage: Footage, number: int, position: Position
    ) -> Placing | None:
        tracked, rotation_deg = footage.tracks[number - 1], position.rotation_deg % 360
        size = footage.video.size
        if size is None and (self._sizes_needed or rotation_deg % 180):
            size = self._reader.size(footage)
        if size is None and (self._sizes_needed or rotation_deg % 180):
            tracked.missing[NO_VIDEO_SIZE] = None
            return None
        size = size or _UNIT_SIZE
        box = Box(*ltwh_to_px(position.ltwh_pct, size), rotation_deg)
        losses: list[str] = []
        fitted = self._fit(box, size, losses)
        if isinstance(fitted, str):
            tracked.missing[fitted] = None
            return None
        tracked.losses.update(dict.fromkeys(losses))
        tracked.boxes += 1
        return Placing(position.frame, tracked, number, *fitted, rotation_deg, size)

    def _fit(
        self, box: Box, size: Size, losses: list[str]
    ) -> tuple[Ltwh, Sequence[Point]] | str:
        """A box as it can be written, with its corners where it is turned."""
        clip, is_turned = self._output.clip, bool(box.rotation_deg % 90)
        if is_turned and self._keeps_rotation:
            ring = fit_points(corners(box), size, losses, clip=clip)
            return ring if isinstance(ring, str) else (ring.ltwh_px, ring.points_px)
        ltwh = fit_ltwh(hull(box), size, losses, clip=clip)
        if is_turned:
            losses.append(ROTATION_DROPPED)
        return ltwh if isinstance(ltwh, str) else (ltwh, ())


def _numbered(
    found: Iterator[Position], number: int
) -> Iterator[tuple[int, int, Position]]:
    """Positions with what they are sorted by."""
    for position in found:
        yield position.frame, number, position
