"""Boxes on video: the key frames that were drawn, and all frames between them.

As the labeling page draws them: linear between two key frames, held after the
last one, gone after one that is not enabled. Frames count from 1. Pure; knows no
format, no config and no file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from ls_tools.geometry import Ltwh
from ls_tools.models import Result
from ls_tools.regions import Region, fields_of, number_in

if TYPE_CHECKING:
    from collections.abc import Iterator

NOT_A_TRACK = "malformed value: a track needs a sequence of key frames"
"""The reason of a region without any key frame that can be read."""

BAD_KEY_FRAME = "malformed key frame dropped"
"""What is lost of a track of which some key frames cannot be read."""

REPEATED_KEY_FRAME = "second key frame of one frame dropped"
"""What is lost of a track with several key frames at one frame."""

TOO_LATE = "frames after the last one allowed left out"
"""What is lost of a track that goes on longer than a video may."""

NOT_HELD = "last key frame not held: length of the video unknown"
"""What is lost of a track of which nobody knows how long it goes on."""

TRACK_TYPE = "videorectangle"
"""The type of the results that hold a track."""

_LARGEST = 1e9
_CREDIBLE_FRAMES = 100_000
_SLOWEST_RATE = 1e-3
_FASTEST_RATE = 1e3
_NUMBERS = ("x", "y", "width", "height")


class KeyFrame(msgspec.Struct, frozen=True, gc=False):
    """A box as it was drawn on one frame.

    Attributes:
        frame: From 1.
        ltwh_pct: Percent of the video's width and height.
        rotation_deg: Clockwise, about the top left corner.
        enabled: Whether the track goes on after this frame.
        auto: Whether the server made it up between two others.
        time_s: Seconds, as the labeling page has it; None where unknown.
    """

    frame: int
    ltwh_pct: Ltwh
    rotation_deg: float
    enabled: bool
    auto: bool = False
    time_s: float | None = None


class Position(NamedTuple):
    """Where a box is on one frame; as in ``KeyFrame``."""

    frame: int
    ltwh_pct: Ltwh
    rotation_deg: float


class Track(msgspec.Struct, frozen=True):
    """A region that was drawn on a video.

    Attributes:
        region: The region.
        result: The result that holds the key frames.
        key_frames: By frame, at least one, each frame once.
        frames_count: Number of frames of the video, as the labeling page counts
            them; None where that is unknown or not credible.
        duration_s: Length of the video in seconds, likewise.
        labels: Labels, each once, in file order.
        losses: What of it could not be read, as reasons.
    """

    region: Region
    result: Result
    key_frames: tuple[KeyFrame, ...]
    frames_count: int | None
    duration_s: float | None
    labels: list[str]
    losses: tuple[str, ...] = ()

    @property
    def frame_rate(self) -> float | None:
        """Frames per second that the labeling page counted by, where known."""
        timed = [key for key in self.key_frames if key.time_s]
        if timed and timed[-1].time_s:
            return credible_rate(timed[-1].frame / timed[-1].time_s)
        if self.frames_count and self.duration_s:
            return credible_rate(self.frames_count / self.duration_s)
        return None


def read_track(region: Region, *, max_frames: int) -> Track | str:
    """Read a region that was drawn on a video.

    Args:
        region: Any region.
        max_frames: The last frame that is taken notice of.

    Returns:
        The track, or where there is none, the reason in a few words.
    """
    result = next((r for r in region.results if r.type == TRACK_TYPE), None)
    fields = fields_of(result) if result else {}
    sequence = fields.get("sequence")
    if result is None or not isinstance(sequence, list):
        return NOT_A_TRACK
    found = [_key_frame(entry) for entry in sequence]
    readable = [key for key in found if key is not None]
    allowed = [key for key in readable if key.frame <= max_frames]
    key_frames = _distinct(allowed)
    if not key_frames:
        return TOO_LATE if readable else NOT_A_TRACK
    losses = [BAD_KEY_FRAME] if len(readable) < len(found) else []
    if _repeats(allowed, key_frames):
        losses.append(REPEATED_KEY_FRAME)
    duration_s = _positive(fields.get("duration"))
    frames_count = _frames_count(fields.get("framesCount"), duration_s)
    if len(allowed) < len(readable) or (frames_count or 0) > max_frames:
        losses.append(TOO_LATE)
    return Track(
        region=region,
        result=result,
        key_frames=key_frames,
        frames_count=min(frames_count, max_frames) if frames_count else None,
        duration_s=duration_s,
        labels=region.labels(),
        losses=tuple(losses),
    )


def last_frame(track: Track, frames_count: int | None = None) -> int:
    """The last frame that a track is drawn on.

    Args:
        track: The track.
        frames_count: Number of frames of the video where the track does not tell.
    """
    last = track.key_frames[-1]
    if not last.enabled:
        return last.frame
    return max(last.frame, track.frames_count or frames_count or 0)


def positions(track: Track, end: int, *, every: int = 1) -> Iterator[Position]:
    """Where a track is, frame by frame.

    Args:
        track: The track.
        end: The last frame of interest; ``last_frame``.
        every: Only every so many frames, the first of the video among them.
    """
    keys = track.key_frames
    for index, key in enumerate(keys):
        following = keys[index + 1] if index + 1 < len(keys) else None
        stop = following.frame if following else end + 1
        if not key.enabled:
            stop = key.frame + 1
        first = key.frame + (1 - key.frame) % every
        for frame in range(first, min(stop, end + 1), every):
            yield _between(key, following, frame)


def credible_rate(rate: float) -> float | None:
    """Frames per second that a video may have; None of any other number."""
    return rate if _SLOWEST_RATE <= rate <= _FASTEST_RATE else None


def _between(key: KeyFrame, following: KeyFrame | None, frame: int) -> Position:
    if following is None or frame == key.frame:
        return Position(frame, key.ltwh_pct, key.rotation_deg)
    share = (frame - key.frame) / (following.frame - key.frame)
    left, top, width, height = (
        start + (end - start) * share
        for start, end in zip(key.ltwh_pct, following.ltwh_pct, strict=True)
    )
    turned_deg = (following.rotation_deg - key.rotation_deg) * share
    ltwh_pct = left, top, width, height
    return Position(frame, ltwh_pct, key.rotation_deg + turned_deg)


def _key_frame(entry: Any) -> KeyFrame | None:
    if not isinstance(entry, dict):
        return None
    frame = _number(entry.get("frame"))
    numbers = [_number(entry.get(name)) for name in _NUMBERS]
    rotation = entry.get("rotation")
    rotation_deg = 0.0 if rotation is None else _number(rotation)
    left, top, width, height = numbers
    if frame is None or frame < 1 or frame != int(frame) or rotation_deg is None:
        return None
    if left is None or top is None or width is None or height is None:
        return None
    return KeyFrame(
        frame=int(frame),
        ltwh_pct=(left, top, width, height),
        rotation_deg=rotation_deg,
        enabled=entry.get("enabled") not in (False, 0, "false"),
        auto=entry.get("auto") is True,
        time_s=_positive(entry.get("time")),
    )


def _distinct(found: list[KeyFrame]) -> tuple[KeyFrame, ...]:
    """One key frame per frame, in order: what was drawn before what was made up."""
    chosen: dict[int, KeyFrame] = {}
    for key in sorted(found, key=lambda key: (key.frame, key.auto)):
        chosen.setdefault(key.frame, key)
    return tuple(chosen.values())


def _repeats(found: list[KeyFrame], kept: tuple[KeyFrame, ...]) -> bool:
    """Whether more than frames that were made up is lost."""
    return sum(not key.auto for key in found) > sum(not key.auto for key in kept)


def _frames_count(value: Any, duration_s: float | None) -> int | None:
    """The number of frames, unless the video cannot have as many."""
    count = _positive(value)
    if count is None:
        return None
    longest = max(_CREDIBLE_FRAMES, (duration_s or 0.0) * _FASTEST_RATE)
    return int(count) if count <= longest else None


def _positive(value: Any) -> float | None:
    number = _number(value)
    return number if number is not None and number > 0 else None


def _number(value: Any) -> float | None:
    """A number of a credible size; None where there is no such number."""
    number = number_in(value)
    return number if number is not None and abs(number) < _LARGEST else None
