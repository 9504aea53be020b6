"""What formats of audio share: which recording a region is on, and when it is.

Counts what cannot be written; knows no format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from ls_tools.formats.protocol import Format
from ls_tools.output.reasons import NOTE, SCORE, not_expressible
from ls_tools.output.recording import recording_length_s
from ls_tools.output.shown import Medium, Shown
from ls_tools.sounds import (
    CLIPPED,
    Segment,
    clip_segment,
    is_length,
    read_segment,
    recorded_length_s,
    was_clipped,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ls_tools.label_config import LabelConfig
    from ls_tools.models import Result, Task
    from ls_tools.output import Item, Output, Placed
    from ls_tools.output.shown import Place
    from ls_tools.regions import Region

NO_AUDIO = "no audio in the task data"

_DECIMALS = 6


class RecordingFormat(Format):
    """A format of segments of audio; a subclass adds its name and ``write``."""

    objects: ClassVar[frozenset[str]] = frozenset({"Audio", "AudioPlus"})
    places_media: ClassVar[bool] = True


class Recording(Medium):
    """One recording of a task.

    Attributes:
        length_s: Its length in seconds, once it is known.
        sought: Whether its file was looked at for the length.
        placed: Its file in the output, once it was asked for.
    """

    length_s: float | None = None
    sought: bool = False
    placed: Placed | None = None


class Heard(msgspec.Struct):
    """A region that can be written, as far as the format's file allows.

    Attributes:
        segment: The region, cut to its recording.
        recording: The recording that it is on.
        losses: What of it cannot be written, as reasons.
    """

    segment: Segment
    recording: Recording
    losses: list[str]


class RecordingReader:
    """Finds the recordings of tasks, and what is said of them.

    Args:
        config: The label config.
        output: Its tally counts the regions that are not found.
        controls: Tags of the controls whose regions are wanted.
        keeps_score: Whether the format has a place for the score of a region.
    """

    def __init__(
        self,
        config: LabelConfig,
        output: Output,
        controls: frozenset[str],
        *,
        keeps_score: bool = False,
    ) -> None:
        self._shown = Shown(config, RecordingFormat.objects, missing=NO_AUDIO)
        self._keeps_score = keeps_score
        self._types = frozenset(tag.lower() for tag in controls)
        self._output = output

    def recordings(self, task: Task) -> list[Recording]:
        """The distinct recordings of a task, in the order of the config."""
        return self._shown.media(task, Recording)

    def read(self, item: Item, recordings: Sequence[Recording]) -> list[Heard]:
        """The regions of an item that can be written, in the order of time.

        The others are counted. Those of one recording stand together, those
        about the whole of it first.
        """
        found = list(self._read(item, recordings))
        return sorted(found, key=_by_time)

    def length_s(self, recording: Recording, item: Item) -> float | None:
        """The length of a recording: as a result told it, else from its file."""
        if recording.length_s is None and not recording.sought:
            recording.sought = True
            length_s = self._output.media.measure(
                recording.reference,
                item,
                recording_length_s,
                what=("recording", "length"),
            )
            recording.length_s = length_s if is_length(length_s) else None
        return recording.length_s

    def place(self, recording: Recording, item: Item) -> Placed:
        """Put a recording into the output, once."""
        if recording.placed is None:
            media = self._output.media
            recording.placed = media.place(recording.reference, item, "audio")
        return recording.placed

    def _read(self, item: Item, recordings: Sequence[Recording]) -> Iterator[Heard]:
        places = self._shown.places(recordings)
        for recording in recordings:
            self._learn_length(recording, item)
        for region in item.regions:
            heard = self._read_region(region, places)
            if isinstance(heard, Heard):
                yield heard
            else:
                self._output.tally.skip(
                    heard, task_id=item.task.id, region_id=region.id
                )

    def _learn_length(self, recording: Recording, item: Item) -> None:
        """The length by the results, or by the file where it is here anyway."""
        for to_name, _ in recording.places:
            if item.annotation is not None and recording.length_s is None:
                recording.length_s = recorded_length_s(item.annotation, to_name)
        if self.place(recording, item).path is not None:
            self.length_s(recording, item)

    def _read_region(
        self, region: Region, places: Mapping[Place, Recording]
    ) -> Heard | str:
        result = self._expressible(region)
        if result is None:
            return not_expressible(self._shown.tag_of(region.results[0]))
        recording = self._shown.find(result, places)
        if isinstance(recording, str):
            return recording
        segment = read_segment(region)
        if isinstance(segment, str):
            return segment
        return self._cut(segment, recording)

    def _expressible(self, region: Region) -> Result | None:
        for result in region.results:
            if result.type in self._types:
                return result
        return None

    def _cut(self, segment: Segment, recording: Recording) -> Heard | str:
        """The part of a segment that is on its recording."""
        losses = self._losses(segment.region)
        if segment.start_s is None or segment.end_s is None:
            return Heard(segment, recording, losses)
        times_s = segment.start_s, segment.end_s
        cut_s = clip_segment(*times_s, recording.length_s)
        if isinstance(cut_s, str):
            return cut_s
        if was_clipped(times_s, cut_s):
            losses.append(CLIPPED)
        start_s, end_s = cut_s
        cut = msgspec.structs.replace(segment, start_s=start_s, end_s=end_s)
        return Heard(cut, recording, losses)

    def _losses(self, region: Region) -> list[str]:
        losses = {
            not_expressible(self._shown.tag_of(result)): None
            for result in region.results
            if result.type not in self._types
        }
        if any(result.meta for result in region.results):
            losses[NOTE] = None
        if not self._keeps_score and score_of(region) is not None:
            losses[SCORE] = None
        return list(losses)


def score_of(region: Region) -> float | None:
    """The score of a region, by the first result that has one."""
    scores = (result.score for result in region.results)
    return next((score for score in scores if score is not None), None)


def rounded_s(number_s: float) -> float:
    """Seconds to the microsecond, so that sums leave no tail of digits."""
    return round(number_s, _DECIMALS)


def _by_time(heard: Heard) -> tuple[int, float, float]:
    segment = heard.segment
    start_s = -1.0 if segment.start_s is None else segment.start_s
    return heard.recording.position, start_s, segment.end_s or 0.0
