"""What formats of video share: which videos a task has, and what is drawn on them.

Counts what cannot be written; knows no format.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import msgspec

from ls_tools.errors import UsageError
from ls_tools.formats.protocol import Format, option
from ls_tools.geometry import Size
from ls_tools.output import DROPPED
from ls_tools.output.items import Item
from ls_tools.output.reasons import NO_LABEL, NOTE, SCORE, SECOND_LABEL, not_expressible
from ls_tools.output.shown import Medium, Shown
from ls_tools.regions import image_size
from ls_tools.tracks import TRACK_TYPE, Track, credible_rate, read_track

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ls_tools.label_config import LabelConfig
    from ls_tools.output import Items, Output
    from ls_tools.output.shown import Place
    from ls_tools.output.video import VideoFacts
    from ls_tools.regions import Region

NO_VIDEO = "no video in the task data"
UNLABELED = "unlabeled video"
RATES_DIFFER = (
    "Some videos were labeled at another frame rate than their files have: frames are "
    "those of the labeling page, and pictures what it showed on them."
)

_SAME_RATE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoOptions:
    """Options that formats of video share."""

    every: int = option(1, "Write every so many frames only, the first among them.")
    labels: str = option(
        "first",
        "Of a region with several labels, write the first one or all of them, each "
        "on its own.",
        choices=("first", "all"),
    )
    max_frames: int = option(
        250_000, "The last frame of a video that is written; later ones are reported."
    )

    def __post_init__(self) -> None:
        for name in ("every", "max_frames"):
            number = getattr(self, name)
            if number < 1:
                msg = f"{name} is {number}: there is no frame to write."
                raise UsageError(msg, hint=f"Give {name} a number of 1 or more.")


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameOptions(VideoOptions):
    """Options of formats that have something for each frame."""

    empty_frames: bool = option(
        default=False,
        help="Write frames without a box as well, as far as the video's length is "
        "known.",
    )


class VideoFormat(Format):
    """A format of boxes on video; a subclass adds its name and ``write``."""

    controls: ClassVar[frozenset[str]] = frozenset({"VideoRectangle", "Labels"})
    objects: ClassVar[frozenset[str]] = frozenset({"Video"})
    extra: ClassVar[str] = "video"
    places_media: ClassVar[bool] = True


class Video(Medium):
    """One video of a task.

    Attributes:
        size: Its size as displayed, once it is known.
        facts: What its file tells, once it was looked at.
        sought: Whether its file was looked at.
    """

    size: Size | None = None
    facts: VideoFacts | None = None
    sought: bool = False


class Tracked(msgspec.Struct):
    """A region that can be written, as far as the format's file allows.

    Attributes:
        track: The region.
        class_ids: Ids of the classes to write it as, at least one.
        losses: What of it cannot be written, as reasons, each once.
        task_id: Its task.
        boxes: On how many frames it was written.
        missing: Why it was not written on others, as reasons, each once.
    """

    track: Track
    class_ids: list[int]
    losses: dict[str, None]
    task_id: int | str | None
    boxes: int = 0
    missing: dict[str, None] = msgspec.field(default_factory=dict)


class Footage(msgspec.Struct):
    """A video with everything that is drawn on it.

    Attributes:
        item: What refers to it; the first task, where several do.
        video: The video.
        stem: Its file name without extension.
        reference: The reference without secrets.
        tracks: What is drawn on it.
    """

    item: Item
    video: Video
    stem: str
    reference: str
    tracks: list[Tracked]


class VideoReader:
    """Finds the videos of tasks, and what is drawn on them.

    Args:
        config: The label config.
        output: Its tally counts the regions that are not found.
        options: ``VideoOptions`` of a format.
        keeps_score: Whether the format has a place for the score of a region.

    Attributes:
        options: Likewise.
    """

    def __init__(
        self,
        config: LabelConfig,
        output: Output,
        options: VideoOptions,
        *,
        keeps_score: bool = False,
    ) -> None:
        self._config = config
        self._keeps_score = keeps_score
        self._output = output
        self.options = options
        self._shown = Shown(config, VideoFormat.objects, missing=NO_VIDEO)
        self._shared: dict[tuple[str, str], Footage] = {}

    def footage(self, items: Items) -> Iterator[Footage]:
        """Every labeled video once, when all that is drawn on it is known."""
        videos: list[Video] = []
        tracks: list[list[Tracked]] = []
        for item in items:
            if item.part == 0:
                videos = self._shown.media(item.task, Video)
                tracks = [[] for _ in videos]
            if not videos or item.annotation is None:
                self._output.tally.skip_item(UNLABELED if videos else NO_VIDEO, item)
                continue
            for video, tracked in self._read(item, videos):
                tracks[video.position].append(tracked)
            if item.part == item.parts - 1:
                for video, found in zip(videos, tracks, strict=True):
                    yield from self._settle(video, item, found)
        yield from self._shared.values()

    def size(self, footage: Footage) -> Size | None:
        """The size of a video: as a result told it, else from its file."""
        video = footage.video
        if video.size is None:
            facts = self.facts(footage)
            video.size = Size(facts.width_px, facts.height_px) if facts else None
        return video.size

    def facts(self, footage: Footage) -> VideoFacts | None:
        """What the file of a video tells."""
        video = footage.video
        if not video.sought:
            video.sought = True
            media = self._output.media
            video.facts = media.video_facts(video.reference, footage.item)
        return video.facts

    def frames_count(self, footage: Footage) -> int:
        """How many frames a video has as far as that is known, else 0."""
        counts = [tracked.track.frames_count or 0 for tracked in footage.tracks]
        count = max(counts, default=0)
        if not count:
            facts = self.facts(footage)
            count = (facts.frames_count or 0) if facts else 0
        return min(count, self.options.max_frames)

    def frame_rate(self, footage: Footage) -> float | None:
        """Frames per second by which the frames of a video count, where known."""
        rates = (tracked.track.frame_rate for tracked in footage.tracks)
        rate = self._stated_rate(footage) or next((r for r in rates if r), None)
        facts = footage.video.facts
        rate_of_file = facts.frame_rate if facts else None
        if rate is None or rate_of_file is None:
            return rate or rate_of_file
        if abs(rate / rate_of_file - 1) < _SAME_RATE:
            return rate_of_file
        self._output.tally.warn(RATES_DIFFER)
        return rate

    def _stated_rate(self, footage: Footage) -> float | None:
        """The frame rate of the label config, as the labeling page reads it."""
        for name, _ in footage.video.places:
            shown = self._config.objects.get(name)
            attributes = shown.attributes if shown else {}
            for key, value in attributes.items():
                if key.lower() == "framerate":
                    return _rate(value)
        return None

    def _settle(
        self, video: Video, item: Item, tracks: list[Tracked]
    ) -> Iterator[Footage]:
        """A video as it is, unless other tasks may have more on it."""
        names = self._output.names
        named = names.named(video.reference, item.task)
        stem = names.stem(video.reference, item.task)
        footage = Footage(item, video, stem, named.canonical, tracks)
        if not named.is_shared:
            yield footage
            return
        key = self._output.split_of(item), stem
        known = self._shared.setdefault(key, footage)
        if known is not footage:
            known.tracks += tracks

    def _read(
        self, item: Item, videos: Sequence[Video]
    ) -> Iterator[tuple[Video, Tracked]]:
        places = self._shown.places(videos)
        for video in videos:
            for to_name, index in video.places:
                if item.annotation is not None and video.size is None:
                    video.size = image_size(item.annotation, to_name, index)
        for region in item.regions:
            read = self._read_region(region, item, places)
            if isinstance(read, str):
                self._output.tally.skip(read, task_id=item.task.id, region_id=region.id)
            else:
                yield read

    def _read_region(
        self, region: Region, item: Item, places: Mapping[Place, Video]
    ) -> tuple[Video, Tracked] | str:
        results = [r for r in region.results if r.type == TRACK_TYPE]
        if not results:
            tag = self._shown.tag_of(region.results[0])
            return not_expressible(tag)
        video = self._shown.find(results[0], places)
        if isinstance(video, str):
            return video
        track = read_track(region, max_frames=self.options.max_frames)
        if isinstance(track, str):
            return track
        class_ids = self._class_ids(track.labels)
        if not class_ids:
            return DROPPED if track.labels else NO_LABEL
        losses = dict.fromkeys((*track.losses, *self._losses(region)))
        if len(class_ids) > 1 and self.options.labels == "first":
            class_ids = class_ids[:1]
            losses[SECOND_LABEL] = None
        return video, Tracked(track, class_ids, losses, item.task.id)

    def _class_ids(self, labels: Sequence[str]) -> list[int]:
        found = (self._output.classes.index_of(label) for label in labels)
        return list(dict.fromkeys(number for number in found if number is not None))

    def _losses(self, region: Region) -> Iterator[str]:
        for result in region.results:
            if result.type not in {TRACK_TYPE, "labels"}:
                yield not_expressible(self._shown.tag_of(result))
            if result.meta:
                yield NOTE
            if result.score is not None and not self._keeps_score:
                yield SCORE


def _rate(text: str) -> float | None:
    try:
        rate = float(text)
    except ValueError:
        return None
    seconds_per_frame = not rate >= 1
    return credible_rate(1 / rate if seconds_per_frame and rate else rate)
